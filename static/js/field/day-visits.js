/* The day's visits one by one, each to be opened and corrected, and what has to be said where somebody else was there too. */

import { t } from "../i18n.js";
import { day, timeOfDay } from "../format.js";
import { h, icon } from "../map/dom.js";
import { button, group, statusMark } from "./parts.js";
import { dayAt } from "./visit.js";
import { statusWord } from "./words.js";

export function nameOfRow(app, row) {
  const home = row.household === null ? null : app.phone.book.households[row.household];
  const kind = { mark: t("标房"), appraisal: t("房屋鉴定"), observation: t("整治观测"), monitoring: t("动态监测") }[row.kind];
  if (home) return [home.head || home.code, row.about && kind].filter(Boolean).join(" · ");
  return kind || t("不在名单的户");
}

/** Today's visits, the last first. */
export function drawSaved(app, rows) {
  const left = unfinished(app, rows);
  if (!rows.length && !left.length) return null;
  return h("section", { class: "day-visits", "aria-label": t("今日走访记录") }, h("h3", {}, t("今日走访记录")),
    h("ul", { class: "rows" }, [...rows].reverse().map((row) => savedRow(app, row))),
    left.map((id) => h("div", { class: "notice is-wrn" }, h("span", {}, t("有一条更正还没有保存。")), button(t("继续填写"), () => app.openSaved(id)))));
}

/** Corrections begun of visits that are no longer in the list. */
function unfinished(app, rows) {
  const shown = new Set(rows.map((row) => row.id));
  return [...app.phone.drafts].filter((key) => key.startsWith("c:")).map((key) => key.slice(2)).filter((id) => !shown.has(id));
}

const STATES = { queued: () => t("待上传"), sent: () => t("待上传"), done: () => t("已确认"), refused: () => t("被退回") };
const SETTLED = { together: () => t("陪同"), above: () => t("已交主管处理") };

function savedRow(app, row) {
  const { phone } = app;
  const tags = [row.supersedes && t("更正"), row.settled && SETTLED[row.settled](), phone.drafts.has(`c:${row.id}`) && t("正在更正")].filter(Boolean);
  const words = [
    h("span", { class: "row-words" },
      h("span", { class: "row-name" }, h("strong", {}, nameOfRow(app, row)), tags.map((words) => h("span", { class: "tag" }, words))),
      h("span", { class: "row-place" }, `${timeOfDay(row.saved_at)} · ${statusWord(row.status)} · ${STATES[row.state]()}`)),
  ];
  // What the server refuses cannot be corrected by something that builds on it.
  if (row.state === "refused") return h("li", { class: "row" }, h("div", { class: "row-button" }, statusMark(row.status), words));
  return h("li", { class: "row" }, h("button", { type: "button", class: "row-button", dataset: { visit: row.id }, onclick: () => app.openSaved(row.id) },
    statusMark(row.status), words, h("span", { class: "row-far" }, t("修改")), icon("right")));
}

/** Somebody else was at the same household: two choices, and both records stay whichever is taken. */
export function askAbout(app, row) {
  const { phone } = app;
  const { visitor, at, together } = phone.conflicts.get(row.id);
  const guarded = (work) => async () => {
    try {
      await work();
    } catch (reason) {
      app.trouble(reason);
    }
  };
  const joint = visitor ? guarded(() => phone.settleTogether(row.id, visitor)) : () => app.openSaved(row.id, { more: "people" });
  const today = together && row.day === dayAt(Date.now());
  const words = !visitor ? t("该户本轮已有人走访，两份记录都已保留。")
    : today ? t("该户今日已由 %(who)s 走访，两份记录都已保留。", { who: visitor })
      : t("该户 %(day)s 已由 %(who)s 走访，两份记录都已保留。", { day: day(at), who: visitor });
  return group("info", "vio", t("需您确认：%(name)s", { name: nameOfRow(app, row) }), words, null, h("div", { class: "halves" },
    together && button(t("记为陪同"), joint, { name: "users" }),
    button(t("交主管处理"), guarded(() => phone.settleAbove(row.id)), { name: "flag" })));
}
