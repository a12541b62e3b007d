/* The legend of areas: coverage by its fixed classes, or classes made from the data, with how many areas lie in each. */

import { count, percent, rate } from "../format.js";
import { t } from "../i18n.js";
import { classOfArea } from "./classes.js";
import { h } from "./dom.js";
import { classButton, legendChoice, legendHead } from "./legend.js";
import { state } from "./state.js";
import { LEVELS } from "./themes.js";

const TITLES = { coverage: () => t("走访覆盖率"), unvisited: () => t("未访户数"), dilapidated: () => t("C、D级危房数") };
const SCHEMES = [["natural", () => t("自然断点")], ["quantiles", () => t("分位数")], ["equal", () => t("等距")]];

/** How many areas, households and houses lie in each class; pure. */
export function tally(areas, classes) {
  const empty = () => ({ areas: 0, remaining: 0, dilapidated: 0 });
  const sums = new Map(classes.map((one) => [one.key, empty()]));
  sums.set("none", empty());
  for (const area of areas) {
    const sum = sums.get(classOfArea(area, classes)?.key || "none");
    sum.areas += 1;
    sum.remaining += area.remaining || 0;
    sum.dilapidated += area.dilapidated || 0;
  }
  return sums;
}

const fromTo = (from, to) => (from === to ? to : `${from} – ${to}`);

/** Range of a class in words. Counts are whole: a class above 3 up to 7 holds 4 to 7. */
export function rangeOf(one, show) {
  if (one.from !== undefined) {
    if (show === "coverage") return one.from === one.to ? rate(one.to) : `${rate(one.from).replace("%", "")} – ${rate(one.to)}`;
    const low = one.above === null ? one.from : Math.floor(one.from) + 1;
    const high = Math.floor(one.to);
    return low > high ? "—" : fromTo(count(low), count(high));
  }
  if (one.low === null) return t("低于 %(n)s", { n: percent(one.high) });
  if (one.high === null) return t("达标 ≥ %(n)s", { n: percent(one.low) });
  return `${Number((one.low * 100).toFixed(1))} – ${percent(one.high)}`;
}

/** "cov-1" -> "swatch-1", "auto-2" -> "swatch-auto-2" */
export function swatchOf(one) {
  return `swatch-${one.token.replace("cov-", "")}`;
}

function choices() {
  const counts = Boolean(state.show);
  // Counts have no fixed classes: what is much in a large village is another number than in a small one.
  const schemes = [counts ? null : [null, t("固定分级")], ...SCHEMES.map(([key, word]) => [counts && key === "natural" ? null : key, word()])].filter(Boolean);
  return [
    legendChoice("show", t("着色的数字"), [[null, t("覆盖率")], ["unvisited", t("未访户数")], ["dilapidated", t("危房数")]], { classes: null }),
    legendChoice("classes", t("分级方法"), schemes),
  ];
}

/** @param {object[]} areas of the level shown; `past` = a past day is shown */
export function areasLegend(areas, classes, past) {
  const level = LEVELS.find((one) => one.key === state.level) || LEVELS[0];
  const { show, made } = classes;
  const sums = tally(areas, classes);
  const none = sums.get("none");
  const unit = { village: t("村"), group: t("自然村"), grid: t("网格") }[level.key];
  const note = (sum) => (show === "dilapidated"
    ? t("%(areas)s %(unit)s · %(n)s 栋", { areas: count(sum.areas), unit, n: count(sum.dilapidated) })
    : t("%(areas)s %(unit)s · %(n)s 户", { areas: count(sum.areas), unit, n: count(sum.remaining) }));
  const over = show === "coverage" ? areas.filter((area) => area.ratio > 1).length : 0;
  const words = made
    ? [t("自动分级，不可与他图比较；各级含上限"), show === "dilapidated" && past ? t("危房为今日数") : t("按今日的数分级，各日不变")].join(t("；"))
    : t("有效走访户 ÷ 应访户；下注%(unit)s数与未访户数", { unit });
  return [
    legendHead(TITLES[show](), words, choices(), [
      areas.some((area) => area.derived) && h("span", { class: "dock-extra" }, h("i", { class: "line line-derived" }), t("推算边界")),
      over > 0 && h("span", { class: "dock-extra" }, h("i", { class: "patch patch-over" }), t("超过 %(all)s：%(n)s", { all: percent(1), n: over })),
    ]),
    [
      classes.map((one) => classButton(one.key, swatchOf(one), rangeOf(one, show), note(sums.get(one.key)))),
      none.areas > 0 && classButton("none", "swatch-none", t("无数据"), t("%(n)s 个辖区", { n: count(none.areas) })),
    ],
  ];
}
