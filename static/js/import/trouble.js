/* What did not go, said where it is seen and heard, with what can be done about it. */

import { t } from "../i18n.js";
import { fill, h, icon, say } from "../map/dom.js";

/** Where to sign in to come back to this very view. */
export function signInLink() {
  const here = window.location.pathname + window.location.search + window.location.hash;
  return h("a", { class: "btn btn-small", href: `/sign-in?next=${encodeURIComponent(here)}` }, t("重新登录"));
}

/** @param {() => void} again tries anew what failed */
export function createTrouble(box, again) {
  const trouble = { of: null };

  function show(of, words, ...acts) {
    trouble.of = of;
    fill(box, icon("warn"), h("span", {}, words), acts);
    box.hidden = false;
    say(words);
  }

  /** An answer that did not come, or was a refusal. */
  trouble.act = (reason) => show("act", reason.message || String(reason),
    reason.status === 401 ? signInLink() : h("button", { type: "button", class: "btn btn-small", onclick: again }, t("重试")));

  /** A job that ended badly; `isLost` if it leaves nothing to go on with. */
  trouble.job = (job, isLost) => {
    if (trouble.of === job.id) return;
    show(job.id, job.error.message, isLost ? h("a", { class: "btn btn-small", href: "/imports" }, t("换一个文件")) : null);
  };

  trouble.hush = () => {
    trouble.of = null;
    box.hidden = true;
  };
  return trouble;
}
