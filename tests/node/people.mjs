/* What the people of a game do with their phones, through the field app's own modules and sheets. */

import { findButton } from "./elements.mjs";

const PIN = "135790";
const NAMES = ["store", "seal", "net", "drafts", "outbox", "sender", "visit", "export", "book", "phone", "packs", "sheet", "day", "marks", "restore", "space"];
const TOO_LONG = 4200; // more than the server takes as a remark
// What a person is told and can do something about; all else that comes up in a page is a problem.
const TOLD = new Set(["QuotaExceededError", "StoreClosed", "AlreadySaved", "DraftChanged", "OnItsWay"]);

/** A person's phone in a game: how the app is opened, used, locked out and given up. */
export class Person {
  constructor(game, handset, tokens) {
    this.game = game;
    this.handset = handset;
    this.tokens = tokens; // by account
    this.half = new Map(); // drafts that are on the disk, by id: {account, key, photos}
    this.bare = new Map(); // accounts whose database the browser has deleted: pages of theirs that were open
    this.told = new Set(); // accounts of which a screen said so
    this.revoked = null; // the account whose phone it was when it was revoked
    this.wiped = false;
  }

  signIn(account) {
    this.handset.cookie = account === null ? null : this.tokens[account];
  }

  /** A living page with the app open, or undefined if it died or stands before the sign-in. */
  async page() {
    const open = this.handset.pages.filter((page) => page.phone);
    return open.length ? this.game.chance.pick(open) : this.open();
  }

  /** As the app's start does: whose phone it is, the store, the key, the phone. */
  async open() {
    const { handset, game } = this;
    const page = await handset.open(game.folder, NAMES);
    await page.live(async () => {
      const { store, seal, phone, net } = page.app;
      const ping = await net.ask("GET", "/api/v1/ping").then(({ status, body }) => (status === 200 && body?.fangtu === "field" ? body : null), () => null);
      let account = await store.rememberedAccount();
      if (ping?.account && ping.account.id !== account?.id) {
        account = ping.account;
        await store.rememberAccount(account);
      }
      if (!account) return;
      const db = await store.openStore(account.id, { onBlocking: () => this.reload(page) });
      const key = await this.key(page, db, account.id);
      handset.worker = { account: account.id, key };
      page.account = account.id;
      const made = await phone.openPhone({ db, key, account, version: `v${handset.version}`, onChange: (what) => this.changed(page, what) });
      if (made.emptied !== null) this.told.add(account.id);
      // What the app begins by itself can be waited for here.
      const { sync } = made;
      made.sync = (how) => {
        page.busy = sync(how);
        return page.busy;
      };
      page.phone = made;
    }).catch((reason) => {
      // On a full disk the app does not open, and says so.
      if (reason.name !== "UnknownError" || !handset.disk.isFull()) this.trouble(page, reason);
    });
    if (!page.phone) page.kill();
    return page.isDead ? undefined : page;
  }

  async key(page, db, account) {
    const { seal, store } = page.app;
    const { worker } = this.handset;
    const kept = await store.getMeta(db, "key");
    if (kept) return worker?.account === account ? worker.key : seal.openKey(kept, PIN);
    const made = await seal.makeKey(PIN);
    const there = await store.putFirst(db, "key", made.kept);
    return there === made.kept ? made.key : seal.openKey(there, PIN);
  }

  changed(page, what) {
    if (what !== "emptied") return;
    this.told.add(page.account);
    page.isBack = Boolean(page.phone);
  }

  /** The browser has deleted everything. What living pages hold in memory they put back. */
  emptied() {
    const { handset, game } = this;
    for (const { id } of game.accounts) {
      if (!handset.disk.read(`fangtu-${id}`)?.meta.length) continue;
      this.bare.set(id, handset.pages.filter((page) => page.phone && page.account === id));
    }
    for (const [id, { account }] of this.half) if (this.bare.has(account)) this.half.delete(id);
  }

  /** Was there a database that not every page that was open could put back, since none was, or one died over it? */
  isBereft(account) {
    const pages = this.bare.get(account);
    return Boolean(pages) && (!pages.length || pages.some((page) => !page.isBack));
  }

  reload(page) {
    page.kill();
  }

  trouble(page, reason) {
    if (!TOLD.has(reason.name) && !page.isDead) this.game.problem(`${this.handset.name}: ${reason.name}: ${reason.message} ${reason.stack?.split("\n")[1] || ""}`);
    page.isTroubled = true;
  }

  /** Send what is due, and what follows from the answer. */
  async sync(page, how) {
    await page.live(async () => {
      await page.phone.sync(how);
      const { trouble } = page.phone.sender.state;
      if (trouble) this.trouble(page, trouble);
      page.phone.sender.state.trouble = null;
      await this.giveUp(page);
    });
  }

  /** As the app does after each pass: a revoked phone gives up what it holds once nothing on it is unsent. */
  async giveUp(page) {
    const { ping, phase } = page.phone.sender.state;
    if (phase !== "revoked" || !ping?.device?.wipe || page.phone.unsent().items) return;
    const { store, space } = page.app;
    page.phone.close();
    this.handset.worker = null;
    await store.dropStore(page.account);
    page.app.restore.forgetNotes(page.account);
    await space.dropMaps();
    await store.forgetAccount();
    this.wiped = true;
    for (const [id, { account }] of this.half) if (account === page.account) this.half.delete(id);
    page.kill();
  }

  /** What the sheet asks of the app round it. */
  round(page) {
    return {
      phone: page.phone,
      here: null,
      trouble: (reason) => this.trouble(page, reason),
      visitSaved: (id) => {
        this.saving = this.saved(page, id);
      },
      openSaved: (id) => {
        this.sentTo = id;
      },
      closeVisit: () => {},
      notices: () => [],
      workDoor: () => null, // these phones have no work at houses
      show: () => {},
    };
  }

  async openSheet(page, household, more = {}) {
    const box = page.document.createElement("div");
    const sheet = await page.app.sheet.openSheet(this.round(page), box, household, more);
    return sheet && { sheet, box, household };
  }

  /** Open a saved visit and say it otherwise, as in {@link write}. */
  async rewrite(page, household, id, more = {}) {
    const opened = await this.openSheet(page, household, { correct: id });
    return opened && this.fillIn(page, opened, more);
  }

  /** Begin a visit and write something down; it is on the disk when this resolves with the open sheet. */
  async write(page, household) {
    const opened = await this.openSheet(page, household);
    return opened && this.fillIn(page, opened);
  }

  async fillIn(page, opened, more = {}) {
    const { chance } = this.game;
    if (!opened) return null;
    const { sheet } = opened;
    page.isTroubled = false;
    const { choice, corrects } = sheet.draft();
    if (!choice || corrects) {
      const how = chance.weighed({ well: 6, issue: 3, nobody: 2, other: 1 });
      const kept = corrects && chance.under(0.5) ? sheet.draft().demands : [];
      sheet.set({
        ...more,
        choice: how,
        return_when: how === "nobody" ? "tomorrow" : null,
        other: how === "other" ? "refused" : null,
        demands: how === "issue" ? [...kept, { ...page.app.visit.newDemand("road"), text: "路灯" }] : [],
      });
      this.game.words += 1;
      const words = `${this.game.seed}-${this.game.words}-${sheet.draft().id}`;
      sheet.set({ remark: chance.under(0.07) ? words.padEnd(TOO_LONG, "长") : words }, { quiet: true });
    }
    await sheet.flush();
    if (!page.isTroubled) this.keepHalf(page, sheet.draft());
    for (let n = chance.below(3); n > 0 && sheet.draft().photos.length < 4; n -= 1) await this.photograph(page, sheet);
    return opened;
  }

  /** As after the camera. */
  async photograph(page, sheet) {
    try {
      sheet.set({});
      await sheet.flush();
      const draft = sheet.draft();
      const demand = draft.demands[0]?.id || null;
      const next = await page.phone.addPhoto(draft, this.game.picture(), { kind: demand ? "demand" : "visit", demand, takenAt: page.app.visit.isoAt(this.handset.now()) });
      sheet.set({ photos: next.photos });
      await sheet.flush();
      this.keepHalf(page, sheet.draft());
    } catch (reason) {
      this.trouble(page, reason);
    }
  }

  keepHalf(page, { key, id, photos }) {
    this.half.set(id, { account: page.account, key, photos: photos.map((photo) => photo.id) });
  }

  /** Press a button; gives the row whose correction it opens, if it does. */
  async press(box, words) {
    this.saving = null;
    this.sentTo = null;
    await findButton(box, words)?.click();
    await this.saving;
    return this.sentTo && this.handset.pages.flatMap((page) => page.phone?.rows || []).find((row) => row.id === this.sentTo);
  }

  /** The screen at the end of the day. */
  drawn(page) {
    const box = page.document.createElement("div");
    page.app.day.drawDay(this.round(page), box);
    return box;
  }

  /** The screen says that it is saved: from here on the game holds the app to it. */
  async saved(page, id) {
    const { outbox } = page.app;
    const row = page.phone.rows.find((one) => one.id === id) || page.app.space.rescued(page.account).find((one) => one.id === id);
    if (!row) {
      this.game.problem("said to be saved and is nowhere on the phone");
      return;
    }
    const body = await outbox.rowBody(page.phone.key, row);
    this.game.promise({ id, kind: row.kind, account: page.account, person: this, sha256: row.sha256, photos: row.photos, practice: row.practice, body, isRescued: !row.seq, isProvisional: !row.seq && page.phone.apart > 0, supersedes: row.supersedes ?? null });
    this.half.delete(id);
  }

  /** A mark: a place of concern, with a photo. */
  async mark(page) {
    const { marks, visit } = page.app;
    const { phone } = page;
    const { chance } = this.game;
    let draft = (await phone.draftOf("m:new")) || { ...marks.newMark(), mark: "waste", place: { lon: 118.8021, lat: 36.4051 }, remark: `标记 ${this.game.seed}-${this.game.words}` };
    try {
      await phone.putDraft(draft);
      this.keepHalf(page, draft);
      if (chance.under(0.5) && draft.photos.length < 4) {
        draft = await phone.addPhoto(draft, this.game.picture(), { kind: "house", takenAt: visit.isoAt(this.handset.now()) });
        this.keepHalf(page, draft);
      }
      await phone.putDraft(draft);
      await this.saved(page, await phone.saveMark(draft, marks.markBody(draft, { offset: phone.offset })));
    } catch (reason) {
      this.trouble(page, reason);
    }
  }

  /** Take back what was saved a moment ago, as long as the screen offers it: one that is named, or any. */
  async undo(page, id = null) {
    const { game, handset } = this;
    const isOffered = (row) => (id ? row.id === id : row.state === "queued" && row.draft && handset.now() - row.saved_at < page.app.outbox.UNDO_MS) && !game.given.has(row.id);
    const row = game.chance.pick(page.phone.rows.filter(isOffered));
    if (!row) return;
    try {
      const key = await page.phone.undo(row.id);
      this.game.takeBack(row.id);
      this.keepHalf(page, { key, id: row.id, photos: row.photos });
    } catch (reason) {
      this.trouble(page, reason);
    }
  }

  /** The screen at the end of the day: its button is pressed, what it says is read. */
  async day(page, words) {
    const box = this.drawn(page);
    if (words) await this.press(box, words);
    return box.textContent;
  }

  /** Everything unsent as the ZIP the app gives out. */
  async exported(page) {
    await page.app.day.exportUnsent({ phone: page.phone });
    return new Uint8Array(await page.downloads.at(-1).arrayBuffer());
  }
}
