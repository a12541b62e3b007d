/* Hours of the form: what an evening and a weekend are, and when nobody is to be disturbed. */

import { t } from "../i18n.js";
import { padded, secondOf } from "./clock.js";

const byId = (id) => document.getElementById(id);
const SPANS = [["evening", "rt-evening"], ["weekend", "rt-weekend"], ["quiet", "rt-quiet"]];

const inputs = (id) => [byId(`${id}-from`), byId(`${id}-to`)];

/** Hours as the server takes them; what was left empty is not there. */
export function timesWanted() {
  const wanted = {};
  for (const [name, id] of SPANS) {
    const [from, to] = inputs(id).map((box) => box.value.trim());
    if (!from && !to) continue;
    const span = { from: padded(from || "0:00"), to: to ? padded(to) : "24:00" };
    wanted[name] = name === "quiet" ? [span] : span;
  }
  return wanted;
}

/** Hours of a form of before. */
export function takeTimes(choices) {
  for (const [name, id] of SPANS) {
    const span = name === "quiet" ? choices.quiet?.[0] : choices[name];
    if (span) inputs(id).forEach((box, at) => { box.value = [span.from, span.to][at].replace(/^0/, ""); });
  }
}

/** The first span that is wrong: `[element, words]`; null if none is. */
export function wrongTimes() {
  for (const [, id] of SPANS) {
    const [from, to] = inputs(id);
    for (const box of [from, to]) if (box.value.trim() && !Number.isFinite(secondOf(box.value.trim()))) return [box, t("时间要写成 18:30 这样。")];
    if (from.value.trim() && to.value.trim() && secondOf(from.value.trim()) >= secondOf(to.value.trim())) return [to, t("后面的时间要晚于前面的。")];
  }
  return null;
}
