/* The forms of a look at a site of concern and of a check of the monthly monitoring. */

import { t } from "../i18n.js";
import { day } from "../format.js";
import { h } from "../map/dom.js";
import { concernWord } from "../map/mark-words.js";
import { lookBody, lookLacks, newCheck, newLook, SEEN } from "./looks.js";
import { markWord } from "./marks.js";
import { picks } from "./task-form.js";
import { photoRow } from "./sheet-photos.js";
import { placeOf } from "./work.js";

/** How to write down a look at a site; see task-form.js. */
export function lookForm(site) {
  return {
    title: `${markWord(site.kind)} #${site.no}`,
    facts: [site.village, t("现状：%(state)s", { state: concernWord(site.state) }), site.seen_on ? t("上次观测 %(day)s", { day: day(site.seen_on) }) : t("还没有观测"), site.due_on && t("期限 %(day)s", { day: day(site.due_on) })],
    begin: () => newLook(site),
    lacks: (draft) => (lookLacks(draft) ? t("请选择看到的情况。") : null),
    body: lookBody,
    button: t("保存观测"),
    note: t("曾整治又见脏乱的，自动记为反弹"),
    draw: (sheet) => [
      picks(sheet, "seen", t("看到的情况"), SEEN.map((key) => [key, concernWord(key)])),
      photoRow(sheet, { kind: "concern" }),
      words(sheet, "note", t("备注")),
    ],
  };
}

/** How to write down a check of a household. */
export function checkForm(home) {
  return {
    title: home.head || home.code,
    facts: [placeOf(home), t("%(month)s 监测", { month: home.month }), home.stage === "safe" ? t("本轮已排查为安全") : home.due_on && t("排查期限 %(day)s", { day: day(home.due_on) })],
    begin: () => newCheck(home),
    lacks: (draft) => ({ act: t("请先选择一种情况。"), reason: t("请写明情况变差的原因。") }[lookLacks(draft)] ?? null),
    body: lookBody,
    button: t("保存排查"),
    note: t("情况变差的上报为疑似，由鉴定确定等级"),
    draw: (sheet) => [
      picks(sheet, "act", t("住房安全"), [["checked_safe", t("仍然安全")], ["reported", t("情况变差")]]),
      sheet.draft().act === "reported" && words(sheet, "reason", t("原因")),
    ],
  };
}

function words(sheet, name, title) {
  return h("label", { class: "field" }, h("span", {}, title), h("textarea", { class: "input", rows: 2, maxlength: 2000, oninput: (event) => sheet.set({ [name]: event.target.value }, { quiet: true }) }, sheet.draft()[name]));
}
