/* Drafts: what is being written down at a house, kept at once with its photos, so that a page that dies loses nothing. */

import { seal, sealJson, sha256, unseal, unsealJson } from "./seal.js";
import { strictly } from "./store.js";

/** Key of the draft of a household; marks have one of their own. */
export function draftKey(household) {
  return `h:${household}`;
}

const place = (key) => `drafts/${key}`;
const photoPlace = (id) => `photos/${id}`;

/** The draft under a key, or null. */
export async function getDraft(db, key, name) {
  const row = await db.get("drafts", name);
  return row ? unsealJson(key, row.sealed, place(name)) : null;
}

/** Keep a draft; `draft.key` names it. */
export async function putDraft(db, key, draft) {
  const row = { key: draft.key, sealed: await sealJson(key, draft, place(draft.key)) };
  await strictly(db, ["drafts"], ({ drafts }) => drafts.put(row));
}

export async function sealedDraft(key, draft) {
  return { key: draft.key, sealed: await sealJson(key, draft, place(draft.key)) };
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
  await strictly(db, ["photos", "drafts"], async ({ photos, drafts }) => {
    await photos.put(row);
    await drafts.put(kept);
  });
  return next;
}

/** Take a photo out of a draft. */
export async function dropPhoto(db, key, draft, id) {
  const next = { ...draft, photos: draft.photos.filter((photo) => photo.id !== id) };
  const kept = await sealedDraft(key, next);
  await strictly(db, ["photos", "drafts"], async ({ photos, drafts }) => {
    await photos.delete(id);
    await drafts.put(kept);
  });
  return next;
}

/** Throw a draft away, with its photos. */
export async function dropDraft(db, draft) {
  await strictly(db, ["photos", "drafts"], async ({ photos, drafts }) => {
    await drafts.delete(draft.key);
    for (const id of await photos.index("of").getAllKeys(draft.id)) await photos.delete(id);
  });
}

/** Bytes of a photo as they will be sent, or null when they are no longer here. */
export async function photoBytes(db, key, id) {
  const row = await db.get("photos", id);
  return row ? unseal(key, row.sealed, photoPlace(id)) : null;
}
