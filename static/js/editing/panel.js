/* What an edit would do, in words: who moves where, how coverage changes, what was repaired, what overlaps. */

import { count, NONE, rate } from "../format.js";
import { lang, t } from "../i18n.js";
import { fill, h } from "../map/dom.js";

const squareMetres = (m2) => t("%(n)s 平方米", { n: count(Math.round(m2)) });

/** A grid with its village; many have the village's name in their own. */
export function gridName(village, grid) {
  return grid.startsWith(village) ? grid : `${village} ${grid}`;
}

function placeName(place) {
  if (!place) return t("村界外");
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
  return rows.length ? [h("h3", {}, title), h("ul", {}, rows)] : null;
}

/** The sentence of a preview. */
export function answerWords(found) {
  const size = found.m2 === null ? "" : t("%(n)s 户，%(m2)s。", { n: count(found.households), m2: squareMetres(found.m2) });
  const moves = found.moved ? t("有 %(n)s 户改变归属", { n: count(found.moved) }) : t("没有农户改变归属");
  return `${size}${moves}${found.outside ? t("，其中 %(n)s 户落到村界外", { n: count(found.outside) }) : ""}`;
}

/** Show a preview, or nothing. */
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
    list(t("谁会动"), found.moves.map((move) => h("li", {}, moveWords(move), h("span", { class: "quiet" }, t("（原在%(from)s）", { from: placeName(move.from) }))))),
    list(t("覆盖率"), shifts),
    list(t("请核对"), [
      ...found.notes.map((note) => h("li", {}, note)),
      ...found.overlaps.map((pair) => h("li", {}, t("%(names)s 重叠 %(m2)s", { names: pair.names, m2: squareMetres(pair.m2) }))),
    ]));
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
