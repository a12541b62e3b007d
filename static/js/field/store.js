/*
 * The phone's own database, one for each account. What stands in it of people is sealed (seal.js); in clear are only keys,
 * states and sizes, so that what is not uploaded yet can be counted while the phone is locked.
 */

import { deleteDB, openDB } from "../../vendor/idb/index.js";

// Grows with each new store; an upgrade only ever adds.
export const DATABASE_VERSION = 1;
// Durable before anybody is told so.
const STRICT = { durability: "strict" };

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
    db.createObjectStore("meta");
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
 * all of it. What is asked next opens the database anew, and `putBack(db)` restores what the page still has in memory.
 */
export async function openStore(account, { onBlocking = () => {} } = {}) {
  let given = null;
  let over = false;
  let isNew = false;
  const connect = () => openDB(databaseName(account), DATABASE_VERSION, {
    upgrade(db, old) {
      isNew = old === 0;
      upgrade(db, old);
    },
    // Another tab has a newer version: give way, or it waits for ever.
    blocking(_old, _now, event) {
      over = true;
      event.target.close();
      onBlocking();
    },
    terminated() {
      given = null;
    },
  });
  async function again() {
    const db = await connect();
    if (isNew) await store.putBack(db);
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
  const ask = (name) => async (...words) => (await connection())[name](...words);
  const store = {
    connection,
    // What to do when the browser has emptied the database under the page; whoever opened the phone says it.
    putBack: async () => {},
    ...Object.fromEntries(["get", "getAll", "getAllKeys", "getAllFromIndex"].map((name) => [name, ask(name)])),
    close() {
      over = true;
      given?.then((db) => db.close(), () => {});
    },
  };
  given = Promise.resolve(await connect());
  return store;
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
  const db = await store.connection();
  let isClosed = false;
  const noticed = () => {
    isClosed = true;
  };
  db.addEventListener("close", noticed);
  try {
    return await within(db, names, work);
  } catch (reason) {
    throw isClosed ? new StoreClosed(reason) : reason;
  } finally {
    db.removeEventListener("close", noticed);
  }
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

export function putMeta(db, name, value) {
  return strictly(db, ["meta"], ({ meta }) => meta.put(value, name));
}
