/* The editor of a work plan: numbers in a form, the text with its faults beside the line, and what it would change.
   Nothing is applied that was not previewed as it stands. */

import { loadWords, t } from "../i18n.js";
import { createProgress, followJob } from "../import/jobs.js";
import { postJson } from "../map/api.js";
import { fill, h, say } from "../map/dom.js";
import { showFound } from "./found.js";
import { showForm } from "./form.js";

const CHECK_AFTER_MS = 350;
const page = document.querySelector("[data-editor]");
const part = (name) => page.querySelector(`[data-${name}]`);
const text = part("text");
const gutter = part("gutter");
let seen = null; // the preview of the text as it stands, or null
let checked = 0;
let timer = 0;

function showGutter(faults = []) {
  const wrong = new Map(faults.map((one) => [one.line, one.sentence]));
  const lines = text.value.split("\n").length;
  fill(gutter, Array.from({ length: lines }, (_, at) =>
    h("div", { class: wrong.has(at + 1) ? "plan-no plan-no-wrong" : "plan-no", title: wrong.get(at + 1) }, String(at + 1))));
  gutter.scrollTop = text.scrollTop;
}

function goTo(line) {
  const rows = text.value.split("\n");
  const begin = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
  text.focus();
  text.setSelectionRange(begin, begin + (rows[line - 1] || "").length);
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 4) * height);
}

function showFaults({ faults, contradictions }) {
  showGutter(faults);
  const line = (one, words) => h("li", {},
    h("button", { type: "button", class: "btn btn-small", onclick: () => goTo(one.line) }, t("第 %(n)s 行", { n: one.line })), " ", words);
  fill(part("faults"),
    faults.length > 0 && h("ul", { class: "plan-faults" }, faults.map((one) => line(one, `${one.field} ${one.found === null ? "" : t("写的是 %(found)s；", { found: one.found })}${t("应为%(expected)s", { expected: one.expected })}`))),
    contradictions.length > 0 && h("details", { class: "plan-contradictions" },
      h("summary", {}, t("方案中有 %(n)s 处矛盾，不妨碍应用", { n: contradictions.length })),
      h("ul", { class: "plan-faults" }, contradictions.map((one) => line(one, one.text)))));
  const words = faults.length ? t("有 %(n)s 处需要改正，改好后才能试算。", { n: faults.length }) : t("方案可以试算。");
  part("answer").textContent = words;
  say(words);
  part("preview").disabled = faults.length > 0;
}

function stale() {
  seen = null;
  part("apply").disabled = true;
  fill(part("found"));
}

function refused(reason) {
  const place = part("error");
  place.textContent = reason.message;
  place.hidden = false;
  place.focus();
}

async function check(set = {}) {
  const turn = ++checked;
  try {
    const found = await postJson("/api/v1/campaigns/check", { text: text.value, set });
    if (turn !== checked) return;
    part("error").hidden = true;
    if (found.text !== text.value) text.value = found.text;
    showFaults(found);
    if (!found.faults.length) showForm(part("form"), found.form, (field, value) => { stale(); check({ [field]: value }); });
  } catch (reason) {
    if (turn === checked) refused(reason);
  }
}

function asked() {
  return { text: text.value, area: part("area")?.value || null };
}

async function preview() {
  stale();
  part("error").hidden = true;
  part("preview").disabled = true;
  const sent = asked();
  try {
    const found = await postJson("/api/v1/campaigns/preview", sent);
    if (sent.text !== text.value) return;
    const code = page.dataset.code;
    seen = { ...sent, revision: found.revision };
    showFound(part("found"), found, code);
    part("apply").disabled = false;
    part("apply").lastChild.textContent = found.version ? t("应用第 %(n)s 版", { n: found.version + 1 }) : t("开办行动");
  } catch (reason) {
    refused(reason);
  } finally {
    part("preview").disabled = false;
  }
}

async function apply() {
  if (!seen) return;
  part("apply").disabled = true;
  part("error").hidden = true;
  const progress = createProgress(part("job"), () => {});
  try {
    const { job } = await postJson("/api/v1/campaigns", { ...seen, note: part("note").value || null });
    progress.show(job);
    const ended = await followJob(job, (step) => progress.show(step), (away) => progress.show(job, away)).ended;
    progress.show(null);
    if (ended.state !== "done") {
      refused(new Error(ended.error?.message || t("没有应用。")));
      return;
    }
    window.location.assign(`/campaigns/${encodeURIComponent(ended.result.campaign)}`);
  } catch (reason) {
    progress.show(null);
    stale();
    refused(reason);
  }
}

await loadWords();
text.addEventListener("input", () => {
  stale();
  showGutter();
  window.clearTimeout(timer);
  timer = window.setTimeout(() => check(), CHECK_AFTER_MS);
});
text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
part("area")?.addEventListener("change", stale);
part("preview").addEventListener("click", preview);
part("apply").addEventListener("click", apply);
await check();
document.body.dataset.ready = "true";
