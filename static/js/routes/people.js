/* Who goes where on a day, as a list: each route opens into its stops, each stop has a menu. The list equals the map. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h, icon } from "../map/dom.js";
import { clock, span, way } from "./clock.js";
import { classOf, signOf } from "./signs.js";

/** What is known of a stop besides its time, in few words. */
export function stopNotes(stop) {
  return [
    stop.done ? t("已走访") : null,
    stop.locked ? t("已锁定") : null,
    stop.grade ? t("%(grade)s级", { grade: stop.grade }) : null,
    ...stop.groups,
    stop.overdue > 0 ? t("逾期 %(n)s 天", { n: count(stop.overdue) }) : null,
  ].filter(Boolean).join(" · ");
}

/** A stop in one sentence, for those who do not see it. */
export function stopSentence(stop, who) {
  return [
    t("第 %(n)s 户", { n: stop.no }),
    stop.name,
    who,
    t("%(from)s 至 %(to)s", { from: clock(stop.start), to: clock(stop.leave) }),
    t("路上 %(span)s", { span: span(stop.travel_s) }),
    stopNotes(stop),
  ].filter(Boolean).join(t("，"));
}

/**
 * @param {object} on `who(id)`, `stop(household)`, `menu(household, anchor)`, `hover(household|null)`, `grab(event, household, name)`
 */
export function createPeople(place, on) {
  const lines = new Map();

  function stopLine(stop, route) {
    const opener = h("button", { type: "button", class: "rt-stop-open", dataset: { stop: stop.household }, "aria-label": stopSentence(stop, route.name),
      onclick: () => on.stop(stop.household), onpointerdown: (event) => on.grab(event, stop.household, stop.name), onfocus: () => on.hover(stop.household), onblur: () => on.hover(null) },
      h("span", { class: `rt-no${stop.done ? " is-done" : ""}` }, String(stop.no)),
      h("span", {}, stop.name, h("span", { class: "rt-note" }, stopNotes(stop))),
      h("span", { class: "rt-when" }, `${clock(stop.start)}–${clock(stop.leave)}`, h("span", { class: "rt-note" }, t("路上 %(span)s", { span: span(stop.travel_s) }))));
    const more = h("button", { type: "button", class: "rt-more", "aria-label": t("第 %(n)s 户可以做什么", { n: stop.no }), "aria-haspopup": "menu", onclick: () => on.menu(stop.household, more) }, icon(stop.locked ? "lock" : "menu"));
    const node = h("li", { class: "rt-stop", onpointerenter: () => on.hover(stop.household), onpointerleave: () => on.hover(null) }, opener, more);
    lines.set(stop.household, node);
    return node;
  }

  function person(route, state) {
    const chosen = state.who === route.inspector;
    const words = route.stops.length
      ? [t("%(way)s · 路上 %(span)s", { way: way(route.travel_m, route.estimated), span: span(route.travel_s) })]
      : [route.absent ? t("这天不上班") : t("这天没有安排")];
    return h("li", { class: `rt-person ${classOf(route.look)}${chosen ? " is-chosen" : ""}`, dataset: { who: route.inspector } },
      h("button", { type: "button", class: "rt-person-open", "aria-expanded": String(chosen), onclick: () => on.who(chosen ? null : route.inspector) },
        signOf(route.look),
        h("span", { class: "rt-who" }, h("strong", {}, route.name), route.locked ? [" ", icon("lock"), h("span", { class: "unseen" }, t("已锁定"))] : null),
        h("span", { class: "rt-n" }, t("%(n)s 户", { n: count(route.stops.length) })),
        h("span", { class: "rt-note" }, ...words, route.companions.length ? ` · ${t("陪同 %(names)s", { names: route.companions.join("、") })}` : null),
        h("span", { class: "rt-back" }, route.stops.length ? clock(route.back) : "")),
      chosen ? h("ol", { class: "rt-stops" }, route.stops.map((stop) => stopLine(stop, route))) : null);
  }

  function show(state) {
    if (!differs(place, state.drawn, state.day, state.who)) return mark(state);
    lines.clear();
    const held = document.activeElement?.closest?.("#rt-people") ? focusKey(document.activeElement) : null;
    fill(place, state.routes.map((route) => person(route, state)));
    if (held) place.querySelector(held)?.focus({ preventScroll: true });
    mark(state);
  }

  function mark(state) {
    for (const [key, node] of lines) {
      node.classList.toggle("is-lit", key === state.lit);
      node.classList.toggle("is-chosen", key === state.stop);
    }
  }

  return { show, mark, reveal: (household) => lines.get(household)?.scrollIntoView({ block: "nearest" }) };
}

/** How to find what held the focus once the list is made anew. */
export function focusKey(node) {
  if (node.dataset.stop) return `[data-stop="${CSS.escape(node.dataset.stop)}"]`;
  const who = node.closest("[data-who]")?.dataset.who;
  return who ? `[data-who="${CSS.escape(who)}"] button` : null;
}
