/*
 * The outbox: what was saved and the server has to confirm. A row's bytes are frozen when it is saved, so that every attempt
 * sends the same; its state goes queued -> sent (the server has it, photos are missing) -> done, or refused. That it is being
 * sent is no state but a lock, so a crash falls back to where the server's last word left it.
 */

import { replacedIn } from "./corrections.js";
import { AlreadySaved, isFree, sealedDraft } from "./drafts.js";
import { seal, sealJson, sha256, unseal, unsealJson } from "./seal.js";
import { strictly } from "./store.js";

export const UNDO_MS = 10000;
const KEEP_DONE_MS = 14 * 24 * 3600 * 1000;

const encoder = new TextEncoder();
const place = (id) => `outbox/${id}`;

/** It is on its way to the server, or another has taken its place here: it cannot be taken back. */
export class OnItsWay extends Error {
  constructor() {
    super("sending has begun");
    this.name = "OnItsWay";
  }
}

/**
 * Freeze a draft: the row of the outbox with the bytes every attempt will send.
 * @param {object} draft with `key`, `id`, `household`, `photos`
 * @param {object} body what will be sent
 * @param {object} options `kind` (see sender.js), `about` what else than a household it is of, `now` in milliseconds, `day` the local day, `status` the household has on
 *   this phone from now on, or null; `settled` what was chosen where two had been there
 */
export async function freeze(key, draft, body, { kind = "visit", about = null, now, day, status = null, settled = null }) {
  const raw = encoder.encode(JSON.stringify(body));
  return {
    id: draft.id,
    kind,
    state: "queued",
    household: draft.household ?? null,
    about,
    status,
    practice: Boolean(draft.practice),
    supersedes: draft.corrects?.id ?? null,
    settled,
    day,
    saved_at: now,
    hold_until: now + UNDO_MS,
    first_try_at: null,
    tries: 0,
    sha256: await sha256(raw),
    size: raw.byteLength,
    sealed: await seal(key, raw, place(draft.id)),
    draft: await sealedDraft(key, draft),
    photos: draft.photos.map(({ id, sha256: sum, size }) => ({ id, sha256: sum, size, state: "here" })),
    error: null,
    flags: [],
    others: null,
    received_at: null,
  };
}

/** Put a row into an object store of the outbox, after all others. */
export async function append(outbox, row) {
  const last = await outbox.index("seq").openCursor(null, "prev");
  const placed = { ...row, seq: (last ? last.key : 0) + 1 };
  await outbox.add(placed);
  return placed;
}

/** Queue a frozen row and forget its draft, both or neither. Resolves when it is on the disk. */
export function keep(db, row) {
  return strictly(db, ["outbox", "drafts"], async ({ outbox, drafts }) => {
    if (!(await drafts.get(row.draft.key))) throw new AlreadySaved();
    if (row.supersedes && replacedIn(await outbox.getAll()).has(row.supersedes)) throw new AlreadySaved();
    const placed = await append(outbox, row);
    await drafts.delete(row.draft.key);
    return placed;
  });
}

/** Take a saved thing back into its draft, as long as nobody has begun to send it. */
export function takeBack(db, id) {
  return strictly(db, ["outbox", "drafts"], async ({ outbox, drafts }) => {
    const row = await outbox.get(id);
    // Nor where another visit of the same household has been begun since.
    if (!row || row.first_try_at !== null || !isFree(await drafts.get(row.draft.key), id)) throw new OnItsWay();
    await drafts.put(row.draft);
    await outbox.delete(id);
    return row.draft.key;
  });
}

/** Change a row as it stands now; `change` returns what is to be kept, or null to leave it. */
export function changeRow(db, id, change) {
  return strictly(db, ["outbox"], async ({ outbox }) => {
    const row = await outbox.get(id);
    const next = row && change(row);
    if (next) await outbox.put(next);
    return next || row || null;
  });
}

/** Note that sending begins; from here on there is no taking back. Null if the row was taken back. */
export function beginTry(db, id, now) {
  return changeRow(db, id, (row) => ({ ...row, tries: row.tries + 1, first_try_at: row.first_try_at ?? now, draft: null }));
}

/**
 * The server has it. Photos it does not miss are confirmed, so their bytes may go; those it misses stay.
 * @param {string[]} missing ids of photos the server has not got
 */
export function accepted(db, id, { missing, flags = [], received_at = null }) {
  return strictly(db, ["outbox", "photos"], async ({ outbox, photos }) => {
    const row = await outbox.get(id);
    if (!row) return null;
    const wanted = new Set(missing);
    const list = row.photos.map((photo) => (wanted.has(photo.id) ? { ...photo, state: photo.state === "refused" ? "refused" : "here" } : { ...photo, state: "done" }));
    for (const photo of list) if (photo.state === "done") await photos.delete(photo.id);
    const left = list.filter((photo) => photo.state === "here").length;
    const refused = list.some((photo) => photo.state === "refused");
    const state = left ? "sent" : refused ? "refused" : "done";
    const next = { ...row, state, photos: list, flags, received_at, error: refused ? row.error : null };
    await outbox.put(next);
    return next;
  });
}

/** The server confirmed one photo: its bytes may go, in the same transaction that says so. */
export function photoAccepted(db, id, photoId) {
  return strictly(db, ["outbox", "photos"], async ({ outbox, photos }) => {
    const row = await outbox.get(id);
    if (!row) return null;
    const list = row.photos.map((photo) => (photo.id === photoId ? { ...photo, state: "done" } : photo));
    const open = list.some((photo) => photo.state === "here");
    const refused = list.some((photo) => photo.state === "refused");
    await photos.delete(photoId);
    const next = { ...row, photos: list, state: open ? "sent" : refused ? "refused" : "done" };
    await outbox.put(next);
    return next;
  });
}

/** Park what the server refuses, with its reason; nothing of it is deleted. */
export function refused(db, id, error, photoId = null) {
  return changeRow(db, id, (row) => {
    const photos = row.photos.map((photo) => (photo.id === photoId ? { ...photo, state: "refused" } : photo));
    const waiting = photoId !== null && photos.some((photo) => photo.state === "here");
    return { ...row, photos, state: waiting ? "sent" : "refused", error };
  });
}

/** Try a refused one once more, as after a change at the office. */
export function tryAgain(db, id) {
  return changeRow(db, id, (row) => row.state === "refused" && {
    ...row, state: "queued", error: null,
    photos: row.photos.map((photo) => (photo.state === "refused" ? { ...photo, state: "here" } : photo)),
  });
}

/** The server does not know it, whatever was said before: send it anew. */
export function sendAnew(db, id) {
  return changeRow(db, id, (row) => row.state !== "queued" && row.sealed && { ...row, state: "queued" });
}

/** What the server says of a confirmed one since: flags, and who was there too, sealed. */
export function toldSince(db, id, { flags, others }) {
  return changeRow(db, id, (row) => ({ ...row, flags, others }));
}

const othersPlace = (id) => `others/${id}`;

/** Who was there too, as `[{visitor, at}]`, sealed to be kept with a row; null if nobody was. */
export async function sealOthers(key, id, others) {
  return others?.length ? sealJson(key, others, othersPlace(id)) : null;
}

export async function othersOf(key, row) {
  return row.others ? unsealJson(key, row.others, othersPlace(row.id)) : [];
}

/** What the inspector chose where somebody else had been there too; it is asked no more. */
export function settle(db, id, choice) {
  return changeRow(db, id, (row) => ({ ...row, settled: choice }));
}

/** All rows in the order they were saved. */
export function listRows(db) {
  return db.getAllFromIndex("outbox", "seq");
}

/** The frozen bytes of a row. */
export function rowBytes(key, row) {
  return unseal(key, row.sealed, place(row.id));
}

export function rowBody(key, row) {
  return unsealJson(key, row.sealed, place(row.id));
}

/** How much is not confirmed: `{items, photos, refused, oldest}`; `oldest` in milliseconds or null. */
export function tally(rows) {
  const open = rows.filter((row) => row.state !== "done");
  return {
    items: open.length,
    photos: open.reduce((sum, row) => sum + row.photos.filter((photo) => photo.state !== "done").length, 0),
    refused: open.filter((row) => row.state === "refused").length,
    oldest: open.length ? Math.min(...open.map((row) => row.saved_at)) : null,
  };
}

/** Delete what was confirmed two weeks ago. */
export function clearOld(db, now) {
  return strictly(db, ["outbox"], async ({ outbox }) => {
    for (const row of await outbox.getAll()) {
      if (row.state === "done" && now - row.saved_at > KEEP_DONE_MS) await outbox.delete(row.id);
    }
  });
}

/** Send a held one now: nobody will take it back any more. */
export function release(db, id) {
  return changeRow(db, id, (row) => ({ ...row, hold_until: 0 }));
}
