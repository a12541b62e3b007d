/* Drafts: what is being written down at a house, kept at once with its photos, so that a page that dies loses nothing. */

import { seal, sealJson, sha256, unseal, unsealJson } from "./seal.js";
import { strictly } from "./store.js";

/** Key of the draft of a household; marks have one of their own. */
export function draftKey(household) {
  return `h:${household}`;
}

const place = (key) => `drafts/${key}`;
const photoPlace = (id) => `photos/${id}`;

/** Somebody, in another tab, has saved this draft already. */
export class AlreadySaved extends Error {
  constructor() {
    super("the draft was saved already");
    this.name = "AlreadySaved";
  }
}

/** The visit is being written down in another tab as well, which has begun it or changed its photos. */
export class DraftChanged extends Error {
  constructor() {
    super("the draft is another one now");
    this.name = "DraftChanged";
  }
}

/*
 * Change what is kept of a draft, unless another tab was faster: one that was saved must neither come to life again nor lose
 * its photos, which are on their way; none may take the place of another that was begun; and no photo may be forgotten, or
 * named and not be there.
 */
function whileOpen(db, draft, work) {
  return strictly(db, ["drafts", "photos", "outbox"], async ({ drafts, photos, outbox }) => {
    if (await outbox.getKey(draft.id)) throw new AlreadySaved();
    if (!isFree(await drafts.get(draft.key), draft.id)) throw new DraftChanged();
    const named = new Set(draft.photos.map((photo) => photo.id));
    const kept = await photos.index("of").getAllKeys(draft.id);
    if (kept.length !== named.size || !kept.every((id) => named.has(id))) throw new DraftChanged();
    await work({ drafts, photos });
  });
}

/** Is a place empty, or does this draft stand in it? Those of earlier versions do not say which they are. */
export function isFree(there, id) {
  return !there?.id || there.id === id;
}

/** The draft under a key, or null. */
export async function getDraft(db, key, name) {
  const row = await db.get("drafts", name);
  return row ? unsealJson(key, row.sealed, place(name)) : null;
}

/** Keep a draft; `draft.key` names it. */
export async function putDraft(db, key, draft) {
  const row = await sealedDraft(key, draft);
  await whileOpen(db, draft, ({ drafts }) => drafts.put(row));
}

export async function sealedDraft(key, draft) {
  return { key: draft.key, id: draft.id, sealed: await sealJson(key, draft, place(draft.key)) };
}

/**
 * Keep a photo and the draft that now names it, both or neither.
 * @param {Uint8Array} bytes the picture as it will be sent
 * @returns {Promise<object>} the draft with the photo in its list
 */
export async function addPhoto(db, key, draft, bytes, { kind, demand = null, takenAt }) {
  const photo = { id: crypto.randomUUID(), sha256: await sha256(bytes), size: bytes.byteLength, taken_at: takenAt, kind };
  const next = { ...draft, photos: [...draft.photos, { ...photo, demand }] };
  const row = { id: photo.id, of: draft.id, sealed: await seal(key, bytes, photoPlace(photo.id)) };
  const kept = await sealedDraft(key, next);
  await whileOpen(db, draft, async ({ photos, drafts }) => {
    await photos.put(row);
    await drafts.put(kept);
  });
  return next;
}

/** Take a photo out of a draft. */
export async function dropPhoto(db, key, draft, id) {
  const next = { ...draft, photos: draft.photos.filter((photo) => photo.id !== id) };
  const kept = await sealedDraft(key, next);
  await whileOpen(db, draft, async ({ photos, drafts }) => {
    await photos.delete(id);
    await drafts.put(kept);
  });
  return next;
}

/** Throw a draft away, with its photos. */
export async function dropDraft(db, draft) {
  await whileOpen(db, draft, async ({ photos, drafts }) => {
    await drafts.delete(draft.key);
    for (const id of await photos.index("of").getAllKeys(draft.id)) await photos.delete(id);
  });
}

/** Bytes of a photo as they will be sent, or null when they are no longer here. */
export async function photoBytes(db, key, id) {
  const row = await db.get("photos", id);
  return row ? unseal(key, row.sealed, photoPlace(id)) : null;
}
