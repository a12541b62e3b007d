/* The list of households to visit: the nearest first. What the map can do, it can. */

import { t } from "../i18n.js";
import { count, dayAndTime, distance } from "../format.js";
import { arrange as put, differs, fill, h, icon } from "../map/dom.js";
import { button, chip, statusMark, tagsOf } from "./parts.js";
import { addressOf, arrange, isVisited, nextOne, ownOf, prepareOrder } from "./nearby.js";
import { clockAt, stopsOf } from "./route.js";
import { dayAt, PRACTICE } from "./visit.js";
import { statusWord } from "./words.js";

const FIRST = 60; // rows drawn at once
const NOBODY = 3; // nobody was home: not at once again
const SCREEN = 14; // more than a screen of them: the rest is drawn once these can be seen

/** State of the list that outlives a drawing of it. */
const look = { order: null, show: "open", words: "", all: false, rows: FIRST, seen: false, moving: null };
/** Rows as they were drawn last, by household: one that shows the same stays where it is, with the focus it may have. */
const rows = { drawn: new Map(), route: h("ul", { class: "rows" }), others: h("ul", { class: "rows" }) };

/** Make what every list is drawn with, while somebody still types the PIN. */
export function prepareList() {
  prepareOrder();
  count(0);
  statusMark(0);
}

/** The head above the list: how far today's work is. */
export function progressOf(app) {
  const all = app.phone.households();
  const own = look.all ? all : ownOf(all);
  const done = own.filter((one) => isVisited(one.status)).length;
  return { all, own, done };
}

/** Today's route with the households as they stand here; those that are not on the list any more have none. */
export function routeToday(app) {
  const homes = new Map(app.phone.households().map((one) => [one.id, one]));
  return stopsOf(app.phone.book, app.phone.orders, dayAt(Date.now())).map((stop) => ({ ...stop, home: homes.get(stop.household) || null }));
}

const isOpen = (stop) => stop.home !== null && !isVisited(stop.home.status);
const orderOf = (route) => look.order || (route.some(isOpen) ? "route" : "near");

/** The household to go to after this one: the next of the route, else the nearest. */
export function nextOf(app, but) {
  const route = routeToday(app);
  const next = orderOf(route) === "route" && route.find((stop) => isOpen(stop) && stop.household !== but && stop.home.status !== NOBODY);
  return next ? next.home : nextOne(progressOf(app).own, app.here, but);
}

export function drawList(app, box) {
  const { all, own, done } = progressOf(app);
  const here = app.here;
  const route = routeToday(app);
  const order = orderOf(route);
  const byRoute = look.show === "open" && order === "route";
  const stops = new Map(byRoute ? route.map((stop, n) => [stop.household, { ...stop, n }]) : []);
  const mine = stops.size ? [...own, ...route.map((stop) => stop.home).filter((home) => home && !own.some((one) => one.id === home.id))] : own;
  const found = arrange(mine, { here, order: order === "address" ? "address" : "near", show: look.show, words: look.words });
  const first = found.filter((one) => stops.has(one.id)).sort((a, b) => stops.get(a.id).n - stops.get(b.id).n);
  const homes = [...first, ...found.filter((one) => !stops.has(one.id))];
  const redraw = () => app.draw();
  const most = look.seen ? look.rows : SCREEN;
  const shown = homes.slice(0, most);
  if (!look.seen && homes.length) {
    look.seen = true;
    if (homes.length > SCREEN) requestAnimationFrame(() => setTimeout(redraw));
  }
  const pick = (change) => () => {
    Object.assign(look, { rows: FIRST }, change);
    redraw();
  };

  const chips = h("div", { class: "chips", role: "group", "aria-label": t("排列") },
    route.length > 0 && chip(t("按路线"), byRoute, pick({ show: "open", order: "route" })),
    chip(t("离我最近"), look.show === "open" && order === "near", pick({ show: "open", order: "near" })),
    chip(t("按门牌"), look.show === "open" && order === "address", pick({ show: "open", order: "address" })),
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

  const isFirst = (one, n) => n === 0 && look.show === "open" && !look.words && (stops.has(one.id) || (order === "near" && one.metres !== null));
  const listed = shown.map((one, n) => row(app, one, isFirst(one, n), stops.get(one.id)));
  rows.drawn = new Map(listed.map((node, n) => [shown[n].id, node]));
  const cut = shown.filter((one) => stops.has(one.id)).length;
  put(rows.route, listed.slice(0, cut));
  put(rows.others, listed.slice(cut));
  const list = [
    cut > 0 && rows.route,
    byRoute && listed.length > cut && h("h3", { class: "rows-head" }, t("路线以外")),
    listed.length > cut && rows.others,
  ];
  const notes = [];
  if (byRoute) notes.push(aboutRoute(app, route));
  if (look.show === "open" && order === "near" && !here) notes.push(h("p", { class: "note" }, app.placeTrouble ? t("没有定位，按门牌排列。") : t("正在定位，先按门牌排列。")));
  if (!homes.length) notes.push(empty(app, all, own));
  const more = most === look.rows && homes.length > most && button(t("再显示 %(n)s 户", { n: Math.min(FIRST, homes.length - most) }), pick({ rows: look.rows + FIRST }), { class: "quiet wide" });
  const scope = own.length !== all.length || look.all ? h("label", { class: "check" }, h("input", { type: "checkbox", checked: look.all, onchange: pick({ all: !look.all }) }), t("也显示未指派给我的 %(n)s 户", { n: count(all.length - ownOf(all).length) })) : null;
  const focused = document.activeElement === search;
  if (look.moving) {
    fill(box, h("h2", { class: "unseen" }, t("农户名单")), app.notices(), orderer(app, route));
    return;
  }
  const find = search.parentNode || h("div", { class: "find" }, search);
  put(box, [h("h2", { class: "unseen" }, t("农户名单")), app.notices(), app.savedBar(), leftOver(app), chips, find, scope, notes, list, more].flat().filter(Boolean));
  if (focused) search.focus();
}

/** What there is to know of the day's route, and the way to another order. */
function aboutRoute(app, route) {
  const done = route.filter((stop) => stop.home && isVisited(stop.home.status)).length;
  const gone = route.filter((stop) => !stop.home).length;
  const end = Math.max(...route.map((stop) => stop.leave));
  return h("div", { class: "about-route" },
    h("p", { class: "note" }, t("今日路线 %(n)s / %(m)s 户，计划 %(from)s–%(to)s", { n: count(done), m: count(route.length), from: clockAt(Math.min(...route.map((stop) => stop.start))), to: clockAt(end) }),
      route.some((stop) => !stop.lead) && [" · ", t("陪同")], gone > 0 && [" · ", t("%(n)s 户已不在名单", { n: count(gone) })]),
    route.filter((stop) => isOpen(stop) && stop.lead).length > 1 && button(t("改顺序"), () => { look.moving = route.filter((stop) => stop.lead).map((stop) => stop.household); app.draw(); }, { class: "quiet" }));
}

/** The stops with buttons to move them; what was visited stays where it is. */
function orderer(app, route) {
  const stops = look.moving.map((id) => route.find((stop) => stop.household === id)).filter(Boolean);
  const end = (change) => {
    look.moving = null;
    change?.();
    app.draw();
  };
  const move = (n, by) => {
    const moved = stops.map((stop) => stop.household);
    [moved[n], moved[n + by]] = [moved[n + by], moved[n]];
    look.moving = moved;
    app.draw();
    document.querySelector(`[data-moved="${moved[n + by]}"][data-by="${by}"]:not(:disabled), [data-moved="${moved[n + by]}"]:not(:disabled)`)?.focus();
  };
  const step = (stop, n, by, sign, words) => h("button", { type: "button", class: "round", dataset: { moved: stop.household, by }, disabled: !isOpen(stop) || !stops[n + by] || !isOpen(stops[n + by]), "aria-label": words, onclick: () => move(n, by) }, icon(sign));
  return h("section", { class: "orderer", "aria-label": t("改顺序") },
    h("ul", { class: "rows" }, stops.map((stop, n) => {
      const name = stop.home ? stop.home.head || stop.home.code : t("已不在名单");
      return h("li", { class: "row order-row" },
        stop.home && statusMark(stop.home.status),
        h("span", { class: "row-words" }, h("span", { class: "row-name" }, h("strong", {}, `${n + 1}. ${name}`)), stop.home && h("span", { class: "row-place" }, addressOf(stop.home))),
        step(stop, n, -1, "up", t("%(name)s 提前", { name })), step(stop, n, 1, "chev", t("%(name)s 推后", { name })));
    })),
    h("div", { class: "halves" }, button(t("取消"), () => end()), button(t("保存顺序"), () => { const wanted = stops; end(() => app.phone.sayOrder(wanted).catch(app.trouble)); }, { class: "main" })));
}

function row(app, one, nearest, stop = null) {
  const draft = app.phone.drafts.has(`h:${one.id}`);
  const state = draft ? t("正在填写") : one.return_at && one.status === 3 ? t("%(when)s 再访", { when: dayAndTime(one.return_at) }) : statusWord(one.status);
  const tags = [one.grade, one.key_groups?.[0]];
  const far = one.metres === null ? null : distance(one.metres);
  // A sign is a picture in the colours of its day.
  const shows = [one.status, one.head || one.code, addressOf(one), state, tags, far, nearest, stop && clockAt(stop.start), document.documentElement.dataset.bsTheme];
  const kept = rows.drawn.get(one.id);
  if (kept && !differs(kept, ...shows)) return kept;
  const node = h("li", { class: nearest ? "row is-nearest" : "row" },
    h("button", { type: "button", class: "row-button", dataset: { household: one.id }, onclick: () => app.openVisit(one.id) },
      statusMark(one.status),
      h("span", { class: "row-words" },
        h("span", { class: "row-name" }, h("strong", {}, one.head || one.code), tagsOf(one)),
        h("span", { class: "row-place" }, `${addressOf(one)} · ${state}`)),
      h("span", { class: "row-far" }, stop && h("strong", {}, clockAt(stop.start)), far && h(stop ? "span" : "strong", {}, far), nearest && h("span", { class: "row-nearest" }, stop ? t("下一户") : t("离您最近"))),
      icon("right")));
  differs(node, ...shows);
  return node;
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
