/* The form of an appraisal: site, parts, and the grade that follows while one fills it in. */

import { t } from "../i18n.js";
import { day } from "../format.js";
import { fill, h } from "../map/dom.js";
import { signElement } from "../map/symbols.js";
import { appraisalBody, appraisalLacks, appraise, MOST_PHOTOS, newAppraisal } from "./appraising.js";
import { wordOf } from "./parts.js";
import { photoRow } from "./sheet-photos.js";
import { picks } from "./task-form.js";
import { dayAt } from "./visit.js";
import { placeOf } from "./work.js";

const WHY = {
  impression: () => t("疑似危房，待鉴定"),
  disaster: () => t("灾后待复核"),
  monitored: () => t("监测待鉴定"),
  expired: () => t("鉴定已过期"),
  never: () => t("未鉴定"),
};
export const whyWord = (key) => WHY[key]();
const pairs = (table) => table.map((one) => [one.key, wordOf(one)]);

/** How to write down the appraisal of a house; `appraiser` as it was written last. */
export function appraisalForm(house, rules, appraiser) {
  const partOf = (key) => wordOf(rules.parts.find((part) => part.key === key));
  const lacks = (draft) => {
    const found = appraisalLacks(draft, rules, dayAt(Date.now()));
    if (!found) return null;
    const of = { part: found.code === "points" || found.code === "level" ? partOf(found.part) : "" };
    return {
      points: t("请核对%(part)s：b、c、d 级写明危险点，a 级不写。", of),
      level: t("%(part)s写了危险点，请选择等级。", of),
      raw: t("请填写原标准的等级。"),
      grade: t("定不出等级：请补全，或由鉴定人认定并写明理由。"),
      reason: t("结论不是计算的等级，请写明理由。"),
      cause: t("请选择鉴定缘由。"),
      appraiser: t("请填写鉴定单位或鉴定小组。"),
      day: t("鉴定日期不能晚于今天。"),
    }[found.code];
  };
  const now = h("div", { class: "grade-line", role: "status" });
  const reason = h("div", {});

  function drawGrade(sheet) {
    const draft = sheet.draft();
    const result = appraise(rules, draft);
    const words = [...result.reasons, result.advice].filter(Boolean).map(wordOf);
    fill(now, result.grade && signElement(`grade:${result.grade}`, 10),
      h("strong", {}, result.grade ? t("计算的等级：%(grade)s级", { grade: result.grade }) : t("还定不出等级")),
      h("span", {}, result.wrong ? lacks(draft) : words.join(" · ")));
    const isOwn = draft.grade && draft.grade !== result.grade;
    if (Boolean(reason.firstChild) !== Boolean(isOwn)) fill(reason, isOwn && area(sheet, "reason", t("人工认定的理由")));
  }

  function area(sheet, name, title) {
    return h("label", { class: "field" }, h("span", {}, title), h("textarea", { class: "input", rows: 2, maxlength: 2000, oninput: (event) => sheet.set({ [name]: event.target.value }, { quiet: true }) }, sheet.draft()[name]));
  }

  function line(sheet, name, title, more = {}) {
    return h("label", { class: "field" }, h("span", {}, title), h("input", { class: "input", maxlength: 200, value: sheet.draft()[name] || "", oninput: (event) => sheet.set({ [name]: event.target.value }, { quiet: true }), ...more }));
  }

  function part(sheet, { key, ...word }) {
    const draft = sheet.draft();
    const mine = draft.parts[key] || { level: null, points: "" };
    const set = (change, quiet = false) => sheet.set({ parts: { ...sheet.draft().parts, [key]: { ...(sheet.draft().parts[key] || mine), ...change } } }, { quiet });
    const options = [...pairs(rules.levels), [rules.absent, t("无此部分")]];
    const needs = rules.with_points.includes(mine.level);
    // What was noted is kept only where the level has danger points: the other levels have none.
    const pick = (level) => set({ level, points: rules.with_points.includes(level) ? mine.points : "" });
    return picks(sheet, key, wordOf(word), options, {
      value: mine.level, pick, again: true,
      more: [
        needs && h("textarea", { class: "input", rows: 2, maxlength: 500, "aria-label": t("%(part)s的危险点", { part: wordOf(word) }), placeholder: t("危险点"), oninput: (event) => set({ points: event.target.value }, true) }, mine.points),
        needs && photoRow(sheet, { kind: key, most: MOST_PHOTOS }),
      ],
    });
  }

  function draw(sheet) {
    const draft = sheet.draft();
    const isGuideline = draft.standard === rules.guideline;
    const choose = h("select", { class: "input", onchange: () => sheet.set({ standard: choose.value }) }, rules.standards.map((one) => h("option", { value: one.key, selected: one.key === draft.standard }, wordOf(one))));
    fill(reason);
    drawGrade(sheet);
    return [
      h("label", { class: "field" }, h("span", {}, t("鉴定标准")), choose),
      isGuideline && picks(sheet, "site", t("场地"), pairs(rules.site), { again: true, more: draft.site === rules.at_once.is && photoRow(sheet, { kind: "site", most: MOST_PHOTOS }) }),
      isGuideline && rules.parts.map((one) => part(sheet, one)),
      !isGuideline && line(sheet, "raw", t("原标准的等级")),
      now,
      picks(sheet, "grade", t("鉴定结论（不选即按计算的等级）"), rules.grade_of.map(([, grade]) => [grade, t("%(grade)s级", { grade })]), { again: true }),
      reason,
      picks(sheet, "measures", t("防灾措施（单独的结果，不影响等级）"), pairs(rules.measures), { again: true }),
      picks(sheet, "cause", t("鉴定缘由"), pairs(rules.causes)),
      line(sheet, "appraiser", t("鉴定单位或鉴定小组")),
      line(sheet, "appraised_by", t("鉴定人（可选）")),
      line(sheet, "appraised_on", t("鉴定日期（不填即今天）"), { type: "date", max: dayAt(Date.now()) }),
      h("fieldset", { class: "block" }, h("legend", {}, t("整栋房屋的照片")), photoRow(sheet, { kind: "house", most: MOST_PHOTOS })),
      area(sheet, "remark", t("备注（可选）")),
    ];
  }

  return {
    title: house.head || house.code || String(house.id),
    facts: [placeOf(house), house.grade ? t("现为 %(grade)s级", { grade: house.grade }) : t("未鉴定"), house.appraised_on && day(house.appraised_on), ...house.why.filter((key) => key !== "never").map(whyWord)],
    begin: () => newAppraisal(house, rules, appraiser),
    lacks,
    body: (draft, clocks) => appraisalBody(draft, rules, clocks),
    button: t("保存鉴定"),
    note: t("上传后不能修改或删除；写错了在电脑上更正"),
    typed: drawGrade,
    draw,
  };
}
