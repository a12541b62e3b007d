/* The hours of a day: one row for each inspector with ways, visits, waiting and breaks; rows take what is dragged there. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h, icon } from "../map/dom.js";
import { clock } from "./clock.js";
import { focusKey, stopSentence } from "./people.js";
import { classOf } from "./signs.js";

const HOUR = 3600;

/** From which to which second of the day the rows go: full hours around everything planned. */
export function spanOf(routes) {
  const busy = routes.filter((route) => route.stops.length);
  if (!busy.length) return [8 * HOUR, 18 * HOUR];
  const first = Math.min(...busy.map((route) => route.leave));
  const last = Math.max(...busy.map((route) => route.back));
  return [Math.floor(first / HOUR) * HOUR, Math.max(Math.floor(first / HOUR) + 1, Math.ceil(last / HOUR)) * HOUR];
}

/** When of the time between two visits somebody is on the way: at once, going on after breaks; the rest is free. */
function waysBetween(from, to, length, breaks) {
  const ways = [];
  let at = from;
  let left = Math.min(length, to - from);
  const go = (until) => {
    const part = Math.min(left, until - at);
    if (part <= 0) return;
    ways.push([at, at + part]);
    left -= part;
  };
  for (const pause of breaks) {
    if (pause.end <= from || pause.start >= to) continue;
    go(pause.start);
    at = Math.max(at, pause.end);
  }
  go(to);
  return ways;
}

/** What a route does from when to when: `go`, `wait`, `visit` in their order, with the way back; then each `pause`. */
export function piecesOf(route) {
  const pieces = [];
  const go = (from, to, length, estimated) => {
    for (const [first, last] of waysBetween(from, to, length, route.breaks)) pieces.push({ kind: "go", from: first, to: last, estimated });
  };
  let at = route.leave;
  for (const stop of route.stops) {
    go(at, stop.arrive, stop.travel_s, stop.estimated);
    if (stop.start > stop.arrive) pieces.push({ kind: "wait", from: stop.arrive, to: stop.start });
    pieces.push({ kind: "visit", from: stop.start, to: stop.leave, stop });
    at = stop.leave;
  }
  if (route.stops.length) go(at, route.back, route.back_travel_s, route.estimated);
  for (const pause of route.breaks) pieces.push({ kind: "pause", from: pause.start, to: pause.end });
  return pieces;
}

/**
 * @param {object} on `who(id)`, `stop(household)`, `menu(household, anchor)`, `hover(household|null)`, `lock(household)`,
 *   `grab(event, household, name)`
 */
export function createTimeline({ head, hours, rows }, on) {
  let blocks = new Map();

  function piece(one, route, [from, to]) {
    const set = (node) => {
      node.style.left = `${((one.from - from) / (to - from)) * 100}%`;
      node.style.width = `${((one.to - one.from) / (to - from)) * 100}%`;
      return node;
    };
    if (one.kind === "go") return set(h("span", { class: `rt-go${one.estimated ? " is-estimated" : ""}`, "aria-hidden": "true" }));
    if (one.kind === "wait") return set(h("span", { class: "rt-wait", title: t("等候"), "aria-hidden": "true" }));
    if (one.kind === "pause") return set(h("span", { class: "rt-pause", title: t("休息"), "aria-hidden": "true" }, t("休息")));
    const { stop } = one;
    const node = h("button", { type: "button", class: `rt-visit${stop.done ? " is-done" : ""}`, dataset: { stop: stop.household }, tabindex: "-1", "aria-label": stopSentence(stop, route.name),
      onclick: () => on.stop(stop.household), ondblclick: () => on.menu(stop.household, node),
      onpointerenter: () => on.hover(stop.household), onpointerleave: () => on.hover(null),
      onfocus: () => on.hover(stop.household), onblur: () => on.hover(null),
      onpointerdown: (event) => on.grab(event, stop.household, stop.name),
      onkeydown: (event) => key(event, stop, node) }, String(stop.no), stop.locked ? icon("lock") : null);
    blocks.set(stop.household, node);
    return set(node);
  }

  function key(event, stop, node) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[event.key] && !event.altKey && !event.ctrlKey) {
      event.preventDefault();
      const [along, across] = steps[event.key];
      const all = [...node.parentElement.querySelectorAll(".rt-visit")];
      if (along) all[all.indexOf(node) + along]?.focus();
      else neighbour(node, across)?.focus();
    } else if (event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      on.stop(stop.household);
      on.menu(stop.household, node);
    } else if (event.key === "l" || event.key === "L") {
      event.preventDefault();
      on.lock(stop.household);
    }
  }

  // The visit of the next row that begins nearest to this one.
  function neighbour(node, step) {
    const lists = [...rows.children].map((row) => [...row.querySelectorAll(".rt-visit")]);
    let at = lists.findIndex((list) => list.includes(node)) + step;
    while (lists[at] && !lists[at].length) at += step;
    const left = parseFloat(node.style.left);
    return lists[at]?.reduce((best, one) => (Math.abs(parseFloat(one.style.left) - left) < Math.abs(parseFloat(best.style.left) - left) ? one : best));
  }

  function row(route, state, span) {
    const track = h("div", { class: "rt-track", dataset: { who: route.inspector } }, piecesOf(route).map((one) => piece(one, route, span)));
    track.style.setProperty("--hour", `${(HOUR / (span[1] - span[0])) * 100}%`);
    // One stop on the way of the Tab key for each row; the arrows go on from there.
    track.querySelector(".rt-visit")?.setAttribute("tabindex", "0");
    return h("li", { class: `rt-row ${classOf(route.look)}${state.who === route.inspector ? " is-chosen" : ""}`, dataset: { who: route.inspector } },
      h("button", { type: "button", class: "rt-row-open", "aria-pressed": String(state.who === route.inspector), onclick: () => on.who(state.who === route.inspector ? null : route.inspector) },
        h("span", { class: "rt-who" }, route.name), h("span", { class: "rt-n" }, count(route.stops.length), h("span", { class: "unseen" }, t("户")))),
      track,
      h("span", { class: "rt-end" }, route.stops.length ? t("%(time)s 返回", { time: clock(route.back) }) : ""));
  }

  function show(state) {
    if (!differs(rows, state.drawn, state.day, state.who)) return mark(state);
    const held = document.activeElement?.closest?.("#rt-rows") ? focusKey(document.activeElement) : null;
    blocks = new Map();
    const span = spanOf(state.routes);
    head.textContent = state.dayWords ? t("%(day)s 时间表", { day: state.dayWords }) : t("时间表");
    const marks = [];
    const step = span[1] - span[0] > 14 * HOUR ? 2 * HOUR : HOUR;
    for (let at = span[0] + step; at < span[1]; at += step) {
      const mark_ = h("span", {}, clock(at));
      mark_.style.left = `${((at - span[0]) / (span[1] - span[0])) * 100}%`;
      marks.push(mark_);
    }
    fill(hours, marks);
    fill(rows, state.routes.map((route) => row(route, state, span)));
    if (held) rows.querySelector(held)?.focus({ preventScroll: true });
    mark(state);
  }

  function mark(state) {
    for (const [household, node] of blocks) {
      node.classList.toggle("is-lit", household === state.lit);
      node.classList.toggle("is-chosen", household === state.stop);
    }
  }
  return { show, mark };
}
