/*
 * The disk below a phone's fake IndexedDB: what of it survives when a page or the whole browser is killed, and when it is
 * full. A transaction that is told done and was strict survives everything; one that was not may be lost with the browser.
 *
 * A full disk shows in one of four ways, see FULL. The last two are Chromium's own: the write is aborted, then the connections
 * of all tabs are closed; none opens until there is room, or there is room since all databases and caches of the site were
 * deleted, but not its small store. tests/browser/test_field_keeping.py shows it on a disk of its own, and
 * tests/browser/test_field_habits.py that everything else a game rests on is as in Chromium.
 */

import { pathToFileURL } from "node:url";

const fake = pathToFileURL(`${process.argv[3]}/build/esm`).href;
const load = async (name) => (await import(`${fake}/${name}.js`)).default;
const [Factory, Transaction, Database, ObjectStore, OpenRequest, EventTarget, Event, forceClose] = await Promise.all(
  ["FDBFactory", "FDBTransaction", "FDBDatabase", "FDBObjectStore", "FDBOpenDBRequest", "lib/FakeEventTarget", "lib/FakeEvent", "forceCloseDatabase"].map(load),
);

/** How a full disk shows: the request or the commit is refused, the connections are closed, or all is deleted as well. */
export const FULL = ["request", "commit", "closed", "emptied"];

/** The classes of IndexedDB, by the names a page knows them by. */
export const CLASSES = Object.fromEntries(
  await Promise.all(
    ["Cursor", "CursorWithValue", "Database", "Factory", "Index", "KeyRange", "ObjectStore", "OpenDBRequest", "Request", "Transaction", "VersionChangeEvent"].map(
      async (name) => [`IDB${name}`, await load(`FDB${name}`)],
    ),
  ),
);

const pages = new WeakMap(); // a connection -> the page that opened it
const realms = new WeakMap(); // what functions of a page inherit from -> the page
const guarded = new WeakMap(); // a page's listener -> the one that is silent once the page is dead

/** Let the disk know the functions of a page, so that none of them hears anything after the page's death. */
export function knowRealm(functions, page) {
  realms.set(functions, page);
}

function guard(listener) {
  const page = realms.get(Object.getPrototypeOf(listener));
  if (!page) return listener;
  if (!guarded.has(listener)) {
    guarded.set(listener, function (event) {
      return page.isDead ? undefined : listener.call(this, event);
    });
  }
  return guarded.get(listener);
}

for (const name of ["addEventListener", "removeEventListener"]) {
  const plain = EventTarget.prototype[name];
  EventTarget.prototype[name] = function (type, listener, options) {
    return plain.call(this, type, guard(listener), options);
  };
}

const begin = Database.prototype.transaction;
Database.prototype.transaction = function (...words) {
  if (pages.get(this)?.isDead) throw new DOMException("the page is dead", "DeadPage");
  return begin.apply(this, words);
};

for (const name of ["put", "add"]) {
  const plain = ObjectStore.prototype[name];
  ObjectStore.prototype[name] = function (...words) {
    const disk = pages.get(this.transaction.db)?.disk;
    this.transaction.isWriting = true;
    if (!disk?.isFull() || disk.full === "commit") return plain.apply(this, words);
    const operation = () => {
      if (disk.full !== "request") this.transaction.addEventListener("abort", () => setImmediate(() => disk.breakDown()));
      throw new DOMException("", disk.full === "request" ? "QuotaExceededError" : "AbortError");
    };
    return this.transaction._execRequestAsync({ operation, source: this });
  };
}

const step = Transaction.prototype._start;
Transaction.prototype._start = function () {
  const page = pages.get(this.db);
  const ends = this._state !== "finished" && this.mode === "readwrite" && !this._requests.some((one) => one.request.readyState !== "done");
  if (!page || !ends) return step.call(this);
  if (page.isDead) return this._abort(null);
  if (this.isWriting && page.disk.isFull()) {
    const isBroken = page.disk.full === "closed" || page.disk.full === "emptied";
    if (isBroken) this.addEventListener("abort", () => setImmediate(() => page.disk.breakDown()));
    return this._abort(isBroken ? "UnknownError" : "QuotaExceededError");
  }
  const crash = page.crashesAtCommit();
  if (crash === "before") return page.die();
  this.isThrough = true;
  page.disk.committed(this);
  if (crash === "after") page.die();
  return step.call(this);
};

const SOME = 12; // transactions for which there is room after something large was deleted

function refusal() {
  const request = new OpenRequest();
  setImmediate(() => {
    request.readyState = "done";
    request.error = new DOMException("", "UnknownError");
    const event = new Event("error", { bubbles: true, cancelable: true });
    event.eventPath = [];
    request.dispatchEvent(event);
  });
  return request;
}

/** What one browser keeps: databases, and its small store, which it writes some seconds later. */
export class Disk {
  constructor(random) {
    this.random = random;
    this.factory = new Factory();
    this.small = new Map();
    this.smallWritten = new Map();
    this.caches = new Set();
    this.room = Infinity; // transactions that may still write
    this.full = "request"; // one of FULL
    this.onEmptied = () => {};
    this.open = new Set(); // connections of living pages
    this.loose = []; // ways back of what was committed and is not safe yet
  }

  isFull() {
    return this.room <= 0;
  }

  committed(transaction) {
    if (transaction.isWriting) this.room -= 1;
    if (transaction.durability === "strict") this.loose = [];
    else this.loose.push(transaction._rollbackLog);
  }

  /** The `indexedDB` of a page. */
  forPage(page) {
    return {
      open: (name, version) => {
        if (this.isFull() && this.full === "closed") return refusal();
        const request = this.factory.open(name, version);
        const known = () => {
          pages.set(request.result, page);
          if (page.isDead) request.result.close();
          else this.open.add(request.result);
        };
        request.addEventListener("success", known);
        return request;
      },
      deleteDatabase: (name) => this.factory.deleteDatabase(name),
      databases: () => this.factory.databases(),
      cmp: (a, b) => this.factory.cmp(a, b),
    };
  }

  /** The disk cannot be written to: all connections close, and where the browser makes room by it everything is deleted. */
  breakDown() {
    if (!this.isFull()) return;
    for (const connection of this.open) {
      for (const transaction of connection._rawDatabase.transactions) {
        if (transaction.db === connection && transaction._state !== "finished" && !transaction.isThrough) transaction._abort("UnknownError");
      }
      forceClose(connection);
    }
    this.open.clear();
    if (this.full !== "emptied") return;
    this.onEmptied();
    // To delete everything takes longer than the small store waits to be written.
    this.settle();
    this.factory._databases.clear();
    this.caches.clear();
    this.loose = [];
    // There is room now, and nothing left to delete next time.
    this.room = SOME;
    this.full = "closed";
  }

  /** A page is gone: what it had not committed is taken back, and its connections close. */
  dropPage(page) {
    for (const connection of this.open) {
      if (pages.get(connection) !== page) continue;
      this.open.delete(connection);
      for (const transaction of connection._rawDatabase.transactions) {
        if (transaction.db === connection && transaction._state !== "finished" && !transaction.isThrough) transaction._abort(null);
      }
      connection.close();
    }
  }

  /** Transactions that have not ended. */
  waits() {
    const open = [...this.factory._databases.values()].flatMap((database) => database.transactions.filter((one) => one._state !== "finished"));
    return open.map((one) => `transaction of ${[...one._scope].join(", ")}`);
  }

  /** Seconds have passed: the small store is written. */
  settle() {
    this.smallWritten = new Map(this.small);
  }

  /** The browser is killed, all its pages dead already: what was not safe may be gone. */
  crash() {
    const lost = this.loose.splice(Math.floor(this.random() * (this.loose.length + 1)));
    for (const log of lost.reverse()) for (const back of [...log].reverse()) back();
    this.loose = [];
    if (this.random() < 0.5) this.small = new Map(this.smallWritten);
    else this.settle();
  }

  /** Everything in a database as it lies there, by object store; null if there is no such database. */
  read(name) {
    const raw = this.factory._databases.get(name);
    if (!raw) return null;
    return Object.fromEntries([...raw.rawObjectStores].map(([store, { records }]) => [store, [...records.values()].map(({ key, value }) => ({ key, value }))]));
  }
}
