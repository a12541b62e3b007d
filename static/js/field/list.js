/* The list of households to visit: the nearest first. What the map can do, it can. */

import { t } from "../i18n.js";
import { count, dayAndTime, distance } from "../format.js";
import { fill, h, icon } from "../map/dom.js";
import { button, chip, statusMark, tagsOf } from "./parts.js";
import { addressOf, arrange, isVisited, ownOf } from "./nearby.js";
import { PRACTICE } from "./sheet.js";
import { statusWord } from "./words.js";

const FIRST = 60; // rows drawn at once
const SCREEN = 14; // more than a screen of them: the rest is drawn once these can be seen

/** State of the list that outlives a drawing of it. */
const look = { order: "near", show: "open", words: "", all: false, rows: FIRST, seen: false };

/** The head above the list: how far today's work is. */
export function progressOf(app) {
  const all = app.phone.households();
  const own = look.all ? all : ownOf(all);
  const done = own.filter((one) => isVisited(one.status)).length;
  return { all, own, done };
}

export function drawList(app, box) {
  const { all, own, done } = progressOf(app);
  const here = app.here;
  const rows = arrange(own, { here, order: look.order, show: look.show, words: look.words });
  const redraw = () => app.draw();
  const most = look.seen ? look.rows : SCREEN;
  const shown = rows.slice(0, most);
  if (!look.seen && rows.length) {
    look.seen = true;
    if (rows.length > SCREEN) requestAnimationFrame(() => setTimeout(redraw));
  }
  const pick = (change) => () => {
    Object.assign(look, { rows: FIRST }, change);
    redraw();
  };

  const chips = h("div", { class: "chips", role: "group", "aria-label": t("排列") },
    chip(t("离我最近"), look.show === "open" && look.order === "near", pick({ show: "open", order: "near" })),
    chip(t("按门牌"), look.show === "open" && look.order === "address", pick({ show: "open", order: "address" })),
    chip(t("已走访 %(n)s", { n: count(done) }), look.show === "visited", pick({ show: "visited" })),
  );

  const keep = box.querySelector("input[type=search]");
  const search = keep || h("input", { type: "search", class: "input", placeholder: t("姓名、门牌"), "aria-label": t("查找农户"), autocomplete: "off", value: look.words });
  if (!keep) {
    let timer = 0;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(pick({ words: search.value }), 200);
    });
  }

  const list = h("ul", { class: "rows" }, shown.map((one, n) => row(app, one, look.show === "open" && look.order === "near" && n === 0 && one.metres !== null && !look.words)));
  const notes = [];
  if (look.show === "open" && look.order === "near" && !here) notes.push(h("p", { class: "note" }, app.placeTrouble ? t("没有定位，按门牌排列。") : t("正在定位，先按门牌排列。")));
  if (!rows.length) notes.push(empty(app, all, own));
  const more = most === look.rows && rows.length > most && button(t("再显示 %(n)s 户", { n: Math.min(FIRST, rows.length - most) }), pick({ rows: look.rows + FIRST }), { class: "quiet wide" });
  const scope = own.length !== all.length || look.all ? h("label", { class: "check" }, h("input", { type: "checkbox", checked: look.all, onchange: pick({ all: !look.all }) }), t("也显示未指派给我的 %(n)s 户", { n: count(all.length - ownOf(all).length) })) : null;
  const focused = document.activeElement === search;
  fill(box, h("h2", { class: "unseen" }, t("农户名单")), app.notices(), app.savedBar(), leftOver(app), chips, h("div", { class: "find" }, search), scope, notes, list, more);
  if (focused) search.focus();
}

function row(app, one, nearest) {
  const draft = app.phone.drafts.has(`h:${one.id}`);
  const state = draft ? t("正在填写") : one.return_at && one.status === 3 ? t("%(when)s 再访", { when: dayAndTime(one.return_at) }) : statusWord(one.status);
  return h("li", { class: nearest ? "row is-nearest" : "row" },
    h("button", { type: "button", class: "row-button", dataset: { household: one.id }, onclick: () => app.openVisit(one.id) },
      statusMark(one.status),
      h("span", { class: "row-words" },
        h("span", { class: "row-name" }, h("strong", {}, one.head || one.code), tagsOf(one)),
        h("span", { class: "row-place" }, `${addressOf(one)} · ${state}`)),
      h("span", { class: "row-far" }, one.metres !== null && h("strong", {}, distance(one.metres)), nearest && h("span", { class: "row-nearest" }, t("离您最近"))),
      icon("right")));
}

/** Visits begun at households that are on the list no more. */
function leftOver(app) {
  const gone = [...app.phone.drafts].filter((key) => key.startsWith("h:") && key !== `h:${PRACTICE}` && !app.phone.book.households[key.slice(2)]);
  return gone.map((key) => h("div", { class: "notice is-wrn" }, h("span", {}, t("有一户已不在名单，填写的内容还在。")), button(t("继续填写"), () => app.openVisit(Number(key.slice(2))))));
}

function empty(app, all, own) {
  if (!all.length) return h("p", { class: "note" }, app.phone.book.at ? t("您的辖区里还没有农户。") : t("还没有下载名单。请连网后点“立即更新”。"));
  if (look.words) return h("p", { class: "note" }, t("没有“%(words)s”。", { words: look.words }), " ", button(t("清除查找"), () => { Object.assign(look, { words: "" }); app.redrawAll(); }, { class: "link" }));
  if (look.show === "visited") return h("p", { class: "note" }, t("还没有走访过的户。"));
  return h("p", { class: "note is-done" }, t("%(n)s 户都已走访。", { n: count(own.length) }));
}
