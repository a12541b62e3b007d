/* Coverage of the monthly monitoring on the map: its legend and what the popup of an area says. */

import { count, percent, rate, share } from "../format.js";
import { t } from "../i18n.js";
import { levelWord } from "./words.js";
import { h } from "./dom.js";
import { rangeOf, swatchOf, tally } from "./legend-areas.js";
import { classButton, legendHead } from "./legend.js";

/** Legend with how many areas and unchecked households lie in each class. @param {object|null} round as the server tells it */
export function monitoringLegend(areas, classes, round) {
  const sums = tally(areas, classes);
  const none = sums.get("none");
  const checked = areas.reduce((sum, area) => sum + area.visited, 0);
  const monitored = areas.reduce((sum, area) => sum + area.eligible, 0);
  const note = (sum) => t("%(areas)s 个辖区，待排查 %(n)s 户", { areas: count(sum.areas), n: count(sum.remaining) });
  const words = round
    ? t("%(month)s %(area)s：已排查 %(share)s", { month: round.month, area: round.area, share: share(checked, monitored) })
    : t("还没有开启监测。");
  return [
    legendHead(t("动态监测排查率"), words, [], []),
    [
      classes.map((one) => classButton(one.key, swatchOf(one), one.high === null ? t("全部排查 %(all)s", { all: percent(1) }) : rangeOf(one, "coverage"), note(sums.get(one.key)))),
      none.areas > 0 && classButton("none", "swatch-none", t("没有监测对象"), t("%(n)s 个辖区", { n: count(none.areas) })),
    ],
  ];
}

/** The popup of an area: numerator and denominator are on the map already, so nothing is asked. */
export function monitoringPopup(area, round) {
  const query = new URLSearchParams({ area: area.code, ...(round ? { round: round.id } : {}) });
  return {
    title: area.name,
    code: levelWord(area.level),
    parts: [
      h("div", { class: "popup-figure" },
        h("strong", {}, rate(area.ratio, 1)),
        h("span", {}, area.eligible ? share(area.visited, area.eligible) : t("没有监测对象"))),
      h("p", {}, round ? t("%(month)s 动态监测，待排查 %(n)s 户", { month: round.month, n: count(area.remaining) }) : t("还没有开启监测。")),
      h("div", { class: "popup-actions" }, h("a", { class: "btn", href: `/monitoring?${query}` }, t("以列表查看"))),
    ],
    spoken: t("%(name)s，已排查 %(share)s", { name: area.name, share: share(area.visited, area.eligible) }),
  };
}
