/* What is asked before it is done: giving routes out to phones, taking them back, planning anew. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { clock, dayWords, padded, secondOf, way } from "./clock.js";

/** Open the page's dialog with a head, a body and buttons; `[label, act, isMain]`, the first one is cancel. */
export function openDialog(dialog, head, body, acts) {
  const close = h("button", { type: "button", class: "btn", onclick: () => dialog.close() }, t("取消"));
  fill(dialog,
    h("div", { class: "dialog-head" }, h("h2", {}, head), h("button", { type: "button", class: "rt-more", "aria-label": t("关闭"), onclick: () => dialog.close() }, icon("x"))),
    h("form", { class: "dialog-body", method: "dialog", onsubmit: (event) => {
      event.preventDefault();
      dialog.querySelector(".btn-primary")?.click();
    } }, body, h("div", { class: "rt-dialog-acts" }, close, acts.map(([label, act, isDanger]) => h("button", { type: isDanger ? "button" : "submit", class: `btn ${isDanger ? "btn-danger" : "btn-primary"}`, onclick: (event) => {
      event.preventDefault();
      if (act() !== false) dialog.close();
    } }, label)))));
  dialog.setAttribute("aria-label", head);
  dialog.showModal();
}

/** What would be given out, in figures, before it is. */
export function askPublish(dialog, plan, publish) {
  const sums = plan.inspectors.map((one) => {
    const routes = plan.routes.filter((route) => route.inspector === one.id && route.stops.length);
    return { name: one.name, days: routes.length, visits: routes.reduce((sum, route) => sum + route.stops.length, 0), metres: routes.reduce((sum, route) => sum + route.travel_m, 0), estimated: routes.some((route) => route.estimated) };
  }).filter((one) => one.visits);
  openDialog(dialog, t("发布到手机"), [
    h("p", {}, t("%(people)s 人将在手机上收到路线：%(visits)s 户，%(days)s 天。其中的农户在本轮预约给他们。", { people: sums.length, visits: count(plan.totals.visits), days: plan.days.length })),
    h("ul", { class: "rt-sums" }, sums.map((one) => h("li", {}, h("span", {}, one.name), h("span", { class: "quiet nowrap" }, t("%(visits)s 户 · %(days)s 天 · %(way)s", { visits: count(one.visits), days: one.days, way: way(one.metres, one.estimated) }))))),
    plan.leftOut.length ? h("p", {}, t("还有 %(n)s 户没有排入，不会发布。", { n: count(plan.leftOut.length) })) : null,
    plan.published ? h("p", { class: "quiet" }, t("上次发布的路线由这次的代替。")) : null,
  ], [[t("发布到手机"), publish]]);
}

export function askWithdraw(dialog, withdraw) {
  openDialog(dialog, t("撤回路线"), h("p", {}, t("手机上的路线会消失，预约的农户会放开。已做的走访不受影响。")), [[t("撤回路线"), withdraw, true]]);
}

/** Planning anew from a moment on: somebody is ill, a household is urgent, or the day simply went otherwise. */
export function askReplan(dialog, state, replan) {
  const { plan } = state;
  const people = h("select", { class: "form-select", id: "rt-sick" }, plan.inspectors.map((one) => h("option", { value: one.id }, one.name)));
  const homes = h("select", { class: "form-select", id: "rt-urgent" },
    plan.leftOut.length ? h("optgroup", { label: t("未排入") }, plan.leftOut.filter((one) => one.placed).map((one) => h("option", { value: one.household }, `${one.name} ${one.code}`))) : null,
    h("optgroup", { label: t("已排入") }, plan.routes.flatMap((route) => route.stops.filter((stop) => !stop.done).map((stop) => h("option", { value: stop.household }, `${stop.name} ${stop.code}`)))));
  const days = h("select", { class: "form-select", id: "rt-now-day" }, plan.days.map((day, at) => h("option", { value: String(at), selected: at === state.day }, dayWords(day))));
  const time = h("input", { class: "form-control", id: "rt-now-time", value: "8:00", size: "5", maxlength: "5", inputmode: "numeric", autocomplete: "off" });
  const kinds = [
    ["now", t("按现在的进度重排"), null],
    ["sick", t("有人请假或病了"), h("div", { class: "field" }, h("label", { for: "rt-sick" }, t("谁")), people)],
    ["urgent", t("有一户要紧急走访"), h("div", { class: "field" }, h("label", { for: "rt-urgent" }, t("哪一户")), homes)],
  ];
  const wrong = h("p", { class: "field-error", role: "alert" });
  const boxes = kinds.map(([kind, label, field], at) => {
    const input = h("input", { type: "radio", name: "rt-replan", value: kind, checked: at === 0, onchange: () => boxes.forEach((one) => { if (one.field) one.field.hidden = !one.input.checked; }) });
    if (field) field.hidden = true;
    return { input, field, node: h("div", {}, h("label", { class: "check" }, input, h("span", {}, label)), field) };
  });
  openDialog(dialog, t("重新安排"), [
    h("p", { class: "quiet" }, t("从这一刻起重排；之前的、已走访的和锁定的不动，别人的改动不超过 15%。")),
    h("div", { class: "rt-line" }, h("label", { class: "field" }, h("span", {}, t("从哪天")), days), h("label", { class: "field" }, h("span", {}, t("几点起")), time)),
    h("fieldset", { class: "rt-rules" }, h("legend", {}, t("因为")), boxes.map((one) => one.node)),
    wrong,
  ], [[t("重新安排"), () => {
    const kind = boxes.find((one) => one.input.checked).input.value;
    const second = secondOf(time.value);
    if (!Number.isFinite(second)) {
      wrong.textContent = t("时间要写成 8:30 这样。");
      time.focus();
      return false;
    }
    const day = Number(days.value);
    const wish = { now: { day, time: padded(clock(second)) } };
    if (kind === "sick") wish.absent = [{ inspector: Number(people.value), days: plan.days.map((_, at) => at).filter((at) => at >= day) }];
    if (kind === "urgent") wish.urgent = [Number(homes.value)];
    replan(wish);
    return true;
  }]]);
}

/** The weeks before, by person: visits, ways on foot, evenings, weekends. */
export function fairnessTable(plan) {
  if (!plan.fairness.length) return null;
  return h("details", { class: "rt-fair" }, h("summary", {}, t("近几周谁走得多")),
    h("div", { class: "table-wrap" }, h("table", { class: "table" },
      h("thead", {}, h("tr", {}, [t("走访员"), t("户"), t("步行公里"), t("晚上"), t("周末")].map((word, at) => h("th", { scope: "col", class: at ? "num" : null }, word)))),
      h("tbody", {}, plan.fairness.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), [one.visits, one.walk_km, one.evenings, one.weekends].map((n) => h("td", { class: "num" }, count(n)))))))));
}

