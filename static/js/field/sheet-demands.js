/* Demands raised at a house: class, words, photo, and whether they were solved on the spot. */

import { t } from "../i18n.js";
import { h } from "../map/dom.js";
import { button, chip, wordOf } from "./parts.js";
import { photoRow } from "./sheet-photos.js";
import { newDemand } from "./visit.js";

/** The part of the sheet for demands. */
export function drawDemands(sheet) {
  const { demands } = sheet.draft();
  const classes = sheet.app.phone.book.form?.demand_classes || [];
  const fallback = classes.length ? classes : [{ key: "other", zh: t("其他诉求"), en: t("其他诉求") }];
  const add = (kind) => sheet.set({ demands: [...sheet.draft().demands, newDemand(kind)] });
  return [
    demands.map((demand, n) => oneDemand(sheet, demand, n, fallback)),
    h("fieldset", { class: "block" }, h("legend", {}, demands.length ? t("再记一件") : t("诉求类别")),
      h("div", { class: "tiles" }, fallback.map((kind) => h("button", { type: "button", class: "tile", onclick: () => add(kind.key) }, h("span", {}, wordOf(kind)))))),
  ];
}

function oneDemand(sheet, demand, n, classes) {
  const change = (what, more) => sheet.set({ demands: sheet.draft().demands.map((one) => (one.id === demand.id ? { ...one, ...what } : one)) }, more);
  const kind = classes.find((one) => one.key === demand.class);
  const name = kind ? wordOf(kind) : demand.class;
  return h("fieldset", { class: "block demand" }, h("legend", {}, t("诉求 %(n)s：%(kind)s", { n: n + 1, kind: name })),
    h("label", { class: "field" }, h("span", {}, t("诉求说明")),
      h("textarea", { class: "input", rows: 3, maxlength: 2000, dataset: { focus: `text:${demand.id}` }, oninput: (event) => change({ text: event.target.value }, { quiet: true }) }, demand.text)),
    h("div", { class: "chips", role: "group", "aria-label": t("办理") },
      chip(t("需要办理"), !demand.solved, () => change({ solved: false })), chip(t("当场已解决"), demand.solved, () => change({ solved: true }))),
    photoRow(sheet, { demand: demand.id, kind: "demand" }),
    button(t("删去这件诉求"), () => sheet.set({ demands: sheet.draft().demands.filter((one) => one.id !== demand.id), photos: sheet.draft().photos.map((photo) => (photo.demand === demand.id ? { ...photo, demand: null, kind: "visit" } : photo)) }), { class: "link" }));
}

/** A question's answer becomes a demand. */
export function demandOfAnswer(sheet, question, text) {
  const classes = sheet.app.phone.book.form?.demand_classes || [];
  const kind = classes.find((one) => one.key === question.topic) || classes[0] || { key: "other" };
  sheet.set({ choice: "issue", demands: [...sheet.draft().demands, { ...newDemand(kind.key, question.key), text }] });
}
