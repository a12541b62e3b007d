/* Days to choose from: the weeks from this one on, Monday first; rest days and public holidays are marked. */

import { t } from "../i18n.js";
import { fill, h } from "../map/dom.js";
import { dayWords, weekday } from "./clock.js";
import { holidayOf } from "./holidays.js";

const WEEKS = 4;
const DAY_MS = 86400000;

/** "2026-11-30" and so many days on. */
export function daysOn(day, n) {
  return new Date(new Date(`${day}T00:00:00Z`).getTime() + n * DAY_MS).toISOString().slice(0, 10);
}

/** Why a day is one of rest, in a word or two; null where it is not. */
export function restOf(day) {
  return holidayOf(day) || ([0, 6].includes(weekday(day)) ? t("休") : null);
}

/** The first day from tomorrow on that is none of rest. */
export function nextWorkday(today) {
  let day = daysOn(today, 1);
  while (restOf(day)) day = daysOn(day, 1);
  return day;
}

/** Fill `place` with a box for each day; `changed()` after each choice. Gives `days()`: those chosen, in order, and `take(days)`. */
export function createCalendar(place, today, changed) {
  const monday = daysOn(today, -((weekday(today) + 6) % 7));
  const first = nextWorkday(today);
  const boxes = [];
  const cells = [];
  for (let at = 0; at < WEEKS * 7; at += 1) {
    const day = daysOn(monday, at);
    if (day < today) {
      cells.push(h("span"));
      continue;
    }
    const rest = restOf(day);
    const box = h("input", { type: "checkbox", value: day, checked: day === first, "aria-label": rest ? `${dayWords(day)} ${rest}` : dayWords(day), onchange: changed });
    boxes.push(box);
    cells.push(h("label", {}, box, h("span", { "aria-hidden": "true" }, String(Number(day.slice(8)))), h("small", { "aria-hidden": "true" }, rest || "")));
  }
  const heads = [t("一"), t("二"), t("三"), t("四"), t("五"), t("六"), t("日")].map((word) => h("span", { "aria-hidden": "true" }, word));
  fill(place, heads, cells);
  /** Choose these days instead, as far as they are still to come; the present choice stays where none is. */
  function take(days) {
    if (!boxes.some((box) => days.includes(box.value))) return;
    for (const box of boxes) box.checked = days.includes(box.value);
  }
  return { take, days: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}
