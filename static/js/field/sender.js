/*
 * Sends the outbox, one sender over all tabs. Visits and marks first, photos after: what counts moves on a weak signal.
 * Only an answer that is the server's own and names our id and our checksum confirms anything; only a refusal in its own
 * words parks anything. Everything else is a bad line, and is tried again.
 */

import { accepted, beginTry, listRows, photoAccepted, refused, rowBytes, sealOthers, sendAnew, toldSince, UNDO_MS } from "./outbox.js";
import { photoBytes } from "./drafts.js";
import { headersOf, Unreachable } from "./net.js";
import { withRoom } from "./space.js";

export const FIRST_WAIT_MS = 2000;
export const LAST_WAIT_MS = 300000;
const PATHS = { visit: "/api/v1/visits/", mark: "/api/v1/marks/", appraisal: "/api/v1/appraisals/", observation: "/api/v1/observations/", monitoring: "/api/v1/checks/" };
const encoder = new TextEncoder();

/** Milliseconds to wait after the n-th failure in a row: doubling to five minutes, give or take a quarter. */
export function waitAfter(failures, chance = Math.random()) {
  const wait = Math.min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(wait * (0.75 + chance / 2));
}

/** What an answer means: "ok", "again", "sign-in", "other", "revoked" or "refused". */
export function readAnswer({ status, body }) {
  if (status === 200 || status === 201) return body && typeof body === "object" ? "ok" : "again";
  if (status === 408 || status === 429 || status >= 500 || status < 400) return "again";
  if (!body || typeof body.error !== "string") return "again"; // not our server's words
  if (status === 401) return "sign-in";
  if (status === 403) return { device_revoked: "revoked", other_account: "other" }[body.error] || "sign-in";
  return "refused";
}

function reasonOf({ status, body }) {
  return { status, code: body.error, message: String(body.message || ""), details: body.details || {} };
}

/**
 * @param {object} options
 * @param {IDBDatabase} options.db
 * @param {CryptoKey} options.key
 * @param {(method: string, path: string, options?: object) => Promise<object>} options.ask see net.js
 * @param {string} options.device id of this phone
 * @param {number} options.account id of the account whose work it is; it goes out under no other
 * @param {() => number} [options.now] milliseconds
 * @param {(name: string, work: () => Promise<any>) => Promise<any>} [options.alone] does the work unless somebody does it
 * @param {(state: object) => void} [options.onState] what is going on, for the screen
 */
export function createSender({ db, key, ask, device, account, now = Date.now, alone = withLock, onState = () => {}, lock = "fangtu-send" }) {
  const sender = { state: { phase: "idle", percent: null, failures: 0, wake: 0, ping: null } };
  const headers = headersOf(device, account);

  function tell(change) {
    Object.assign(sender.state, change);
    onState(sender.state);
  }

  /** Write a change of the outbox; on a full disk room is made first, since sending is what frees more of it. */
  const note = (change, ...words) => withRoom(() => change(db, ...words));

  /** Ask who is there; null if it is not our server. */
  sender.ping = async () => {
    const before = now();
    const answer = await ask("GET", "/api/v1/ping", { headers });
    const told = answer.status === 200 && answer.body?.fangtu === "field" ? answer.body : null;
    if (!told) return null;
    const middle = (before + now()) / 2;
    return { ...told, offset: Math.round(Date.parse(told.at) - middle) };
  };

  async function sendRow(row) {
    const started = await note(beginTry, row.id, now());
    if (!started) return "gone";
    const bytes = await rowBytes(key, started);
    const answer = await ask("PUT", PATHS[row.kind] + row.id, { body: bytes, headers: { ...headers, "Content-Type": "application/json" } });
    const meaning = readAnswer(answer);
    if (meaning === "ok") {
      const { body } = answer;
      if (body.id !== row.id || body.sha256 !== row.sha256 || !Array.isArray(body.missing)) return "again";
      await note(accepted, row.id, body);
      if (body.others?.length) await note(toldSince, row.id, { flags: body.flags ?? [], others: await sealOthers(key, row.id, body.others) });
    } else if (meaning === "refused") await note(refused, row.id, reasonOf(answer));
    return meaning === "again" ? { again: answer.retryAfter } : meaning;
  }

  async function sendPhoto(row, photo, progress) {
    const bytes = await photoBytes(db, key, photo.id);
    if (!bytes) {
      await note(refused, row.id, { status: 0, code: "photo_gone", message: "", details: {} }, photo.id);
      return "refused";
    }
    const path = `${PATHS[row.kind]}${row.id}/photos/${photo.id}`;
    const answer = await ask("PUT", path, { body: bytes, headers: { ...headers, "Content-Type": "application/octet-stream", "X-SHA256": photo.sha256 }, onProgress: progress });
    const meaning = readAnswer(answer);
    if (meaning === "ok") {
      if (answer.body.id !== photo.id || answer.body.sha256 !== photo.sha256) return "again";
      await note(photoAccepted, row.id, photo.id);
    } else if (meaning === "refused") {
      // A server set back to an older day does not know the visit: that is for the visit to be sent anew.
      if (answer.status === 404) {
        const [state] = await sender.receipts([row.id]);
        if (state?.state === "unknown") {
          await note(sendAnew, row.id);
          return "anew";
        }
      }
      await note(refused, row.id, reasonOf(answer), photo.id);
    }
    return meaning === "again" ? { again: answer.retryAfter } : meaning;
  }

  /** What the server says of these ids; throws if it says nothing. */
  sender.receipts = async (ids) => {
    const items = [];
    for (let at = 0; at < ids.length; at += 1000) {
      const body = encoder.encode(JSON.stringify({ ids: ids.slice(at, at + 1000) }));
      const answer = await ask("POST", "/api/v1/receipts", { body, headers: { ...headers, "Content-Type": "application/json" } });
      if (readAnswer(answer) !== "ok" || !Array.isArray(answer.body.items)) throw new Unreachable(`no receipts: ${answer.status}`);
      items.push(...answer.body.items);
    }
    return items;
  };

  /** Compare what is held done with what the server holds; what it does not know goes out again. */
  sender.compare = async (rows) => {
    // The server keeps nothing of practice.
    const known = rows.filter((row) => !row.practice && (row.state === "sent" || row.state === "done"));
    if (!known.length) return;
    const done = new Set(known.filter((row) => row.state === "done").map((row) => row.id));
    for (const item of await sender.receipts(known.map((row) => row.id))) {
      // Photos it once confirmed and misses now: asked anew it names them, and what is gone for good is said.
      const forgot = item.state === "missing_photos" && done.has(item.id);
      // Accepted here and only refused there: it has forgotten that it took it, and kept what else came under its id.
      if (item.state === "unknown" || item.state === "refused" || forgot) await note(sendAnew, item.id);
      else if (Array.isArray(item.flags)) await note(toldSince, item.id, { flags: item.flags, others: await sealOthers(key, item.id, item.others) });
    }
  };

  /** Does something stop the pass? Says so, and when to come again. */
  function stops(outcome) {
    if (outcome === "sign-in" || outcome === "revoked" || outcome === "other") {
      tell({ phase: outcome, percent: null });
      return true;
    }
    if (outcome === "again" || outcome?.again !== undefined) {
      const failures = sender.state.failures + 1;
      const asked = (outcome.again || 0) * 1000;
      tell({ phase: "waiting", failures, percent: null, wake: now() + Math.max(asked, waitAfter(failures)) });
      return true;
    }
    return false;
  }

  async function pass() {
    tell({ phase: "asking" });
    const ping = await sender.ping();
    if (!ping) return stops("again");
    tell({ ping });
    if (ping.device?.state === "revoked") return stops("revoked");
    if (!ping.signed_in) return stops("sign-in");
    if (ping.account?.id !== account) return stops("other");
    const waiting = (await listRows(db)).filter((row) => row.state === "queued");
    let held = 0;
    for (const row of waiting) {
      // Held longer than anything is, it was saved before the clock was set back.
      if (row.hold_until > now() && row.hold_until <= now() + UNDO_MS) {
        held = held ? Math.min(held, row.hold_until) : row.hold_until;
        continue;
      }
      tell({ phase: "sending" });
      if (stops(await sendRow(row))) return true;
    }
    for (const row of (await listRows(db)).filter((found) => found.state === "sent")) {
      for (const photo of row.photos.filter((one) => one.state === "here")) {
        tell({ phase: "photos", percent: 0 });
        const outcome = await sendPhoto(row, photo, (sent, all) => tell({ percent: all ? Math.round((100 * sent) / all) : null }));
        if (outcome === "anew") break;
        if (stops(outcome)) return true;
      }
    }
    tell({ phase: "idle", percent: null, failures: 0, wake: held });
    return false;
  }

  /** Send what is due. Resolves when there is nothing more to do now; false if another tab is at it. */
  sender.run = () => alone(lock, async () => {
    try {
      await pass();
    } catch (reason) {
      // A database that fails is told of; a line that fails is only tried again.
      stops("again");
      if (reason.name !== "Unreachable") tell({ trouble: reason });
    }
    return true;
  });

  /** Forget how often it failed: the net is back, or somebody pressed the button. */
  sender.hurry = () => tell({ failures: 0, wake: 0 });
  return sender;
}

/** Do the work under a lock of all tabs, or not at all if one of them holds it. */
async function withLock(name, work) {
  if (!navigator.locks) return work(); // a web view of a chat app: it has no second tab either
  return navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? work() : false));
}
