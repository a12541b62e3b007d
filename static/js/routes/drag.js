/* Dragging a stop: to a place in a row of the timeline, to somebody in the list, or to another day. Esc puts it back. */

import { t } from "../i18n.js";
import { fill, h } from "../map/dom.js";

const AWAY_PX = 5;
const PRICE_MS = 120;

/** How many of the visits (their middles, ascending) lie before `x`: the position to drop at. */
export function positionAt(middles, x) {
  return middles.filter((middle) => middle < x).length;
}

/**
 * @param {object} on `allowed(household)`, `drop(household, {inspector, position, day})`, `words(target)` (its name),
 *   `price(household, target)` (a promise of what it would cost, in words)
 * @returns {(event: PointerEvent, household: string, label: string) => void} begins what may become a drag
 */
export function createDrag(on) {
  let held = null;

  function targetAt(x, y) {
    const under = document.elementFromPoint(x, y);
    const day = under?.closest("[data-drop-day]");
    if (day) return { node: day, day: Number(day.dataset.dropDay) };
    const row = under?.closest(".rt-row, .rt-person");
    if (!row) return null;
    const target = { node: row, inspector: row.dataset.who };
    if (row.matches(".rt-row")) {
      const others = [...row.querySelectorAll(".rt-visit")].filter((one) => one.dataset.stop !== held.household);
      const boxes = others.map((one) => one.getBoundingClientRect());
      target.position = positionAt(boxes.map((box) => box.left + box.width / 2), x);
      const track = row.querySelector(".rt-track");
      const frame = track.getBoundingClientRect();
      const after = boxes[target.position - 1];
      const before = boxes[target.position];
      target.track = track;
      target.mark = (after ? after.right + 2 : before ? before.left - 4 : frame.left) - frame.left;
      return target;
    }
    const over = under.closest(".rt-stop");
    if (over) {
      const others = [...row.querySelectorAll(".rt-stop")].filter((one) => one.querySelector("[data-stop]").dataset.stop !== held.household);
      const middles = others.map((one) => one.getBoundingClientRect()).map((box) => box.top + box.height / 2);
      target.position = positionAt(middles, y);
    }
    return target;
  }

  function show(target) {
    if (held.target?.node !== target?.node) {
      held.target?.node.classList.remove("is-target");
      target?.node.classList.add("is-target");
    }
    held.target = target;
    held.line.remove();
    if (target?.track) {
      held.line.style.left = `${target.mark}px`;
      target.track.append(held.line);
    }
    const words = target ? `${held.label} → ${on.words(target)}` : t("%(name)s：放在一行上", { name: held.label });
    if (words === held.words) return;
    held.words = words;
    fill(held.ghost, words);
    window.clearTimeout(held.timer);
    if (target) held.timer = window.setTimeout(() => tell(held, words, target), PRICE_MS);
  }

  // What it would cost to let go here; too late where the pointer has moved on.
  async function tell(mine, words, target) {
    const price = await on.price(mine.household, target);
    if (held === mine && mine.words === words && price) fill(mine.ghost, words, " ", h("span", { class: "rt-price" }, price));
  }

  function move(event) {
    if (!held || event.pointerId !== held.id) return;
    if (!held.ghost) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < AWAY_PX) return;
      held.ghost = h("div", { class: "rt-ghost", "aria-hidden": "true" }, held.label);
      held.line = h("span", { class: "rt-drop" });
      document.body.append(held.ghost);
    }
    held.ghost.style.left = `${Math.min(event.clientX + 12, window.innerWidth - held.ghost.offsetWidth - 8)}px`;
    // The timetable lies at the bottom of the window: what is said of its last line stands above it.
    held.ghost.style.top = `${event.clientY + (event.clientY > window.innerHeight - 56 ? -44 : 12)}px`;
    show(targetAt(event.clientX, event.clientY));
  }

  function leave() {
    held?.target?.node.classList.remove("is-target");
    held?.ghost?.remove();
    held?.line?.remove();
    window.clearTimeout(held?.timer);
    held = null;
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", leave);
    window.removeEventListener("keydown", escape, true);
  }

  function end(event) {
    if (!held || event.pointerId !== held.id) return;
    const { household, target, ghost } = held;
    leave();
    if (!ghost) return;
    // The click that follows the drag would choose the stop.
    const hush = (click) => { click.stopPropagation(); click.preventDefault(); };
    window.addEventListener("click", hush, { capture: true, once: true });
    window.setTimeout(() => window.removeEventListener("click", hush, { capture: true }), 0);
    if (target) on.drop(household, target);
  }

  function escape(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    leave();
  }

  return function grab(event, household, label) {
    // A finger scrolls; what it would drag is in the menu of the stop.
    if (event.button !== 0 || event.pointerType === "touch" || held || !on.allowed(household)) return;
    held = { id: event.pointerId, household, label, x: event.clientX, y: event.clientY, target: null };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", leave);
    window.addEventListener("keydown", escape, true);
  };
}
