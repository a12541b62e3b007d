/* What an edit would do, in words: who moves where, how coverage changes, what was repaired, what overlaps. */

import { count, NONE, rate } from "../format.js";
import { lang, t } from "../i18n.js";
import { fill, h, say } from "../map/dom.js";
import { makingLists, makingWords } from "./making.js";

const squareMetres = (m2) => t("%(n)s 平方米", { n: count(Math.round(m2)) });

/** How each tool is used. */
export const HOW = {
  draw: () => t("点图加点，双击或回车闭合，退格去掉上一点，Esc 离开。键盘：方向键移图，空格在十字处加点。"),
  split: () => t("画一条线穿过区域，两端都在区域外；双击或回车结束。"),
  merge: () => t("在下面勾选要并进来的区域。"),
  delete: () => t("删除后，里面的农户不再归任何自然村。"),
  grids: () => t("按户数把整个村重新划分，原有网格都由新网格代替。先看预览再应用。"),
  vertices: () => t("拖动角点；点边线加点。键盘：Tab 选角点，方向键移动，加号加点，Delete 去掉。"),
};

/** A grid or settlement with its village; many have the village's name in their own. */
export function gridName(village, grid) {
  return grid.startsWith(village) ? grid : `${village} ${grid}`;
}

function placeName(place) {
  if (!place) return t("村界外");
  if ("settlement" in place) return place.settlement ? gridName(place.village, place.settlement) : t("%(name)s（不在自然村内）", { name: place.village });
  if (place.grid) return gridName(place.village, place.grid);
  return t("%(name)s（不在网格内）", { name: place.village });
}

function side(part) {
  return part ? `${rate(part.ratio)} (${count(part.visited)}/${count(part.eligible)})` : NONE;
}

/** One move: "37 户 → 东柳沟 02 网格". */
export function moveWords(move) {
  return t("%(n)s 户 → %(to)s", { n: count(move.n), to: placeName(move.to) });
}

function list(title, rows) {
  return rows.length ? [h("h2", {}, title), h("ul", {}, rows)] : null;
}

/** The sentence of a preview. */
export function answerWords(found) {
  const size = found.grids ? makingWords(found) : found.m2 === null ? "" : t("%(n)s 户，%(m2)s。", { n: count(found.households), m2: squareMetres(found.m2) });
  const moves = found.moved ? t("有 %(n)s 户改变归属", { n: count(found.moved) }) : t("没有农户改变归属");
  return `${size}${moves}${found.outside ? t("，其中 %(n)s 户落到村界外", { n: count(found.outside) }) : ""}`;
}

/** Show a preview, or nothing. */
/** Dividing a large village takes seconds: say so meanwhile. */
export function showDividing(place) {
  const words = t("正在划分网格，村大时要几秒…");
  place.classList.remove("is-old");
  fill(place, h("p", { class: "quiet" }, words), h("progress", { class: "job-bar", "aria-label": words }));
  say(words);
}

export function showPreview(place, found) {
  place.classList.remove("is-old");
  if (!found) {
    fill(place);
    return;
  }
  const shifts = found.coverage.map((shift) => h("li", { class: "editing-shift" }, h("span", {}, shift.name),
    h("span", { class: "nowrap" }, `${side(shift.before)} → ${side(shift.after)}`)));
  fill(place,
    h("p", { class: "editing-answer" }, answerWords(found)),
    found.grids ? makingLists(found).map(([title, rows]) => list(title, rows)) : null,
    list(t("谁会动"), found.moves.map((move) => h("li", {}, moveWords(move), h("span", { class: "quiet" }, t("（原在%(from)s）", { from: placeName(move.from) }))))),
    list(t("覆盖率"), shifts),
    list(t("请核对"), [
      ...found.notes.map((note) => h("li", {}, note)),
      ...found.overlaps.map((pair) => h("li", {}, t("%(names)s 重叠 %(m2)s", { names: pair.names, m2: squareMetres(pair.m2) }))),
    ]));
}

/** The list to choose from: each village with its grids and settlements. */
export function showAreas(select, rows) {
  fill(select, select.options[0], rows.map((village) => h("optgroup", { label: village.name },
    village.own ? h("option", { value: village.code }, t("%(name)s 村界", { name: village.name }), village.bare ? ` ${t("（还没有边界）")}` : null) : null,
    village.grids.map((grid) => h("option", { value: grid.code }, gridName(village.name, grid.name))),
    h("option", { value: `new:${village.code}` }, t("%(name)s 新网格", { name: village.name })),
    village.settlements.map((settlement) => h("option", { value: settlement.code }, gridName(village.name, settlement.name))),
    h("option", { value: `new-natural_village:${village.code}` }, t("%(name)s 新自然村", { name: village.name })))));
}

const names = (row) => row.areas.map((area) => area.name);

/** The list of edits. */
export function showHistory(place, rows, onUndo, when) {
  fill(place, rows.length ? rows.map((row) => h("li", {},
    h("strong", {}, lang === "en" ? `${row.label}: ${names(row).join(", ")}` : `${row.label}：${names(row).join("、")}`),
    h("span", {}, t("%(n)s 户改变归属", { n: count(row.moved) })),
    h("span", { class: "quiet" }, [row.who, when(row.at)].filter(Boolean).join(" · ")),
    row.undone_at ? h("span", { class: "tag" }, t("已撤销")) : null,
    row.may_undo ? h("button", { type: "button", class: "btn btn-small", onclick: () => onUndo(row) }, t("撤销")) : null))
    : h("li", { class: "quiet" }, t("还没有改过边界。")));
}
