/* The opened phone of one account: its database, its key, the book, the outbox and the sender, and what follows from them. */

import { readBook, updateBook } from "./book.js";
import { conflictOf, isAskable } from "./conflicts.js";
import { correctionOf, replacedIn } from "./corrections.js";
import { addPhoto, dropDraft, dropPhoto, getDraft, putDraft } from "./drafts.js";
import { isVisited } from "./nearby.js";
import { ask, headersOf } from "./net.js";
import { clearOld, freeze, keep, listRows, othersOf, rowBody, settle, takeBack, tally } from "./outbox.js";
import { addPerson, readPeople } from "./people.js";
import { emptiedOf, forgetEmptied, missingOf, noteEmptied, noteHeld, putBack, readMeta } from "./restore.js";
import { forgetOrders, readOrders, sayOrder, tellOrders } from "./route.js";
import { createSender } from "./sender.js";
import { bringBack, isFull, rescue, rescued, withRoom } from "./space.js";
import { getMeta, putFirst, putMeta } from "./store.js";
import { bodyOf, dayAt, statusAfter } from "./visit.js";

const STATUS_OF = { home: 1, remote: 2, nobody_home: 3, refused: 4, long_away: 5, demolished: 7, moved: 7, not_found: 7 };
const BOOK_EVERY_MS = 5 * 60 * 1000;
const DEVICE_EVERY_MS = 60 * 1000;
const ELSEWHERE_MS = 2000;
const FULL_WAIT_MS = 30000;
const SOON_MS = 1000; // a pass that fails before it can say when to come again must not begin anew at once, for ever

/** The id of this phone, made when it is first asked for. */
async function deviceOf(db) {
  return (await getMeta(db, "device")) || putFirst(db, "device", crypto.randomUUID());
}

/** Ask for the list while somebody still types the first PIN; like `ask`, with the first answer under way already. */
export async function askAhead(db, account) {
  const device = await deviceOf(db);
  let ahead = ask("GET", "/api/v1/pull", { headers: headersOf(device, account) });
  ahead.catch(() => {}); // whoever takes it is told
  return (method, path, options) => {
    const answer = path === "/api/v1/pull" && ahead ? ahead : ask(method, path, options);
    ahead = null;
    return answer;
  };
}

/**
 * @param {object} options `db`, `key`, `account` `{id, name, role}`, `version` of the app, `onChange(what)` for the screen,
 *   `first` what to ask the first time instead of the server, see askAhead
 */
export async function openPhone({ db, key, account, version, onChange, first = null }) {
  const device = await deviceOf(db);
  const phone = { db, key, account, device, version, book: null, rows: [], drafts: new Set(), replaced: new Set(), conflicts: new Map(), people: [], orders: [], routeChanged: false, offset: null, noCampaign: false, persisted: null, emptied: null, apart: 0, alive: true };
  const bodies = new Map(); // of rows that are asked about; what is frozen is read once
  let bookAt = 0;
  let deviceAt = 0;
  let deviceTold = null;
  let timer = 0;

  const sender = createSender({
    db, key, ask, device, account: account.id, lock: `fangtu-send-${account.id}`,
    onState: (state) => {
      if (state.ping) phone.offset = state.ping.offset;
      onChange("sender");
    },
  });
  phone.sender = sender;

  const meta = await readMeta(db);
  let made = await getMeta(db, "made");
  db.putBack = async (connection) => {
    const isBack = await putBack(connection, { meta, rows: phone.rows, account });
    made = await connection.get("meta", "made");
    emptied(isBack ? 0 : tally(phone.rows).items);
    return isBack;
  };

  /** The browser has deleted the database, with so many things that nobody could put back; it is said until somebody has read it. */
  function emptied(gone) {
    try {
      noteEmptied(account.id, gone);
    } catch (full) {
      if (!isFull(full)) throw full; // then it is said on this page alone
    }
    phone.emptied = (phone.emptied ?? 0) + gone;
    onChange("emptied");
  }
  phone.emptied = emptiedOf(account.id);
  phone.emptiedRead = () => {
    forgetEmptied(account.id);
    phone.emptied = null;
  };

  /** Read anew what the database holds. */
  phone.load = async () => {
    const read = await Promise.all([phone.book || readBook(db, key), getMeta(db, "offset"), readPeople(db, key), readOrders(db, key), navigator.storage?.persisted?.()]);
    phone.book ||= read[0];
    phone.offset ??= read[1] ?? null;
    [phone.people, phone.orders] = [read[2], read[3]];
    phone.persisted = read[4] ?? null;
    await phone.reload();
    return phone;
  };

  phone.reload = async () => {
    const [rows, drafts] = [await listRows(db), new Set(await db.getAllKeys("drafts"))];
    const apart = rescued(account.id).filter((one) => !rows.some((row) => row.id === one.id));
    for (const row of apart) drafts.delete(row.draft.key);
    [phone.rows, phone.drafts, phone.apart] = [[...rows, ...apart], drafts, apart.length];
    phone.replaced = replacedIn(phone.rows);
    hold(tally(rows).items + drafts.size);
    await findConflicts();
    onChange("outbox");
  };

  function hold(many) {
    const missing = missingOf(account.id, { made, many });
    if (missing) emptied(missing);
    try {
      noteHeld(account.id, { made, many });
    } catch (full) {
      if (!isFull(full)) throw full; // what was noted before is near enough
    }
  }

  async function bodyOfRow(row) {
    if (!bodies.has(row.id)) bodies.set(row.id, await rowBody(key, row));
    return bodies.get(row.id);
  }

  /** Visits beside which somebody else's stands, by id: what is to be asked. */
  async function findConflicts() {
    const found = new Map();
    for (const row of phone.rows) {
      const household = phone.book.households[row.household];
      if (phone.replaced.has(row.id) || !isAskable(row, household, account.name)) continue;
      // What cannot be read the sender says; the rest of the day is shown.
      const body = await bodyOfRow(row).catch(() => null);
      const conflict = body && conflictOf(row, body, { others: await othersOf(key, row), household, campaign: phone.book.campaign, me: account.name });
      if (conflict) found.set(row.id, conflict);
    }
    phone.conflicts = found;
  }

  /** Not confirmed by the server, those outside the outbox included. */
  phone.unsent = () => tally(phone.rows);

  /** Households as they stand on this phone: what was saved here counts until the server's own word comes. */
  phone.households = () => {
    const since = phone.book.at ? Date.parse(phone.book.at) : 0;
    const local = new Map();
    for (const row of phone.rows) {
      if (row.kind !== "visit" || row.household === null || row.status === null || phone.replaced.has(row.id)) continue;
      if (row.state === "refused" || (row.received_at && Date.parse(row.received_at) < since)) continue;
      const before = local.get(row.household);
      if (!isVisited(before?.status)) local.set(row.household, row);
    }
    return Object.values(phone.book.households).map((one) => {
      const row = local.get(one.id);
      return row && (row.supersedes || !isVisited(one.status)) ? { ...one, status: row.status, here: row.id } : one;
    });
  };

  phone.draftOf = (name) => getDraft(db, key, name);
  phone.putDraft = async (draft) => {
    await withRoom(() => putDraft(db, key, draft));
    phone.drafts.add(draft.key);
  };
  phone.addPhoto = (draft, bytes, more) => withRoom(() => addPhoto(db, key, draft, bytes, more));
  phone.dropPhoto = (draft, id) => dropPhoto(db, key, draft, id);
  phone.dropDraft = async (draft) => {
    await dropDraft(db, draft);
    await phone.reload();
  };

  /** Queue a draft as it is now. On a full phone, where not even the draft can be kept, it goes to the last place. */
  async function queue(draft, body, more) {
    const now = Date.now();
    const row = await freeze(key, draft, body, { now, day: draft.corrects?.day ?? dayAt(now), ...more });
    try {
      await withRoom(async () => {
        await putDraft(db, key, draft);
        await keep(db, row);
      });
    } catch (reason) {
      if (!isFull(reason)) throw reason;
      rescue(account.id, row);
      // The database may not even be read just now. What was saved there before, and opened once more, is this one now.
      phone.rows = [...phone.rows.filter((one) => one.id !== row.id), row];
      phone.drafts.delete(draft.key);
      phone.apart = rescued(account.id).length;
      phone.wake(FULL_WAIT_MS);
      return row.id;
    }
    await phone.reload();
    phone.wake(row.hold_until - now + 100);
    return row.id;
  }

  /** Save a visit; resolves with its id when it is on the disk. */
  phone.saveVisit = (draft, home, more = {}) => {
    const body = bodyOf(draft, { home, now: Date.now(), tick: performance.now(), offset: phone.offset });
    return queue(draft, body, { status: draft.practice ? null : STATUS_OF[statusAfter(body.outcome, body.mode)], ...more });
  };

  /** A draft that corrects a saved visit. */
  phone.correct = async (id) => {
    const row = phone.rows.find((one) => one.id === id);
    const known = { head: phone.book.households[row.household]?.head ?? null, form: phone.book.form?.version ?? null };
    return correctionOf(row, await bodyOfRow(row), known);
  };

  /** Two were there together (记为陪同): a correction of the own visit that names the other. */
  phone.settleTogether = async (id, visitor) => {
    const draft = await phone.correct(id);
    const joint = { ...draft, companions: [...draft.companions, visitor] };
    return phone.saveVisit(joint, null, { settled: "together" });
  };

  /** Left to the supervisor, who sees both. */
  phone.settleAbove = async (id) => {
    await settle(db, id, "above");
    await phone.reload();
  };

  /** Remember who came along, to offer the name again. */
  phone.remember = async (name) => {
    phone.people = await addPerson(db, key, name);
  };

  /** Go the stops of a day's route in this order from now on; the server is told as soon as there is a network. */
  phone.sayOrder = async (stops) => {
    phone.orders = await withRoom(() => sayOrder(db, key, stops));
    phone.routeChanged = false;
    onChange("book");
    phone.wake(0);
  };

  /** Save a mark whose body is made already. */
  phone.saveMark = (draft, body) => queue(draft, body, { kind: "mark" });

  /** Save something of the work at houses, whose body is made already. */
  phone.saveAs = (kind, draft, body) => queue(draft, body, { kind, about: draft.key });

  /** Take back what was just saved; the key of its draft. */
  phone.undo = async (id) => {
    const name = await takeBack(db, id);
    await phone.reload();
    return name;
  };

  /** Look for work again in so many milliseconds at the latest. */
  phone.wake = (wait) => {
    clearTimeout(timer);
    if (phone.alive) timer = setTimeout(() => phone.sync(), Math.max(0, wait));
  };

  async function tellDevice() {
    const told = phone.unsent();
    const body = {
      name: deviceName(), platform: navigator.platform || "", app: version, schema: 1,
      standalone: matchMedia("(display-mode: standalone)").matches,
      persisted: (await navigator.storage?.persisted?.()) ?? false,
      unsent: told.items, unsent_photos: told.photos,
      oldest_unsent_at: told.oldest && new Date(told.oldest).toISOString(),
      clock_offset_ms: phone.offset,
    };
    const answer = await ask("PUT", `/api/v1/devices/${device}`, { body: JSON.stringify(body), headers: { ...headersOf(device, account.id), "Content-Type": "application/json" } });
    if (answer.status === 200 || answer.status === 201) {
      deviceAt = Date.now();
      deviceTold = `${told.items} ${told.photos}`;
    }
    return answer;
  }

  let syncing = null;
  let wanted = false;
  let again = false;
  /**
   * Send what waits, fetch what is new, say how things stand. Never throws; one at a time. Asked for while one is under way it
   * is done once more, since that one may have looked already at what is due only now.
   */
  phone.sync = ({ fresh = false } = {}) => {
    wanted ||= fresh;
    again = true;
    syncing ||= syncAll().finally(() => {
      syncing = null;
    });
    return syncing;
  };

  async function syncAll() {
    while (again) {
      again = false;
      await syncOnce();
    }
  }

  /** Is the book to be fetched? Also when somebody was there too and it is older than that news: it says who. */
  function isBookDue() {
    const asked = wanted || Date.now() - bookAt > BOOK_EVERY_MS;
    wanted = false;
    const at = phone.book.at ? Date.parse(phone.book.at) : 0;
    return asked || phone.rows.some((row) => phone.conflicts.get(row.id)?.visitor === null && Date.parse(row.received_at) > at);
  }

  async function syncOnce() {
    if (!phone.alive) return;
    try {
      await bringBack(db, account.id);
      // On the first day there is nothing to send, and somebody waits for the list.
      if (phone.book.at === null && !phone.rows.length) await phone.updateBook();
      const ran = await sender.run();
      const { phase, ping } = sender.state;
      await phone.reload();
      const { items, photos } = phone.unsent();
      const isNews = deviceTold !== `${items} ${photos}` || Date.now() - deviceAt > DEVICE_EVERY_MS;
      if (phase === "idle" && ping && isNews) await tellDevice();
      if (!ran) {
        // Another tab is sending; see in a moment what came of it.
        phone.wake(ELSEWHERE_MS);
        return;
      }
      if (sender.state.ping) await putMeta(db, "offset", phone.offset);
      const { told, refused } = phase === "idle" && phone.orders.length ? await tellOrders(db, key, { ask, headers: headersOf(device, account.id) }) : { told: [], refused: [] };
      const settled = [...told, ...refused];
      phone.routeChanged ||= refused.length > 0;
      wanted ||= settled.length > 0;
      if (phase === "idle" && isBookDue()) await phone.updateBook();
      // Forgotten only once the book has the server's word: until then this phone's counts.
      if (settled.length) phone.orders = await forgetOrders(db, key, settled);
      if (phase === "idle") await phone.also?.();
      if (phase === "idle") await clearOld(db, Date.now());
    } catch (reason) {
      if (reason.name !== "Unreachable") sender.state.trouble = reason;
      else sender.state.phase = "waiting";
    }
    onChange("sender");
    const { wake, phase } = sender.state;
    if (phase === "idle" || phase === "waiting") phone.wake(wake ? Math.max(SOON_MS, wake - Date.now()) : 60000);
  }

  /** Fetch what changed in the book; "ok" when it is up to date. */
  phone.updateBook = async () => {
    const onPage = (now) => {
      phone.book = now;
      onChange("book");
    };
    const { book, state } = await updateBook(db, key, { ask: first || ask, headers: headersOf(device, account.id), onPage });
    first = null;
    phone.book = book;
    phone.noCampaign = state === "no-campaign";
    if (state === "ok") {
      bookAt = Date.now();
      wanted = false;
    }
    await findConflicts();
    onChange("book");
    return state;
  };

  /**
   * Ask what the server holds of all that is kept here, which is that of two weeks: a server that was set back may lack more
   * than today's. What it does not know is queued again, and so no longer shown as confirmed.
   */
  phone.compare = async () => {
    try {
      await sender.compare(phone.rows);
    } catch (reason) {
      return; // without a network the server's last word stands
    }
    await phone.reload();
  };

  phone.close = () => {
    phone.alive = false;
    clearTimeout(timer);
    db.close();
  };

  return phone.load();
}

function deviceName() {
  const words = navigator.userAgent.match(/\(([^)]*)\)/)?.[1].split(";").map((word) => word.trim()) || [];
  return (words.at(-1) || navigator.platform || "").slice(0, 60);
}

