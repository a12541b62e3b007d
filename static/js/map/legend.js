/* Parts of every legend under the map: a class that can be singled out, and the choices in its head. */

import { t } from "../i18n.js";
import { h } from "./dom.js";
import { change, state } from "./state.js";

function toggleOnly(key) {
  const only = new Set(state.only || []);
  if (only.has(key)) only.delete(key);
  else only.add(key);
  change({ only: only.size ? only : null });
}

/** One class: its colour, its range, a note; a click shows it alone. */
export function classButton(key, swatch, range, note) {
  return h("button", {
    type: "button", class: "class", dataset: { class: key }, "aria-pressed": String(Boolean(state.only?.has(key))), title: t("只看这一级，再点恢复"), onclick: () => toggleOnly(key),
  }, h("i", { class: `class-swatch ${swatch}` }), h("span", { class: "class-range" }, range), note && h("span", { class: "class-note" }, note));
}

/**
 * A choice in the head of a legend; the first option is the one without a word in the address.
 * @param {string} name of the state
 * @param {[string|null, string][]} options value and word
 */
export function legendChoice(name, label, options, more = {}) {
  const chosen = state[name] || "";
  const choice = h("select", {
    class: "legend-choice", "aria-label": label, title: label, dataset: { class: name },
    onchange: () => change({ [name]: choice.value || null, only: null, ...more }),
  }, options.map(([value, word]) => h("option", { value: value || "", selected: (value || "") === chosen }, word)));
  return choice;
}

/** Head of a legend: what it shows, what may be chosen, and below it how to read it, with signs that are no class. */
export function legendHead(title, words, choices, signs = []) {
  return [
    h("div", { class: "dock-head" }, h("h3", {}, title), h("span", { class: "legend-choices" }, choices)),
    h("div", { class: "dock-note" }, h("span", { class: "dock-what" }, words), signs),
  ];
}
