/* How even the visits are shared out: a slider, and what the next step would cost. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h } from "../map/dom.js";
import { priceWords } from "./clock.js";

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
    const input = h("input", { type: "range", id: "rt-balance-value", min: "0", max: String(STEPS), step: "1", value: String(Math.round(state.balance * STEPS)), disabled: !state.mayChange,
      "aria-valuetext": t("%(n)s / %(m)s 档", { n: Math.round(state.balance * STEPS), m: STEPS }),
      oninput: () => tell(Number(input.value)),
      onchange: () => acts.change({ act: "balance", share: Number(input.value) / STEPS }, t("均衡程度 %(n)s / %(m)s 档", { n: input.value, m: STEPS })) });
    const price = h("p", { class: "quiet rt-terms", role: "status" });
    // What the step would cost is said while the slider is moved; it is done when it is let go.
    let asked = 0;
    async function tell(step) {
      const mine = (asked += 1);
      try {
        const found = await acts.priceOf({ act: "balance", share: step / STEPS });
        if (mine === asked) price.textContent = priceWords(found);
      } catch (reason) {
        if (mine === asked && reason.status === 422) price.textContent = reason.message;
      }
    }
    fill(place,
      h("h3", {}, h("label", { for: "rt-balance-value" }, t("均衡程度")), spread ? h("span", {}, t("最多 %(most)s 户 / 最少 %(least)s 户", { most: count(spread.most), least: count(spread.least) })) : null),
      input, h("div", { class: "rt-ends" }, h("span", {}, t("路程最短")), h("span", {}, t("户数最均"))), price);
    if (held) input.focus();
  }
  return { show };
}
