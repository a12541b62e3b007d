/*
 * Correcting a visit that is saved already. What was said stays as it was said: the correction is a visit of its own that takes
 * the other's place, with its time and position, and with what the other says where nothing else is chosen.
 */

import { REMOTE } from "./visit.js";

/** Key of the draft that corrects a visit. */
export function correctionKey(id) {
  return `c:${id}`;
}

/** Ids of the visits whose place another one has taken. One that the server refuses takes nobody's. */
export function replacedIn(rows) {
  return new Set(rows.filter((row) => row.supersedes && row.state !== "refused").map((row) => row.supersedes));
}

function choiceOf({ outcome, mode, demands }) {
  if (outcome === "nobody_home") return { choice: "nobody", other: null };
  if (outcome !== "done") return { choice: "other", other: outcome };
  if (REMOTE.includes(mode)) return { choice: "other", other: mode };
  return { choice: demands.length ? "issue" : "well", other: null };
}

/**
 * A draft that says what a saved visit says.
 * @param {object} row of the outbox
 * @param {object} body its frozen bytes, read
 * @param {object} known `head` of the household, masked, or null; `form` version of the questionnaire as it is now, or null
 */
export function correctionOf(row, body, { head, form }) {
  const { started_at, ended_at, duration_s, duration_by, clock_offset_ms, fix, return_at, return_when } = body;
  return {
    key: correctionKey(row.id),
    kind: "visit",
    id: crypto.randomUUID(),
    household: row.household,
    code: body.household_ref,
    head,
    campaign: body.campaign,
    round: body.round,
    visitor: body.kind,
    form_version: body.form_version ?? form,
    ...choiceOf(body),
    mode: "home",
    reason: body.reason ?? body.outcome_reason,
    return_when,
    fix: null,
    fix_reason: body.fix_reason,
    companions: body.companions,
    work: body.work,
    answers: body.answers,
    satisfaction: body.satisfaction,
    remark: body.remark ?? "",
    // Their photos stay with the visit that is corrected: each is named once.
    demands: body.demands.map(({ photos, ...demand }) => demand),
    photos: [],
    practice: false,
    corrects: { id: row.id, day: row.day, photos: body.photos.length, started_at, ended_at, duration_s, duration_by, clock_offset_ms, fix, return_at, return_when },
  };
}
