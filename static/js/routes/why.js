/* Why a household has this visitor and this time, or none: the sentence of the server, and what can be done about it. */

import { t } from "../i18n.js";
import { getJson, withParams } from "../map/api.js";
import { fill, h, icon } from "../map/dom.js";
import { clock } from "./clock.js";
import { stopNotes } from "./people.js";

/** @param {object} on `lock(household)`, `menu(household, anchor)` */
export function createWhy(box, url, on) {
  let asked = 0;

  async function show(state, found) {
    const mine = (asked += 1);
    box.hidden = !found;
    if (!found) return;
    const { stop, route } = found;
    const words = h("p", {}, t("正在查原因…"));
    const more = h("button", { type: "button", class: "btn btn-small", "aria-haspopup": "menu", onclick: () => on.menu(stop.household, more) }, t("改派…"));
    fill(box, h("h2", {}, t("为何是%(who)s、%(time)s？", { who: route.name, time: clock(stop.start) })),
      h("p", { class: "quiet" }, [t("第 %(n)s 户", { n: stop.no }), stop.name, stop.code, stopNotes(stop)].filter(Boolean).join(" · ")), words,
      h("div", { class: "rt-why-acts" },
        state.mayChange && !stop.done ? [h("button", { type: "button", class: "btn btn-small", onclick: () => on.lock(stop.household) }, icon("lock"), stop.locked ? t("解除锁定") : t("锁定此户")), more] : null,
        h("a", { class: "btn btn-small", href: `/households/${stop.household}` }, icon("house"), t("农户档案"))));
    try {
      const answer = await getJson(withParams(`${url}/why`, { household: stop.household }));
      if (mine === asked) words.textContent = answer.message;
    } catch (reason) {
      if (mine === asked) words.textContent = reason.message;
    }
  }
  return { show };
}
