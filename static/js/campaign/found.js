/* What a plan would change: rules, visits, rounds and villages, before and after. */

import { count, rate } from "../format.js";
import { t } from "../i18n.js";
import { fill, h } from "../map/dom.js";

const NONE = "—";
const counts = (one) => (one === null ? NONE : `${count(one.visited)} / ${count(one.eligible)}`);
const ratio = (one) => (one === null ? NONE : rate(one.ratio));

function value(it) {
  if (it === null || it === undefined) return NONE;
  if (it === true) return t("是");
  if (it === false) return t("否");
  return Array.isArray(it) ? it.join(", ") || NONE : typeof it === "object" ? JSON.stringify(it) : String(it);
}

function table(heads, rows) {
  return h("div", { class: "table-wrap" }, h("table", { class: "table table-cards" },
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: head.num ? "num" : null }, head.words)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, at) => (at === 0
      ? h("th", { scope: "row" }, cell)
      : h("td", { class: heads[at].num ? "num" : null, "data-label": heads[at].words }, cell))))))));
}

function answer(found, code) {
  if (!found.version) {
    const round = found.rounds[0];
    return t("新的行动：第一轮应访 %(n)s 户。", { n: count(round.after.eligible) });
  }
  if (code === "") return t("这个编号的行动已经有了：应用后成为它的第 %(n)s 版。", { n: found.version + 1 });
  const moved = found.rounds.reduce((sum, one) => sum + one.joins + one.leaves + one.gains + one.loses, 0);
  if (!found.visits && !moved) return t("没有走访改判，也没有农户进出：数字都不变。");
  return t("%(visits)s 次走访改判，%(homes)s 户的计数改变，涉及 %(villages)s 个村。", {
    visits: count(found.visits), homes: count(moved), villages: count(new Set(found.villages.map((one) => one.code)).size),
  });
}

/** Show a preview. */
export function showFound(place, found, code) {
  const before = t("现在"), after = t("应用后");
  fill(place,
    h("p", { class: "answer" }, answer(found, code)),
    found.differences.length > 0 && [
      h("h3", {}, t("改了什么")),
      h("ul", {}, found.differences.map((one) => h("li", {}, `${one.words} · ${one.rule}: ${value(one.before)} → ${value(one.after)}`)))],
    found.ways.length > 0 && [
      h("h3", {}, t("改判的走访")),
      table([{ words: t("规则") }, { words: t("现在") }, { words: t("应用后") }, { words: t("走访"), num: true }],
        found.ways.map((way) => [way.words.join(" + "), way.before, way.after, count(way.visits)]))],
    h("h3", {}, t("各轮")),
    table([{ words: t("轮次") }, { words: before, num: true }, { words: "", num: true }, { words: after, num: true }, { words: "", num: true },
      { words: t("进 / 出"), num: true }, { words: t("新计入 / 不再计入"), num: true }],
    found.rounds.map((one) => [`${one.no} ${one.name}`, counts(one.before), ratio(one.before), counts(one.after), ratio(one.after),
      `${count(one.joins)} / ${count(one.leaves)}`, `${count(one.gains)} / ${count(one.loses)}`])),
    found.rounds_kept.length > 0 && h("p", {}, t("第 %(rounds)s 轮方案中没有，会保留。", { rounds: found.rounds_kept.join(", ") })),
    found.villages.length > 0 && [
      h("h3", {}, t("逐村逐轮（%(n)s）", { n: count(found.villages_in_all) })),
      table([{ words: t("村") }, { words: t("轮次"), num: true }, { words: before, num: true }, { words: "", num: true }, { words: after, num: true }, { words: "", num: true }],
        found.villages.map((one) => [one.name || t("村界外"), String(one.no), counts(one.before), ratio(one.before), counts(one.after), ratio(one.after)]))]);
}
