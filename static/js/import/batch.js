/* Taking a batch back: one press, its progress, and what came of it. */

import { loadWords, t } from "../i18n.js";
import { sendJson } from "../map/api.js";
import { fill, h, icon, say } from "../map/dom.js";
import { createProgress, followJob } from "./jobs.js";

await loadWords();
const place = document.getElementById("undo");
if (place) start();
document.body.dataset.ready = "true";

function start() {
  const button = place.querySelector("[data-undo]");
  const trouble = place.querySelector("[data-trouble]");
  const progress = createProgress(place.querySelector("[data-progress]"), () => {});

  function failed(words) {
    fill(trouble, icon("warn"), h("span", {}, words));
    trouble.hidden = false;
    say(words);
    if (button) button.disabled = false;
  }

  async function follow(job) {
    const quiet = (now) => ({ ...now, kind: "undo", can_cancel: false }); // half an undo is none: it runs to its end
    progress.show(quiet(job));
    const ended = await followJob(job, (now) => progress.show(quiet(now)), (away) => progress.show(quiet(job), away)).ended;
    progress.show(null);
    // The page itself says what was taken back, or what stands in the way.
    if (ended.state === "done" || ended.result?.blockers?.length) window.location.assign(window.location.pathname);
    else failed(ended.error?.message || t("没有撤销。请稍后重试。"));
  }

  async function undo() {
    trouble.hidden = true;
    button.disabled = true;
    try {
      await follow((await sendJson("POST", place.dataset.url)).job);
    } catch (reason) {
      failed(reason.message || String(reason));
    }
  }

  if (button) {
    button.addEventListener("click", undo);
    button.disabled = false;
  }
  if (place.dataset.job) follow({ id: place.dataset.job, state: "waiting" }).catch((reason) => failed(reason.message));
}
