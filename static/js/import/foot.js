/* The bar at the foot of the wizard: what has been written so far, how the rows add up, and the one next act. */

import { t } from "../i18n.js";
import { sumLine, totalsOf } from "./checks.js";
import { chosenReading, isSettled, shortLabel } from "./readings.js";
import { kindOf, rowsOf } from "./words.js";

/**
 * @param {object} parts elements `foot`, `back`, `next`, `leave`, `sum`, `unwritten`, `chooseFirst`
 * @param {object} state `data` of the upload, `choices`, `step`, `there`, `before` (step to go back to), `faults`, `isBusy`
 */
export function drawFoot(parts, { data, choices, step, there, before, faults, isBusy }) {
  const { foot, back, next, leave, sum, unwritten, chooseFirst } = parts;
  foot.hidden = there.imported;
  back.hidden = !before || isBusy;
  leave.hidden = isBusy;
  next.hidden = isBusy;
  const isTried = step === "trial" && there.trial;
  const summary = isTried ? data.trial : data.preview?.summary;
  const totals = summary ? totalsOf(summary) : null;
  const { coordinates } = data.preview || {};
  const isOpen = step !== "columns" && !isTried && Boolean(coordinates) && !isSettled(coordinates, choices);
  chooseFirst.hidden = !isOpen || isBusy;
  if (isTried) {
    next.textContent = t("导入 %(rows)s", { rows: rowsOf(kindOf(data), totals.accepted) });
    next.disabled = !totals.accepted;
  } else {
    const reading = coordinates && !isOpen ? chosenReading(coordinates, choices) : null;
    if (step === "columns" && coordinates) next.textContent = t("下一步：检查坐标");
    else next.textContent = reading ? t("按 %(system)s 试算", { system: shortLabel(reading) }) : t("试算");
    next.disabled = !totals || faults.conflicts > 0 || faults.missing.length > 0 || isOpen;
  }
  sum.textContent = totals ? sumLine(totals) : "";
  unwritten.textContent = there.running === "import" ? t("正在写入；中途取消就全部退回。") : t("尚未写入任何数据。");
}
