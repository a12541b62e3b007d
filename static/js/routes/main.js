/*
 * A plan of routes: who goes where on which day. Map, timeline and lists show one state; what one of them chooses or lights
 * up, the others do. Each act is done at once and can be taken back.
 */

import { count, distance } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { createProgress } from "../import/jobs.js";
import { signInLink } from "../import/trouble.js";
import { getJson } from "../map/api.js";
import { differs, fill, h, icon, say } from "../map/dom.js";
import { toLatLng } from "../map/overlay.js";
import { createPlainMap } from "../map/plain.js";
import { createActs } from "./acts.js";
import { createBalance } from "./balance.js";
import { clock, dayWords, priceWords, weekday } from "./clock.js";
import { askPublish, askReplan, askWithdraw, fairnessTable } from "./dialogs.js";
import { createDrag } from "./drag.js";
import { filesMenu } from "./files.js";
import { followPlan } from "./following.js";
import { holidayOf } from "./holidays.js";
import { createLeftOut } from "./leftout.js";
import { createMenu } from "./menu.js";
import { createPeople } from "./people.js";
import { createPicture } from "./picture.js";
import { planOf, withReasons } from "./read.js";
import { createState } from "./state.js";
import { leftEntries, stopEntries, takeRemedy } from "./stop-menu.js";
import { createTimeline } from "./timeline.js";
import { createVillages } from "./villages.js";
import { createWhy } from "./why.js";

const byId = (id) => document.getElementById(id);
const CALM_MS = 800;
const registry = {};

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const stage = byId("rt");
  const url = `/api/v1/routes/${stage.dataset.plan}`;
  const state = createState();
  const page = { state };
  window.fangtu.page = page; // for tests and the console
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：这一天的路线和没有排入的农户。每一户也在旁边的列表里。") });
  const menu = createMenu();
  const acts = createActs(url, {
    plan: () => state.plan,
    adopt: (plan, old, body) => adopt(plan, old, body),
    reload: () => reload(),
    trouble,
    busy: (on) => {
      state.busy = on;
      stage.setAttribute("aria-busy", String(on));
    },
  });
  const on = {
    who: (id) => choose({ who: id }),
    stop: (household) => chooseStop(household),
    choose: (household) => chooseStop(household, { go: true }),
    hover: (household) => light(household),
    menu: (household, anchor) => openMenu(household, anchor),
    lock: (household) => toggleLock(household),
    remedy: (one) => takeRemedy(one, acts),
  };
  const picture = createPicture(plain, on);
  const grab = createDrag({
    allowed: (household) => state.mayChange && !state.busy && !state.find(household)?.stop.done,
    drop: (household, target) => drop(household, target),
    words: targetWords,
    price: (household, target) => priceOf(household, target),
  });
  const people = createPeople(byId("rt-people"), { ...on, grab });
  const timeline = createTimeline({ head: byId("rt-time-head"), hours: byId("rt-hours"), rows: byId("rt-rows") }, { ...on, grab });
  const leftOut = createLeftOut({ head: byId("rt-left-head"), hint: byId("rt-left-hint"), list: byId("rt-left") }, on);
  const why = createWhy(byId("rt-why"), url, on);
  const balance = createBalance(byId("rt-balance"), acts);
  const progress = createProgress(byId("rt-progress"), () => acts.order("/stop", () => t("已停止，保留最好的一版")));

  const villages = createVillages(byId("rt-villages"));

  page.open = async () => {
    state.readAddress();
    const outlines = plain.load().catch(() => {}); // without outlines the base map and the lists remain
    try {
      await reload();
      await outlines;
      fit();
      if (state.stop) chooseStop(state.stop);
    } catch (reason) {
      trouble(reason);
    }
    document.addEventListener("keydown", keys);
    document.body.dataset.ready = "true";
  };

  async function reload() {
    take(planOf(await getJson(url)));
    loadMore();
    follow();
  }

  /** What a change brought: the plan after it, and for a planning anew the one before it beside it. */
  function adopt(plan, old, body) {
    state.before = body.act === "replan" ? old : null;
    state.balance = body.act === "balance" ? body.share : 0;
    take(planOf(plan));
    loadMore();
    follow();
  }

  function take(plan) {
    state.take(plan);
    state.mayChange = stage.dataset.may === "true" && plan.solved && !plan.running;
    draw();
  }

  // Reasons take the server longest: who changes one thing after another waits for none of them.
  const calm = () => new Promise((done) => { window.setTimeout(done, state.reasons ? CALM_MS : 0); });

  // Ways along the roads and reasons come apart from the plan: it is shown without them first.
  let asked = 0;
  async function loadMore() {
    const mine = (asked += 1);
    state.legs = new Map();
    const get = async (path, show) => {
      try {
        const answer = await getJson(`${url}${path}`);
        if (mine === asked) show(answer);
      } catch (reason) {
        if (reason.status === 401) trouble(reason); // without them lines are straight and reasons lacking
      }
    };
    if (state.plan.running) return;
    await Promise.all([
      state.plan.routes.length ? get("/legs", ({ features }) => {
        state.takeLegs(features);
        picture.show(state);
      }) : null,
      state.plan.leftOut.length ? calm().then(() => mine === asked && get("/why", ({ unplanned }) => {
        state.plan.leftOut = withReasons(state.plan.leftOut, unplanned);
        state.reasons = state.drawn;
        leftOut.show(state);
      })) : null,
    ]);
  }

  const following = followPlan({ reload, show: (job, away) => progress.show(job, away), trouble });
  const follow = () => following(state.plan);

  function draw() {
    picture.show(state);
    people.show(state);
    timeline.show(state);
    leftOut.show(state);
    drawHead();
    balance.show(state);
    villages(state.plan);
    const found = state.stop && state.find(state.stop);
    if (differs(byId("rt-why"), state.drawn, state.stop)) why.show(state, found || null);
  }

  function drawHead() {
    const { plan } = state;
    byId("rt-name").textContent = plan.name;
    if (!differs(byId("rt-acts"), state.drawn, state.day, state.mayChange)) return;
    fill(byId("rt-state"), h("span", { class: `tag ${plan.stateClass}` }, plan.stateWord));
    fill(byId("rt-acts"),
      state.mayChange ? [
        h("button", { type: "button", class: "btn", disabled: !plan.canUndo, onclick: () => acts.undo() }, icon("undo"), t("撤销")),
        h("button", { type: "button", class: "btn wide-only", disabled: !plan.canRedo, onclick: () => acts.redo() }, t("重做")),
      ] : null,
      plan.solved ? filesMenu(url, state) : null);
    byId("rt-day-head").textContent = state.dayWords || t("还没有日子");
    byId("rt-terms").textContent = plan.terms;
    fill(byId("rt-days"), plan.days.length > 1 ? plan.days.map((day, at) => h("button", { type: "button", class: "btn btn-small", dataset: { dropDay: String(at) }, "aria-pressed": String(at === state.day), title: holidayOf(day) || null, onclick: () => choose({ day: at }) }, dayWords(day), mark(day))) : null);
    const today = state.routes.filter((route) => route.stops.length);
    const visits = today.reduce((sum, route) => sum + route.stops.length, 0);
    const metres = today.reduce((sum, route) => sum + route.travel_m, 0);
    const figure = (value, label, some) => h("div", {}, h("dt", {}, label), h("dd", { class: some ? "is-some" : null }, value));
    fill(byId("rt-totals"), figure(count(visits), t("这天户数", { n: count(visits) })), figure(count(plan.leftOut.length), t("未排入"), plan.leftOut.length > 0), figure(distance(metres), today.some((route) => route.estimated) ? t("路程（约）") : t("路程")));
    fill(byId("rt-main-acts"), stage.dataset.may === "true" && plan.solved ? [
      h("button", { type: "button", class: "btn", disabled: !state.mayChange, onclick: () => askReplan(byId("rt-dialog"), state, replan) }, t("重新安排")),
      h("button", { type: "button", class: "btn btn-primary", disabled: !state.mayChange || !plan.totals.visits, onclick: () => askPublish(byId("rt-dialog"), plan, () => acts.order("/publish", publishedWords)) }, plan.published ? t("再次发布") : t("发布到手机")),
      plan.published ? h("button", { type: "button", class: "btn btn-danger", onclick: () => askWithdraw(byId("rt-dialog"), () => acts.order("/withdraw", () => t("已撤回路线"))) }, t("撤回路线")) : null,
    ] : null, fairnessTable(plan));
    fill(byId("rt-legend"), state.before ? t("灰线为重排之前的路线") : today.some((route) => route.estimated) ? t("颜色、线型和号码随人员不同；点线为估算，路网没有连到") : t("颜色、线型和号码随人员不同"));
  }

  function publishedWords({ inspectors, visits, taken }) {
    const words = t("已发布：%(people)s 人，%(visits)s 户", { people: count(inspectors), visits: count(visits) });
    return taken.length ? t("%(words)s。其中 %(n)s 户已由别人预约，没有改约", { words, n: count(taken.length) }) : words;
  }

  function mark(day) {
    const feast = holidayOf(day);
    const words = feast || ([0, 6].includes(weekday(day)) ? t("休") : null);
    return words ? h("small", {}, words) : null;
  }

  function choose({ who = state.who, day = state.day }) {
    if (day !== state.day) {
      state.day = day;
      state.pick();
      if (state.plan.routes.some((route) => route.day === day)) say(t("%(day)s：%(n)s 户", { day: state.dayWords, n: count(state.routes.reduce((sum, route) => sum + route.stops.length, 0)) }));
    }
    state.who = who;
    state.writeAddress();
    draw();
  }

  function chooseStop(household, { go = false } = {}) {
    state.stop = household;
    const found = household && state.find(household);
    if (found) {
      if (found.route.day !== state.day) {
        state.day = found.route.day;
        state.pick();
      }
      state.who = found.route.inspector;
    }
    state.writeAddress();
    draw();
    people.reveal(household);
    const at = found?.stop.at || (household && state.findLeft(household)?.at);
    if (go && at) map.panTo(toLatLng(...at));
  }

  function light(household) {
    if (household === state.lit) return;
    state.lit = household;
    picture.show(state);
    people.mark(state);
    timeline.mark(state);
    leftOut.mark(state);
  }

  function openMenu(household, anchor) {
    const found = state.find(household);
    const left = found ? null : state.findLeft(household);
    if (found) menu.open(anchor, [found.stop.name, t("第 %(n)s 户", { n: found.stop.no }), `${found.route.name} · ${clock(found.stop.start)}–${clock(found.stop.leave)}`, found.stop.code], stopEntries(state, found, acts));
    else if (left) menu.open(anchor, [left.name, left.reason, left.code], leftEntries(state, left, acts));
  }

  function toggleLock(household) {
    const found = state.find(household);
    if (!found || !state.mayChange || found.stop.done) return;
    acts.change({ act: found.stop.locked ? "unlock" : "lock", household: Number(household) }, found.stop.locked ? t("%(name)s 已解除锁定", { name: found.stop.name }) : t("%(name)s 已锁定", { name: found.stop.name }));
  }

  function targetWords(target) {
    if (target.day !== undefined) return dayWords(state.plan.days[target.day]);
    const name = state.plan.inspectors.find((one) => one.id === target.inspector)?.name || "";
    return target.position === undefined ? name : t("%(name)s 第 %(n)s 户", { name, n: target.position + 1 });
  }

  /** The change that dropping a stop at a target asks for; null where it stays where it is. */
  function moveTo(household, target) {
    const found = state.find(household);
    if (!found) return null;
    const inspector = target.inspector || found.route.inspector;
    const day = target.day ?? state.day;
    const { position } = target;
    if (inspector === found.route.inspector && day === found.route.day && (position === undefined || position === found.stop.no - 1)) return null;
    return { act: "move", household: Number(household), inspector: Number(inspector), day, ...(position === undefined ? {} : { position }) };
  }

  function drop(household, target) {
    const change = moveTo(household, target);
    if (change) acts.change(change, t("%(name)s → %(where)s", { name: state.find(household).stop.name, where: targetWords(target) }));
  }

  async function priceOf(household, target) {
    const change = moveTo(household, target);
    if (!change) return null;
    try {
      return priceWords(await acts.priceOf(change));
    } catch (reason) {
      return reason.status === 422 ? reason.message : null;
    }
  }

  function replan(wish) {
    acts.change({ act: "replan", ...wish }, t("已重新安排"));
  }

  function fit() {
    const points = picture.extent();
    if (points.length) {
      const corners = points.map(([x, y]) => toLatLng(x, y));
      map.fitBounds(corners.map(({ lat, lng }) => [lat, lng]), { padding: [36, 36], maxZoom: 17, animate: false });
    } else if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
  }

  function keys(event) {
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    const undoes = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (undoes && state.mayChange) {
      event.preventDefault();
      if (event.shiftKey) acts.redo();
      else acts.undo();
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === "[" || event.key === "]") {
      const day = state.day + (event.key === "]" ? 1 : -1);
      if (day >= 0 && day < state.plan.days.length) choose({ day });
    } else if (event.key === "Escape" && (state.stop || state.who)) {
      choose({ who: null });
      chooseStop(null);
    }
  }

  function trouble(reason) {
    const box = byId("rt-trouble");
    box.hidden = !reason;
    if (!reason) return;
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)), reason.status === 401 ? signInLink() : null);
    say(reason.message || String(reason));
  }

  return page;
}
