/* What may be added to a visit: photos, questionnaire, companions, work list, satisfaction, a remark. */

import { t } from "../i18n.js";
import { h, icon } from "../map/dom.js";
import { button, chip, choice, wordOf } from "./parts.js";
import { demandOfAnswer } from "./sheet-demands.js";
import { photoRow } from "./sheet-photos.js";

const STARS = [5, 4, 3, 2, 1];
const NONE = "没有问题"; // kept in Chinese, whatever language the phone speaks

function starWord(n) {
  return [t("很不满意"), t("不满意"), t("一般"), t("满意"), t("很满意")][n - 1];
}

/** The optional part of the sheet; `spoken` when somebody was spoken to. */
export function drawMore(sheet, { spoken }) {
  const draft = sheet.draft();
  const form = sheet.app.phone.book.form || {};
  const parts = [
    ["photos", "camera", t("拍照"), draft.photos.filter((photo) => photo.kind === "visit").length],
    spoken && form.questions?.length && ["form", "doc", t("问卷"), Object.keys(draft.answers).length],
    ["people", "users", t("陪同"), draft.companions.length],
    spoken && form.work?.length && ["work", "check", t("工作清单"), draft.work.length],
    spoken && ["rating", "flag", t("满意度"), draft.satisfaction ? 1 : 0],
    ["remark", "edit", t("备注"), draft.remark ? 1 : 0],
  ].filter(Boolean);
  const toggle = (name) => () => {
    sheet.open.more = sheet.open.more === name ? null : name;
    sheet.redraw();
  };
  const panels = { photos, form: questions, people, work, rating, remark };
  const open = parts.some(([name]) => name === sheet.open.more) ? sheet.open.more : null;
  return h("section", { class: "more" }, h("h3", {}, t("可选")),
    h("div", { class: "thirds" }, parts.map(([name, sign, words, n]) => h("button", { type: "button", class: "button", "aria-expanded": String(open === name), dataset: { focus: `more:${name}` }, onclick: toggle(name) },
      icon(sign), h("span", {}, n ? `${words} ${n}` : words)))),
    open && h("div", { class: "panel" }, panels[open](sheet)),
    draft.choice && button(t("丢弃这次填写"), () => sheet.discard(), { class: "link" }));
}

function photos(sheet) {
  return photoRow(sheet, { kind: "visit" });
}

function people(sheet) {
  const { companions } = sheet.draft();
  const known = sheet.app.phone.people.filter((name) => !companions.includes(name)).slice(0, 6);
  const input = h("input", { class: "input", maxlength: 40, autocomplete: "off", dataset: { focus: "person" } });
  const add = (name) => {
    const words = name.trim();
    if (!words || companions.includes(words)) return;
    sheet.set({ companions: [...companions, words] });
    sheet.app.phone.remember(words).catch((reason) => sheet.app.trouble(reason));
  };
  return [
    companions.length ? h("ul", { class: "names" }, companions.map((name) => h("li", {}, name, h("button", { type: "button", class: "round small", "aria-label": t("删去 %(name)s", { name }), onclick: () => sheet.set({ companions: companions.filter((one) => one !== name) }) }, icon("x"))))) : null,
    h("div", { class: "chips" }, known.map((name) => chip(name, false, () => add(name)))),
    h("label", { class: "field" }, h("span", {}, t("陪同人姓名")), input),
    button(t("添加"), () => add(input.value), { name: "plus" }),
  ];
}

function work(sheet) {
  const { work: done } = sheet.draft();
  const toggle = (key) => () => sheet.set({ work: done.includes(key) ? done.filter((one) => one !== key) : [...done, key] });
  return sheet.app.phone.book.form.work.map((item) => h("label", { class: "check" },
    h("input", { type: "checkbox", checked: done.includes(item.key), dataset: { focus: `work:${item.key}` }, onchange: toggle(item.key) }), wordOf(item)));
}

function rating(sheet) {
  return h("fieldset", { class: "choices" }, h("legend", { class: "unseen" }, t("满意度")), STARS.map((n) => choice("satisfaction", String(n), starWord(n), { checked: sheet.draft().satisfaction === n, onPick: () => sheet.set({ satisfaction: n }) })));
}

function remark(sheet) {
  return h("label", { class: "field" }, h("span", {}, t("备注")),
    h("textarea", { class: "input", rows: 3, maxlength: 2000, dataset: { focus: "remark" }, oninput: (event) => sheet.set({ remark: event.target.value }, { quiet: true }) }, sheet.draft().remark));
}

function questions(sheet) {
  return sheet.app.phone.book.form.questions.map((question) => oneQuestion(sheet, question));
}

function oneQuestion(sheet, question) {
  const { answers, demands } = sheet.draft();
  const value = answers[question.key];
  const set = (next, more) => {
    const rest = { ...sheet.draft().answers };
    if (next === "" || next === null) delete rest[question.key];
    else rest[question.key] = next;
    sheet.set({ answers: rest }, more);
  };
  const raised = demands.some((demand) => demand.from_question === question.key);
  return h("fieldset", { class: "block" }, h("legend", {}, wordOf(question)),
    h("textarea", { class: "input", rows: 2, maxlength: 2000, "aria-label": wordOf(question), dataset: { focus: `q:${question.key}` }, oninput: (event) => set(event.target.value, { quiet: true }) }, value ?? ""),
    h("div", { class: "chips" }, chip(t("没有问题"), value === NONE, () => set(value === NONE ? null : NONE)),
      raised ? h("p", { class: "note" }, t("已转为诉求")) : button(t("转为诉求"), () => demandOfAnswer(sheet, question, sheet.draft().answers[question.key] || ""), { name: "flag" })));
}
