/* Who comes along with whom (陪同): they have one route on the days they go together. */

import { t } from "../i18n.js";
import { h, icon } from "../map/dom.js";

/** @param {object[]} people whom to choose from; `changed()` after each choice */
export function createPairs(place, more, people, changed) {
  const pairs = [];

  function add(wanted = null) {
    const pick = (label, name, at) => h("select", { class: "form-select", "aria-label": label, onchange: changed }, people.map((one, i) => h("option", { value: String(one.id), selected: wanted ? one.id === wanted[name] : i === at }, one.name)));
    const pair = { lead: pick(t("谁主访"), "lead", 0), companion: pick(t("谁陪同"), "companion", Math.min(1, people.length - 1)) };
    pair.node = h("div", { class: "rt-line" }, pair.lead, h("span", {}, t("主访，陪同的是")), pair.companion, h("button", { type: "button", class: "rt-more", "aria-label": t("去掉这组陪同"), onclick: () => {
      pairs.splice(pairs.indexOf(pair), 1);
      pair.node.remove();
      more.focus();
      changed();
    } }, icon("x")));
    pairs.push(pair);
    place.append(pair.node);
    if (!wanted) pair.lead.focus();
    changed();
  }
  more.addEventListener("click", () => add());
  more.disabled = people.length < 2;

  return { add, wanted: () => pairs.map((pair) => ({ lead: Number(pair.lead.value), companion: Number(pair.companion.value) })) };
}
