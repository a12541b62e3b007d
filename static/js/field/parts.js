/* Small parts that several screens share. */

import { lang, t } from "../i18n.js";
import { h, icon } from "../map/dom.js";
import { signElement, statusSign } from "../map/symbols.js";
import { groupWord } from "../map/words.js";

/** The word of a thing of the work plan in the page's language. */
export const wordOf = (thing) => (lang === "en" ? thing.en || thing.zh : thing.zh) || thing.key;

/** A button with an icon and a word. */
export function button(words, act, { class: kind = "", name = null, ...more } = {}) {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick: act, ...more }, name && icon(name), h("span", {}, words));
}

/** One choice of several, as a radio card that works with keys and for screen readers. */
export function choice(group, value, words, { checked = false, onPick, class: kind = "", extra = null }) {
  return h("label", { class: `choice ${kind}`.trim() },
    h("input", { type: "radio", name: group, value, checked, onchange: () => onPick(value) }), h("span", { class: "choice-mark", "aria-hidden": "true" }), h("span", { class: "choice-words" }, words, extra));
}

/** A chip that can be on or off. */
export function chip(words, on, act) {
  return h("button", { type: "button", class: "chip", "aria-pressed": String(on), onclick: act }, words);
}

/** The sign of a household's status. */
export function statusMark(status) {
  return h("span", { class: "mark", "aria-hidden": "true" }, signElement(statusSign(status), 10));
}

/** Grade and key groups behind a name. */
export function tagsOf(household) {
  const { grade, key_groups: groups = [] } = household;
  return [
    grade && h("span", { class: "grade" }, signElement(`grade:${grade}`, 9), h("span", {}, t("%(grade)s级", { grade }))),
    ...groups.slice(0, 1).map((key) => h("span", { class: "tag" }, groupWord(key))),
  ];
}

/** An item of a list of findings: sign, title, words, a figure or buttons. */
export function group(sign, kind, title, words, figure = null, more = null) {
  return h("li", { class: "group" }, h("span", { class: `group-sign is-${kind}` }, icon(sign)),
    h("div", { class: "group-words" }, h("strong", {}, title), words && h("p", {}, words), more), figure && h("span", { class: "group-figure" }, figure));
}

/** Focus a thing that gets no focus by itself, such as a heading. */
export function focusOn(node) {
  node.tabIndex = -1;
  node.focus({ preventScroll: true });
}
