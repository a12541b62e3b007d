/* What can be done with a stop, or with a household that is left out, as entries of a menu. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { h } from "../map/dom.js";
import { clock, dayWords, priceWords } from "./clock.js";
import { lookOf, signOf } from "./signs.js";

const MOST_ENTRIES = 60;
const MOST_PRICED = 12;

function routeOf(plan, inspector, day) {
  return plan.routes.find((route) => route.inspector === inspector && route.day === day);
}

/**
 * Everybody who works on a day, with what they have already and what it would cost, as far as it can be told in good time.
 * `change(inspector)` is the change to ask for, `told(inspector)` what is said of it.
 */
function toPeople(state, day, acts, change, told, except = null) {
  let asking = Promise.resolve();
  return state.plan.inspectors
    .map((one, at) => ({ one, at }))
    .filter(({ one }) => one.id !== except && !one.absent.has(day))
    .slice(0, MOST_ENTRIES)
    .map(({ one, at }, row) => {
      const route = routeOf(state.plan, one.id, day);
      const note = h("span", {}, route ? t("%(n)s 户 · %(time)s 返回", { n: count(route.stops.length), time: clock(route.back) }) : t("空着"));
      const entry = { label: one.name, sign: signOf(lookOf(at)), note, act: () => acts.change(change(one), told(one)) };
      if (row < MOST_PRICED) {
        // One after the other, and only while somebody still looks.
        asking = asking.then(async () => {
          if (!note.isConnected) return;
          try {
            note.textContent = priceWords(await acts.priceOf(change(one)));
          } catch (reason) {
            note.textContent = reason.status === 422 ? t("排不进") : note.textContent;
            note.title = reason.message;
          }
        });
      }
      return entry;
    });
}

export function stopEntries(state, { stop, route }, acts) {
  const { plan } = state;
  const who = plan.inspectors.find((one) => one.id === route.inspector);
  const page = { label: t("农户档案"), icon: "house", act: () => window.location.assign(`/households/${stop.household}`) };
  if (!state.mayChange || stop.done) return [page];
  const moved = (to) => ({ act: "move", household: Number(stop.household), ...to });
  const move = (to, told) => acts.change(moved(to), told);
  const here = { inspector: Number(route.inspector), day: route.day };
  const at = stop.no - 1;
  const isHeld = plan.locks.inspectors.has(route.inspector);
  return [
    { label: t("改派给…"), icon: "users", more: () => toPeople(state, route.day, acts, (one) => moved({ inspector: Number(one.id), day: route.day }), (one) => t("%(name)s 改派给 %(who)s", { name: stop.name, who: one.name }), route.inspector) },
    plan.days.length > 1 ? { label: t("改到哪天…"), icon: "calendar", more: () => plan.days.map((day, to) => ({ label: dayWords(day), off: to === route.day || who?.absent.has(to), act: () => move({ inspector: Number(route.inspector), day: to }, t("%(name)s 改到 %(day)s", { name: stop.name, day: dayWords(day) })) })) } : null,
    { label: t("提前一位"), icon: "up", off: at < 1, act: () => move({ ...here, position: at - 1 }, t("%(name)s 提前一位", { name: stop.name })) },
    { label: t("推后一位"), icon: "chev", off: at >= route.stops.length - 1, act: () => move({ ...here, position: at + 1 }, t("%(name)s 推后一位", { name: stop.name })) },
    "-",
    stop.locked
      ? { label: t("解除锁定"), icon: "lock", act: () => acts.change({ act: "unlock", household: Number(stop.household) }, t("%(name)s 已解除锁定", { name: stop.name })) }
      : { label: t("锁定此户"), icon: "lock", note: "L", act: () => acts.change({ act: "lock", household: Number(stop.household) }, t("%(name)s 已锁定", { name: stop.name })) },
    isHeld
      ? { label: t("解除锁定 %(who)s 的路线", { who: route.name }), icon: "lock", act: () => acts.change({ act: "unlock", inspector: Number(route.inspector) }, t("已解除锁定 %(who)s 的路线", { who: route.name })) }
      : { label: t("锁定 %(who)s 的路线", { who: route.name }), icon: "lock", act: () => acts.change({ act: "lock", inspector: Number(route.inspector) }, t("已锁定 %(who)s 的路线", { who: route.name })) },
    plan.locks.days.has(route.day)
      ? { label: t("解除锁定这一天"), icon: "lock", act: () => acts.change({ act: "unlock", day: route.day }, t("已解除锁定 %(day)s", { day: dayWords(plan.days[route.day]) })) }
      : { label: t("锁定这一天"), icon: "lock", act: () => acts.change({ act: "lock", day: route.day }, t("已锁定 %(day)s", { day: dayWords(plan.days[route.day]) })) },
    "-",
    { label: t("移出路线"), icon: "x", act: () => acts.change({ act: "remove", household: Number(stop.household) }, t("%(name)s 已移出", { name: stop.name })) },
    page,
  ];
}

/** Do what gets a household visited, step by step; each can be taken back. */
export async function takeRemedy(one, acts) {
  for (const change of one.remedy.changes) {
    const told = change.act === "remove" ? t("让出一户") : t("%(name)s 已排入", { name: one.name });
    if (!(await acts.change(change, told))) return;
  }
}

export function leftEntries(state, one, acts) {
  const page = { label: t("农户档案"), icon: "house", act: () => window.location.assign(`/households/${one.household}`) };
  if (!state.mayChange) return [page];
  return [
    one.remedy ? { label: t("采用：%(remedy)s", { remedy: one.remedy.words }), icon: "check", act: () => takeRemedy(one, acts) } : null,
    ...(one.placed ? toPeople(state, state.day, acts, (who) => ({ act: "add", household: Number(one.household), inspector: Number(who.id), day: state.day }), (who) => t("%(name)s 排给 %(who)s", { name: one.name, who: who.name })) : []),
    "-",
    page,
  ];
}
