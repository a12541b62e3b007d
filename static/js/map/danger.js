/* Density of danger: houses of grade C or D of those appraised, by area. What is not appraised is unknown, not safe. */

import { count, NONE, of, rate } from "../format.js";
import { t } from "../i18n.js";
import { classOfArea } from "./classes.js";
import { h } from "./dom.js";
import { classButton, legendHead } from "./legend.js";
import { state } from "./state.js";

// Fixed, so that two maps can be compared; half-open [low, high), decided by the unrounded rate.
const LINES = [0.05, 0.15, 0.3];

/** Classes, the most dangerous first. */
export function dangerClasses() {
  const some = Number.MIN_VALUE; // the least rate there is
  const lows = [some, ...LINES];
  const classes = lows.map((low, i) => ({ key: `d${i + 1}`, token: `dil-${4 - i}`, low, high: lows[i + 1] ?? null }));
  classes.unshift({ key: "d0", token: "dil-5", low: 0, high: some });
  return Object.assign(classes.reverse(), { show: "danger", made: null });
}

/** Put the numbers of the server on areas: `danger` = {danger, appraised, houses, rate}; rate null = nothing appraised. */
export function setDanger(areas, numbers) {
  for (const area of areas) {
    const [danger, appraised, houses] = numbers[area.id] || [0, 0, 0];
    area.danger = { danger, appraised, houses, rate: appraised ? danger / appraised : null };
  }
}

/** Range of a class in words: of every hundred appraised houses. */
export function dangerRange(one) {
  const hundreds = (part) => Number((part * 100).toFixed(1));
  if (one.low === 0) return "0";
  if (one.high === null) return `≥ ${hundreds(one.low)}%`;
  return one.low < 0.01 ? t("低于 %(n)s", { n: `${hundreds(one.high)}%` }) : `${hundreds(one.low)} – ${hundreds(one.high)}%`;
}

/** The figure of an area in words, short. */
export function dangerWords(area) {
  const { danger } = area;
  if (!danger) return NONE;
  return danger.rate === null ? t("未鉴定") : rate(danger.rate);
}

/** The same with its counts, for popups, tips and the list. */
export function dangerSentence(area) {
  const { danger } = area;
  if (!danger?.houses) return t("没有农房记录");
  if (danger.rate === null) return t("%(n)s 栋都没有鉴定", { n: count(danger.houses) });
  return t("C、D级 %(share)s 栋已鉴定", { share: of(danger.danger, danger.appraised) });
}

/** Houses of an area that nobody has appraised. */
export const unknownOf = ({ danger }) => (danger ? danger.houses - danger.appraised : 0);

/** How many areas and houses lie in each class; pure. */
export function dangerTally(areas, classes) {
  const sums = new Map([...classes.map((one) => one.key), "none"].map((key) => [key, { areas: 0, danger: 0, appraised: 0, houses: 0 }]));
  for (const area of areas) {
    const sum = sums.get(classOfArea(area, classes)?.key || "none");
    sum.areas += 1;
    for (const part of ["danger", "appraised", "houses"]) sum[part] += area.danger?.[part] || 0;
  }
  return sums;
}

/** @param {object[]} areas of the level shown */
export function dangerLegend(areas, classes, asOf) {
  const unit = { village: t("村"), group: t("自然村"), grid: t("网格") }[state.level] || t("村");
  const sums = dangerTally(areas, classes);
  const none = sums.get("none");
  const note = (sum) => t("%(areas)s %(unit)s · %(n)s 栋", { areas: count(sum.areas), unit, n: count(sum.danger) });
  const unknown = areas.reduce((sum, area) => sum + unknownOf(area), 0);
  return [
    legendHead(
      t("危房密度"), t("C、D级栋数 ÷ 已鉴定栋数；各级固定。未鉴定 %(n)s 栋不计入，情况未知。截至 %(day)s", { n: count(unknown), day: asOf || NONE }), [],
      [areas.some((area) => area.derived) && h("span", { class: "dock-extra" }, h("i", { class: "line line-derived" }), t("推算边界"))],
    ),
    [
      classes.map((one) => classButton(one.key, `swatch-${one.token}`, dangerRange(one), note(sums.get(one.key)))),
      none.areas > 0 && classButton("none", "swatch-none", t("没有鉴定"), t("%(areas)s %(unit)s · %(n)s 栋", { areas: count(none.areas), unit, n: count(none.houses) })),
    ],
  ];
}
