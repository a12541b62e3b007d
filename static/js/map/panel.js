/* Left panel (on a phone the sheet): coverage figures, themes, one list that is layers and legend, the largest gaps. */

import { count, percent, rate, share } from "../format.js";
import { t } from "../i18n.js";
import { arrange, differs, fill, h } from "./dom.js";
import { onPalette } from "./palette.js";
import { later } from "./queue.js";
import { change, listAddress, state } from "./state.js";
import { signElement } from "./symbols.js";
import { concernSigns, isFilled, layersOn, legendRows, LEVELS, markRows, overlayRows, themeOf, THEMES, themesOf } from "./themes.js";

/** The figures of the area in hand. */
export function drawCard(place, setup) {
  const { coverage, area } = setup;
  const { eligible, visited, ratio, target } = coverage;
  const toTarget = coverage.to_target;
  const reached = ratio !== null && ratio >= target;
  const known = ratio !== null && ratio !== undefined;
  // Its list goes by the theme, nothing else of it does.
  if (!differs(place, coverage, area?.name)) {
    place.querySelector(".coverage-head a").href = listAddress();
    return;
  }
  const bar = h("div", { class: "meter", role: "img", "aria-label": t("覆盖率 %(rate)s，目标 %(target)s", { rate: rate(ratio, target), target: percent(target) }) },
    h("i", { class: "meter-fill" }), h("b", { class: "meter-target" }));
  fill(place,
    h("div", { class: "coverage-head" },
      h("h2", {}, area?.name || t("全部辖区")),
      h("a", { class: "tag", href: listAddress(), title: t("打开这个数字背后的列表") }, t("走访覆盖率"))),
    h("p", { class: "coverage-figure" },
      h("strong", {}, rate(ratio, target)),
      h("span", {}, eligible ? share(visited, eligible) : t("—（0 户应访）"))),
    bar,
    h("p", { class: "coverage-notes" },
      h("span", {}, !known ? "" : reached ? t("已达标") : t("还差 %(n)s 户达标", { n: count(toTarget) })),
      h("span", {}, t("目标 %(target)s", { target: percent(target) }))));
  if (known) bar.style.setProperty("--part", `${Math.max(0, Math.min(100, ratio * 100))}%`);
  bar.style.setProperty("--target", `${target * 100}%`);
  if (!known) bar.classList.add("is-unknown");
}

/** Theme buttons; one is always pressed. */
export function drawThemes(place, active, role) {
  const themes = themesOf(role);
  if (place.children.length !== themes.length) {
    fill(place, themes.map((theme) => h("button", {
      type: "button", class: "theme", "aria-keyshortcuts": String(THEMES.indexOf(theme) + 1), onclick: () => change({ theme: theme.key, only: null }),
    }, theme.label())));
  }
  press(place, themes.findIndex((theme) => theme.key === active));
  // Chips of a phone go on beyond the screen. Later, as it asks where things are, which lays the page out at once.
  if (place.closest(".theme-chips")) later(() => place.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
}

/** Levels of the coverage map, of which one is always pressed. */
export function drawLevels(place, theme, active) {
  place.hidden = !isFilled(theme);
  if (!place.children.length) {
    fill(place, LEVELS.map((level) => h("button", {
      type: "button", onclick: () => change({ level: level.key, only: null, selected: null }),
    }, level.label())));
  }
  press(place, LEVELS.findIndex((level) => level.key === active));
}

function press(place, n) {
  [...place.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === n)));
}

function mark(name) {
  if (name.startsWith("patch:")) return h("i", { class: `patch patch-${name.slice(6)}` });
  if (name.startsWith("line:")) return h("i", { class: `line line-${name.slice(5)}` });
  if (name.startsWith("text:")) return h("i", { class: "text-mark", "aria-hidden": "true" }, t("字"));
  return signElement(name);
}

// Rows are kept: what both themes show stays where it is. Those that are out of sight would keep the colours of before.
const rows = new Map();
onPalette(() => rows.clear());

function layerRow({ key, sign, label, count: n }, on) {
  let kept = rows.get(key + sign);
  if (!kept) {
    const box = h("input", { type: "checkbox", dataset: { layer: key }, onchange: () => change({ layers: { ...state.layers, [key]: box.checked } }) });
    const number = n === null ? null : h("span", { class: "layer-count" });
    kept = { box, number, row: h("li", {}, h("label", { class: "layer" }, box, mark(sign), h("span", { class: "layer-name" }, label), number)) };
    rows.set(key + sign, kept);
  }
  kept.box.checked = on.has(key);
  if (kept.number && kept.n !== n) kept.number.textContent = n === undefined ? "" : count(n); // the same text is laid out anew, too
  kept.n = n;
  return kept.row;
}

const lists = new WeakMap(); // the parts that each list keeps

/** The list that switches layers and explains their signs. */
export function drawLayers(place, theme, setup) {
  const focused = document.activeElement?.dataset?.layer;
  const on = layersOn(theme, state.layers);
  if (!differs(place, theme, [...on], setup.counts, state.area)) return;
  const own = legendRows(theme, setup.counts);
  const kept = lists.get(place) || { title: h("h3"), hint: h("span", { class: "hint" }), own: h("ul", { class: "layers" }), over: h("ul", { class: "layers" }), marks: h("ul", { class: "layers" }), concerns: h("ul", { class: "layers" }) };
  if (!lists.has(place)) {
    kept.head = h("div", { class: "panel-head" }, kept.title, kept.hint);
    kept.list = h("a", {}, t("以列表查看"));
    kept.marksHead = h("div", { class: "panel-head" }, h("h3", {}, t("现场标注")), h("span", { class: "hint" }, kept.list));
    kept.concernsHead = h("div", { class: "panel-head" }, h("h3", {}, t("已采纳的整治点")));
    fill(place, kept.head, kept.own, h("div", { class: "panel-head" }, h("h3", {}, t("叠加图层"))), kept.over, kept.marksHead, kept.marks, kept.concernsHead, kept.concerns);
    lists.set(place, kept);
  }
  for (const part of [kept.head, kept.own]) part.hidden = !own.length;
  kept.title.textContent = t("图例 · %(theme)s", { theme: themeOf(theme).label() });
  kept.hint.textContent = theme === "status" ? t("户数") : theme === "houses" ? t("栋数") : t("处数");
  arrange(kept.own, own.map((row) => layerRow(row, on)));
  arrange(kept.over, overlayRows(theme, setup.counts).map((row) => layerRow(row, on)));
  // Kinds and states take room: they are there while marks are shown.
  for (const part of [kept.marksHead, kept.marks, kept.concernsHead, kept.concerns]) part.hidden = !on.has("marks");
  kept.list.href = state.area ? `/field-work?${new URLSearchParams({ state: "all", area: state.area })}` : "/field-work?state=all";
  arrange(kept.marks, markRows(setup.counts).map((row) => layerRow(row, on)));
  // How a site of concern stands is no switch of its own: it is shown with the accepted ones, and never counted.
  if (on.has("marks") && !kept.concerns.children.length) fill(kept.concerns, concernSigns().map(([sign, words]) => h("li", {}, h("span", { class: "layer" }, mark(sign), h("span", { class: "layer-name" }, words)))));
  if (focused && document.activeElement?.dataset?.layer !== focused) place.querySelector(`[data-layer="${focused}"]`)?.focus();
}

/** Areas with most households left; each row goes to its place on the map. */
export function drawGaps(place, areas, target, go) {
  const gaps = areas.filter((area) => area.remaining > 0 && area.ratio < target).sort((a, b) => b.remaining - a.remaining).slice(0, 5);
  place.hidden = !gaps.length;
  if (!differs(place, gaps.map(({ rings, now, ...told }) => told), target)) return; // a row opens what it was drawn from
  fill(place, gaps.length > 0 && [
    h("div", { class: "panel-head" }, h("h3", {}, t("未访最多")), h("span", { class: "hint" }, t("未访户 · 覆盖率"))),
    h("ol", { class: "gaps" }, gaps.map((area, i) => h("li", {},
      h("button", { type: "button", class: "gap", onclick: () => go(area) },
        h("b", { class: "gap-number" }, i + 1),
        h("span", { class: "gap-name" }, area.name),
        h("strong", {}, count(area.remaining)),
        h("span", { class: "gap-rate" }, rate(area.ratio, target)))))),
  ]);
}

/** Choice of base map: ours, what the installation offers besides, or none. `choose(id)`. */
export function drawBaseChoice(place, list, current, choose) {
  const word = (entry) => (entry.trouble ? t("%(name)s（不能用）", { name: entry.label }) : entry.online ? t("%(name)s（联网）", { name: entry.label }) : entry.label);
  const options = [["own", t("本地简图（离线可用）")], ...list.map((entry) => [entry.id, word(entry), entry.trouble]), ["none", t("无底图")]];
  const known = place.querySelector("select");
  const stamp = JSON.stringify(options);
  if (known?.dataset.stamp === stamp) {
    known.value = current; // the same list: it keeps the focus
    return;
  }
  const choice = h("select", { class: "base-choice", "aria-label": t("底图"), dataset: { stamp }, onchange: () => choose(choice.value) },
    options.map(([id, label, trouble]) => h("option", { value: id, selected: id === current, disabled: Boolean(trouble), title: trouble }, label)));
  fill(place, h("span", {}, t("底图")), choice);
}
