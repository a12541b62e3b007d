/*
 * When the phone is full, a browser that has not promised to keep a site's data may delete all of it while the page is open.
 * What the page holds in memory is then put back before anything else is written: the key, whose phone it is, and every row of
 * the outbox as it was sealed. Photos and other drafts are not in memory; that they are gone is said.
 */

import { rememberAccount, strictly } from "./store.js";

/** All small things the database holds by name; the book is fetched anew. */
export async function readMeta(store) {
  const names = (await store.getAllKeys("meta")).filter((name) => name !== "book");
  return Promise.all(names.map(async (name) => [name, await store.get("meta", name)]));
}

/**
 * Put back what is known.
 * @param {IDBDatabase} db the connection to the emptied database
 * @param {object} held `meta` as `[name, value]`, `rows` of the outbox, `account`
 */
export async function putBack(db, { meta, rows, account }) {
  await strictly({ connection: () => db }, ["meta", "outbox"], async (stores) => {
    for (const [name, value] of meta) await stores.meta.put(value, name);
    for (const row of rows) await stores.outbox.put(row);
  });
  await rememberAccount(account);
}
