/* What lies under the map: class legend with villages and households, or the sentence that says what counts. */

import { count, NONE, percent } from "../format.js";
import { lang, t } from "../i18n.js";
import { dangerLegend, dangerRange, dangerTally } from "./danger.js";
import { differs, fill, h, icon } from "./dom.js";
import { areasLegend, rangeOf, swatchOf, tally } from "./legend-areas.js";
import { monitoringLegend } from "./monitoring.js";
import { heatClasses, heatLegend } from "./legend-heat.js";
import { appraisalsAddress, listAddress, sitesAddress, state } from "./state.js";
import { heatKind, layersOn, OF_SITES, recordsShown, themeOf } from "./themes.js";

const HEAT_TO_ZOOM = 16; // from there single houses are drawn, and no heat

/** What is not drawn and why, in sentences that lead to the rows they count; empty if nothing is left out. */
export function leftOut(counts, pills = false) {
  const lists = `/worklists${state.area ? `?area=${encodeURIComponent(state.area)}` : ""}`;
  const link = (anchor, words) => h("a", { href: `${lists}#${anchor}` }, words);
  const parts = [];
  if (counts.approximate) {
    const words = link("approximate_page", t("另有 %(n)s 户只定位到自然村或村中心，不逐户标点。", { n: count(counts.approximate) }));
    parts.push(pills ? h("span", {}, h("i", { class: "patch patch-settled", "aria-hidden": "true" }, "≈"), words) : words);
  }
  // No link: the list of those to be placed also has those counted at a settlement.
  if (counts.unplaced) parts.push(t("待定位 %(n)s 户。", { n: count(counts.unplaced) }));
  if (counts.outside) parts.push(link("outside_page", t("辖区外 %(n)s 户。", { n: count(counts.outside) })));
  return parts;
}

let list = null; // kept: a picture taken out of the page is read once more when it comes back

/** Draw the dock. `rows` are the areas of the level shown. */
export function drawDock(place, { setup, areas, classes, zoom, past = false, round = null }) {
  const on = layersOn(state.theme, state.layers);
  const kind = heatKind(state.theme, on);
  const ofHouses = kind === "dilapidated" && zoom < HEAT_TO_ZOOM;
  const dock = ofHouses ? "heat" : themeOf(state.theme).dock;
  const counts = setup.counts || {};
  const pills = zoom >= 14 && !past && recordsShown(state.theme, on, zoom).statuses.size > 0;
  const surfaces = dock === "coverage" || dock === "monitoring";
  const figures = dock === "danger" ? [...dangerTally(areas, classes)] : surfaces ? [[...tally(areas, classes)], areas.some((area) => area.derived), areas.filter((area) => area.ratio > 1).length] : null;
  const near = [14, 16].filter((from) => zoom >= from).length; // what the sentence goes by
  const { only, area, per, show, level } = state;
  if (!differs(place, state.theme, kind, dock, near, pills, past, figures, classes, setup, round?.id, [...(only || [])], area, per, show, state.classes, level, listAddress())) return;
  const aside = OF_SITES.has(state.theme) || dock === "danger"; // they speak of no household
  const rest = aside ? [] : leftOut(counts, pills);
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.class : null;
  const wasOpen = place.querySelector(".dock-strip")?.getAttribute("aria-expanded") === "true";
  let legend = null;
  if (dock === "coverage") legend = areasLegend(areas, classes, past);
  if (dock === "monitoring") legend = monitoringLegend(areas, classes, round);
  if (dock === "danger") legend = dangerLegend(areas, classes, setup.today);
  if (dock === "heat") legend = heatLegend(kind, setup, past);
  let sentence = setup.rule || "";
  if (state.theme === "houses" && zoom < 14) sentence = t("每处标出附近最差等级；放大看单栋。");
  else if (OF_SITES.has(state.theme)) sentence = sitesSentence(setup, zoom);
  else if (state.theme === "status" && zoom < 14) sentence = t("圈内为未走访户数，绿色为已访比例。%(rule)s", { rule: setup.rule || "" });
  else if (state.theme === "status" && zoom < 16) sentence = t("实心为已访，空心为未访；放大看类别。%(rule)s", { rule: setup.rule || "" });
  const said = [(legend && rest.length && !ofHouses) || dock === "danger" ? "" : sentence, ...rest].filter(Boolean);
  list ||= h("a", { class: "dock-list" }, icon("list"), h("span", {}, t("以列表查看")));
  list.href = OF_SITES.has(state.theme) ? sitesAddress(state.theme === "payments" ? { late: 1 } : {}) : dock === "danger" ? appraisalsAddress() : listAddress();
  place.dataset.kind = dock;
  place.classList.toggle("is-open", wasOpen);
  fill(place,
    legend && strip(place, dock === "danger" ? dangerStrip(classes) : surfaces ? areaStrip(classes) : heatStrip(kind, setup.heat), wasOpen),
    legend ? h("div", { class: "dock-legend" }, legend[0], h("div", { class: "classes" }, legend[1])) : null,
    h("div", { class: "dock-side" }, h("p", {}, said.length ? said.flatMap((words) => [words, " "]) : NONE), list));
  // A day that plays draws the legend anew; whoever stands in it stays there.
  if (held) place.querySelector(`[data-class="${held}"]`)?.focus({ preventScroll: true });
}

/** What the map of sites or payments says, by the day that the numbers hold for, and where the same stands as a list. */
function sitesSentence({ today, counts }, zoom) {
  const money = state.theme === "payments";
  const parts = [money ? t("已验收的改造按付款情况标点；期限按年度计划，没有计划的为 30 天。截至 %(day)s。", { day: today }) : t("数字为所到环节；双边框为停滞，虚框为已终止。截至 %(day)s。", { day: today })];
  if (zoom < 14) parts.push(money ? t("村名下为超期未付 ÷ 待付；放大看逐处。") : t("村名下为停滞 ÷ 全部；放大看逐处。"));
  const unplaced = counts.renovation?.unplaced;
  if (unplaced) parts.push(t("另有 %(n)s 处没有位置，只在列表里。", { n: count(unplaced) }));
  return parts.join(lang === "en" ? " " : "");
}

function dangerStrip(classes) {
  return [dangerRange(classes[0]), dangerRange(classes.at(-1)), classes.map((one) => `swatch-${one.token}`)];
}

/** End words and swatches of the strip. */
function areaStrip(classes) {
  const swatches = classes.map(swatchOf);
  if (!classes.made) return [t("低于 %(n)s", { n: percent(classes[0].high) }), t("达标"), swatches];
  return [classes.length ? rangeOf(classes[0], classes.show) : NONE, classes.length ? rangeOf(classes.at(-1), classes.show) : NONE, swatches];
}

function heatStrip(kind, heat) {
  const classes = heatClasses(kind, heat);
  const share = state.per === "household";
  return [share ? classes[0].range : t("稀"), share ? classes.at(-1).range : t("密"), classes.map((one) => one.swatch)];
}

/** On a phone the legend is one strip with its end words until it is tapped. */
function strip(place, [first, last, swatches], open) {
  const button = h("button", {
    type: "button", class: "dock-strip", dataset: { class: "strip" }, "aria-expanded": String(open),
    onclick: () => {
      const now = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(now));
      place.classList.toggle("is-open", now);
    },
  }, h("span", { class: "unseen" }, t("图例")), h("span", {}, first), h("span", { class: "strip-colours" }, swatches.map((name) => h("i", { class: name }))), h("span", {}, last));
  return button;
}
