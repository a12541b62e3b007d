/*
 * When the phone is full, a browser that has not promised to keep a site's data may delete all of it while the page is open.
 * What the page holds in memory is then put back before anything else is written: the key, whose phone it is, and every row of
 * the outbox as it was sealed. Photos and other drafts are not in memory; that they are gone is said. So is what nobody had in
 * memory: how much there was is noted in the browser's small store, which is not deleted with the rest.
 */

import { append } from "./outbox.js";
import { rememberAccount, strictly } from "./store.js";

const HELD = "fangtu.held.";
const EMPTIED = "fangtu.emptied.";

/** All small things the database holds by name; the book is fetched anew, and the database made anew is another one. */
export async function readMeta(store) {
  const names = (await store.getAllKeys("meta")).filter((name) => name !== "book" && name !== "made");
  return Promise.all(names.map(async (name) => [name, await store.get("meta", name)]));
}

/**
 * Put back what is known and resolve with true, beside what another tab has put back already; false if a key stands there that
 * is another than this page's, under which nothing of it would open.
 * @param {IDBDatabase} db the connection to the emptied database
 * @param {object} held `meta` as `[name, value]`, `rows` of the outbox, `account`
 */
export async function putBack(db, { meta, rows, account }) {
  const ours = meta.find(([name]) => name === "key")?.[1];
  const isOurs = await strictly({ connection: () => db }, ["meta", "outbox"], async (stores) => {
    const there = await stores.meta.get("key");
    if (there && ours && !isSame(there.wrapped, ours.wrapped)) return false;
    for (const [name, value] of meta) if (!(await stores.meta.getKey(name))) await stores.meta.put(value, name);
    for (const row of rows) if (!(await stores.outbox.getKey(row.id))) await append(stores.outbox, row);
    return true;
  });
  if (isOurs) await rememberAccount(account);
  return isOurs;
}

function isSame(one, other) {
  const [a, b] = [new Uint8Array(one), new Uint8Array(other)];
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** Note how many things that are nowhere else lie in the database of an account, and which database that is. */
export function noteHeld(account, { made, many }, storage = localStorage) {
  if (many) storage.setItem(HELD + account, `${many} ${made}`);
  else storage.removeItem(HELD + account);
}

/** Note that the database of an account was deleted with so many things that nobody could put back. */
export function noteEmptied(account, gone, storage = localStorage) {
  storage.setItem(EMPTIED + account, String(gone + (emptiedOf(account, storage) ?? 0)));
}

/** How many things were lost with the database of an account; null if it was not deleted, or that has been read. */
export function emptiedOf(account, storage = localStorage) {
  const told = storage.getItem(EMPTIED + account);
  return told === null ? null : Number(told);
}

/** How many of the things that were noted are missing, since the database is another one by now with so many in it. */
export function missingOf(account, { made, many }, storage = localStorage) {
  const [held, before] = (storage.getItem(HELD + account) || "0").split(" ");
  return before === undefined || before === String(made) ? 0 : Math.max(0, Number(held) - many);
}

/** Somebody has read it. */
export function forgetEmptied(account, storage = localStorage) {
  storage.removeItem(EMPTIED + account);
}

/** The database is deleted on purpose: nothing is missing. */
export function forgetNotes(account, storage = localStorage) {
  for (const name of [HELD, EMPTIED]) storage.removeItem(name + account);
}
