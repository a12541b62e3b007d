/* What the phone's modules do with its databases when tabs meet and a browser deletes: `node storage.mjs FIELD FAKE` prints what is wrong as JSON. */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { pathToFileURL } from "node:url";

const [field, fake] = process.argv.slice(2);
globalThis.crypto ??= webcrypto;
await import(pathToFileURL(`${fake}/auto/index.mjs`));
const { default: forceClose } = await import(pathToFileURL(`${fake}/build/esm/forceCloseDatabase.js`));
const names = ["store", "seal", "drafts", "outbox", "visit", "space", "restore"];
const m = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await import(pathToFileURL(`${field}/${name}.js`))])));
const { key } = await m.seal.makeKey("135790", 1);
const EMPTY = { campaign: null, form: null };

const wrong = [];
async function check(what, work) {
  try {
    await work();
  } catch (reason) {
    wrong.push(`${what}: ${reason.message}`);
  }
}
const draftOf = (id) => ({ ...m.visit.newDraft({ id, code: `H${id}` }, EMPTY), choice: "well" });
async function rowOf(draft) {
  return m.outbox.freeze(key, draft, m.visit.bodyOf(draft, { home: null, now: 1, tick: 0, offset: null }), { now: 1, day: "d" });
}
async function save(db, draft) {
  await m.drafts.putDraft(db, key, draft);
  return m.outbox.keep(db, await rowOf(draft));
}
function smallStore() {
  const held = new Map();
  return { get length() { return held.size; }, key: (n) => [...held.keys()][n] ?? null, getItem: (name) => held.get(name) ?? null, setItem: (name, value) => held.set(name, value), removeItem: (name) => held.delete(name) };
}
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

await check("of two tabs that begin a visit at the same house the second does not write over the first", async () => {
  const db = await m.store.openStore("begun");
  const [one, other] = [draftOf(5), draftOf(5)];
  await m.drafts.putDraft(db, key, one);
  await assert.rejects(m.drafts.putDraft(db, key, other), { name: "DraftChanged" });
  await assert.rejects(m.drafts.dropDraft(db, other), { name: "DraftChanged" });
  await m.drafts.putDraft(db, key, { ...one, remark: "二" });
  assert.equal((await m.drafts.getDraft(db, key, one.key)).remark, "二");
  // What stands there of an earlier version does not say which it is.
  await m.store.strictly(db, ["drafts"], async ({ drafts }) => {
    const { id, ...old } = await drafts.get(one.key);
    await drafts.put(old);
  });
  await m.drafts.putDraft(db, key, other);
  db.close();
});
await check("what was saved is not taken back over another visit of the same house, nor brought back over it", async () => {
  const db = await m.store.openStore("over");
  const row = await save(db, draftOf(5));
  const next = draftOf(5);
  await m.drafts.putDraft(db, key, next);
  await assert.rejects(m.outbox.takeBack(db, row.id), { name: "OnItsWay" });
  const storage = smallStore();
  m.space.rescue("over", await rowOf(draftOf(5)), storage);
  assert.equal(await m.space.bringBack(db, "over", storage), 1);
  assert.equal((await m.drafts.getDraft(db, key, next.key)).id, next.id);
  assert.equal((await m.outbox.listRows(db)).length, 2);
  db.close();
});
await check("of two tabs that make a key the second takes the first one's", async () => {
  const db = await m.store.openStore("keys");
  assert.equal(await m.store.putFirst(db, "key", "one"), "one");
  assert.equal(await m.store.putFirst(db, "key", "two"), "one");
  db.close();
});
await check("each tab puts back what it had in memory, at once, and none writes over another", async () => {
  const tabs = [await m.store.openStore("emptied"), await m.store.openStore("emptied")];
  await m.store.putMeta(tabs[0], "key", { wrapped: new Uint8Array([1, 2]).buffer });
  const meta = await m.restore.readMeta(tabs[0]);
  assert.deepEqual(meta.map(([name]) => name), ["key"]);
  const first = await save(tabs[0], draftOf(1));
  const second = await save(tabs[1], draftOf(2));
  // The first tab has not heard of what the second has saved.
  const known = [[{ ...first, state: "sent" }], [first, second]];
  tabs.forEach((tab, n) => {
    tab.putBack = (db) => m.restore.putBack(db, { meta, rows: known[n], account: { id: "emptied" } });
  });
  const connections = await Promise.all(tabs.map((tab) => tab.connection()));
  connections.forEach(forceClose);
  indexedDB._databases.clear();
  await wait(50);
  const raw = indexedDB._databases.get("fangtu-emptied").rawObjectStores.get("outbox");
  assert.equal([...raw.records.values()].length, 2);
  const rows = await m.outbox.listRows(tabs[1]);
  assert.deepEqual(rows.map((row) => row.id).sort(), [first.id, second.id].sort());
  assert.equal(new Set(rows.map((row) => row.seq)).size, 2);
  tabs.forEach((tab) => tab.close());
});
await check("a page gives way where somebody has begun anew with another key", async () => {
  let reloads = 0;
  const db = await m.store.openStore("anew", { onBlocking: () => { reloads += 1; } });
  const ours = [["key", { wrapped: new Uint8Array([1, 2]).buffer }]];
  db.putBack = (made) => m.restore.putBack(made, { meta: ours, rows: [], account: { id: "anew" } });
  forceClose(await db.connection());
  indexedDB._databases.clear();
  const other = await m.store.openStore("anew");
  await m.store.putMeta(other, "key", { wrapped: new Uint8Array([3, 4]).buffer });
  await wait(50);
  await assert.rejects(async () => (await db.connection()) && db.get("meta", "key"));
  assert.equal(reloads, 1);
  other.close();
});
await check("a write that fails as its connection is closed is told as one of a closed store", async () => {
  const db = await m.store.openStore("cut");
  const work = m.store.strictly(db, ["meta"], async ({ meta }) => {
    await meta.put(1, "a");
    throw new DOMException("", "AbortError");
  });
  const connection = await db.connection();
  // The browser says so a moment after the request has failed.
  setTimeout(() => forceClose(connection), 10);
  await assert.rejects(work, { name: "StoreClosed" });
  await assert.rejects(m.store.strictly(db, ["meta"], async () => { throw new DOMException("", "AbortError"); }), { name: "AbortError" });
  db.close();
});
await check("what went with a database that was deleted is told until it was read", async () => {
  const storage = smallStore();
  const { restore } = m;
  restore.noteHeld(7, { made: "a", many: 3 }, storage);
  assert.equal(restore.missingOf(7, { made: "a", many: 1 }, storage), 0);
  assert.equal(restore.missingOf(7, { made: "b", many: 1 }, storage), 2);
  assert.equal(restore.missingOf(7, { made: "b", many: 4 }, storage), 0);
  assert.equal(restore.missingOf(8, { made: "b", many: 0 }, storage), 0);
  assert.equal(restore.emptiedOf(7, storage), null);
  restore.noteEmptied(7, 0, storage);
  assert.equal(restore.emptiedOf(7, storage), 0);
  restore.noteEmptied(7, 2, storage);
  assert.equal(restore.emptiedOf(7, storage), 2);
  restore.forgetEmptied(7, storage);
  assert.equal(restore.emptiedOf(7, storage), null);
  restore.forgetNotes(7, storage);
  assert.equal(storage.length, 0);
});

console.log(JSON.stringify(wrong));
process.exit(0);
