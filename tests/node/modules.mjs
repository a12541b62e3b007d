/* What the phone's modules compute, checked one by one: `node modules.mjs FIELD FAKE` prints what is wrong as JSON. */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { pathToFileURL } from "node:url";

const [field, fake] = process.argv.slice(2);
globalThis.crypto ??= webcrypto;
await import(pathToFileURL(`${fake}/auto/index.mjs`));
const load = (name) => import(pathToFileURL(`${field}/${name}.js`));
const names = ["evidence", "visit", "seal", "nearby", "sender", "book", "packs", "store", "drafts", "outbox", "space", "corrections", "conflicts", "people", "route", "appraising", "looks", "work"];
const m = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await load(name)])));

const wrong = [];
async function check(what, work) {
  try {
    await work();
  } catch (reason) {
    wrong.push(`${what}: ${reason.message}`);
  }
}
const at = (words) => Date.parse(words);

await check("the phone knows whose it is until it is given up", async () => {
  assert.equal(await m.store.rememberedAccount(), undefined);
  await m.store.rememberAccount({ id: 7, name: "何巡访" });
  await m.store.rememberAccount({ id: 8, name: "吕主管" });
  assert.deepEqual(await m.store.rememberedAccount(), { id: 8, name: "吕主管" });
  await m.store.forgetAccount();
  assert.equal(await m.store.rememberedAccount(), undefined);
});
await check("distance along a degree of latitude", () => {
  assert.ok(Math.abs(m.evidence.metresBetween({ lon: 118, lat: 36 }, { lon: 118, lat: 37 }) - 111195) < 1);
  assert.equal(m.evidence.metresBetween({ lon: 118, lat: 36 }, { lon: 118, lat: 36 }), 0);
});
await check("the better fix", () => {
  const [rough, fine] = [{ accuracy_m: 80, at: 1 }, { accuracy_m: 6, at: 0 }];
  assert.equal(m.evidence.betterFix(rough, fine), fine);
  assert.equal(m.evidence.betterFix(fine, rough), fine);
  assert.equal(m.evidence.betterFix(null, rough), rough);
  assert.equal(m.evidence.betterFix(null, null), null);
});
await check("a fix at its limits needs no reason, beyond them it does", () => {
  const home = { lon: 118, lat: 36 };
  assert.deepEqual(m.evidence.judgeFix({ lon: 118, lat: 36, accuracy_m: 50 }, home), { distance_m: 0, rough: false, far: false });
  assert.equal(m.evidence.judgeFix({ lon: 118, lat: 36, accuracy_m: 50.1 }, home).rough, true);
  assert.equal(m.evidence.judgeFix({ lon: 118, lat: 36.00179, accuracy_m: 5 }, home).far, false);
  assert.equal(m.evidence.judgeFix({ lon: 118, lat: 36.0019, accuracy_m: 5 }, home).far, true);
  assert.equal(m.evidence.judgeFix({ lon: 118, lat: 36, accuracy_m: 5 }, null).distance_m, null);
});
await check("presence by the clock that no change of time moves", () => {
  const begun = m.evidence.beginPresence(1000, 500);
  assert.deepEqual(m.evidence.endPresence(begun, 99999999, 1860500), { ended_at: 99999999, duration_s: 1860, duration_by: "monotonic" });
  const another = m.evidence.endPresence({ ...begun, life: "another page" }, 61000, 7);
  assert.deepEqual([another.duration_s, another.duration_by], [60, "clock"]);
  assert.equal(m.evidence.endPresence({ ...begun, life: "another page" }, 0, 7).duration_s, 0);
});
await check("an address without what the whole list shares", () => {
  const home = { village: { name: "孔家庄村" }, hamlet: null, code: "0043", house_no: null };
  const full = "山东省潍坊市昌乐县鄌郚镇孔家庄村双泉10排6号";
  assert.equal(m.nearby.addressOf({ ...home, hamlet: "双泉", address: full, house_no: "6号" }), "双泉10排6号");
  assert.equal(m.nearby.addressOf({ ...home, address: full }), "孔家庄村 双泉10排6号");
  assert.equal(m.nearby.addressOf({ ...home, address: "孔家庄村", house_no: "7号" }), "孔家庄村 7号");
  assert.equal(m.nearby.addressOf({ ...home, address: "东街3号" }), "孔家庄村 东街3号");
  assert.equal(m.nearby.addressOf({ ...home, address: null }), "孔家庄村");
  assert.equal(m.nearby.addressOf({ address: null, code: "0043" }), "0043");
});
await check("times are China's", () => {
  assert.equal(m.visit.isoAt(at("2026-11-26T20:00:00.5Z")), "2026-11-27T04:00:00.500+08:00");
  assert.equal(m.visit.dayAt(at("2026-11-26T15:59:59Z")), "2026-11-26");
  assert.equal(m.visit.dayAt(at("2026-11-26T16:00:00Z")), "2026-11-27");
});
await check("when to come again", () => {
  const noon = at("2026-11-26T12:00:00+08:00"); // a Thursday
  assert.equal(m.visit.returnAt("tonight", noon), "2026-11-26T18:30:00+08:00");
  assert.equal(m.visit.returnAt("tonight", at("2026-11-26T18:30:00+08:00")), "2026-11-27T18:30:00+08:00");
  assert.equal(m.visit.returnAt("tomorrow", noon), "2026-11-27T09:00:00+08:00");
  assert.equal(m.visit.returnAt("weekend", noon), "2026-11-28T09:00:00+08:00");
  assert.equal(m.visit.returnAt("weekend", at("2026-11-28T12:00:00+08:00")), "2026-12-05T09:00:00+08:00");
  assert.equal(m.visit.returnAt("phone", noon), null);
});
await check("the body says what was chosen and nothing else", () => {
  const book = { campaign: { id: 3, round: 2, kind: { key: "grid" } }, form: { version: 4 } };
  const draft = m.visit.newDraft({ id: 9, code: "H9" }, book);
  assert.equal(m.visit.lacking(draft), "choice");
  const clocks = { home: null, now: draft.presence.started_at + 5000, tick: draft.presence.tick + 5000, offset: -20 };
  const well = m.visit.bodyOf({ ...draft, choice: "well", remark: "  " }, clocks);
  assert.deepEqual([well.outcome, well.mode, well.duration_s, well.remark, well.form_version, well.return_at, well.clock_offset_ms], ["done", "home", 5, null, null, null, -20]);
  assert.deepEqual([well.campaign, well.round, well.kind, well.household_id, well.household_ref, well.practice], [3, 2, "grid", 9, "H9", false]);
  const demand = { ...m.visit.newDemand("road"), text: " 路坏了 " };
  const issue = { ...draft, choice: "issue", demands: [demand], answers: { q: "a" }, photos: [{ id: "p", sha256: "s", size: 1, taken_at: "t", kind: "demand", demand: demand.id }] };
  assert.equal(m.visit.lacking({ ...issue, demands: [] }), "demand");
  const told = m.visit.bodyOf(issue, clocks);
  assert.deepEqual(told.demands, [{ ...demand, text: "路坏了", photos: ["p"] }]);
  assert.deepEqual(told.photos, [{ id: "p", sha256: "s", size: 1, taken_at: "t", kind: "demand" }]);
  assert.equal(told.form_version, 4);
  const gone = m.visit.bodyOf({ ...issue, choice: "other", other: "refused", reason: "不愿接待" }, clocks);
  assert.deepEqual([gone.outcome, gone.outcome_reason, gone.reason, gone.demands.length, Object.keys(gone.answers).length], ["refused", "不愿接待", null, 0, 0]);
  assert.equal(m.visit.lacking({ ...draft, choice: "other", other: "phone" }), "reason");
  const called = m.visit.bodyOf({ ...draft, choice: "other", other: "phone", reason: "外出务工" }, clocks);
  assert.deepEqual([called.outcome, called.mode, called.reason, called.outcome_reason], ["done", "phone", "外出务工", null]);
  const nobody = m.visit.bodyOf({ ...draft, choice: "nobody", return_when: "phone" }, clocks);
  assert.deepEqual([nobody.outcome, nobody.return_when, nobody.return_at], ["nobody_home", "phone", null]);
});
await check("a correction says what the visit said, at its time and place, and names what it takes the place of", () => {
  const book = { campaign: { id: 3, round: 2, kind: { key: "grid" } }, form: { version: 4 } };
  const home = { lon: 118, lat: 36 };
  const draft = m.visit.newDraft({ id: 9, code: "H9", ...home }, book);
  const demand = { ...m.visit.newDemand("road"), text: "路坏了" };
  const photo = { id: "p", sha256: "s", size: 1, taken_at: "t", kind: "demand", demand: demand.id };
  const first = { ...draft, choice: "issue", demands: [demand], photos: [photo], companions: ["甲"], fix: { lon: 118, lat: 36, accuracy_m: 80, at: 5 }, fix_reason: "weak" };
  const clocks = { home, now: draft.presence.started_at + 5000, tick: draft.presence.tick + 5000, offset: 100 };
  const body = m.visit.bodyOf(first, clocks);
  const row = { id: draft.id, household: 9, day: "2026-11-26" };
  const copy = m.corrections.correctionOf(row, body, { head: "梁*花", form: 5 });
  assert.deepEqual([copy.key, copy.choice, copy.id === draft.id, copy.form_version], [`c:${draft.id}`, "issue", false, 5]);
  // An hour later the phone's clock was put right by a minute: what was noted stays, and the present comes out right as well.
  const later = { ...clocks, now: clocks.now + 3600000 + 60000, tick: 7, offset: -59900 };
  const again = m.visit.bodyOf(copy, later);
  const same = ["household_id", "household_ref", "campaign", "round", "kind", "started_at", "ended_at", "duration_s", "duration_by", "clock_offset_ms", "mode", "reason", "outcome", "fix", "fix_reason", "companions", "answers", "remark", "return_at"];
  for (const name of same) assert.deepEqual(again[name], body[name], name);
  assert.equal(Date.parse(again.entered_at) + again.clock_offset_ms, later.now + later.offset);
  assert.deepEqual([again.supersedes, again.photos, again.demands], [draft.id, [], [{ ...demand, photos: [] }]]);
  assert.equal(body.supersedes, null);
  const nobody = m.visit.bodyOf({ ...draft, choice: "nobody", return_when: "tonight" }, clocks);
  const kept = m.corrections.correctionOf(row, nobody, { head: null, form: null });
  assert.equal(m.visit.bodyOf(kept, { ...later, now: later.now + 86400000 }).return_at, nobody.return_at);
  assert.equal(m.visit.bodyOf({ ...kept, return_when: "phone" }, later).return_at, null);
  for (const [choice, other, reason] of [["well", null, null], ["other", "refused", "不愿接待"], ["other", "phone", "外出务工"]]) {
    const told = m.visit.bodyOf({ ...draft, choice, other, reason }, clocks);
    const back = m.corrections.correctionOf(row, told, { head: null, form: null });
    assert.deepEqual([back.choice, back.other, back.reason], [choice, other, reason]);
    assert.deepEqual({ ...m.visit.bodyOf(back, clocks), supersedes: null }, told);
  }
});
await check("a visit is corrected once, and a refused correction takes nobody's place", async () => {
  const db = await m.store.openStore("corrections");
  const { key } = await m.seal.makeKey("135790", 1);
  const clocks = { home: null, now: 1, tick: 0, offset: null };
  const save = async (draft) => {
    await m.drafts.putDraft(db, key, draft);
    return m.outbox.keep(db, await m.outbox.freeze(key, draft, m.visit.bodyOf(draft, clocks), { now: 1, day: "d", status: 1 }));
  };
  const row = await save({ ...m.visit.newDraft({ id: 5, code: "H5" }, { campaign: null, form: null }), choice: "well" });
  const body = await m.outbox.rowBody(key, row);
  const correction = () => m.corrections.correctionOf(row, body, { head: null, form: null });
  const next = await save({ ...correction(), choice: "nobody", return_when: "phone" });
  assert.deepEqual([...m.corrections.replacedIn(await m.outbox.listRows(db))], [row.id]);
  const late = correction();
  await assert.rejects(save(late), { name: "AlreadySaved" });
  // Another one that was begun in another tab does not take its place.
  await assert.rejects(save(correction()), { name: "DraftChanged" });
  await m.outbox.refused(db, next.id, { code: "item_unfit" });
  assert.deepEqual([...m.corrections.replacedIn(await m.outbox.listRows(db))], []);
  await save(late);
  db.close();
});
await check("two at one household: who else was there, and whether together", () => {
  const row = { id: "r", kind: "visit", household: 9, status: 1, day: "2026-11-26", flags: [], practice: false, settled: null, supersedes: null };
  const body = { campaign: 3, round: 2, companions: [] };
  const known = (last, more = {}) => ({ household: { last }, campaign: { id: 3, round: 2 }, me: "何巡访", ...more });
  const other = { visitor: "邵玉梅", outcome: "done", at: "2026-11-26T10:00:00+08:00" };
  const asks = (one, last) => m.conflicts.isAskable(one, last && { last }, "何巡访");
  assert.deepEqual([asks(row, other), asks(row, { ...other, visitor: "何巡访" }), asks(row, { ...other, outcome: "nobody_home" }), asks(row, null), asks({ ...row, flags: ["duplicate"] }, null)], [true, false, false, false, true]);
  assert.deepEqual([asks({ ...row, status: 3 }, other), asks({ ...row, settled: "above" }, other), asks({ ...row, practice: true }, other), asks({ ...row, kind: "mark" }, other)], [false, false, false, false]);
  assert.deepEqual(m.conflicts.conflictOf(row, body, known(other)), { visitor: "邵玉梅", at: other.at, together: true });
  assert.equal(m.conflicts.conflictOf(row, body, known({ ...other, at: "2026-11-25T10:00:00+08:00" })).together, false);
  assert.equal(m.conflicts.conflictOf(row, { ...body, companions: ["邵玉梅"] }, known(other)), null);
  assert.equal(m.conflicts.conflictOf(row, { ...body, round: 1 }, known(other)), null);
  const flagged = { ...row, flags: ["duplicate"] };
  assert.deepEqual(m.conflicts.conflictOf(flagged, body, known(null)), { visitor: null, at: null, together: true });
  assert.equal(m.conflicts.conflictOf({ ...flagged, supersedes: "x" }, { ...body, companions: ["甲"] }, known(null)), null);
  // Whom the server names with its answer comes first, of several the one of that day.
  const others = [{ visitor: "戊", at: "2026-11-20T10:00:00+08:00" }, other, { visitor: "何巡访", at: other.at }];
  assert.equal(m.conflicts.conflictOf(flagged, body, known(null, { others })).visitor, "邵玉梅");
  assert.deepEqual(m.conflicts.conflictOf(flagged, { ...body, companions: ["邵玉梅"] }, known(null, { others })), { visitor: "戊", at: others[0].at, together: false });
});
await check("what the server names beside a visit is kept sealed, and goes when it says so", async () => {
  const db = await m.store.openStore("others");
  const { key } = await m.seal.makeKey("135790", 1);
  const draft = { ...m.visit.newDraft({ id: 5, code: "H5" }, { campaign: null, form: null }), choice: "well" };
  await m.drafts.putDraft(db, key, draft);
  await m.outbox.keep(db, await m.outbox.freeze(key, draft, m.visit.bodyOf(draft, { home: null, now: 1, tick: 0, offset: null }), { now: 1, day: "d", status: 1 }));
  const others = [{ visitor: "邵玉梅", at: "2026-11-26T10:00:00+08:00" }];
  const [row] = await m.outbox.listRows(db);
  const asked = [];
  const ask = async (method, path, { body } = {}) => {
    asked.push(`${method} ${path}`);
    if (path.endsWith("ping")) return { status: 200, body: { fangtu: "field", at: "2026-11-26T10:00:00+08:00", signed_in: true, account: { id: 1 } } };
    if (method === "PUT") return { status: 201, body: { id: row.id, sha256: row.sha256, missing: [], flags: ["duplicate"], others } };
    return { status: 200, body: { items: JSON.parse(new TextDecoder().decode(body)).ids.map((id) => ({ id, state: "done", flags: [], others: [] })) } };
  };
  const sender = m.sender.createSender({ db, key, ask, device: "d", account: 1, now: () => 1e12, alone: (_name, work) => work() });
  await sender.run();
  const [sent] = await m.outbox.listRows(db);
  assert.deepEqual([sent.state, sent.flags, await m.outbox.othersOf(key, sent)], ["done", ["duplicate"], others]);
  assert.ok(sent.others.data instanceof ArrayBuffer);
  await sender.compare([sent]);
  const [after] = await m.outbox.listRows(db);
  assert.deepEqual([after.state, after.flags, after.others], ["done", [], null]);
  db.close();
});
await check("who came along is remembered, the last first", async () => {
  const db = await m.store.openStore("people");
  const { key } = await m.seal.makeKey("135790", 1);
  for (const name of ["甲", "乙", "甲"]) await m.people.addPerson(db, key, name);
  assert.deepEqual(await m.people.readPeople(db, key), ["甲", "乙"]);
  for (let n = 0; n < 30; n += 1) await m.people.addPerson(db, key, `人${n}`);
  assert.equal((await m.people.readPeople(db, key)).length, 20);
  db.close();
});
await check("a route is gone as planned, or as was said; what was said is told once and forgotten with the server's word", async () => {
  const stop = (household, position, more = {}) => ({ plan: 7, revision: 2, day: "2026-11-27", household, position, start: 32400 + 1800 * position, leave: 34200 + 1800 * position, lead: true, reported: null, ...more });
  const book = { route: [stop(2, 1), stop(1, 0), stop(3, 2), stop(9, 0, { day: "2026-11-28" })] };
  const ids = (orders) => m.route.stopsOf(book, orders, "2026-11-27").map((one) => one.household);
  assert.deepEqual(ids([]), [1, 2, 3]);
  assert.deepEqual(m.route.stopsOf({}, [], "2026-11-27"), []);
  const db = await m.store.openStore("route");
  const { key } = await m.seal.makeKey("135790", 1);
  const asked = (order) => order.map((id) => book.route.find((one) => one.household === id));
  const said = await m.route.sayOrder(db, key, asked([3, 1, 2]));
  assert.deepEqual(said, [{ plan: 7, revision: 2, day: "2026-11-27", households: [3, 1, 2] }]);
  assert.deepEqual(await m.route.readOrders(db, key), said);
  assert.deepEqual(ids(said), [3, 1, 2]);
  // Said again before the server answered: the answer is to the one before.
  const calls = [];
  const status = (code) => async (method, path, { body }) => {
    calls.push([method, path, JSON.parse(body)]);
    return { status: code };
  };
  const first = await m.route.tellOrders(db, key, { ask: status(200), headers: {} });
  const later = await m.route.sayOrder(db, key, asked([2, 3, 1]));
  assert.deepEqual(await m.route.forgetOrders(db, key, first.told), later);
  assert.deepEqual(calls[0], ["PUT", "/api/v1/routes/7/order", { revision: 2, day: "2026-11-27", households: [3, 1, 2] }]);
  for (const code of [401, 429, 503]) assert.deepEqual(await m.route.tellOrders(db, key, { ask: status(code), headers: {} }), { told: [], refused: [] });
  const refused = await m.route.tellOrders(db, key, { ask: status(409), headers: {} });
  assert.deepEqual(refused, { told: [], refused: later });
  assert.deepEqual(await m.route.forgetOrders(db, key, refused.refused), []);
  // As the server has it; of another revision nothing counts; a companion's route is not ours to order.
  book.route = [stop(1, 0, { reported: 2 }), stop(2, 1, { reported: 0 }), stop(3, 2, { reported: 1 })];
  assert.deepEqual(ids([]), [2, 3, 1]);
  assert.deepEqual(ids([{ ...said[0], revision: 1 }]), [2, 3, 1]);
  assert.deepEqual(m.route.withOrder([], [stop(1, 0, { lead: false })]), []);
  assert.equal(m.route.clockAt(34229), "9:30");
  db.close();
});
await check("the nearest comes first, and who has no place last", () => {
  const here = { lon: 118, lat: 36 };
  const home = (id, lat, more = {}) => ({ id, head: `户${id}`, lon: 118, lat, quality: 1, status: 0, address: `${id}号`, ...more });
  const all = [home(1, 36.01), home(2, 36.001), home(3, null, { lon: null }), home(4, 36.0001, { quality: 6 }), home(5, 36.002, { status: 1 }), home(6, 36.0005, { status: 3 })];
  assert.deepEqual(m.nearby.arrange(all, { here }).map((one) => one.id), [6, 2, 1, 3, 4]);
  assert.deepEqual(m.nearby.arrange(all, { here: null, order: "near" }).map((one) => one.id), [1, 2, 3, 4, 6]);
  assert.deepEqual(m.nearby.arrange(all, { show: "visited" }).map((one) => one.id), [5]);
  assert.deepEqual(m.nearby.arrange(all, { here, words: "户1" }).map((one) => one.id), [1]);
  assert.equal(m.nearby.nextOne(all, here, 2).id, 1);
  assert.equal(m.nearby.nextOne([], here, 2), null);
  assert.deepEqual(m.nearby.ownOf([home(1, 36, { assigned: true }), home(2, 36)]).map((one) => one.id), [1]);
});
await check("waits double to five minutes", () => {
  assert.deepEqual([1, 2, 3, 8, 9, 40].map((n) => m.sender.waitAfter(n, 0.5)), [2000, 4000, 8000, 256000, 300000, 300000]);
  assert.deepEqual([m.sender.waitAfter(1, 0), m.sender.waitAfter(1, 1)], [1500, 2500]);
});
await check("only our server's own words mean anything", () => {
  const read = (status, body) => m.sender.readAnswer({ status, body });
  assert.deepEqual([read(200, {}), read(201, {}), read(200, null), read(302, null), read(408, {}), read(429, { error: "x" }), read(500, { error: "x" })], ["ok", "ok", "again", "again", "again", "again", "again"]);
  assert.deepEqual([read(401, { error: "sign_in_needed" }), read(403, { error: "device_revoked" }), read(403, { error: "other_account" }), read(403, { error: "not_allowed" }), read(409, { error: "visit_differs" }), read(404, null), read(403, null)], ["sign-in", "revoked", "other", "sign-in", "refused", "again", "again"]);
});
await check("a book is whole at every page", () => {
  const page = (ids, more, extra = {}) => ({ at: "t", since: "s2", more, campaign: { id: 1 }, form: null, households: ids.map((id) => ({ id })), gone: [], ...extra });
  const first = m.book.withPage({ ...m.book.EMPTY, households: { 7: { id: 7 } } }, page([1, 2], "a"), true);
  assert.deepEqual([Object.keys(first.households), first.since, first.after], [["1", "2"], null, "a"]);
  const second = m.book.withPage(first, page([3], null, { gone: [1] }), false);
  assert.deepEqual([Object.keys(second.households), second.since, second.after], [["2", "3"], "s2", null]);
});
await check("a download goes on where it stopped, and begins anew when its marks are not known any more", async () => {
  const db = await m.store.openStore("book");
  const { key } = await m.seal.makeKey("135790", 1);
  const asked = [];
  const answers = [
    { status: 200, body: { at: "1", since: "s1", full: true, more: "p2", campaign: { id: 1 }, form: null, households: [{ id: 1 }], gone: [] } },
    { status: 503, body: null },
    { status: 422, body: { error: "since_unknown" } },
    { status: 200, body: { at: "2", since: "s2", full: true, more: null, campaign: { id: 1 }, form: null, households: [{ id: 2 }], gone: [] } },
  ];
  const ask = async (_method, path) => {
    asked.push(path);
    return answers.shift();
  };
  assert.equal((await m.book.updateBook(db, key, { ask, headers: {} })).state, "again");
  const done = await m.book.updateBook(db, key, { ask, headers: {} });
  assert.deepEqual(asked, ["/api/v1/pull", "/api/v1/pull?after=p2", "/api/v1/pull?after=p2", "/api/v1/pull"]);
  assert.deepEqual([done.state, Object.keys((await m.book.readBook(db, key)).households)], ["ok", ["2"]]);
  db.close();
});
await check("a PIN opens its key, another does not, and nothing sealed stands for another thing", async () => {
  const { kept, key } = await m.seal.makeKey("135790", 1000);
  const sealed = await m.seal.sealJson(key, { head: "梁*花" }, "drafts/h:1");
  const again = await m.seal.openKey(kept, "135790");
  assert.deepEqual(await m.seal.unsealJson(again, sealed, "drafts/h:1"), { head: "梁*花" });
  await assert.rejects(m.seal.unsealJson(again, sealed, "drafts/h:2"));
  await assert.rejects(m.seal.openKey(kept, "135791"), { name: "WrongPin" });
  await assert.rejects(crypto.subtle.exportKey("raw", again));
  const moved = await m.seal.changePin(kept, "135790", "246802");
  assert.deepEqual(await m.seal.unsealJson(await m.seal.openKey(moved, "246802"), sealed, "drafts/h:1"), { head: "梁*花" });
  await assert.rejects(m.seal.openKey(moved, "135790"), { name: "WrongPin" });
});
await check("no name or word of a person stands readable in the database", async () => {
  const db = await m.store.openStore("readable");
  const { key } = await m.seal.makeKey("135790", 1);
  const draft = { ...m.visit.newDraft({ id: 1, code: "H1" }, { campaign: null, form: null }), choice: "well", remark: "绝密之言" };
  await m.drafts.putDraft(db, key, draft);
  const other = await m.drafts.addPhoto(db, key, draft, new TextEncoder().encode("绝密之言"), { kind: "visit", takenAt: "t" });
  const body = m.visit.bodyOf(other, { home: null, now: Date.now(), tick: 0, offset: null });
  await m.outbox.keep(db, await m.outbox.freeze(key, other, body, { now: 1, day: "2026-11-26" }));
  await m.people.addPerson(db, key, "绝密之言");
  const secret = Buffer.from("绝密之言");
  const look = (value) => {
    if (value instanceof ArrayBuffer) return look(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(secret);
    if (typeof value === "string") return value.includes("绝密之言");
    return value && typeof value === "object" ? Object.values(value).some(look) : false;
  };
  let rows = 0;
  for (const name of ["meta", "drafts", "outbox", "photos"]) {
    for (const row of await db.getAll(name)) {
      rows += 1;
      assert.equal(look(row), false, name);
    }
  }
  assert.ok(rows >= 3);
  db.close();
});
await check("a sheet in another tab cannot touch what was saved, nor forget or name a photo it does not know", async () => {
  const db = await m.store.openStore("tabs");
  const { key } = await m.seal.makeKey("135790", 1);
  const shot = { kind: "visit", takenAt: "t" };
  const stale = { ...m.visit.newDraft({ id: 1, code: "H1" }, { campaign: null, form: null }), choice: "well" };
  await m.drafts.putDraft(db, key, stale);
  const fresh = await m.drafts.addPhoto(db, key, stale, new Uint8Array([1]), shot);
  const [photo] = fresh.photos;
  await assert.rejects(m.drafts.putDraft(db, key, stale), { name: "DraftChanged" });
  await assert.rejects(m.drafts.addPhoto(db, key, stale, new Uint8Array([2]), shot), { name: "DraftChanged" });
  assert.deepEqual((await m.drafts.getDraft(db, key, stale.key)).photos, [photo]);
  const without = await m.drafts.dropPhoto(db, key, fresh, photo.id);
  await assert.rejects(m.drafts.putDraft(db, key, fresh), { name: "DraftChanged" });
  const last = await m.drafts.addPhoto(db, key, without, new Uint8Array([3]), shot);
  await m.outbox.keep(db, await m.outbox.freeze(key, last, m.visit.bodyOf(last, { home: null, now: 1, tick: 0, offset: null }), { now: 1, day: "d" }));
  await assert.rejects(m.drafts.putDraft(db, key, last), { name: "AlreadySaved" });
  await assert.rejects(m.drafts.dropPhoto(db, key, last, last.photos[0].id), { name: "AlreadySaved" });
  await assert.rejects(m.drafts.dropDraft(db, last), { name: "AlreadySaved" });
  assert.deepEqual([await db.getAllKeys("drafts"), await db.getAllKeys("photos")], [[], [last.photos[0].id]]);
  db.close();
});
await check("what is held for undoing goes out at once when the clock was set back, and again when the server only knows it refused", async () => {
  const db = await m.store.openStore("clock");
  const { key } = await m.seal.makeKey("135790", 1);
  let now = 10 * 24 * 3600 * 1000;
  const draft = { ...m.visit.newDraft({ id: 1, code: "H1" }, { campaign: null, form: null }), choice: "well" };
  await m.drafts.putDraft(db, key, draft);
  const row = await m.outbox.keep(db, await m.outbox.freeze(key, draft, m.visit.bodyOf(draft, { home: null, now, tick: 0, offset: null }), { now, day: "d" }));
  let put = 0;
  const ask = async (method, path) => {
    if (path.endsWith("ping")) return { status: 200, body: { fangtu: "field", at: new Date(now).toISOString(), signed_in: true, account: { id: 1 }, device: { state: "open" } } };
    if (path.endsWith("receipts")) return { status: 200, body: { items: [{ id: row.id, state: "refused" }] } };
    put += 1;
    return { status: 201, body: { id: row.id, sha256: row.sha256, missing: [] } };
  };
  const sender = m.sender.createSender({ db, key, ask, device: "d", account: 1, now: () => now, alone: async (_lock, work) => work() });
  await sender.run();
  assert.equal(put, 0);
  now -= 3 * 24 * 3600 * 1000;
  await sender.run();
  assert.deepEqual([put, (await m.outbox.listRows(db))[0].state], [1, "done"]);
  await sender.compare(await m.outbox.listRows(db));
  assert.equal((await m.outbox.listRows(db))[0].state, "queued");
  db.close();
});
await check("room is made in order, and a full phone keeps the visit in its last place", async () => {
  const full = () => Object.assign(new Error("full"), { name: "QuotaExceededError" });
  const made = [];
  let left = 2;
  const told = await m.space.withRoom(async () => {
    if (left) throw full();
    return "kept";
  }, [async () => { made.push("ballast"); left -= 1; }, async () => { made.push("maps"); left -= 1; }]);
  assert.deepEqual([told, made], ["kept", ["ballast", "maps"]]);
  await assert.rejects(m.space.withRoom(async () => { throw full(); }, []), { name: "QuotaExceededError" });
  await assert.rejects(m.space.withRoom(async () => { throw new Error("other"); }, [async () => { throw new Error("must not free"); }]), /other/);
  const held = new Map();
  const storage = { get length() { return held.size; }, key: (n) => [...held.keys()][n] ?? null, getItem: (name) => held.get(name) ?? null, setItem: (name, value) => held.set(name, value), removeItem: (name) => held.delete(name) };
  const db = await m.store.openStore("rescue");
  const { key } = await m.seal.makeKey("135790", 1);
  const draft = { ...m.visit.newDraft({ id: 5, code: "H5" }, { campaign: null, form: null }), choice: "well" };
  await m.drafts.putDraft(db, key, draft);
  const row = await m.outbox.freeze(key, draft, m.visit.bodyOf(draft, { home: null, now: 1, tick: 0, offset: null }), { now: 1, day: "d" });
  m.space.rescue(1, row, storage);
  assert.deepEqual([m.space.rescued(1, storage).map((one) => one.id), m.space.rescued(2, storage)], [[draft.id], []]);
  assert.equal(await m.space.bringBack(db, 1, storage), 1);
  const [back] = await m.outbox.listRows(db);
  assert.equal((await m.outbox.rowBody(key, back)).household_id, 5);
  assert.deepEqual([storage.length, await db.getAllKeys("drafts")], [0, []]);
  assert.equal(await m.space.bringBack(db, 1, storage), 0);
  db.close();
});
await check("tiles are counted along the curve as PMTiles counts them", () => {
  const { tileId } = m.packs;
  assert.deepEqual([tileId(0, 0, 0), tileId(1, 0, 0), tileId(1, 0, 1), tileId(1, 1, 1), tileId(1, 1, 0), tileId(2, 0, 0)], [0, 1, 2, 3, 4, 5]);
  assert.equal(tileId(12, 3423, 1763), 19078479);
  const seen = new Set();
  for (let x = 0; x < 16; x += 1) for (let y = 0; y < 16; y += 1) seen.add(tileId(4, x, y));
  assert.deepEqual([seen.size, Math.min(...seen), Math.max(...seen)], [256, 85, 340]);
});

const RULES = {
  guideline: "g", absent: "none", lettered: ["x"], with_points: ["b", "d"], grade_of: [["a", "A"], ["b", "B"], ["d", "D"]],
  at_once: { field: "site", is: "bad", grade: "D", why: { zh: "场", en: "s" }, advice: { zh: "迁", en: "m" } },
  parts: [{ key: "wall", zh: "墙", en: "wall" }, { key: "roof", zh: "顶", en: "roof" }],
  levels: [{ key: "a", zh: "a", en: "a" }, { key: "b", zh: "b", en: "b" }, { key: "d", zh: "d", en: "d" }],
  says: { site: { zh: "场地", en: "Site" }, lacking: { zh: "缺{names}", en: "lacks {names}" }, no_level: { zh: "无", en: "none" }, all_mild: { zh: "好", en: "fine" }, own_letter: { zh: "{raw}", en: "{raw}" }, no_letter: { zh: "{raw}", en: "{raw}" } },
};
const HOUSE = { id: 7, household_id: 3, grade: null, why: ["impression", "never"], mark: 12 };
await check("an appraisal is saved once the rule and the form are content", () => {
  const { newAppraisal, appraisalLacks } = m.appraising;
  const draft = newAppraisal(HOUSE, RULES, "");
  const lack = (change) => appraisalLacks({ ...draft, ...change }, RULES, "2026-11-27")?.code ?? null;
  const good = { site: "safe", parts: { wall: { level: "a", points: "" }, roof: { level: "b", points: "漏" } }, appraiser: "组" };
  assert.deepEqual([draft.key, draft.cause, draft.mark, draft.household], ["a:7", "first", 12, 3]);
  assert.equal(newAppraisal({ ...HOUSE, grade: "B", why: ["disaster"] }, RULES).cause, "disaster");
  assert.equal(lack({}), "grade");
  assert.equal(lack(good), null);
  assert.equal(lack({ ...good, parts: { ...good.parts, roof: { level: "b", points: " " } } }), "points");
  assert.equal(lack({ ...good, parts: { ...good.parts, roof: { level: null, points: "漏" } } }), "level");
  assert.equal(lack({ ...good, appraiser: " " }), "appraiser");
  assert.equal(lack({ ...good, grade: "A" }), "reason");
  assert.equal(lack({ ...good, grade: "A", reason: "好" }), null);
  assert.equal(lack({ ...good, appraised_on: "2026-11-28" }), "day");
  assert.equal(lack({ ...good, cause: null }), "cause");
  assert.equal(lack({ standard: "x" }), "raw");
});
await check("the body of an appraisal says what the form says", () => {
  const draft = { ...m.appraising.newAppraisal(HOUSE, RULES, " 组 "), site: "safe", parts: { wall: { level: "a", points: "" }, roof: { level: "b", points: " 漏 " } }, grade: "B", reason: "x" };
  const body = m.appraising.appraisalBody(draft, RULES, { now: at("2026-11-27T10:00:00+08:00"), offset: 5 });
  assert.deepEqual(body.parts, { wall: { level: "a", points: null }, roof: { level: "b", points: "漏" } });
  assert.deepEqual([body.at, body.clock_offset_ms, body.house_id, body.appraiser, body.mark, body.appraised_on], ["2026-11-27T10:00:00.000+08:00", 5, 7, "组", 12, null]);
  // The grade that follows anyway is not one of one's own.
  assert.deepEqual([body.grade, body.reason, body.raw], [null, null, null]);
  const own = m.appraising.appraisalBody({ ...draft, grade: "D" }, RULES, { now: 0, offset: null });
  assert.deepEqual([own.grade, own.reason], ["D", "x"]);
  const other = m.appraising.appraisalBody({ ...draft, standard: "x", raw: "D" }, RULES, { now: 0, offset: null });
  assert.deepEqual([other.site, other.parts, other.raw, other.grade], [null, {}, "D", "B"]);
});
await check("a look and a check say what was chosen", () => {
  const look = m.looks.newLook({ no: 4 });
  assert.deepEqual([look.key, m.looks.lookLacks(look), m.looks.lookLacks({ ...look, seen: "cleared" })], ["o:4", "seen", null]);
  const photo = { id: "p", sha256: "s", size: 1, taken_at: "t", kind: "concern", demand: null };
  const body = m.looks.lookBody({ ...look, seen: "cleared", note: " ", photos: [photo] }, { now: 0, offset: null });
  assert.deepEqual([body.concern, body.seen, body.note, body.photos.length, "act" in body], [4, "cleared", null, 1, false]);
  const home = m.looks.newCheck({ id: 9, household_id: 2 });
  assert.deepEqual([home.key, m.looks.lookLacks(home), m.looks.lookLacks({ ...home, act: "reported" }), m.looks.lookLacks({ ...home, act: "checked_safe" })], ["w:9", "act", "reason", null]);
  const worse = m.looks.lookBody({ ...home, act: "reported", reason: " 裂 " }, { now: 0, offset: null });
  assert.deepEqual([worse.monitored, worse.act, worse.reason, "photos" in worse], [9, "reported", "裂", false]);
});
await check("what is to do is fetched whole or not at all, and what was saved here is no longer open", async () => {
  const pages = { "": { houses: [HOUSE], total: 2, concerns: [{ no: 4, look_by: "2026-11-20" }, { no: 5, look_by: "2026-12-01" }], monitored: [{ id: 9, stage: "to_check" }], more: "0.7" }, "0.7": { houses: [{ ...HOUSE, id: 8 }], total: 2, concerns: [], monitored: [], more: null } };
  const ask = async (_method, path) => ({ status: 200, body: { at: "2026-11-27T10:00:00+08:00", as_of: "2026-11-27", ...pages[path.split("after=")[1] || ""] } });
  const work = await m.work.fetchWork({ ask, headers: {}, before: { ...m.work.NO_WORK, appraiser: "组" } });
  assert.deepEqual([work.houses.map((one) => one.id), work.concerns.length, work.appraiser], [[7, 8], 2, "组"]);
  const broken = async (method, path) => (path.includes("after") ? { status: 502, body: null } : ask(method, path));
  assert.equal(await m.work.fetchWork({ ask: broken, headers: {}, before: work }), null);
  assert.deepEqual(m.work.openWork(work, [], "2026-11-27"), { houses: 2, concerns: 1, monitored: 1 });
  const row = (about, more) => ({ about, state: "queued", received_at: null, ...more });
  const rows = [row("a:7"), row("o:4", { state: "refused" }), row("w:9", { state: "done", received_at: "2026-11-27T10:30:00+08:00" })];
  assert.deepEqual(m.work.openWork(work, rows, "2026-11-27"), { houses: 1, concerns: 1, monitored: 0 });
  // What the server confirmed before it told of the work, and names it again, is to be done again.
  assert.equal(m.work.openWork(work, [row("w:9", { state: "done", received_at: "2026-11-27T09:30:00+08:00" })], "2026-11-27").monitored, 1);
});

console.log(JSON.stringify(wrong));
process.exit(0);
