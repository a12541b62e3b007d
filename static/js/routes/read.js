/* A plan as the server tells it -> as the page shows it: one place that knows the fields of the answer. */

import { t } from "../i18n.js";
import { groupWord } from "../map/words.js";
import { toWorld } from "../map/world.js";

const STATES = {
  draft: [() => t("草稿"), ""],
  solving: [() => t("正在计算"), "tag-inf"],
  ready: [() => t("草稿，还没有发布"), "tag-wrn"],
  published: [() => t("已发布到手机"), "tag-ok"],
  withdrawn: [() => t("已撤回"), ""],
};
const MODES = { walk: () => t("步行"), ebike: () => t("电动车"), car: () => t("汽车") };

const spot = (one) => (Number.isFinite(one.lon) && Number.isFinite(one.lat) ? toWorld(one.lon, one.lat) : null);
const point = (pair) => (pair ? toWorld(pair[0], pair[1]) : null);

function stopOf(stop, at) {
  return {
    ...stop,
    no: at + 1,
    household: String(stop.household),
    name: stop.head || stop.code || String(stop.household),
    at: spot(stop),
    groups: (stop.key_groups || []).map(groupWord),
    overdue: stop.overdue_days || 0,
  };
}

function termsOf(plan, inspectors) {
  const modes = [...new Set(inspectors.map((one) => MODES[one.mode]?.() || one.mode))];
  const wanted = plan.choices?.inspectors || [];
  const hours = [...new Set(wanted.filter((one) => one.from && one.to).map((one) => `${one.from}–${one.to}`))];
  return [t("%(n)s 名走访员", { n: inspectors.length }), modes.join("、"), hours.length === 1 ? hours[0] : null].filter(Boolean).join(" · ");
}

export function planOf(plan) {
  const inspectors = plan.inspectors.map((one) => ({ ...one, id: String(one.id), absent: new Set(one.absent || []), start: point(one.start) }));
  const [word, tag] = STATES[plan.state] || STATES.draft;
  const byId = new Map(inspectors.map((one) => [one.id, one]));
  return {
    ...plan,
    name: t("第 %(n)s 号", { n: plan.id }),
    inspectors,
    terms: termsOf(plan, inspectors),
    routes: plan.routes.map((route) => ({
      ...route,
      inspector: String(route.inspector.id),
      companions: (route.companions || []).map((one) => one.name),
      stops: route.stops.map(stopOf),
      estimated: route.stops.some((stop) => stop.estimated),
      start: byId.get(String(route.inspector.id))?.start || null,
    })),
    leftOut: plan.unplanned.map((one) => leftOf(one)),
    locks: { inspectors: new Set(inspectors.filter((one) => one.locked).map((one) => one.id)), days: new Set(plan.locked_days || []) },
    fairness: (plan.fairness || []).map((one) => ({ name: one.inspector.name, visits: one.weeks.visits, walk_km: Math.round(one.weeks.walk_m / 1000), evenings: one.weeks.evenings, weekends: one.weeks.weekends })),
    solved: plan.revision > 0,
    running: plan.state === "solving",
    published: plan.state === "published",
    canUndo: plan.can_undo,
    canRedo: plan.can_redo,
    stateWord: word(),
    stateClass: tag,
  };
}

function leftOf(one) {
  return { ...one, household: String(one.household), name: one.head || one.code || String(one.household), at: spot(one), placed: spot(one) !== null, reason: "", remedy: null };
}

/** Put the reasons and remedies, which come apart from the plan, to the households left out. */
export function withReasons(leftOut, told) {
  const known = new Map(told.map((one) => [String(one.household), one]));
  return leftOut.map((one) => {
    const about = known.get(one.household);
    return about ? { ...one, reason: ownWords(one, about.message).replace(/^[：:]\s*/, ""), remedy: about.remedy && remedyOf(one, about.remedy) } : one;
  });
}

/** A sentence about a household beside its name: its code and name need not be said once more. */
function ownWords({ code, name }, words) {
  const full = `${code} ${name}`;
  return words.startsWith(full) ? words.slice(full.length) : words.replaceAll(full, name);
}

/** What would get a household visited; `changes` are those to ask for one after the other. */
function remedyOf(one, remedy) {
  const { household } = one;
  const add = { act: "add", household: Number(household), inspector: remedy.inspector, day: remedy.day };
  const steps = { insert: [add], swap: [{ act: "remove", household: remedy.instead_of }, add] };
  return { words: ownWords(one, remedy.message), changes: steps[remedy.kind] || [{ ...add, act: "grant", kind: remedy.kind }] };
}
