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

/**
 * Open the database of an account; made if it is not there.
 *
 * `meta` single things by name · `drafts` by household · `outbox` by id, index `seq` · `photos` by id, index `of`.
 */
export function openStore(account, { onBlocking = () => {} } = {}) {
  return openDB(databaseName(account), DATABASE_VERSION, {
    upgrade(db, old) {
      if (old < 1) {
        db.createObjectStore("meta");
        db.createObjectStore("drafts", { keyPath: "key" });
        db.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq", { unique: true });
        db.createObjectStore("photos", { keyPath: "id" }).createIndex("of", "of");
      }
    },
    // Another tab has a newer version: give way, or it waits for ever.
    blocking(_old, _now, event) {
      event.target.close();
      onBlocking();
    },
  });
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
  return withPhone((db) => getMeta(db, "account"));
}

/** Keep whose the phone is; on the disk when this resolves. */
export function rememberAccount(account) {
  return withPhone((db) => putMeta(db, "account", account));
}

export function forgetAccount() {
  return deleteDB(PHONE);
}

/**
 * Do `work(stores)` in one transaction that is on the disk when this resolves.
 * @param {string[]} names object stores
 * @param {(stores: object, tx: object) => Promise<any>} work may wait for requests of this transaction, for nothing else
 */
export async function strictly(db, names, work) {
  const tx = db.transaction(names, "readwrite", STRICT);
  // Heard here as well, or an aborted transaction is reported as an error nobody handled.
  const done = tx.done.catch((reason) => ({ reason }));
  let result;
  try {
    result = await work(Object.fromEntries(names.map((name) => [name, tx.objectStore(name)])), tx);
  } catch (reason) {
    try {
      tx.abort();
    } catch (over) {
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
