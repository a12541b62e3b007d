/*
 * The phone's own modules under a faulty world: `node faults.mjs FIELD FAKE FIRST RUNS` plays RUNS games from seed FIRST with
 * the modules in the folder FIELD and prints what went wrong in each as JSON. FAKE is the folder of fake-indexeddb.
 */

import { pathToFileURL } from "node:url";
import { webcrypto } from "node:crypto";

const [field, fake, first, runs] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
globalThis.crypto ??= webcrypto;
await import(pathToFileURL(`${fake}/auto/index.mjs`));
const load = (name) => import(pathToFileURL(`${field}/${name}.js`));
const [store, seal, drafts, outbox, senders, visits, exporting] = await Promise.all(["store", "seal", "drafts", "outbox", "sender", "visit", "export"].map(load));
const { Unreachable } = await load("net");

/** Random numbers from a seed (mulberry32). */
function randomFrom(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The server as the protocol promises it; `deliver` may be called late and twice. */
class Server {
  constructor() {
    this.visits = new Map();
    this.photos = new Map();
    this.rejects = [];
    this.signedIn = true;
    this.poison = new Set();
  }

  async deliver(method, path, bytes, headers) {
    const [, , , kind, id, , photo] = path.split("/");
    if (path === "/api/v1/ping") return { status: 200, body: { fangtu: "field", at: new Date().toISOString(), signed_in: this.signedIn, account: this.signedIn ? { id: 1 } : null, device: { state: "open", wipe: false } } };
    if (!this.signedIn) return { status: 401, body: { error: "sign_in_needed", message: "" } };
    if (kind === "receipts") {
      const { ids } = JSON.parse(new TextDecoder().decode(bytes));
      return { status: 200, body: { items: ids.map((one) => ({ id: one, state: this.stateOf(one) })) } };
    }
    const sum = await seal.sha256(bytes);
    if (photo) {
      if (!this.visits.has(id)) return { status: 404, body: { error: "visit_unknown", message: "" } };
      if (headers["X-SHA256"] !== sum) return { status: 422, body: { error: "photo_differs", message: "" } };
      this.photos.set(photo, sum);
      return { status: 200, body: { id: photo, sha256: sum, size: bytes.byteLength } };
    }
    const body = JSON.parse(new TextDecoder().decode(bytes));
    if (this.poison.has(body.household_id)) {
      this.rejects.push(id);
      return { status: 422, body: { error: "visit_unfit", message: "no" } };
    }
    const known = this.visits.get(id);
    if (known && known.sha256 !== sum) {
      this.rejects.push(id);
      return { status: 409, body: { error: "visit_differs", message: "" } };
    }
    if (!known) this.visits.set(id, { sha256: sum, body });
    return { status: known ? 200 : 201, body: { id, sha256: sum, missing: this.missing(body), flags: [], received_at: new Date().toISOString() } };
  }

  missing(body) {
    return body.photos.filter((one) => !this.photos.has(one.id)).map((one) => one.id);
  }

  stateOf(id) {
    const known = this.visits.get(id);
    return !known ? "unknown" : this.missing(known.body).length ? "missing_photos" : "done";
  }
}

const FAULTS = ["offline", "lost before", "lost after", "busy", "shed", "portal", "portal json", "proxy", "kill before", "kill after"];

async function play(seed) {
  const random = randomFrom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const chance = (p) => random() < p;
  const server = new Server();
  const name = `${seed}`;
  const late = [];
  const held = new Map(); // lock -> tab
  const promised = new Map(); // what the screen said is saved: id -> household
  const setBack = new Set(); // visits the server once had and forgot
  const problems = [];
  let skew = 0;
  let full = 0;
  let faulty = 0.35;
  const now = () => Date.now() + skew;

  const { kept, key: firstKey } = await seal.makeKey("135790", 1);
  {
    const db = await store.openStore(name);
    await store.putMeta(db, "key", kept);
    db.close();
  }

  /** A tab: its own connection, that is cut when it is killed. */
  async function openTab() {
    const db = await store.openStore(name);
    const key = chance(0.2) ? await seal.openKey(await store.getMeta(db, "key"), "135790") : firstKey;
    const tab = { db, key, dead: false, kill: null };
    const killed = new Promise((_, reject) => {
      tab.kill = () => {
        tab.dead = true;
        for (const [lock, owner] of held) if (owner === tab) held.delete(lock);
        reject(new Error("killed"));
      };
    });
    killed.catch(() => {});
    // A dead tab begins no transaction; one that had begun is through.
    const guarded = new Proxy(db, {
      get(target, property) {
        const value = target[property];
        if (typeof value !== "function") return value;
        return (...words) => {
          if (tab.dead) return new Promise(() => {});
          if (full && (property === "transaction" || property === "put") && words[1] === "readwrite") {
            full -= 1;
            throw new DOMException("", "QuotaExceededError");
          }
          return value.apply(target, words);
        };
      },
    });
    tab.guarded = guarded;
    async function ask(method, path, { body = new Uint8Array(), headers = {} } = {}) {
      if (tab.dead) return new Promise(() => {});
      const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body || new Uint8Array();
      const fault = chance(faulty) ? pick(FAULTS) : null;
      if (fault === "offline" || fault === "lost before") throw new Unreachable(fault);
      if (fault === "busy") return { status: 503, body: null, retryAfter: null };
      if (fault === "shed") return { status: 429, body: { error: "too_many", message: "" }, retryAfter: 1 };
      if (fault === "portal") return { status: 200, body: null, retryAfter: null };
      if (fault === "portal json") return { status: 200, body: { welcome: true }, retryAfter: null };
      if (fault === "proxy") return { status: 403, body: null, retryAfter: null };
      if (fault === "kill before") {
        tab.kill();
        return new Promise(() => {});
      }
      const answer = await server.deliver(method, path, bytes, headers);
      if (method === "PUT" && chance(0.1)) late.push([method, path, bytes, headers]);
      if (fault === "lost after") throw new Unreachable(fault);
      if (fault === "kill after") {
        tab.kill();
        return new Promise(() => {});
      }
      return { retryAfter: null, ...answer };
    }
    const alone = async (lock, work) => {
      if (held.has(lock)) return false;
      held.set(lock, tab);
      try {
        return await work();
      } finally {
        if (held.get(lock) === tab) held.delete(lock);
      }
    };
    tab.sender = senders.createSender({ db: guarded, key, ask, device: "d", account: 1, now, alone });
    tab.with = (work) => Promise.race([work(), killed]);
    return tab;
  }

  let tabs = [await openTab()];
  const tab = () => pick(tabs);
  let homes = 0;

  async function write(one) {
    homes += 1;
    const household = homes;
    if (chance(0.08)) server.poison.add(household);
    let draft = { ...visits.newDraft({ id: household, code: `H${household}` }, { campaign: { id: 1, round: 1 } }), choice: "well" };
    await drafts.putDraft(one.guarded, one.key, draft);
    for (let n = 0; n < Math.floor(random() * 3); n += 1) {
      draft = await drafts.addPhoto(one.guarded, one.key, draft, crypto.getRandomValues(new Uint8Array(200)), { kind: "visit", takenAt: visits.isoAt(now()) });
    }
    return draft;
  }

  async function save(one, draft) {
    const body = visits.bodyOf(draft, { home: null, now: now(), tick: 0, offset: null });
    const row = await outbox.freeze(one.key, draft, body, { now: now(), day: visits.dayAt(now()), status: 1 });
    await outbox.keep(one.guarded, row);
    return row.id;
  }

  const half = new Map(); // drafts that are on the phone, by key

  const ACTS = {
    async visit(one) {
      const draft = await write(one);
      half.set(draft.key, draft);
      if (chance(0.15)) return;
      const id = await save(one, draft);
      half.delete(draft.key);
      promised.set(id, draft.household);
    },
    async finish(one) {
      const left = pick([...half.values()]);
      if (!left) return;
      const draft = await drafts.getDraft(one.guarded, one.key, left.key);
      if (!draft) return;
      // Two tabs with the same sheet: both may try, one gets it.
      const tries = await Promise.allSettled([save(one, draft), chance(0.3) ? save(one, draft) : Promise.resolve(null)]);
      const good = tries.filter((told) => told.status === "fulfilled" && told.value);
      if (good.length > 1) problems.push("one draft was saved twice");
      if (good.length) {
        half.delete(left.key);
        promised.set(draft.id, draft.household);
      }
    },
    async undo(one) {
      const rows = await outbox.listRows(one.guarded);
      const row = pick(rows);
      if (!row) return;
      try {
        const back = await outbox.takeBack(one.guarded, row.id);
        promised.delete(row.id);
        half.set(back, { key: back });
      } catch (reason) {
        if (reason.name !== "OnItsWay") throw reason;
      }
    },
    async send(one) {
      one.sender.hurry();
      await one.sender.run();
    },
    async race() {
      if (tabs.length < 2) tabs.push(await openTab());
      await Promise.allSettled(tabs.map((one) => one.with(() => one.sender.run())));
    },
    async reload() {
      tabs.forEach((one) => one.kill());
      tabs = [await openTab()];
    },
    async clock() {
      skew = Math.round((random() - 0.5) * 6 * 24 * 3600 * 1000);
    },
    async late() {
      const one = late.shift();
      if (one) await server.deliver(...one);
    },
    async full() {
      full = 1 + Math.floor(random() * 3);
    },
    async session() {
      server.signedIn = !server.signedIn;
    },
    async backup() {
      // The server was set back: it has forgotten one visit with its photos.
      const id = pick([...server.visits.keys()]);
      if (!id || chance(0.7)) return;
      setBack.add(id);
      for (const photo of server.visits.get(id).body.photos) server.photos.delete(photo.id);
      server.visits.delete(id);
    },
    async compare(one) {
      await one.sender.compare(await outbox.listRows(one.guarded));
    },
  };
  const OFTEN = ["visit", "visit", "visit", "visit", "send", "send", "send", "send", "race", "finish", "undo", "undo", "reload", "clock", "late", "full", "session", "compare", "backup"];

  for (let step = 0; step < 28; step += 1) {
    skew += 4000;
    if (tabs.every((one) => one.dead)) tabs = [await openTab()];
    tabs = tabs.filter((one) => !one.dead);
    const one = tab();
    try {
      await one.with(() => ACTS[pick(OFTEN)](one));
    } catch (reason) {
      const fine = ["killed", "no receipts: 401", "no receipts: 403", "no receipts: 429", "no receipts: 503", "no receipts: 200"].includes(reason.message) || reason.name === "Unreachable" || reason.name === "QuotaExceededError" || reason.name === "AlreadySaved";
      if (!fine) problems.push(`${reason.name}: ${reason.message}`);
    }
  }

  // Calm: everything works again, the phone is opened once more and left alone.
  faulty = 0;
  full = 0;
  server.signedIn = true;
  skew = 0;
  for (const one of late.splice(0)) await server.deliver(...one);
  tabs.forEach((one) => one.kill());
  const last = await openTab();
  const before = await outbox.listRows(last.db);
  await last.sender.compare(before);
  for (const row of before) await outbox.release(last.db, row.id);
  for (let round = 0; round < 6; round += 1) {
    last.sender.hurry();
    await last.sender.run();
  }
  const rows = new Map((await outbox.listRows(last.db)).map((row) => [row.id, row]));
  const keys = new Set(await last.db.getAllKeys("drafts"));

  for (const [id, household] of promised) {
    const row = rows.get(id);
    const held = server.visits.get(id);
    if (server.poison.has(household)) {
      if (row?.state !== "refused") problems.push(`refused work is ${row?.state}`);
      else await outbox.rowBody(last.key, row);
      continue;
    }
    if (!held) problems.push(`lost: a saved visit is ${row?.state || "nowhere"}`);
    else if (row && held.sha256 !== row.sha256) problems.push("the server holds other bytes");
    // Photos that were confirmed, deleted and then forgotten by the server cannot come again; but that is said.
    const told = setBack.has(id) && row?.error?.code === "photo_gone";
    if (row?.state !== "done" && !told) problems.push(`a confirmed visit is shown as ${row?.state}`);
    const gone = held ? server.missing(held.body) : [];
    if (gone.length && !told) problems.push(`lost: ${gone.length} photos`);
  }
  const byHousehold = new Map();
  for (const [id, { body }] of server.visits) {
    if (byHousehold.has(body.household_id)) problems.push("doubled: one visit came under two ids");
    byHousehold.set(body.household_id, id);
    const row = rows.get(id);
    if (!row && !promised.has(id)) problems.push("the server holds a visit that was taken back");
  }
  for (const key of half.keys()) if (!keys.has(key) && ![...rows.values()].some((row) => `h:${row.household}` === key)) problems.push("a draft is gone");
  const { items } = await exporting.outboxParts(last.db, last.key, { device: "d", account: 1, madeAt: "" });
  const open = [...rows.values()].filter((row) => row.state !== "done").length;
  if (items !== open) problems.push("the export leaves something out");
  last.db.close();
  await store.dropStore(name);
  return { seed, visits: promised.size, problems };
}

const told = { runs: 0, visits: 0, wrong: 0, failed: [] };
for (let seed = first; seed < first + runs; seed += 1) {
  const { visits: n, problems } = await Promise.race([play(seed), new Promise((done) => setTimeout(done, 20000, { visits: 0, problems: ["it hangs"] }).unref())]);
  told.runs += 1;
  told.visits += n;
  if (!problems.length) continue;
  told.wrong += 1;
  if (told.failed.length < 5) told.failed.push({ seed, problems: problems.slice(0, 3) });
}
console.log(JSON.stringify(told));
process.exit(0);
