/* A visit as it is written down (draft) and as it is sent (body). Pure: the moment and the ids come from outside. */

import { draftKey } from "./drafts.js";
import { beginPresence, endPresence, judgeFix } from "./evidence.js";

export const SCHEMA = 1;
export const PRACTICE = 0; // the household of no one, to practise on
/** What can be said of a home where nobody was spoken to, or not there. */
export const OTHERS = ["refused", "long_away", "demolished", "moved", "not_found"];
export const REMOTE = ["phone", "wechat", "sms"];
export const WHEN = ["tonight", "tomorrow", "weekend", "phone"];
export const PHOTOS = 6;
const EVENING = { hour: 18, minute: 30 };
const MORNING = { hour: 9, minute: 0 };
const ZONE = "+08:00";
const ZONE_MS = 8 * 3600 * 1000;

/** ISO 8601 in China's time, which has no summer time; to the millisecond. */
export function isoAt(ms) {
  return `${new Date(ms + ZONE_MS).toISOString().slice(0, -1)}${ZONE}`;
}

/** The day in China, "2026-11-26". */
export function dayAt(ms) {
  return isoAt(ms).slice(0, 10);
}

function atHour(ms, days, { hour, minute }) {
  const day = dayAt(ms + days * 24 * 3600 * 1000);
  return `${day}T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00${ZONE}`;
}

/** Is this evening's hour past? */
export function isLate(now) {
  return Date.parse(atHour(now, 0, EVENING)) <= now;
}

/** When to come again: this evening (tomorrow's once it is past), tomorrow morning, the coming Saturday; a call has no hour. */
export function returnAt(when, now) {
  if (when === "tonight") return atHour(now, isLate(now) ? 1 : 0, EVENING);
  if (when === "tomorrow") return atHour(now, 1, MORNING);
  if (when === "weekend") {
    const weekday = new Date(now + ZONE_MS).getUTCDay();
    return atHour(now, (6 - weekday + 7) % 7 || 7, MORNING);
  }
  return null;
}

/** A new draft of a visit to a household of the book. */
export function newDraft(household, book, { practice = false } = {}) {
  return {
    key: draftKey(household.id),
    kind: "visit",
    id: crypto.randomUUID(),
    household: household.id,
    code: household.code ?? null,
    head: household.head ?? null,
    campaign: book.campaign?.id ?? null,
    round: book.campaign?.round ?? null,
    visitor: book.campaign?.kind?.key ?? null,
    form_version: book.form?.version ?? null,
    presence: beginPresence(),
    choice: null,
    other: null,
    mode: "home",
    reason: null,
    return_when: null,
    fix: null,
    fix_reason: null,
    companions: [],
    work: [],
    answers: {},
    satisfaction: null,
    remark: "",
    demands: [],
    photos: [],
    practice,
    corrects: null,
  };
}

/** A new demand of a draft. */
export function newDemand(kind, question = null) {
  return { id: crypto.randomUUID(), class: kind, text: "", solved: false, from_question: question };
}

/** What stands in the way of saving, as a code; null if nothing does. */
export function lacking(draft) {
  if (!draft.choice) return "choice";
  if (draft.choice === "issue" && !draft.demands.length) return "demand";
  if (draft.choice === "other") {
    if (!draft.other) return "other";
    if (REMOTE.includes(draft.other) && !draft.reason) return "reason";
  }
  return null;
}

function outcomeOf(draft) {
  if (draft.choice === "nobody") return "nobody_home";
  if (draft.choice === "other" && OTHERS.includes(draft.other)) return draft.other;
  return "done";
}

/** Time and place of a visit: as they are now, or, of a correction, as they were noted at the visit itself. */
function evidenceOf(draft, { home, now, tick, offset }) {
  const old = draft.corrects;
  if (old) {
    const { started_at, ended_at, duration_s, duration_by, fix } = old;
    // One offset goes for all times of a body: it is that of the visit, and the present moment is told by the clock of then.
    const told = old.clock_offset_ms ?? offset;
    const entered = now + (offset === null || told === null ? 0 : offset - told);
    return { started_at, ended_at, duration_s, duration_by, clock_offset_ms: told, entered_at: isoAt(entered), fix, fix_reason: draft.fix_reason };
  }
  const { ended_at, duration_s, duration_by } = endPresence(draft.presence, now, tick);
  const judged = judgeFix(draft.fix, home);
  return {
    started_at: isoAt(draft.presence.started_at),
    ended_at: isoAt(ended_at),
    duration_s,
    duration_by,
    clock_offset_ms: offset,
    entered_at: isoAt(now),
    fix: draft.fix && { lon: draft.fix.lon, lat: draft.fix.lat, accuracy_m: draft.fix.accuracy_m, at: isoAt(draft.fix.at), distance_m: judged.distance_m },
    fix_reason: judged.rough || judged.far ? draft.fix_reason : null,
  };
}

function returnOf(draft, now) {
  if (draft.choice !== "nobody") return { return_at: null, return_when: null };
  const { corrects: old, return_when } = draft;
  return { return_at: old?.return_when === return_when ? old.return_at : returnAt(return_when, now), return_when };
}

/**
 * The body of a visit.
 * @param {object} draft
 * @param {object} clocks `home` `{lon, lat}` of the household; `now` and `tick` of both clocks; `offset` to the server's in ms or null
 */
export function bodyOf(draft, clocks) {
  const outcome = outcomeOf(draft);
  const spoken = outcome === "done";
  const remote = draft.choice === "other" && REMOTE.includes(draft.other);
  const photos = (demand) => draft.photos.filter((photo) => photo.demand === demand).map((photo) => photo.id);
  return {
    schema: SCHEMA,
    household_id: draft.practice ? null : draft.household,
    household_ref: draft.code,
    campaign: draft.campaign,
    round: draft.round,
    kind: draft.visitor,
    ...evidenceOf(draft, clocks),
    mode: remote ? draft.other : "home",
    reason: remote ? draft.reason : null,
    outcome,
    outcome_reason: spoken ? null : draft.reason,
    companions: draft.companions,
    work: spoken ? draft.work : [],
    form_version: Object.keys(draft.answers).length ? draft.form_version : null,
    answers: spoken ? draft.answers : {},
    satisfaction: spoken ? draft.satisfaction : null,
    ...returnOf(draft, clocks.now),
    remark: draft.remark.trim() || null,
    demands: spoken ? draft.demands.map((demand) => ({ ...demand, text: demand.text.trim(), photos: photos(demand.id) })) : [],
    photos: draft.photos.map(({ id, sha256, size, taken_at, kind }) => ({ id, sha256, size, taken_at, kind })),
    supersedes: draft.corrects?.id ?? null,
    practice: draft.practice,
  };
}

/** What an outcome makes of a household's status until the server says so itself. */
export function statusAfter(outcome, mode = "home") {
  if (outcome === "done") return mode === "home" ? "home" : "remote";
  return outcome === "nobody_home" ? "nobody_home" : outcome;
}
