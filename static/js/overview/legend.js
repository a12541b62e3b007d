/* One line under the map: the classes of coverage with how many areas are in each, and the sign of a gap area. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { fill, h } from "../map/dom.js";
import { rangeOf, swatchOf, tally } from "../map/legend-areas.js";

export function drawLegend(place, areas, classes, level, gaps) {
  const many = (n) => ({
    county: t("%(n)s 县", { n }), township: t("%(n)s 乡镇", { n }), village: t("%(n)s 村", { n }), grid: t("%(n)s 网格", { n }),
  })[level];
  const sums = tally(areas, classes);
  const none = sums.get("none").areas;
  const mark = (swatch, words, n) => h("li", {}, h("i", { class: swatch }), words, n === null ? null : h("small", {}, many(count(n))));
  fill(place,
    classes.map((one) => mark(swatchOf(one), rangeOf(one, "coverage"), sums.get(one.key).areas)),
    none ? mark("swatch-none", t("无数据"), none) : null,
    gaps ? mark("mark-gap", t("成片未访"), null) : null);
}
