/* What lies under the map: class legend with villages and households, or the sentence that says what counts. */

import { count, NONE, percent } from "../format.js";
import { t } from "../i18n.js";
import { classOf } from "./classes.js";
import { fill, h, icon } from "./dom.js";
import { change, listAddress, state } from "./state.js";
import { layersOn, LEVELS, recordsShown, themeOf } from "./themes.js";

function rangeWord(one) {
  if (one.low === null) return t("低于 %(n)s", { n: percent(one.high) });
  if (one.high === null) return t("达标 ≥ %(n)s", { n: percent(one.low) });
  return `${Number((one.low * 100).toFixed(1))} – ${percent(one.high)}`;
}

/** How many areas and households lie in each class; pure. */
export function tally(areas, classes) {
  const sums = new Map(classes.map((one) => [one.key, { areas: 0, remaining: 0 }]));
  sums.set("none", { areas: 0, remaining: 0 });
  for (const area of areas) {
    const sum = sums.get(classOf(area.ratio, classes)?.key || "none");
    sum.areas += 1;
    sum.remaining += area.remaining || 0;
  }
  return sums;
}

function toggleOnly(key) {
  const only = new Set(state.only || []);
  if (only.has(key)) only.delete(key);
  else only.add(key);
  change({ only: only.size ? only : null });
}

function classButton(key, swatch, range, note) {
  return h("button", {
    type: "button", class: "class", dataset: { class: key }, "aria-pressed": String(Boolean(state.only?.has(key))), title: t("只看这一级，再点恢复"), onclick: () => toggleOnly(key),
  }, h("i", { class: `class-swatch ${swatch}` }), h("span", { class: "class-range" }, range), note && h("span", { class: "class-note" }, note));
}

function coverageLegend(areas, classes) {
  const level = LEVELS.find((one) => one.key === state.level) || LEVELS[0];
  const sums = tally(areas, classes);
  const none = sums.get("none");
  const unit = { village: t("村"), group: t("自然村"), grid: t("网格") }[level.key];
  const note = (sum) => t("%(areas)s %(unit)s · %(n)s 户", { areas: count(sum.areas), unit, n: count(sum.remaining) });
  const over = areas.filter((area) => area.ratio > 1).length;
  return [
    h("div", { class: "dock-head" },
      h("h3", {}, t("走访覆盖率")),
      h("span", { class: "dock-what" }, t("有效走访户 ÷ 应访户；下注%(unit)s数与未访户数", { unit })),
      areas.some((area) => area.derived) && h("span", { class: "dock-extra" }, h("i", { class: "line line-derived" }), t("推算边界")),
      over > 0 && h("span", { class: "dock-extra" }, h("i", { class: "patch patch-over" }), t("超过 %(all)s：%(n)s", { all: percent(1), n: over }))),
    h("div", { class: "classes" }, classes.map((one) => classButton(one.key, `swatch-${one.token.slice(-1)}`, rangeWord(one), note(sums.get(one.key)))),
      none.areas > 0 && classButton("none", "swatch-none", t("无数据"), t("%(n)s 个辖区", { n: count(none.areas) }))),
  ];
}

function heatLegend(theme, setup) {
  const { bandwidth_m: bandwidth, breaks } = setup.heat;
  const kind = theme === "visited" ? "visited" : "unvisited";
  return [
    h("div", { class: "dock-head" },
      h("h3", {}, kind === "visited" ? t("已访户密度") : t("未访户密度")),
      h("span", { class: "dock-what" }, t("户/公顷，半径 %(n)s 米；各级固定，可与他日相比", { n: bandwidth }))),
    h("div", { class: "classes" }, breaks.slice(1).map((low, i) => {
      const high = breaks[i + 2];
      return classButton(`h${i + 1}`, `heat-${kind}-${Math.min(4, i + 1)}`, high === undefined ? `≥ ${low}` : `${low} – ${high}`, "");
    })),
  ];
}

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

/** Draw the dock. `rows` are the areas of the level shown. */
export function drawDock(place, { setup, areas, classes, zoom, past = false }) {
  const { dock } = themeOf(state.theme);
  const counts = setup.counts || {};
  const pills = zoom >= 14 && !past && recordsShown(state.theme, layersOn(state.theme, state.layers), zoom).statuses.size > 0;
  const rest = leftOut(counts, pills);
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.class : null;
  const wasOpen = place.querySelector(".dock-strip")?.getAttribute("aria-expanded") === "true";
  let legend = null;
  if (dock === "coverage") legend = coverageLegend(areas, classes);
  if (dock === "heat") legend = heatLegend(state.theme, setup);
  let sentence = setup.rule || "";
  if (state.theme === "houses" && zoom < 14) sentence = t("每处标出附近最差等级；放大看单栋。");
  else if (state.theme === "sites" && zoom < 14) sentence = t("放大后显示改造点，数字为所到阶段。");
  else if (state.theme === "status" && zoom < 14) sentence = t("圈内为未走访户数，绿色为已访比例。%(rule)s", { rule: setup.rule || "" });
  else if (state.theme === "status" && zoom < 16) sentence = t("实心为已访，空心为未访；放大看类别。%(rule)s", { rule: setup.rule || "" });
  const said = [legend && rest.length ? "" : sentence, ...rest].filter(Boolean);
  const list = h("a", { class: "dock-list", href: listAddress() }, icon("list"), h("span", {}, t("以列表查看")));
  place.dataset.kind = dock;
  place.classList.toggle("is-open", wasOpen);
  fill(place,
    legend && strip(place, dock, classes, wasOpen),
    legend ? h("div", { class: "dock-legend" }, legend) : null,
    h("div", { class: "dock-side" }, h("p", {}, said.length ? said.flatMap((words) => [words, " "]) : NONE), list));
  // A day that plays draws the legend anew; whoever stands in it stays there.
  if (held) place.querySelector(`[data-class="${held}"]`)?.focus({ preventScroll: true });
}

/** On a phone the legend is one strip with its end words until it is tapped. */
function strip(place, dock, classes, open) {
  const ends = dock === "coverage" ? [t("低于 %(n)s", { n: percent(classes[0].high) }), t("达标")] : [t("稀"), t("密")];
  const kind = state.theme === "visited" ? "visited" : "unvisited";
  const swatches = dock === "coverage" ? classes.map((one) => `swatch-${one.token.slice(-1)}`) : [1, 2, 3, 4].map((n) => `heat-${kind}-${n}`);
  const button = h("button", {
    type: "button", class: "dock-strip", dataset: { class: "strip" }, "aria-expanded": String(open),
    onclick: () => {
      const now = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(now));
      place.classList.toggle("is-open", now);
    },
  }, h("span", { class: "unseen" }, t("图例")), h("span", {}, ends[0]), h("span", { class: "strip-colours" }, swatches.map((name) => h("i", { class: name }))), h("span", {}, ends[1]));
  return button;
}
