/* What a trial found, and what an import did. */

import { count, dayAndTime } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { drawChecks, totalsOf } from "./checks.js";
import { kindOf, rowsOf } from "./words.js";

const SHOWN = 50;

/** Counts of a report in the caller's words, as a line. */
function countLine(report) {
  const words = (report.count_words || []).filter((one) => one.n);
  return words.length ? h("p", { class: "count-line" }, words.map((one) => h("span", { class: "nowrap" }, one.label, " ", h("b", {}, count(one.n))))) : null;
}

function problemTable(problems, total) {
  if (!problems.length) return null;
  const shown = problems.slice(0, SHOWN);
  return h("details", { class: "problems" },
    h("summary", {}, shown.length < total ? t("逐行查看（前 %(n)s 条，共 %(total)s 条）", { n: count(shown.length), total: count(total) }) : t("逐行查看（%(n)s 条）", { n: count(total) })),
    h("div", { class: "table-wrap" }, h("table", { class: "table table-cards" },
      h("thead", {}, h("tr", {}, [t("行"), t("列"), t("所见"), t("应为"), t("原因")].map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", {}, shown.map((one) => h("tr", {},
        h("th", { scope: "row", class: "nowrap" }, one.row ? t("第 %(row)s 行", { row: count(one.row) }) : t("整个文件")),
        h("td", {}, one.column || "—"), h("td", { class: "found" }, one.found || "—"), h("td", {}, one.expected || "—"), h("td", {}, one.reason)))))));
}

/** Result of a dry run. */
export function drawTrial(place, data) {
  const { trial } = data;
  const totals = totalsOf(trial);
  const checks = h("div");
  drawChecks(checks, totals);
  const refused = trial.problems || [];
  const doubts = trial.warnings || [];
  fill(place, h("div", { class: "card-head" }, h("h2", { id: "outcome-title" }, t("试算结果")), trial.at ? h("span", { class: "quiet" }, dayAndTime(trial.at)) : null),
    h("div", { class: "card-body stack" },
      h("p", {}, t("整个文件按导入时的步骤走了一遍，又全部退回。库里没有变化。")),
      countLine(trial), checks, problemTable([...refused, ...doubts], refused.length + doubts.length)));
}

/** What was imported, and what is left to do. */
export function drawImported(place, data) {
  const { batch, trial } = data;
  const unplaced = trial?.unplaced || 0;
  fill(place, h("div", { class: "card-head" }, h("h2", { id: "outcome-title", class: "answer" }, t("已导入 %(rows)s", { rows: rowsOf(kindOf(data), batch.accepted) }))),
    h("div", { class: "card-body stack" },
      h("p", {}, t("读到 %(read)s 行 = 导入 %(accepted)s + 退回 %(refused)s。", { read: count(batch.read), accepted: count(batch.accepted), refused: count(batch.refused) })),
      countLine(trial || {}),
      h("ul", { class: "next-steps" },
        h("li", {}, h("a", { href: batch.href }, icon("doc"), t("本批报告，可撤销"))),
        data.refused_file ? h("li", {}, h("a", { href: data.refused_file.href }, icon("download"), t("下载退回的 %(n)s 行", { n: count(batch.refused) })),
          h("span", { class: "quiet" }, t("改好后再导入；保留到 %(when)s", { when: dayAndTime(data.refused_file.expires_at) }))) : null,
        unplaced ? h("li", {}, h("a", { href: "/worklists#unplaced_page" }, icon("pin"), t("%(n)s 户待定位", { n: count(unplaced) }))) : null,
        h("li", {}, h("a", { href: "/map" }, icon("map"), t("在地图看"))),
        h("li", {}, h("a", { href: "/imports" }, icon("upload"), t("再导入一个文件"))))));
}

/** An upload that is no longer there. */
export function drawGone(place, state) {
  const words = state === "expired"
    ? t("这个文件上传后 24 小时没有导入，已自动删除。库里没有写入任何数据。")
    : t("这个文件已删除。库里没有写入任何数据。");
  fill(place, h("div", { class: "card-head" }, h("h2", { id: "outcome-title" }, state === "expired" ? t("已过期") : t("已删除"))),
    h("div", { class: "card-body stack" }, h("p", {}, words), h("p", {}, h("a", { class: "btn btn-primary", href: "/imports" }, icon("upload"), t("重新上传")))));
}
