/*
 * Games of random acts and faults with the field app's own modules against the real server:
 * `node --experimental-vm-modules games.mjs FIELD FAKE SITE` reads what is to be played from standard input as JSON and prints
 * what came of each game as a line of JSON. FIELD is the folder of the modules, FAKE that of fake-indexeddb, SITE the server.
 */

import { createHash } from "node:crypto";

import { Handset } from "./browser.mjs";
import { Chance } from "./chance.mjs";
import { FULL } from "./disk.mjs";
import { look } from "./looks.mjs";
import { hangUp, Line } from "./line.mjs";
import { Person } from "./people.mjs";

const [folder, , site] = process.argv.slice(2);
const DAY_MS = 24 * 3600 * 1000;
const CHINA_MS = 8 * 3600 * 1000;
const LOOKS = 3; // looking takes as long as so many steps
const ACTS = {
  visit: 9, send: 8, draft: 2, wait: 3, race: 3, undo: 2, regret: 3, mark: 1, day: 3, reload: 2, kill: 2, crash: 3, offline: 2, clock: 2, late: 3, full: 2, room: 1,
  update: 1, transfer: 3, remove: 1, session: 1, other: 2, revoke: 1, handIn: 2, forget: 1, changed: 1, mixed: 1, practice: 1,
  correct: 4, settle: 3,
};

class Game {
  constructor({ seed, campaign, accounts, chief, places }, pictures) {
    Object.assign(this, { seed, campaign, accounts, chief, places, pictures, folder });
    this.chance = new Chance(seed);
    this.line = new Line(site, seed ^ 0x5bd1e995);
    this.passed = 0;
    this.words = 0;
    this.shots = 0;
    this.steps = [];
    this.problems = [];
    this.promised = new Map(); // what a screen said is saved, by id
    this.ever = new Set(); // ids that were said to be saved at any time
    this.taken = new Set(); // taken back
    this.above = new Set(); // left to the supervisor, who sees both
    this.given = new Set(); // handed in by the supervisor
    this.forgotten = new Set(); // the server once had and lost
    this.refusals = []; // bytes the server must have kept: {id, sha256}
    this.duties = new Map();
    this.people = [0, 0, 1].map((own, n) => {
      const random = new Chance(seed * 7 + n).random;
      const handset = new Handset({ name: `phone ${n + 1}`, random, world: this, ask: (page, request) => this.line.ask(page, request, () => this.somebodyElse(person)) });
      const person = new Person(this, handset, Object.fromEntries(accounts.map((one) => [one.id, one.tokens[n]])));
      handset.disk.onEmptied = () => person.emptied();
      handset.onGone = (id) => this.gone(person, id);
      person.account = accounts[own].id;
      person.signIn(person.account);
      return person;
    });
  }

  now() {
    return this.born + this.passed;
  }

  /** Somebody else signs in on a phone, in another tab. */
  somebodyElse(person) {
    const own = person.tokens[this.accounts[0].id];
    person.signIn(this.accounts[person.handset.cookie === own ? 1 : 0].id);
  }

  /** What a full phone kept for the moment only, and said so, went with the browser. */
  gone(person, id) {
    const told = this.promised.get(id);
    if (!told || told.person !== person) return;
    if (!told.isProvisional) this.problem("what was kept for the moment only was said to be safe");
    told.isGone = true;
    this.line.count("lost with the browser, as a full phone had said");
  }

  /** It is that late at least. */
  reach(at) {
    this.passed = Math.max(this.passed, at - this.born);
  }

  problem(words) {
    this.problems.push(words);
  }

  promise(told) {
    // What went into the small store of a full disk leaves its draft behind, which may be saved once more under its id.
    if (this.promised.has(told.id) && !this.promised.get(told.id).isRescued) this.problem("one draft was said to be saved twice");
    this.promised.set(told.id, told);
    this.ever.add(told.id);
    this.taken.delete(told.id);
  }

  takeBack(id) {
    this.promised.delete(id);
    this.taken.add(id);
  }

  /** A picture whose bytes no other has. */
  picture() {
    this.shots += 1;
    return Buffer.concat([this.pictures[this.shots % this.pictures.length], Buffer.from(`${this.seed} ${this.shots}`)]);
  }

  /** Some time passes on all phones; what was due by then happens. */
  async pass(ms) {
    this.passed += ms;
    for (const { handset } of this.people) {
      handset.settle(ms);
      for (const page of handset.pages) {
        page.busy = null;
        page.ring();
        await page.live(() => page.busy);
      }
    }
  }

  async visit(person, page, { andSave = true } = {}) {
    const homes = page.phone.households();
    if (!homes.length) return;
    const opened = await person.write(page, this.chance.pick(homes).id);
    if (opened && andSave) await person.press(opened.box, "保存走访");
  }

  /** Play so many steps; one that takes longer than so much real time hangs. */
  async play(steps, stepMs) {
    // At noon in China, whatever the hour is: what of a phone's work is of today would depend on it.
    const now = Date.now();
    this.born = now - ((now + CHINA_MS) % DAY_MS) + DAY_MS / 2;
    // The day begins at the office, where every phone fetches its list.
    this.line.isCalm = true;
    for (const person of this.people) await person.open().then((page) => person.sync(page, { fresh: true }));
    this.line.isCalm = false;
    for (let n = 0; n < steps && !this.problems.length; n += 1) {
      const gap = 1000 + this.chance.below(20000);
      this.passed += gap;
      for (const one of this.people) one.handset.settle(gap);
      const person = this.chance.pick(this.people);
      const act = this.chance.weighed(ACTS);
      this.steps.push(OFFICE[act] ? act : `${person.handset.name} ${act}`);
      await this.bound(this.step(person, act), stepMs);
    }
    if (!this.problems.length) await this.bound(look(this), LOOKS * stepMs);
  }

  async step(person, act) {
    if (OFFICE[act]) {
      await OFFICE[act].call(this);
      return;
    }
    const page = await person.page();
    if (!page) return;
    const work = () => ACT[act].call(this, person, page);
    await (OUTLIVES.has(act) ? work() : page.live(work)).catch((reason) => person.trouble(page, reason));
  }

  /** Wait for a work, but not for ever: what it waits for is a problem. */
  async bound(work, ms) {
    let timer;
    const late = new Promise((done) => {
      timer = setTimeout(done, ms, LATE);
    });
    const ended = await Promise.race([work.catch((reason) => this.problem(`${reason.name}: ${reason.stack}`)), late]);
    clearTimeout(timer);
    if (ended !== LATE) return;
    const waits = [...this.line.waiting.values(), ...this.people.flatMap(({ handset }) => handset.waits())];
    this.problem(`hangs for ${ms / 1000} s at "${this.steps.at(-1)}", waiting for: ${waits.join("; ") || "nothing known"}`);
  }
}
const LATE = Symbol("late");

// Acts that go on when their page is gone.
const OUTLIVES = new Set(["reload", "kill", "update", "other"]);
// What happens beside the phones.
const OFFICE = {
  async late() {
    await this.line.deliverLate();
  },
  /** The duty of an account moves: to both places, where it meets the other inspector, to the other's alone, or out of the township, where nothing of it is taken. */
  async transfer() {
    const account = this.chance.pick(this.accounts);
    await this.duty(account, this.chance.weighed({ own: 2, both: 4, other: 4, away: 1 }));
    this.line.count("duty transferred");
  },
  async remove() {
    if (this.chance.under(0.5)) return;
    await this.line.order("/played/remove", { household: this.chance.pick(this.chance.pick(this.accounts).households) });
    this.line.count("household taken off");
  },
  /** The server is set back to an older day. */
  async forget() {
    const id = this.chance.pick([...this.promised.keys()]);
    const told = this.promised.get(id);
    // A day on which a visit is there and its correction is not has its own order of things; of practice the server keeps nothing that it could lose.
    if (!told || told.person.revoked || told.kind !== "visit" || told.practice || told.supersedes) return;
    // It stands still meanwhile.
    await this.line.clear();
    this.forgotten.add(id);
    await this.line.order("/played/forget", { id });
    this.line.count("server set back");
  },
  /** A faulty copy of the app sends other bytes under a known id. */
  async changed() {
    const told = this.chance.pick([...this.promised.values()].filter((one) => one.kind === "visit" && one.body && !one.practice && !this.forgotten.has(one.id)));
    if (!told) return;
    const bytes = Buffer.from(JSON.stringify({ ...told.body, satisfaction: 3 }));
    if (!(await this.seen([told.account])).visits.some((one) => one.id === told.id)) return;
    const { status } = await this.line.pass(this.raw(told, `/api/v1/visits/${told.id}`, bytes));
    if (status !== 409) this.problem(`other bytes under a known id are answered with ${status}`);
    this.refusals.push({ id: told.id, sha256: sumOf(bytes) });
    this.line.count("other bytes under a known id");
  },
  /** The bytes of another picture arrive under the id of one. */
  async mixed() {
    const told = this.chance.pick([...this.promised.values()].filter((one) => one.kind === "visit" && one.photos.length && !one.practice));
    if (!told) return;
    const bytes = this.picture();
    const { status } = await this.line.pass(this.raw(told, `/api/v1/visits/${told.id}/photos/${told.photos[0].id}`, bytes));
    if (status === 200) this.problem("another picture was taken for the one that was named");
    this.line.count("another picture under a known id");
  },
};

const ACT = {
  async visit(person, page) {
    await this.visit(person, page);
  },
  async draft(person, page) {
    await this.visit(person, page, { andSave: false });
  },
  /** A saved visit is opened and said otherwise, sent or not; or that is begun and left. */
  async correct(person, page) {
    const row = this.chance.pick(page.phone.rows.filter((one) => one.kind === "visit" && one.state !== "refused" && !one.practice && !page.phone.replaced.has(one.id)));
    if (!row) return;
    const opened = await person.rewrite(page, row.household, row.id);
    if (!opened || this.chance.under(0.2)) return;
    await person.press(opened.box, "保存更正");
    this.line.count("visit corrected");
  },
  /** Somebody else was there too: they went together, or the supervisor is to look at it. */
  async settle(person, page) {
    await this.pass(11000);
    await person.sync(page);
    if (page.isDead) return;
    const asked = [...page.phone.conflicts.keys()];
    if (!asked.length) return;
    const words = this.chance.pick(["记为陪同", "交主管处理"]);
    const before = new Set(page.phone.rows.map((row) => row.id));
    const to = await person.press(person.drawn(page), words);
    if (to) {
      // The server did not say who it was: a correction that names who came along.
      const opened = await person.rewrite(page, to.household, to.id, { companions: ["赵六"] });
      if (opened) await person.press(opened.box, "保存更正");
    }
    for (const row of page.phone.rows) {
      if (!before.has(row.id) && row.settled === "together") await person.saved(page, row.id);
      if (row.settled === "above") this.above.add(row.id);
    }
    this.line.count(words === "记为陪同" ? "second visit: joint" : "second visit: left to the supervisor");
  },
  async practice(person, page) {
    const opened = await person.write(page, 0);
    if (opened) await person.press(opened.box, "保存走访");
  },
  async mark(person, page) {
    await person.mark(page);
  },
  async send(person, page) {
    page.phone.sender.hurry();
    await this.pass(11000);
    await person.sync(page, { fresh: this.chance.under(0.2) });
  },
  async wait() {
    await this.pass(this.chance.pick([12000, 60000, 400000]));
  },
  async undo(person, page) {
    await person.undo(page);
  },
  /** It is saved, sent at once by the button of the day, and taken back while the screen still offers that: on its way, or after. */
  async regret(person, page) {
    const homes = page.phone.households();
    const opened = homes.length ? await person.write(page, this.chance.pick(homes).id) : null;
    if (!opened) return;
    const { id } = opened.sheet.draft();
    await person.press(opened.box, "保存走访");
    const undo = () => page.live(() => person.undo(page, id));
    const isEarly = this.chance.under(0.6);
    if (isEarly) this.line.meanwhile = { id, act: undo };
    await person.day(page, "立即上传");
    const isDone = isEarly && this.line.meanwhile === null;
    this.line.meanwhile = null;
    this.line.count(isDone ? "taken back while it is sent" : "taken back after it was sent");
    if (!isDone) await undo();
  },
  async day(person, page) {
    await this.pass(11000);
    const told = await person.day(page, this.chance.under(0.7) ? "立即上传" : null);
    if (!told.includes("今日")) this.problem(`the day says ${told}`);
  },
  /** Two tabs at once: both send, or write at the same house, or one of them each. */
  async race(person, page) {
    const second = await person.open();
    if (!second || page.isDead) return;
    const homes = page.phone.households();
    const how = this.chance.pick(["send", "write", "write", "both", "begin"]);
    if (how === "send" || !homes.length) {
      this.passed += 11000;
      await Promise.all([page, second].map((one) => person.sync(one)));
    } else if (how === "both") {
      await Promise.all([person.sync(page), second.live(() => this.visit(person, second))]);
    } else if (how === "begin") {
      // Both are at the same house before either has written a word.
      const household = this.chance.pick(homes).id;
      const sheets = [await person.openSheet(page, household), await second.live(() => person.openSheet(second, household))];
      await Promise.all([page, second].map((one, n) => one.live(() => person.fillIn(one, sheets[n]))));
      for (const [n, one] of [page, second].entries()) if (sheets[n] && this.chance.under(0.7)) await one.live(() => person.press(sheets[n].box, "保存走访"));
    } else {
      const household = this.chance.pick(homes).id;
      const one = await person.write(page, household);
      const other = await second.live(() => person.openSheet(second, household));
      if (!one || !other) return;
      const saving = page.live(() => person.press(one.box, "保存走访"));
      // The other tab does not know of it, at once or a moment later.
      if (this.chance.under(0.5)) await saving;
      await second.live(() => this.meddle(person, second, other));
      await saving;
    }
    if (this.chance.under(0.5)) second.kill();
  },
  async reload(person) {
    for (const page of [...person.handset.pages]) page.kill();
  },
  async kill(person) {
    this.line.count("browser killed");
    person.handset.kill();
  },
  /** The page, or the browser, dies at one of the next commits to its disk. */
  async crash(person, page) {
    page.crash = { after: this.chance.below(4), how: this.chance.pick(["before", "after"]), all: this.chance.under(0.5) };
    this.line.count("killed at a commit to the disk");
    await this.visit(person, page);
    await person.sync(page);
  },
  async offline(person) {
    person.handset.isOffline = !person.handset.isOffline;
    this.line.count("a spell offline");
  },
  async clock(person) {
    person.handset.skew = Math.round((this.chance.random() - 0.5) * 6 * DAY_MS);
    this.line.count("clock moved by up to 3 days");
  },
  async full(person) {
    const { disk } = person.handset;
    disk.room = this.chance.below(4);
    disk.full = this.chance.pick(FULL);
    if (disk.full === "emptied" || this.chance.under(0.5)) disk.caches.add("fangtu-ballast");
    if (this.chance.under(0.3)) disk.caches.add("fangtu-map-1");
    this.line.count(`disk full: ${disk.full}`);
  },
  async room(person) {
    person.handset.disk.room = Infinity;
  },
  /** A new version comes in the middle of a form: what stands in it is kept, and the page is loaded anew. */
  async update(person, page) {
    const homes = page.phone.households();
    if (!homes.length) return;
    const opened = await page.live(() => person.write(page, this.chance.pick(homes).id));
    await page.live(() => opened?.sheet.flush());
    person.handset.version += 1;
    page.kill();
    this.line.count("update in mid-form");
    const next = await person.open();
    const again = opened && next && (await next.live(() => person.openSheet(next, opened.household)));
    if (again) await next.live(() => person.press(again.box, "保存走访"));
  },
  async session(person) {
    person.signIn(person.handset.cookie === null ? person.account : null);
    this.line.count("session ended or begun");
  },
  /** Somebody else signs in on the phone, or its owner again. */
  async other(person) {
    const away = this.accounts.find((one) => one.id !== person.account).id;
    person.signIn(person.handset.cookie === person.tokens[away] ? person.account : away);
    for (const page of [...person.handset.pages]) page.kill();
    this.line.count("another inspector on the phone");
  },
  async revoke(person, page) {
    // Nor one that would find out by asking that the server was set back: a revoked phone is told nothing.
    if (this.people.some((one) => one.revoked) || [...this.forgotten].some((id) => this.promised.get(id)?.person === person)) return;
    const known = await page.live(() => page.phone.sync()).then(() => page.phone?.device);
    if (!known || page.isDead || !(await this.revoke(known, this.chance.under(0.7)))) return;
    person.revoked = page.account;
    // Its session is over; who signs in again sees that it is revoked.
    person.tokens[page.account] = this.accounts.find((one) => one.id === page.account).tokens[3];
    person.signIn(page.account);
    this.line.count("phone revoked");
    await person.sync(page);
  },
  /** What is unsent is given out as a ZIP, and the supervisor hands it in. */
  async handIn(person, page) {
    if (!page.phone.unsent().items) return;
    const told = await this.handIn(await person.exported(page));
    for (const one of told?.items || []) this.given.add(one.id);
    this.line.count("export handed in by the supervisor");
  },
};

Object.assign(Game.prototype, {
  /** What somebody may do in a sheet that was saved in another tab. */
  async meddle(person, page, { sheet, box }) {
    const { photos } = sheet.draft();
    const how = this.chance.pick(["save", "add", "drop", "discard"]);
    if (how === "discard") {
      page.isTroubled = false;
      await sheet.discard();
      if (!page.isTroubled) person.half.delete(sheet.draft().id);
      return;
    }
    if (how === "drop" && photos.length) {
      const next = await page.phone.dropPhoto(sheet.draft(), photos[0].id).catch((reason) => person.trouble(page, reason));
      if (next) {
        sheet.set({ photos: next.photos });
        person.keepHalf(page, next);
      }
    }
    if (how === "add") await person.photograph(page, sheet);
    sheet.set({ companions: ["王"] });
    await person.press(box, "保存走访");
  },
  async duty(account, where) {
    const places = { own: this.places[account.id], both: this.places.both, other: this.places[this.accounts.find((one) => one !== account).id], away: this.places.away };
    this.duties.set(account.id, where);
    await this.line.order("/played/duty", { account: account.id, low: places[where][0], high: places[where][1] });
  },
  /** A request of an account that no phone makes. */
  raw(told, address, bytes) {
    const { tokens } = this.accounts.find((one) => one.id === told.account);
    return { method: "PUT", address, bytes, headers: { Authorization: `Bearer ${tokens.at(-1)}`, "X-Fangtu-Device": told.id, "X-SHA256": sumOf(bytes), "Content-Type": "application/json" } };
  },
  seen(accounts) {
    return this.line.order("/played/look", { accounts });
  },
  async revoke(device, wipe) {
    try {
      await this.line.order(`/field-phones/${device}/revoke`, wipe ? "wipe=yes" : "wipe=no", { Authorization: `Bearer ${this.chief.token}`, "Content-Type": "application/x-www-form-urlencoded" });
      return true;
    } catch (reason) {
      return false; // one the supervisor does not see, since the duty lies elsewhere
    }
  },
  async handIn(zip) {
    try {
      return await this.line.order("/api/v1/outbox", zip, { Authorization: `Bearer ${this.chief.token}`, "X-Fangtu-Device": this.chief.device, "Content-Type": "application/zip" });
    } catch (reason) {
      if (!reason.message.includes(": 403")) throw reason;
      return null; // the account's duty lies elsewhere just now
    }
  },
});

export function sumOf(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

let game = null;
// A page that is dead may have been in the middle of something. In one that lives, somebody should have been told. That a
// transaction ended with its connection (UnknownError) is told by its requests as well.
const TOLD_OTHERWISE = new Set(["DeadPage", "InvalidStateError", "UnknownError"]);
process.on("unhandledRejection", (reason) => {
  if (!TOLD_OTHERWISE.has(reason?.name)) game.problem(`nobody was told of ${reason?.name}: ${reason?.stack}`);
});

const parts = [];
for await (const part of process.stdin) parts.push(part);
const { games, pictures, steps, untilWrong, stepMs } = JSON.parse(Buffer.concat(parts).toString("utf8"));
const shots = pictures.map((one) => Buffer.from(one, "base64"));
for (const told of games) {
  const began = process.cpuUsage();
  game = new Game(told, shots);
  await game.play(steps, stepMs).catch((reason) => game.problem(`${reason.name}: ${reason.stack}`));
  const { user, system } = process.cpuUsage(began);
  const { line } = game;
  console.log(JSON.stringify({
    seed: game.seed, problems: game.problems, steps: game.problems.length ? game.steps : game.steps.length, saved: game.ever.size, promised: game.promised.size,
    photos: [...game.promised.values()].reduce((sum, one) => sum + one.photos.length, 0), requests: line.requests, injected: line.injected,
    refused: game.refusals.length, cpu_s: (user + system) / 1e6,
  }));
  if (game.problems.length && untilWrong) break;
}
hangUp();
process.exit(0);
