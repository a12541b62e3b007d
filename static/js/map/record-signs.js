/*
 * Which signs stand for records, and in what order: the classes of each kind, as tiles are sorted by them, and the sign,
 * size and place of each class. The renderer knows numbers of classes only.
 */

import { MARK_KINDS, MARK_LOOKS, pinShift, stateOfLook } from "./mark-signs.js";
import { PAYMENTS, paymentOf, STANDINGS, standingOf } from "./site-signs.js";
import { STAGES, statusSign } from "./symbols.js";

/** From this zoom on each thing is one point, and from the other on a sign rather than a dot. */
export const POINTS_FROM = 14;
export const SHAPES_FROM = 16;
// Bottom to top. The same in every tile: what still has to be done lies on top of what is done.
const STATUS_ORDER = [1, 2, 7, 5, 4, 3, 0, 6];
export const GRADE_ORDER = ["none", "A", "B", "C", "D"];
const DONE = new Set([1, 2, 6]);
const COARSE = 5; // from this step of the quality ladder on, a place is no point
const SIMPLE_RADIUS = 3;

/** Class of a site: how it stands, and in each the gate; below 0 for a gate this map does not know. */
function siteClass(sites) {
  const stage = STAGES.indexOf(sites.get("st"));
  const standing = standingOf({ ended: sites.get("e"), stallsAfter: sites.get("sd") });
  return stage < 0 ? -1 : STANDINGS.indexOf(standing) * STAGES.length + stage;
}

function paymentClass(sites) {
  const [stage, ended, dueOn, paidDays] = ["st", "e", "dd", "w"].map((name) => sites.get(name));
  return PAYMENTS.indexOf(paymentOf({ stage, ended, dueOn, paidDays }));
}

/** Class of a mark: look by look, and in each kind by kind; below 0 for what this map does not know. */
function markClass(marks) {
  const [k, look] = [MARK_KINDS.indexOf(marks.get("k")), MARK_LOOKS.indexOf(marks.get("cs") || marks.get("st"))];
  return k < 0 || look < 0 ? -1 : look * MARK_KINDS.length + k;
}

/**
 * Kinds of points by the name they are kept under: `kind` of a thing, `layer` of a tile, number of `classes`, and
 * `classOf` the feature a layer has gone to, from 0, or -1 for what is never drawn.
 */
export const POINTS = {
  households: { kind: "household", layer: "households", classes: STATUS_ORDER.length, classOf: (layer) => (layer.get("q") >= COARSE ? -1 : STATUS_ORDER.indexOf(layer.get("s"))) },
  houses: { kind: "house", layer: "houses", classes: GRADE_ORDER.length, classOf: (layer) => GRADE_ORDER.indexOf(layer.get("g") || "none") },
  sites: { kind: "site", layer: "sites", classes: STANDINGS.length * STAGES.length, classOf: siteClass },
  payments: { kind: "site", layer: "sites", classes: PAYMENTS.length, classOf: paymentClass },
  visits: { kind: "visit", layer: "visits", classes: 2, classOf: (layer) => (layer.get("sus") ? 1 : 0) },
  marks: { kind: "mark", layer: "marks", classes: MARK_KINDS.length * MARK_LOOKS.length, classOf: markClass },
};

/** Nothing shown; a theme fills in what it wants. */
export const NOTHING = { cells: null, statuses: new Set(), grades: new Set(), stages: new Set(), standings: new Set(), payments: new Set(), visits: false, suspect: false, marks: new Set(), footprints: false };

/** Is any single thing shown? */
export function wantsPoints({ statuses, grades, stages, payments, visits, suspect, marks, footprints }) {
  return statuses.size || grades.size || stages.size || payments.size || visits || suspect || marks.size || footprints;
}

/**
 * What is drawn, one class `n` of a kind after another, the same in all pieces: `{kind, n, name, size, at}`; `at` is how
 * far a sign stands beside its place, in pixels.
 * @param {boolean} coarse whether fingers point
 */
export function stepsOf(show, zoom, coarse) {
  const whole = zoom >= SHAPES_FROM;
  const r = (coarse ? 7 : 5.5) + (zoom >= 18 ? 2 : 0);
  const found = [];
  const add = (kind, n, name, size, at = [0, 0]) => found.push({ kind, n, name, size, at });
  const smaller = whole ? r * 0.9 : SIMPLE_RADIUS;
  if (show.visits) add("visits", 0, "visit", smaller);
  if (show.visits || (show.suspect && whole)) add("visits", 1, "suspect", smaller);
  STATUS_ORDER.forEach((status, n) => {
    if (!show.statuses.has(status)) return;
    const name = whole ? statusSign(status) : DONE.has(status) ? "visited" : "unvisited";
    add("households", n, name, whole ? r : SIMPLE_RADIUS);
  });
  const beside = whole && show.statuses.size ? r * 1.15 : 0;
  GRADE_ORDER.forEach((grade, n) => {
    if (!show.grades.has(grade)) return;
    const poor = grade > "B" && grade !== "none";
    const size = whole ? (poor ? 8.5 : 7) : poor ? 5 : 3.5;
    add("houses", n, `grade:${grade}`, size, [beside, -beside]);
  });
  STANDINGS.forEach((standing, s) => STAGES.forEach((stage, n) => {
    if (!show.standings.has(standing) || !show.stages.has(stage)) return;
    add("sites", s * STAGES.length + n, standing === "open" ? `stage:${stage}` : `stage:${stage}:${standing}`, whole ? 8 : 6, [-beside, -beside]);
  }));
  PAYMENTS.forEach((payment, n) => {
    if (show.payments.has(payment)) add("payments", n, `pay:${payment}`, whole ? 8 : payment.startsWith("late") ? 6.5 : 5, [-beside, -beside]);
  });
  MARK_LOOKS.forEach((look, n) => MARK_KINDS.forEach((kind, k) => {
    const size = (whole ? 10 : 7.5) * (look === "relapsed" ? 1.2 : 1);
    if (show.marks.has(`${kind}:${stateOfLook(look)}`)) add("marks", n * MARK_KINDS.length + k, `mark:${kind}:${look}`, size, pinShift(size));
  }));
  return found;
}
