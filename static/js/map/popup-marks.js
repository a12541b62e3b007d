/* What the popup of a mark from the field (标注) says. */

import { dayAndTime, distance, NONE } from "../format.js";
import { t } from "../i18n.js";
import { h } from "./dom.js";
import { concernWord, markFieldWord, markFlagWord, markPartWord, markStateWord, markWord } from "./mark-words.js";
import { actions, facts, tag, tags } from "./popup.js";
import { photosPart } from "./popup-photos.js";
import { signElement } from "./symbols.js";
import { gradeWord } from "./themes.js";
import { groupWord } from "./words.js";

const TONES = { proposed: "wrn", suspected: "dan", accepted: "ok", untouched: "wrn", clearing: "inf", cleared: "ok", relapsed: "dan" };

function valueWord(field, value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return NONE;
  return Array.isArray(value) ? value.map((one) => (field === "key_groups" ? groupWord(one) : String(one))).join("、") : String(value);
}

/** What a correction would change, field by field; what is applied already says so. */
function changesPart(changes) {
  if (!changes?.length) return null;
  return h("ul", { class: "mini-list" }, changes.map(({ field, base, value, state }) => h("li", {},
    h("span", {}, markFieldWord(field)), h("span", {}, `${valueWord(field, base)} → ${valueWord(field, value)}`),
    state === "applied" && h("b", {}, t("已生效")), state === "refused" && h("b", {}, t("未采纳")))));
}

/** `view` = {open(kind, id)} */
export function markPopup(data, view) {
  const who = [data.settled_by, data.settled_at && dayAndTime(data.settled_at), data.reason].filter(Boolean).join(" · ");
  const household = data.household_id
    ? h("button", { type: "button", class: "link", onclick: () => view.open("household", data.household_id) }, [data.household_code, data.head_name].filter(Boolean).join(" ") || t("查看农户"))
    : data.household_ref && t("手机上的编号 %(ref)s", { ref: data.household_ref });
  const title = markWord(data.kind);
  const [look, word] = data.concern ? [data.concern, concernWord(data.concern)] : [data.state, markStateWord(data.state)];
  return {
    title,
    code: t("第 %(no)s 号", { no: data.id }),
    parts: [
      tags(tag(word, TONES[look] || "", signElement(`mark:${data.kind}:${look}`)), data.concern && data.relapses ? tag(t("反弹 %(n)s 次", { n: data.relapses })) : null, (data.flags || []).map((flag) => tag(markFlagWord(flag)))),
      facts([
        [t("农户"), household],
        data.house_code ? [t("房屋"), data.house_code] : null,
        data.grade ? [t("等级印象"), gradeWord(data.grade)] : null,
        data.parts ? [t("部位"), Object.entries(data.parts).map(([part, grade]) => `${markPartWord(part)} ${grade}`).join("、")] : null,
        [t("更正"), changesPart(data.changes)],
        [t("备注"), data.remark],
        [t("标注"), [data.marked_by, dayAndTime(data.at)].filter(Boolean).join(" · ")],
        [t("位置"), data.placed_by === "phone" ? (data.accuracy_m === null ? null : t("误差 %(distance)s", { distance: distance(data.accuracy_m) })) : t("按该户或房屋的位置")],
        [t("处理"), who],
      ]),
      photosPart(data.photos, title),
      actions(
        data.concern && h("a", { class: "btn", href: `/concerns/${data.id}` }, t("整治前后")),
        h("a", { class: "btn", href: `/field-work?mark=${data.id}` }, t("在列表中查看")),
      ),
    ],
    spoken: `${title}，${word}`,
  };
}
