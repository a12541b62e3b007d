/* The themes of the map, the layers each can show, and what a choice of layers means for the drawing. */

import { t } from "../i18n.js";
import { CONCERN_STATES, MARK_KINDS, MARK_STATES } from "./mark-signs.js";
import { concernWord, markStateWord, markWord } from "./mark-words.js";
import { PAYMENT_ROWS, PAYMENTS, STANDING_ROWS, STANDINGS } from "./site-signs.js";
import { STAGES } from "./symbols.js";

/** Key 1…9 and 0 in this order; `dock` says which legend lies under the map; `money` = not for those who see none. */
export const THEMES = [
  { key: "status", label: () => t("走访状态"), dock: "sentence" },
  { key: "coverage", label: () => t("覆盖率"), dock: "coverage" },
  { key: "unvisited", label: () => t("未访热力"), dock: "heat" },
  { key: "visited", label: () => t("已访热力"), dock: "heat" },
  { key: "houses", label: () => t("危房等级"), dock: "sentence" },
  { key: "sites", label: () => t("改造点"), dock: "sentence" },
  { key: "demands", label: () => t("诉求热力"), dock: "heat" },
  { key: "payments", label: () => t("验收后付款"), dock: "sentence", money: true },
  { key: "danger", label: () => t("危房密度"), dock: "danger" },
  { key: "monitoring", label: () => t("动态监测"), dock: "monitoring" },
];
const FILLED = new Set(["coverage", "danger", "monitoring"]);
export const OF_SITES = new Set(["sites", "payments"]);

/** Are areas coloured by a theme? */
export const isFilled = (theme) => FILLED.has(theme);

/** Themes of a reader. */
export const themesOf = (role) => THEMES.filter((theme) => !theme.money || role !== "inspector");

export function themeOf(key) {
  return THEMES.find((theme) => theme.key === key) || THEMES[1];
}

/** Levels of the coverage map; `by` is the server's word. */
export const LEVELS = [
  { key: "village", by: "village", label: () => t("村") },
  { key: "group", by: "group", label: () => t("自然村") },
  { key: "grid", by: "grid", label: () => t("网格") },
];

const STATUS_ROWS = [
  [1, () => t("已入户")],
  [2, () => t("电话、微信等远程")],
  [3, () => t("无人在家，待再访")],
  [0, () => t("未走访")],
  [5, () => t("长期外出")],
  [4, () => t("拒访")],
  [6, () => t("存疑走访")],
  [7, () => t("有走访但不计入")],
];

export function statusWord(status) {
  const row = STATUS_ROWS.find(([number]) => number === status);
  return row ? row[1]() : "—";
}

export const STATUS_NUMBERS = STATUS_ROWS.map(([number]) => number);

const GRADE_ROWS = [
  ["A", () => t("A级 安全")],
  ["B", () => t("B级 基本安全")],
  ["C", () => t("C级 局部危险")],
  ["D", () => t("D级 整体危险")],
  ["none", () => t("未鉴定")],
];

export function gradeWord(grade) {
  return GRADE_ROWS.find(([key]) => key === (grade || "none"))?.[1]() || grade;
}

const STAGE_WORDS = {
  found: () => t("发现"),
  appraised: () => t("鉴定"),
  compared: () => t("比对"),
  reviewed: () => t("评议公示"),
  approved: () => t("批准"),
  agreed: () => t("协议"),
  started: () => t("开工"),
  foundation: () => t("主基础完工"),
  completed: () => t("竣工"),
  accepted: () => t("验收"),
  paid: () => t("打卡发放"),
  moved_in: () => t("入住"),
  looked_back: () => t("回访"),
};

const METHOD_WORDS = {
  repair: () => t("修缮加固"),
  rebuild: () => t("拆除重建"),
  rebuild_elsewhere: () => t("选址新建"),
  new: () => t("无房户新建"),
  turn_key: () => t("交钥匙"),
  public_rental: () => t("集体公租房"),
  swap: () => t("房屋置换"),
  rent_subsidy: () => t("租赁补贴"),
};

export function stageWord(stage) {
  return STAGE_WORDS[stage]?.() || stage || "—";
}

export function methodWord(method) {
  return METHOD_WORDS[method]?.() || method || "—";
}

/** A row of the layer list: key, name, sign, count, and whether it is on at first. */
function row(key, label, sign, count, on) {
  return { key, label, sign, count, on };
}

/** Rows that are the legend of the theme itself. */
export function legendRows(theme, counts = {}) {
  const status = counts.status || {};
  const grades = counts.grades || {};
  const sites = counts.sites || {};
  if (theme === "status") {
    const signs = ["unvisited", "visited", "remote", "nobody", "refused", "away", "suspect", "other"];
    return STATUS_ROWS.map(([n, label]) => row(`s${n}`, label(), signs[n], status[n] ?? 0, true));
  }
  if (theme === "houses") return GRADE_ROWS.map(([g, label]) => row(`g${g}`, label(), `grade:${g}`, grades[g] ?? 0, true));
  if (theme === "sites") {
    return [
      ...STANDING_ROWS.map(([key, label]) => row(`x${key}`, label(), `stage:started:${key}`, counts.renovation?.standings?.[key], true)),
      ...STAGES.map((stage) => row(`t${stage}`, stageWord(stage), `stage:${stage}`, sites[stage] ?? 0, true)),
    ];
  }
  if (theme === "payments") {
    const known = counts.renovation && (counts.renovation.payments || {});
    return PAYMENT_ROWS.map(([key, label]) => row(`p${key}`, label(), `pay:${key}`, known ? known[key] ?? 0 : undefined, true));
  }
  return [];
}

/** Rows that lie over any theme. */
export function overlayRows(theme, counts = {}) {
  const grades = counts.grades || {};
  const sites = Object.values(counts.sites || {}).reduce((sum, n) => sum + n, 0);
  const visits = counts.visits || {};
  const households = Object.values(counts.status || {}).reduce((sum, n) => sum + n, 0);
  const rows = [];
  if (theme !== "status") rows.push(row("households", t("农户"), "unvisited", households, !OF_SITES.has(theme) && theme !== "houses" && theme !== "danger"));
  if (theme === "houses") rows.push(row("heatD", t("C、D级密度"), "patch:dilapidated", null, true));
  if (theme !== "houses") rows.push(row("danger", t("C、D级危房"), "grade:C", (grades.C || 0) + (grades.D || 0), theme === "status"));
  rows.push(row("suspect", t("存疑走访"), "suspect", visits.suspect ?? 0, false));
  rows.push(row("visits", t("走访地点"), "visit", (visits.valid || 0) + (visits.suspect || 0) + (visits.other || 0), false));
  if (theme !== "sites") rows.push(row("sites", t("改造点"), "stage:started", sites, false));
  rows.push(row("marks", t("现场标注"), "mark::proposed", marksIn(counts.marks), false));
  rows.push(row("villages", t("村界"), "line:village", null, !isFilled(theme)));
  rows.push(row("grids", t("网格界"), "line:grid", null, false));
  rows.push(row("names", t("地名和数字"), "text:names", null, true));
  return rows;
}

function marksIn(byKind = {}, kinds = MARK_KINDS, states = MARK_STATES) {
  return kinds.reduce((sum, kind) => sum + states.reduce((n, state) => n + (byKind[kind]?.[state] || 0), 0), 0);
}

/** Rows that say which marks are shown: by kind, then by state, those that wait first. */
export function markRows(counts = {}) {
  return [
    ...MARK_KINDS.map((kind) => row(`mk_${kind}`, markWord(kind), `mark:${kind}:proposed`, marksIn(counts.marks, [kind]), true)),
    ...MARK_STATES.toReversed().map((state) => row(`ms_${state}`, markStateWord(state), `mark::${state}`, marksIn(counts.marks, MARK_KINDS, [state]), true)),
  ];
}

/** Signs of accepted sites of concern with their words, by how they stand; the accepted marks switch them all. */
export const concernSigns = () => CONCERN_STATES.map((state) => [`mark::${state}`, concernWord(state)]);

/** Which layers are on: the theme's own, then what the user changed. */
export function layersOn(theme, changed = {}) {
  const on = new Set();
  for (const one of [...legendRows(theme), ...overlayRows(theme), ...markRows()]) {
    if (changed[one.key] ?? one.on) on.add(one.key);
  }
  return on;
}

/** Kind of the heatmap of a theme with its layers; null for none. */
export function heatKind(theme, on) {
  if (theme === "unvisited" || theme === "visited" || theme === "demands") return theme;
  return theme === "houses" && on.has("heatD") ? "dilapidated" : null;
}

/** What the records layer draws for a theme, its layers and a zoom. */
export function recordsShown(theme, on, zoom) {
  const own = (key) => on.has(key);
  const statuses = new Set();
  if (theme === "status") STATUS_NUMBERS.filter((n) => own(`s${n}`)).forEach((n) => statuses.add(n));
  else if (own("households") && zoom >= 14) STATUS_NUMBERS.forEach((n) => statuses.add(n));
  const grades = new Set();
  if (theme === "houses") GRADE_ROWS.map(([g]) => g).filter((g) => own(`g${g}`)).forEach((g) => grades.add(g));
  else if (own("danger") && zoom >= 16) ["C", "D"].forEach((g) => grades.add(g));
  const stages = new Set();
  if (theme === "sites") STAGES.filter((stage) => own(`t${stage}`)).forEach((stage) => stages.add(stage));
  else if (own("sites")) STAGES.forEach((stage) => stages.add(stage));
  const standings = new Set(theme === "sites" ? STANDINGS.filter((standing) => own(`x${standing}`)) : STANDINGS);
  const payments = new Set(theme === "payments" ? PAYMENTS.filter((payment) => own(`p${payment}`)) : []);
  const kinds = own("marks") ? MARK_KINDS.filter((kind) => own(`mk_${kind}`)) : [];
  const marks = new Set(kinds.flatMap((kind) => MARK_STATES.filter((state) => own(`ms_${state}`)).map((state) => `${kind}:${state}`)));
  let cells = null;
  if (theme === "status" && statuses.size) cells = "status";
  if (theme === "houses") cells = "houses";
  return {
    cells, statuses, grades, stages, standings, payments,
    visits: own("visits"),
    suspect: own("suspect"),
    marks,
    footprints: theme === "houses",
  };
}
