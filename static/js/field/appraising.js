/*
 * An appraisal as it is written down (draft), as it is sent (body), and the grade that follows. The rule is the server's, sent as
 * a table with the questionnaire (data/rules/appraising.py): what stands here only reads it. Pure.
 */

import { isoAt, SCHEMA } from "./visit.js";

export const MOST_PHOTOS = 12;

/** Key of the draft of a house's appraisal; the row in the outbox is known by it. */
export const houseKey = (house) => `a:${house}`;

const filled = (sentence, words) => ({ zh: words.reduce((all, [name, zh]) => all.replace(`{${name}}`, () => zh), sentence.zh), en: words.reduce((all, [name, , en]) => all.replace(`{${name}}`, () => en), sentence.en) });
const joined = (names) => [names.map((one) => one.zh).join("、"), names.map((one) => one.en).join(", ")];

/** What the levels of the parts make of a house; see data.rules.appraising.appraise. */
function byParts(rules, { site, parts }) {
  for (const { key } of rules.parts) {
    const part = parts[key];
    if (!part?.level) continue;
    const isNone = part.level === rules.absent;
    if (isNone && !part.points) continue;
    if (isNone || Boolean(part.points) !== rules.with_points.includes(part.level)) return { wrong: key };
  }
  if (site === rules.at_once.is) return { grade: rules.at_once.grade, reasons: [rules.at_once.why], advice: rules.at_once.advice };
  const judged = rules.parts.filter(({ key }) => parts[key]?.level && parts[key].level !== rules.absent);
  const lacking = [...(site ? [] : ["site"]), ...rules.parts.filter(({ key }) => !parts[key]?.level).map(({ key }) => key)];
  const rank = (level) => rules.grade_of.findIndex(([one]) => one === level);
  const worst = Math.max(-1, ...judged.map(({ key }) => rank(parts[key].level)));
  const at = () => judged.filter(({ key }) => rank(parts[key].level) === worst);
  const said = () => {
    const word = rules.levels.find(({ key }) => rank(key) === worst);
    const [zh, en] = joined(at());
    return { zh: `${zh}：${word.zh}`, en: `${en}: ${word.en}` };
  };
  if (worst === rules.grade_of.length - 1) return { grade: rules.grade_of[worst][1], reasons: [said()], lacking };
  if (lacking.length) {
    const names = lacking.map((key) => (key === "site" ? rules.says.site : rules.parts.find((part) => part.key === key)));
    return { reasons: [filled(rules.says.lacking, [["names", ...joined(names)]])], lacking };
  }
  if (worst < 0) return { reasons: [rules.says.no_level] };
  return { grade: rules.grade_of[worst][1], reasons: [worst ? said() : rules.says.all_mild] };
}

function byRaw(rules, standard, raw) {
  if (!raw) return { wrong: "raw" };
  if (!rules.lettered.includes(standard)) return { reasons: [filled(rules.says.no_letter, [["raw", raw, raw]])] };
  const letter = raw.toUpperCase().replace(/级$/, "").trim();
  if (!rules.grade_of.some(([, grade]) => grade === letter)) return { wrong: "raw" };
  return { grade: letter, reasons: [filled(rules.says.own_letter, [["raw", letter, letter]])] };
}

/**
 * The grade that follows from findings.
 * @param {object} rules the table, as the server sent it
 * @param {object} findings `standard`, `site` or null, `parts` `{key: {level, points}}`, `raw`
 * @returns {{grade: string|null, reasons: object[], lacking: string[], advice: object|null, wrong: string|null}} sentences as
 *   `{zh, en}`; `wrong` the field that contradicts itself
 */
export function appraise(rules, { standard, site = null, parts = {}, raw = "" }) {
  const told = standard === rules.guideline ? byParts(rules, { site, parts: trimmed(parts) }) : byRaw(rules, standard, raw.trim());
  return { grade: null, reasons: [], lacking: [], advice: null, wrong: null, ...told };
}

function trimmed(parts) {
  return Object.fromEntries(Object.entries(parts).map(([key, part]) => [key, { level: part.level, points: (part.points || "").trim() }]));
}

/** Why a house is appraised, as far as what it is due for says it. */
function causeOf({ why, grade }) {
  if (why.includes("disaster")) return "disaster";
  return grade ? "again" : "first";
}

/** A new draft of the appraisal of a house that is due. */
export function newAppraisal(house, rules, appraiser = "") {
  return {
    key: houseKey(house.id),
    kind: "appraisal",
    id: crypto.randomUUID(),
    house: house.id,
    household: house.household_id ?? null,
    standard: rules.guideline,
    site: null,
    parts: {},
    measures: null,
    raw: "",
    grade: null,
    reason: "",
    appraised_on: null,
    appraiser,
    appraised_by: "",
    cause: causeOf(house),
    valid_until: null,
    remark: "",
    mark: house.mark ?? null,
    photos: [],
  };
}

/** What stands in the way of saving, as `{code, part}`; null if nothing does. `today` is the local day. */
export function appraisalLacks(draft, rules, today) {
  const result = appraise(rules, draft);
  const lack = (code, part = null) => ({ code, part });
  if (draft.standard === rules.guideline) {
    const loose = rules.parts.find(({ key }) => !draft.parts[key]?.level && draft.parts[key]?.points?.trim());
    if (loose) return lack("level", loose.key);
  }
  if (result.wrong) return lack(result.wrong === "raw" ? "raw" : "points", result.wrong);
  if (!result.grade && !draft.grade) return lack("grade");
  if (draft.grade && draft.grade !== result.grade && !draft.reason.trim()) return lack("reason");
  if (!draft.cause) return lack("cause");
  if (!draft.appraiser.trim()) return lack("appraiser");
  if (draft.appraised_on && draft.appraised_on > today) return lack("day");
  return null;
}

/** The body of an appraisal; `now` and `offset` to the server's clock in ms, the latter or null. */
export function appraisalBody(draft, rules, { now, offset }) {
  const words = (text) => text.trim() || null;
  const isGuideline = draft.standard === rules.guideline;
  const parts = Object.entries(draft.parts).filter(([, part]) => part.level).map(([key, { level, points }]) => [key, { level, points: words(points || "") }]);
  const { grade } = appraise(rules, draft);
  const isOwn = draft.grade !== null && draft.grade !== grade;
  return {
    schema: SCHEMA,
    at: isoAt(now),
    clock_offset_ms: offset,
    house_id: draft.house,
    standard: draft.standard,
    site: isGuideline ? draft.site : null,
    parts: isGuideline ? Object.fromEntries(parts) : {},
    measures: draft.measures,
    raw: isGuideline ? null : words(draft.raw),
    grade: isOwn ? draft.grade : null,
    reason: isOwn ? words(draft.reason) : null,
    appraised_on: draft.appraised_on || null,
    appraiser: draft.appraiser.trim(),
    appraised_by: words(draft.appraised_by),
    cause: draft.cause,
    valid_until: draft.valid_until || null,
    remark: words(draft.remark),
    mark: draft.mark,
    photos: draft.photos.map(({ id, sha256, size, taken_at, kind }) => ({ id, sha256, size, taken_at, kind })),
    practice: false,
  };
}
