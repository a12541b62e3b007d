/*
 * The phone's own database, one for each account. What stands in it of people is sealed (seal.js); in clear are only keys,
 * states and sizes, so that what is not uploaded yet can be counted while the phone is locked.
 */

import { deleteDB, openDB } from "../../vendor/idb/index.js";

// Grows with each new store; an upgrade only ever adds.
export const DATABASE_VERSION = 1;
// Durable before anybody is told so.
const STRICT = { durability: "strict" };
// How a request fails whose connection is being closed.
const CUT_OFF = new Set(["AbortError", "InvalidStateError", "UnknownError"]);
const A_MOMENT_MS = 50;

export function databaseName(account) {
  return `fangtu-${account}`;
}

/** The browser ended the connection and gives no other, as it does when it can write no more. */
export class StoreClosed extends Error {
  constructor(cause) {
    super("the browser has closed the database", { cause });
    this.name = "StoreClosed";
  }
}

function upgrade(db, old) {
  if (old < 1) {
    // By it a page knows that it is not the database it had opened, which the browser has deleted.
    db.createObjectStore("meta").put(crypto.randomUUID(), "made");
    db.createObjectStore("drafts", { keyPath: "key" });
    db.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq", { unique: true });
    db.createObjectStore("photos", { keyPath: "id" }).createIndex("of", "of");
  }
}

/**
 * Open the database of an account; made if it is not there.
 *
 * `meta` single things by name · `drafts` by household · `outbox` by id, index `seq` · `photos` by id, index `of`.
 * On a full disk Chromium closes the connection under the page, and where it gave no promise to keep the site's data it deletes
 * all of it. What is asked next opens the database anew, and `putBack(db)` restores what the page still has in memory: each
 * tab its own, since none knows what another had.
 */
export async function openStore(account, { onBlocking = () => {} } = {}) {
  let given = null;
  let over = false;
  let made;
  const connect = () => openDB(databaseName(account), DATABASE_VERSION, {
    upgrade,
    // Another tab has a newer version: give way, or it waits for ever.
    blocking: (_old, _now, event) => giveWay(event.target),
    // Opened anew at once, so that what the page has in memory is put back before it may die.
    terminated() {
      given = null;
      if (!over) connection().catch(() => {});
    },
  });
  function giveWay(db) {
    over = true;
    db.close();
    onBlocking();
  }
  async function again() {
    const db = await connect();
    const now = await db.get("meta", "made");
    if (now !== made && !(await store.putBack(db))) giveWay(db);
    made = now;
    return db;
  }
  async function connection() {
    if (over) throw new StoreClosed(null);
    given ||= again();
    try {
      return await given;
    } catch (reason) {
      given = null;
      throw new StoreClosed(reason);
    }
  }
  const ask = (name) => async (...words) => noticing(await connection(), (db) => db[name](...words));
  const store = {
    connection,
    // What to do when the browser has emptied the database under the page; whoever opened the phone says it. False if somebody
    // has begun anew meanwhile, with a key that is not this page's.
    putBack: async () => true,
    ...Object.fromEntries(["get", "getAll", "getAllKeys", "getAllFromIndex"].map((name) => [name, ask(name)])),
    close() {
      over = true;
      given?.then((db) => db.close(), () => {});
    },
  };
  const first = await connect();
  made = await first.get("meta", "made");
  given = Promise.resolve(first);
  return store;
}

/** Do a work with a connection; StoreClosed if it failed since the browser closed it, which it says a moment after the failure. */
async function noticing(db, work) {
  let isClosed = false;
  const noticed = () => {
    isClosed = true;
  };
  db.addEventListener("close", noticed);
  try {
    return await work(db);
  } catch (reason) {
    if (CUT_OFF.has(reason.name)) await new Promise((done) => setTimeout(done, A_MOMENT_MS));
    throw isClosed ? new StoreClosed(reason) : reason;
  } finally {
    db.removeEventListener("close", noticed);
  }
}

export function dropStore(account) {
  return deleteDB(databaseName(account));
}

/*
 * Whose the phone is stands in a database of its own. A browser writes its small store (localStorage) seconds later, and a
 * browser that was killed meanwhile would ask for a network before it shows what is already on the phone.
 */
const PHONE = "fangtu-phone";

async function withPhone(work) {
  const db = await openDB(PHONE, 1, { upgrade: (made) => made.createObjectStore("meta"), blocking: (_old, _now, event) => event.target.close() });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** The account this phone was last used by, also without a network: `id`, `name`; undefined on its first day. */
export function rememberedAccount() {
  return withPhone((db) => db.get("meta", "account"));
}

/** Keep whose the phone is; on the disk when this resolves. */
export function rememberAccount(account) {
  return withPhone((db) => strictly({ connection: () => db }, ["meta"], ({ meta }) => meta.put(account, "account")));
}

export function forgetAccount() {
  return deleteDB(PHONE);
}

/**
 * Do `work(stores)` in one transaction that is on the disk when this resolves.
 * @param {object} store see openStore
 * @param {string[]} names object stores
 * @param {(stores: object, tx: object) => Promise<any>} work may wait for requests of this transaction, for nothing else
 */
export async function strictly(store, names, work) {
  return noticing(await store.connection(), (db) => within(db, names, work));
}

async function within(db, names, work) {
  const tx = db.transaction(names, "readwrite", STRICT);
  // Heard here as well, or an aborted transaction is reported as an error nobody handled.
  const done = tx.done.catch((reason) => ({ reason }));
  let result;
  try {
    result = await work(Object.fromEntries(names.map((name) => [name, tx.objectStore(name)])), tx);
  } catch (reason) {
    try {
      tx.abort();
    } catch (finished) {
      // It ended by itself, which is what the first reason tells of.
    }
    await done;
    throw reason;
  }
  const ended = await done;
  if (ended?.reason) throw ended.reason;
  return result;
}

export function getMeta(db, name) {
  return db.get("meta", name);
}

/** Put a thing where none stands, as another tab may have been faster; resolves with the one that stands there. */
export function putFirst(db, name, value) {
  return strictly(db, ["meta"], async ({ meta }) => {
    const there = await meta.get(name);
    if (there === undefined) await meta.put(value, name);
    return there ?? value;
  });
}

export function putMeta(db, name, value) {
  return strictly(db, ["meta"], ({ meta }) => meta.put(value, name));
}
