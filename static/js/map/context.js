/* The bar under the top bar: campaign and round, way from county to village, how fresh the figures are, the link. */

import { ageHours, day, dayAndTime } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h, icon, toast } from "./dom.js";
import { change, state } from "./state.js";

function pick(label, options, chosen, act) {
  const node = h("select", { class: "context-pick", "aria-label": label, onchange: () => act(node.value) },
    options.map(([value, word]) => h("option", { value, selected: String(value) === String(chosen) }, word)));
  return node;
}

export function drawPicks(place, setup) {
  if (!differs(place, setup.campaigns, setup.campaign, setup.round)) return;
  const campaigns = setup.campaigns || [];
  if (!campaigns.length) {
    fill(place, h("span", { class: "quiet" }, t("还没有行动")));
    return;
  }
  const current = campaigns.find((one) => String(one.id) === String(setup.campaign)) || campaigns[0];
  fill(place,
    pick(t("行动名称"), campaigns.map((one) => [one.id, one.name]), current.id, (id) => change({ campaign: id, round: null }, { step: true })),
    current.rounds?.length > 1 || current.rounds?.length === 1
      ? pick(t("轮次"), current.rounds.map((one) => [one.no, one.name]), setup.round, (no) => change({ round: no }, { step: true })) : null);
}

/** Breadcrumb. `top` is the asker's own area: what lies above it is only named. */
export function drawCrumbs(place, crumbs, top, go) {
  if (!differs(place, crumbs, top)) return;
  const from = crumbs.findIndex((crumb) => crumb.code === top);
  fill(place, crumbs.map((crumb, i) => {
    const last = i === crumbs.length - 1;
    if (last) return h("li", {}, h("span", { "aria-current": "location" }, crumb.name));
    if (i < from) return h("li", {}, h("span", { class: "quiet" }, crumb.name));
    return h("li", {}, h("button", { type: "button", onclick: () => go(crumb.code) }, crumb.name));
  }));
}

/** "数据截至 …" with its age; a past day is said to be one. */
export function drawFresh(place, asOf, past = null) {
  const age = ageHours(asOf);
  place.dataset.age = past ? "past" : age === null ? "unknown" : age > 24 ? "days" : age > 1 ? "hours" : "now";
  const when = past ? day(past) : dayAndTime(asOf);
  const short = t("截至 %(when)s", { when });
  let words = t("数据截至 %(when)s", { when });
  if (past) words = t("截至 %(when)s，历史", { when });
  else if (age === null) words = t("数据时间未知");
  else if (age > 24) words = t("未更新，数据截至 %(when)s", { when });
  if (differs(place, words, short)) fill(place, h("span", { class: "fresh-long" }, words), h("span", { class: "fresh-short" }, age === null && !past ? words : short));
}

export function linkButton() {
  return h("button", {
    type: "button", class: "btn copy-link",
    onclick: async () => {
      const link = window.location.href;
      try {
        await navigator.clipboard.writeText(link);
        toast(t("已复制链接，打开即恢复此视图"));
      } catch (refused) {
        showLink(link);
      }
    },
  }, icon("link"), h("span", {}, t("复制链接")));
}

// Without an encrypted connection the browser gives no clipboard: the link is shown, selected, to be copied by hand.
function showLink(link) {
  const field = h("input", { class: "form-control", readonly: true, value: link, "aria-label": t("此视图的链接") });
  const box = h("dialog", { class: "dialog", "aria-labelledby": "link-title" },
    h("div", { class: "dialog-head" }, h("h2", { id: "link-title" }, t("复制链接")),
      h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => box.close() }, icon("x"))),
    h("div", { class: "dialog-body" }, field));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  field.select();
  if (document.execCommand?.("copy")) {
    box.close();
    toast(t("已复制链接，打开即恢复此视图"));
  }
}
