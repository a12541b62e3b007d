/* The five steps of an import, all in sight; those behind can be gone back to. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";

export const STEPS = ["upload", "columns", "coordinates", "trial", "import"];
const WORDS = {
  upload: () => t("上传"),
  columns: () => t("核对列"),
  coordinates: () => t("检查坐标"),
  trial: () => t("试算"),
  import: () => t("导入"),
};

/** The step an address names, if it is one. */
export function stepNamed(hash) {
  const name = hash.replace(/^#/, "");
  return STEPS.indexOf(name) > 0 ? name : null;
}

/**
 * @param {Element} place an ordered list
 * @param {{current: string, done: Set<string>, open: Set<string>, skipped: Set<string>}} state `open` can be gone to
 * @param {(step: string) => void} go
 */
export function drawSteps(place, state, go) {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.step : null;
  fill(place, STEPS.map((step, i) => {
    const done = state.done.has(step);
    const current = step === state.current;
    const mark = h("span", { class: "step-mark", "aria-hidden": "true" }, done && !current ? icon("check") : String(i + 1));
    const word = h("span", { class: "step-word" }, WORDS[step]());
    const note = state.skipped.has(step) ? h("span", { class: "unseen" }, t("（没有坐标，略过）")) : done && !current ? h("span", { class: "unseen" }, t("（已完成）")) : null;
    const inside = state.open.has(step) && !current
      ? h("button", { type: "button", class: "step-go", dataset: { step }, onclick: () => go(step) }, mark, word, note)
      : h("span", { class: "step-go" }, mark, word, note);
    return h("li", { class: `step${done ? " is-done" : ""}${current ? " is-current" : ""}${state.skipped.has(step) ? " is-skipped" : ""}`, "aria-current": current ? "step" : null }, inside);
  }));
  if (held) place.querySelector(`[data-step="${held}"]`)?.focus();
}
