/* Households without a visit in the plan: why, and the cheapest thing that would help; a button does it where it can. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h } from "../map/dom.js";
import { letterOf } from "./signs.js";

const STEP = 30;

/**
 * @param {object} on `choose(household)`, `remedy(one)`, `menu(household, anchor)`, `hover(household|null)`
 */
export function createLeftOut({ head, hint, list }, on) {
  let lines = new Map();
  let shown = STEP;

  function line(one, at, state) {
    const opener = h("button", { type: "button", class: "rt-said", onclick: () => on.choose(one.household), onfocus: () => on.hover(one.household), onblur: () => on.hover(null) },
      h("strong", {}, one.name), " ", h("span", {}, one.reason));
    const add = h("button", { type: "button", class: "btn btn-small", "aria-haspopup": "menu", "aria-label": t("把 %(name)s 排入…", { name: one.name }), onclick: () => on.menu(one.household, add) }, t("排入…"));
    const take = one.remedy ? h("button", { type: "button", class: "btn btn-small", "aria-label": t("采用：%(remedy)s", { remedy: one.remedy.words }), onclick: () => on.remedy(one) }, t("采用")) : null;
    const node = h("li", { dataset: { left: one.household }, onpointerenter: () => on.hover(one.household), onpointerleave: () => on.hover(null) },
      h("span", { class: "rt-letter", "aria-hidden": "true" }, letterOf(at)), opener,
      h("div", { class: "rt-remedy" }, h("span", {}, one.remedy ? one.remedy.words : ""), state.mayChange ? [take, one.placed ? add : null] : null));
    lines.set(one.household, node);
    return node;
  }

  function show(state) {
    if (!differs(list, state.drawn, state.reasons, state.mayChange, shown)) return mark(state);
    lines = new Map();
    const { leftOut } = state.plan;
    head.textContent = t("未排入 %(n)s 户", { n: count(leftOut.length) });
    hint.textContent = leftOut.some((one) => one.remedy) ? t("附最省的办法") : "";
    fill(list, leftOut.length
      ? [...leftOut.slice(0, shown).map((one, at) => line(one, at, state)), leftOut.length > shown ? more(state, leftOut.length - shown) : null]
      : h("li", { class: "empty" }, state.plan.solved ? t("选中的农户都排入了。") : t("算好后这里列出没有排入的农户。")));
    mark(state);
  }

  function more(state, rest) {
    return h("li", { class: "rt-left-more" }, h("button", { type: "button", class: "btn btn-small", onclick: () => {
      const first = shown;
      shown += STEP;
      show(state);
      list.children[first]?.querySelector("button").focus();
    } }, t("再看 %(n)s 户（还有 %(m)s 户）", { n: count(Math.min(STEP, rest)), m: count(rest) })));
  }

  function mark(state) {
    for (const [household, node] of lines) {
      node.classList.toggle("is-lit", household === state.lit);
      node.classList.toggle("is-chosen", household === state.stop);
    }
  }
  return { show, mark, reveal: (household) => lines.get(household)?.scrollIntoView({ block: "nearest" }) };
}
