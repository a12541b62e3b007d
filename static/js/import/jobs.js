/* Work the server does in the background: asked after until it ends, shown as step, count and a way to stop it. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { getJson } from "../map/api.js";
import { fill, h, say } from "../map/dom.js";

const FIRST_MS = 400;
const MOST_MS = 2000;
const AWAY_MS = 5000;
const RUNNING = new Set(["waiting", "running"]);

export function isRunning(job) {
  return Boolean(job) && RUNNING.has(job.state);
}

/**
 * Ask after a job until it ends. An unreachable server ends nothing: the work goes on there, and so does the asking.
 * @param {object} job
 * @param {(job: object) => void} onStep called for each state that came
 * @param {(away: boolean) => void} onAway the server could not be reached, or can be again
 * @param {() => boolean} isEager whether to go on asking as often as at first, as somebody waits for something to see
 * @returns {{ended: Promise<object>, stop: () => void}} the job as it ended; rejected if the server refuses to tell
 */
export function followJob(job, onStep, onAway = () => {}, isEager = () => false) {
  let stopped = false;
  let timer = 0;
  let wait = FIRST_MS;
  let away = false;
  let wake = () => {};
  const setAway = (now) => {
    if (now !== away) onAway(now);
    away = now;
  };
  const pause = (ms) => new Promise((done) => {
    wake = done;
    timer = window.setTimeout(done, ms);
  });
  const ended = (async () => {
    let current = job;
    while (isRunning(current) && !stopped) {
      await pause(away ? AWAY_MS : wait);
      if (stopped) break;
      try {
        current = await getJson(`/api/v1/jobs/${encodeURIComponent(job.id)}`);
        setAway(false);
        onStep(current);
        wait = isEager() ? FIRST_MS : Math.min(MOST_MS, wait * 1.25);
      } catch (reason) {
        if (reason.status) throw reason;
        setAway(true);
      }
    }
    return current;
  })();
  const retry = () => wake();
  window.addEventListener("online", retry);
  ended.catch(() => {}).finally(() => window.removeEventListener("online", retry));
  return {
    ended,
    stop: () => {
      stopped = true;
      window.clearTimeout(timer);
      wake();
    },
  };
}

const KIND_WORDS = {
  preview: () => t("正在读取文件"),
  trial: () => t("正在试算"),
  import: () => t("正在导入"),
  undo: () => t("正在撤销"),
  edit: () => t("正在修改边界"),
  place: () => t("正在定位农户"),
  plan: () => t("正在应用实施方案"),
  assign: () => t("正在指派"),
  route: () => t("正在计算路线"),
  gate: () => t("正在办理"),
  compare: () => t("正在比对名单"),
  labels: () => t("正在制标签"),
  files: () => t("正在打包"),
};

/** What a job is doing, in words. */
export function jobWords(job) {
  const what = KIND_WORDS[job.kind]?.() || t("正在处理");
  return job.step && !what.includes(job.step) ? t("%(what)s：%(step)s", { what, step: job.step }) : what;
}

/** Progress as a part of the page; `progress.show(job|null, away)` keeps it up to date. */
export function createProgress(place, onCancel) {
  const words = h("span", { class: "progress-words" });
  const figures = h("span", { class: "progress-count quiet nowrap" });
  const bar = h("progress", { class: "job-bar", "aria-label": t("进度") });
  const cancel = h("button", { type: "button", class: "btn btn-small", onclick: () => { cancel.disabled = true; onCancel(); } }, t("取消"));
  fill(place, h("div", { class: "progress-line" }, words, figures, cancel), bar);
  let spoken = "";
  let shown = null;

  function show(job, away = false) {
    place.hidden = !job;
    if (!job) {
      spoken = "";
      return;
    }
    if (shown !== job.id) cancel.disabled = false;
    shown = job.id;
    words.textContent = away ? t("无网络。服务器上的工作不受影响，恢复后自动继续显示。") : jobWords(job);
    const known = Number.isFinite(job.done) && job.total > 0;
    figures.textContent = known ? `${count(job.done)} / ${count(job.total)}` : "";
    if (known) {
      bar.max = job.total;
      bar.value = Math.min(job.done, job.total);
    } else bar.removeAttribute("value");
    cancel.hidden = !job.can_cancel;
    place.dataset.away = String(away);
    // Each step is said once; the numbers between are for the eye.
    if (words.textContent !== spoken) {
      spoken = words.textContent;
      say(spoken);
    }
  }
  return { show };
}
