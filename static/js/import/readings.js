/* In which coordinate system the numbers were written: the readings side by side, each with what speaks for it. */

import { count, distance, rate } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { readingSign, signsOf } from "./readings-map.js";

/** The reading that is meant: the chosen one, else the best if it is certain, else what the import would take it for now. */
export function chosenReading(coordinates, choices) {
  const { readings } = coordinates;
  const named = (name) => readings.find((reading) => reading.name === name);
  const isPicked = (reading) => reading.crs === choices.crs && Boolean(reading.swapped) === Boolean(choices.swapped);
  // A system typed in may be written otherwise than the server's name for it.
  if (choices.crs) return readings.find(isPicked) || named(coordinates.declared) || null;
  return (coordinates.certain ? named(coordinates.best) : named(coordinates.declared)) || named(coordinates.best) || readings[0] || null;
}

/** Whether a person or the evidence has settled the question. */
export function isSettled(coordinates, choices) {
  return Boolean(choices.crs) || coordinates.certain || coordinates.readings.length < 2;
}

/** A reading's name without the remark in brackets, for a button. */
export function shortLabel(reading) {
  return reading.label.replace(/\s*[（(].*$/, "");
}

function figures(reading) {
  const parts = [];
  if (reading.n) parts.push(t("%(share)s 落在村庄内（%(n)s / %(m)s 点）", { share: rate(reading.inside / reading.n), n: count(reading.inside), m: count(reading.n) }));
  if (Number.isFinite(reading.median_to_centre_m)) parts.push(t("距村中心中位数 %(distance)s", { distance: distance(reading.median_to_centre_m) }));
  if (Number.isFinite(reading.median_to_ground_m)) parts.push(t("距路和房屋中位数 %(distance)s", { distance: distance(reading.median_to_ground_m) }));
  return parts.join(t("，"));
}

/** Draw question, finding and choices; `on.choose(reading)`. */
export function drawReadings(parts, coordinates, choices, on) {
  const { alarm, choice, note } = parts;
  const chosen = chosenReading(coordinates, choices);
  const wrong = coordinates.alarm && chosen?.name !== coordinates.best;
  fill(alarm, icon(coordinates.alarm || !coordinates.certain ? "warn" : "check"),
    h("div", {}, h("p", {}, coordinates.sentence), coordinates.evidence ? h("p", { class: "finding-why" }, coordinates.evidence) : null));
  alarm.className = `finding ${wrong ? "finding-dan" : coordinates.alarm || !coordinates.certain ? "finding-wrn" : "finding-ok"}`;
  alarm.hidden = false;
  const held = choice.contains(document.activeElement) ? document.activeElement.value : null;
  const signs = signsOf(coordinates.readings, chosen);
  fill(choice, h("legend", { class: "unseen" }, t("这些坐标用的是哪种坐标系？")), coordinates.readings.map((reading, i) => h("label", { class: "reading" },
    h("input", { type: "radio", name: "reading", value: reading.name, checked: reading === chosen && isSettled(coordinates, choices), onchange: () => on.choose(reading) }),
    h("span", { class: "reading-words" },
      h("strong", {}, readingSign(signs[i]), reading.label,
        reading.name === coordinates.declared && !choices.crs ? h("span", { class: "tag" }, t("未选时按此")) : null,
        reading.name === coordinates.best && coordinates.certain && coordinates.readings.length > 1 ? h("span", { class: "tag tag-ok" }, t("最吻合")) : null),
      h("span", { class: "quiet" }, figures(reading))))));
  if (held !== null) choice.querySelector(`input[value="${CSS.escape(held)}"]`)?.focus();
  const notes = [t("原始坐标与来源一并保存，随时可改。")];
  if (coordinates.blank_n) notes.push(t("%(n)s 行没有坐标，按住址定位，定不了的导入后列入“待定位”。", { n: count(coordinates.blank_n) }));
  if (coordinates.zero_n) notes.push(t("%(n)s 行坐标为 0，按没有坐标处理。", { n: count(coordinates.zero_n) }));
  fill(note, notes.flatMap((one, i) => [i ? " " : "", h("span", {}, one)]));
  return chosen;
}
