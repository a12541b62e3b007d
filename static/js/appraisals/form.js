/* The form of an appraisal: only the fields of the chosen standard, and the grade that follows as one fills it in. The rule
   is the server's; the form is asked about whenever it changes. */

import { loadWords, t } from "../i18n.js";

const WAIT_MS = 250;
const form = document.getElementById("appraise");
const now = document.getElementById("grade-now");
const head = document.getElementById("grade-head");
const why = document.getElementById("grade-why");
const standard = form.elements.standard;
let timer = 0;
let asked = 0;

function showFields() {
  const isGuideline = standard.value === standard.dataset.guideline;
  for (const part of form.querySelectorAll("[data-for]")) {
    part.hidden = (part.dataset.for === "guideline") !== isGuideline;
  }
}

/** What the rule needs of the form; of the danger points only whether there are any. */
function query() {
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (!value || ["csrf_token", "id", "mark", "supersedes", "remark", "reason", "appraiser", "appraised_by"].includes(name)) continue;
    given.set(name, name.endsWith("_points") ? (value.trim() ? "1" : "") : value);
  }
  return given;
}

function show({ grade, reasons, advice }) {
  now.hidden = false;
  for (const sign of now.querySelectorAll("[data-grade]")) sign.hidden = sign.dataset.grade !== (grade || "");
  head.textContent = grade ? t("计算的等级") : t("还定不出等级");
  why.textContent = [...reasons, advice].filter(Boolean).join(" · ");
}

async function ask() {
  asked += 1;
  const turn = asked;
  if (!standard.value) {
    now.hidden = true;
    return;
  }
  try {
    const answer = await fetch(`/appraisals/grade.json?${query()}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.ok && turn === asked) show(await answer.json());
  } catch (unreachable) {
    now.hidden = true; // the server says it once more when the form is sent
  }
}

function changed() {
  showFields();
  window.clearTimeout(timer);
  timer = window.setTimeout(ask, WAIT_MS);
}

await loadWords();
form.addEventListener("input", changed);
form.addEventListener("change", changed);
showFields();
await ask();
document.body.dataset.ready = "true";
