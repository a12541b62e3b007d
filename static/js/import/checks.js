/* What the rows are worth: how many go in, which deserve a look, which stay out, and why. The parts add up to all rows. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { rows } from "./words.js";

function rowNumbers(group) {
  if (!group.rows?.length) return null;
  const numbers = group.rows.join(t("、"));
  return h("span", { class: "quiet" }, group.n > group.rows.length ? t("第 %(rows)s 行等", { rows: numbers }) : t("第 %(rows)s 行", { rows: numbers }));
}

/** How many rows or columns a reason speaks of; a remark on the whole file counts nothing. */
function placesOf(group) {
  if (group.unit === "file") return null;
  return h("b", { class: "nowrap" }, group.unit === "column" ? t("%(n)s 列", { n: count(group.n) }) : rows(group.n));
}

function reasons(groups) {
  if (!groups.length) return null;
  return h("ul", { class: "reasons" }, groups.map((group) => h("li", {},
    h("span", { class: "reason" }, group.reason), placesOf(group), rowNumbers(group))));
}

function line(kind, sign, word, n, note, more) {
  return h("div", { class: "check-line" },
    h("dt", {}, h("span", { class: `tag tag-${kind}` }, icon(sign), word)),
    h("dd", {}, h("p", {}, h("strong", { class: "nowrap" }, rows(n)), note ? h("span", { class: "quiet" }, note) : null), more));
}

/**
 * @param {Element} place
 * @param {{rows: number, accepted: number, refused: number, warned: number, groups: object[]}} totals `rows` = `accepted` + `refused`
 * @param {Element|null} extra stands with the refused rows, such as the link to their file
 */
export function drawChecks(place, totals, extra = null) {
  const refused = totals.groups.filter((group) => group.refused);
  const doubtful = totals.groups.filter((group) => !group.refused);
  return fill(place, h("dl", { class: "checks" },
    line("ok", "check", t("可导入"), totals.accepted, totals.warned ? t("含下列“请留意” %(rows)s", { rows: rows(totals.warned) }) : null),
    totals.warned || doubtful.length ? line("wrn", "warn", t("请留意"), totals.warned, null, reasons(doubtful)) : null,
    totals.refused ? line("dan", "x", t("不导入"), totals.refused, null, h("div", {}, reasons(refused), extra)) : null));
}

/** The totals of a preview or a report in one form; a report counts its doubts only in its groups. */
export function totalsOf(from) {
  const all = from.rows ?? from.read;
  const { refused } = from;
  const groups = from.groups || [];
  const doubts = groups.filter((group) => !group.refused && group.unit === "row").reduce((sum, group) => sum + group.n, 0);
  return { rows: all, accepted: all - refused, refused, warned: from.warned ?? Math.min(doubts, all - refused), groups };
}

/** "1,284 行 = 可导入 1,259 + 不导入 25" */
export function sumLine(totals) {
  return t("%(rows)s = 可导入 %(accepted)s + 不导入 %(refused)s", { rows: rows(totals.rows), accepted: count(totals.accepted), refused: count(totals.refused) });
}
