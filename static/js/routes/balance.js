/* How even the visits are shared out: a slider, and what the next step would cost. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h } from "../map/dom.js";

const STEPS = 4;

/** Most and least visits of those who work that day; null where nobody does. */
export function spreadOf(routes) {
  const sizes = routes.filter((route) => route.stops.length).map((route) => route.stops.length);
  return sizes.length ? { most: Math.max(...sizes), least: Math.min(...sizes) } : null;
}

export function createBalance(place, acts) {
  function show(state) {
    const { plan } = state;
    place.hidden = !plan.solved;
    if (!plan.solved || !differs(place, state.drawn, state.day, state.mayChange)) return;
    const held = place.contains(document.activeElement);
    const spread = spreadOf(state.routes);
    const input = h("input", { type: "range", id: "rt-balance-value", min: "0", max: String(STEPS), step: "1", value: String(Math.round(plan.balance * STEPS)), disabled: !state.mayChange,
      "aria-valuetext": t("%(n)s / %(m)s 档", { n: Math.round(plan.balance * STEPS), m: STEPS }),
      onchange: () => acts.change({ act: "balance", value: Number(input.value) / STEPS }, t("均衡程度 %(n)s / %(m)s 档", { n: input.value, m: STEPS })) });
    fill(place,
      h("h3", {}, h("label", { for: "rt-balance-value" }, t("均衡程度")), spread ? h("span", {}, t("最多 %(most)s 户 / 最少 %(least)s 户", { most: count(spread.most), least: count(spread.least) })) : null),
      input, h("div", { class: "rt-ends" }, h("span", {}, t("路程最短")), h("span", {}, t("户数最均"))));
    if (held) input.focus();
  }
  return { show };
}
