/* Where each village stands while a large plan is worked out: done, under way, or waiting; the list folds away. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h } from "../map/dom.js";

const STATES = {
  under_way: () => t("正在细排"),
  first: () => t("已粗排，等着细排"),
  waiting: () => t("还没排"),
  done: () => t("已细排"),
};

export function createVillages(place) {
  const head = h("summary", {});
  const list = h("ul", { class: "rt-villages" });
  place.append(h("details", {}, head, list));

  return (plan) => {
    const villages = plan.running ? plan.villages || [] : [];
    place.hidden = !villages.length;
    if (!villages.length || !differs(list, JSON.stringify(villages))) return;
    const order = Object.keys(STATES);
    const many = (state) => villages.filter((one) => one.state === state).length;
    head.textContent = t("%(all)s 个村：%(done)s 个已细排，%(now)s 个正在细排，%(left)s 个等着", { all: count(villages.length), done: count(many("done")), now: count(many("under_way")), left: count(many("first") + many("waiting")) });
    fill(list, [...villages].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).map((one) => h("li", { class: `is-${one.state}` }, h("span", {}, one.name), h("span", { class: "quiet" }, STATES[one.state]()), h("span", { class: "quiet nowrap" }, t("%(n)s / %(m)s 户", { n: count(one.visits), m: count(one.households) })))));
  };
}
