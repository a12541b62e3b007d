/* A look at a site of concern and a check of the monthly monitoring, as they are written down and as they are sent. Pure. */

import { isoAt, SCHEMA } from "./visit.js";

export const SEEN = ["untouched", "clearing", "cleared"];
export const siteKey = (no) => `o:${no}`;
export const checkKey = (id) => `w:${id}`;

/** A new draft of a look at a site. */
export function newLook(site) {
  return { key: siteKey(site.no), kind: "observation", id: crypto.randomUUID(), concern: site.no, household: null, seen: null, note: "", photos: [] };
}

/** A new draft of a check of a household. */
export function newCheck(home) {
  return { key: checkKey(home.id), kind: "monitoring", id: crypto.randomUUID(), monitored: home.id, household: home.household_id, act: null, reason: "", photos: [] };
}

/** What stands in the way of saving, as a code; null if nothing does. */
export function lookLacks(draft) {
  if (draft.kind === "observation") return draft.seen ? null : "seen";
  if (!draft.act) return "act";
  return draft.act === "reported" && !draft.reason.trim() ? "reason" : null;
}

/** The body of either; `now` and `offset` to the server's clock in ms, the latter or null. */
export function lookBody(draft, { now, offset }) {
  const base = { schema: SCHEMA, at: isoAt(now), clock_offset_ms: offset, practice: false };
  if (draft.kind === "monitoring") return { ...base, monitored: draft.monitored, act: draft.act, reason: draft.act === "reported" ? draft.reason.trim() : null };
  return { ...base, concern: draft.concern, seen: draft.seen, note: draft.note.trim() || null, photos: draft.photos.map(({ id, sha256, size, taken_at }) => ({ id, sha256, size, taken_at, kind: "concern" })) };
}
