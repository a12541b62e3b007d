/* The five steps of an import, all in sight; those behind can be gone back to. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";

const STEPS = ["upload", "columns", "coordinates", "trial", "import"];
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
 * The step to stand on.
 * @param {string|null} wanted
 * @param {{preview: boolean, coordinates: boolean, trial: boolean, imported: boolean, running: string|null}} there
 */
export function standingOn(wanted, there) {
  if (there.imported || there.running === "import") return "import";
  if (there.running === "trial") return "trial";
  if (wanted === "trial" || wanted === "import") {
    if (there.trial) return "trial";
    return there.coordinates && wanted === "trial" ? "coordinates" : "columns";
  }
  if (wanted === "coordinates") return there.coordinates || !there.preview ? "coordinates" : "columns";
  return wanted || (there.trial ? "trial" : "columns");
}

/** Steps that can be gone to now. */
export function openSteps(there) {
  if (!there.preview || there.imported || there.running === "import") return new Set();
  return new Set(["columns", there.coordinates && "coordinates", there.trial && "trial"].filter(Boolean));
}

export function stepBefore(step, there) {
  const open = openSteps(there);
  return STEPS.slice(0, STEPS.indexOf(step)).reverse().find((one) => open.has(one)) || null;
}

function doneSteps(step, there) {
  const done = new Set(["upload", ...STEPS.slice(0, STEPS.indexOf(step))]);
  if (there.trial) for (const one of ["columns", "coordinates", "trial"]) done.add(one);
  if (there.imported) done.add("import");
  return done;
}

/** Draw the steps into an ordered list; `go(step)`. */
export function drawSteps(place, current, there, go) {
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.step : null;
  const [done, open] = [doneSteps(current, there), openSteps(there)];
  fill(place, STEPS.map((step, i) => {
    const isCurrent = step === current;
    const isDone = done.has(step);
    const isSkipped = step === "coordinates" && there.preview && !there.coordinates;
    const mark = h("span", { class: "step-mark", "aria-hidden": "true" }, isDone && !isCurrent ? icon("check") : String(i + 1));
    const word = h("span", { class: "step-word" }, WORDS[step]());
    const note = isSkipped ? t("（没有坐标，略过）") : isDone && !isCurrent ? t("（已完成）") : null;
    const parts = [mark, word, note && h("span", { class: "unseen" }, note)];
    const inside = open.has(step) && !isCurrent
      ? h("button", { type: "button", class: "step-go", dataset: { step }, onclick: () => go(step) }, parts)
      : h("span", { class: "step-go" }, parts);
    const looks = ["step", isDone && "is-done", isCurrent && "is-current", isSkipped && "is-skipped"].filter(Boolean).join(" ");
    return h("li", { class: looks, "aria-current": isCurrent ? "step" : null }, inside);
  }));
  if (held) place.querySelector(`[data-step="${held}"]`)?.focus();
}
