/* A new plan of routes: whom to visit, on which days, who goes. What is chosen is counted and drawn at once. */

import { count } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { signInLink } from "../import/trouble.js";
import { getJson, postJson, withParams } from "../map/api.js";
import { fill, h, icon, say } from "../map/dom.js";
import { createPlainMap } from "../map/plain.js";
import { toWorld } from "../map/world.js";
import { createCalendar } from "./calendar.js";
import { padded, secondOf } from "./clock.js";
import { createDots } from "./dots.js";
import { createLasso } from "./lasso.js";
import { createPairs } from "./pairs.js";
import { createSpecials } from "./specials.js";
import { createTeam } from "./team.js";
import { takeTimes, timesWanted, wrongTimes } from "./times.js";

const byId = (id) => document.getElementById(id);
const WAIT_MS = 250;
const NOON = ["11:30", "14:00"];
const registry = {};

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createForm(map).open();
  },
};

function createForm(map) {
  const form = byId("rt-new");
  const { campaign, round, today } = form.dataset;
  const view = () => ({ campaign, round, area: byId("rt-area").value });
  const state = { ring: [], polygon: null, points: [], found: null, picking: null, drawing: null, busy: false };
  const page = { state };
  window.fangtu.page = page; // for tests and the console
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：选中的农户。可在图上圈一片，也可只用左边的条件。") });
  const calendar = createCalendar(byId("rt-cal"), today, () => changed({ days: true }));
  let team = null;
  let pairs = null;
  let specials = null;

  page.open = async () => {
    readAddress();
    try {
      await plain.load().catch(() => {}); // without outlines the base map and the form remain
      offerAreas();
      const { people } = await getJson(withParams("/api/v1/routes/people", view()));
      team = createTeam(byId("rt-team"), people, { changed: () => changed({}), days: () => calendar.days(), pickStart });
      pairs = createPairs(byId("rt-pairs"), byId("rt-pair-more"), people, () => changed({}));
      specials = createSpecials(byId("rt-specials"), byId("rt-special-more"), {
        people,
        groups: [...form.querySelectorAll("#rt-groups label")].map((label) => [label.querySelector("input").value, label.textContent.trim()]),
        draw: (done) => {
          setDrawing(true);
          state.drawing = done;
          map.getContainer().focus();
        },
        changed: () => changed({}),
      });
      byId("rt-pairs-box").hidden = people.length < 2;
      listen();
      await takeOver();
      if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
      await look();
    } catch (reason) {
      trouble(reason);
    }
    document.body.dataset.ready = "true";
  };

  // “Plan these” of other pages says here what is meant by these.
  function readAddress() {
    const asked = new URLSearchParams(window.location.search);
    byId("rt-late").checked = asked.has("late");
    byId("rt-danger").checked = asked.has("danger");
    byId("rt-key").checked = asked.has("key");
    byId("rt-groups").hidden = !asked.has("key");
  }

  // The conditions of another plan, to be changed.
  async function takeOver() {
    const plan = new URLSearchParams(window.location.search).get("plan");
    if (!/^[0-9]+$/.test(plan || "")) return;
    const { choices } = await getJson(`/api/v1/routes/${plan}`);
    const homes = choices.households || {};
    byId("rt-not-visited").checked = homes.not_visited !== false;
    byId("rt-late").checked = Boolean(homes.late);
    byId("rt-key").checked = Boolean(homes.key_groups?.length);
    byId("rt-groups").hidden = !byId("rt-key").checked;
    for (const box of form.querySelectorAll("#rt-groups input")) box.checked = !homes.key_groups?.length || homes.key_groups.includes(box.value);
    byId("rt-danger").checked = Boolean(homes.grades?.length);
    if (homes.polygon?.length) {
      state.polygon = homes.polygon;
      state.ring = homes.polygon.map(([lon, lat]) => toWorld(lon, lat));
      byId("rt-undraw").hidden = false;
    }
    const people = choices.inspectors || [];
    const [first] = people;
    if (first) {
      for (const [id, name] of [["rt-mode", "mode"], ["rt-from", "from"], ["rt-to", "to"], ["rt-most", "most_visits"]]) byId(id).value = first[name] || byId(id).value;
      byId("rt-break").value = first.break ? first.break.minutes : 0;
      team.take(people, first);
    }
    if (choices.minutes) byId("rt-minutes").value = choices.minutes;
    byId("rt-reminders").checked = choices.reminders !== false;
    byId("rt-assigned").checked = Boolean(choices.keep_assigned);
    calendar.take(choices.days || []);
    for (const pair of choices.pairs || []) pairs.add(pair);
    takeTimes(choices);
    byId("rt-near").checked = Boolean(choices.near_m);
    for (const special of choices.special || []) specials.add(special);
  }

  function offerAreas() {
    const option = (area) => h("option", { value: area.code, selected: area.code === form.dataset.area }, area.name);
    const townships = plain.duty === plain.villages ? [] : plain.duty;
    byId("rt-area").append(...(townships.length > 1 ? townships.map(option) : []), ...plain.villages.map(option));
  }

  function listen() {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      make();
    });
    byId("rt-key").addEventListener("change", () => { byId("rt-groups").hidden = !byId("rt-key").checked; });
    for (const box of form.querySelectorAll(".rt-rules input, #rt-groups input, #rt-area")) box.addEventListener("change", () => changed({ homes: true }));
    for (const box of form.querySelectorAll(".rt-defaults input, .rt-defaults select")) box.addEventListener("change", () => changed({}));
    byId("rt-everybody").addEventListener("change", (event) => team.all(event.target.checked));
    byId("rt-draw").addEventListener("click", () => setDrawing(byId("rt-draw").getAttribute("aria-pressed") !== "true"));
    byId("rt-undraw").addEventListener("click", () => {
      state.polygon = null;
      state.ring = [];
      byId("rt-undraw").hidden = true;
      changed({ homes: true });
    });
    map.on("click", ({ latlng }) => {
      if (!state.picking) return;
      state.picking([Number(latlng.lng.toFixed(6)), Number(latlng.lat.toFixed(6))]);
      endPicking();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      setDrawing(false);
      endPicking();
    });
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !state.picking) return;
      const { lat, lng } = map.getCenter();
      state.picking([Number(lng.toFixed(6)), Number(lat.toFixed(6))]);
      endPicking();
    });
  }

  const lasso = createLasso(map, {
    draw: (ring) => {
      state.ring = ring;
      dots.redraw();
    },
    done: (corners) => {
      const meant = state.drawing;
      setDrawing(false);
      if (meant) {
        // Around households of a special arrangement; which ones are chosen stays as it is.
        state.ring = (state.polygon || []).map(([lon, lat]) => toWorld(lon, lat));
        dots.redraw();
        meant(corners);
        return;
      }
      state.polygon = corners;
      byId("rt-undraw").hidden = false;
      changed({ homes: true });
    },
  });

  function setDrawing(on) {
    lasso(on);
    state.drawing = null;
    byId("rt-draw").setAttribute("aria-pressed", String(on));
    document.querySelector(".rt-choose-map").classList.toggle("is-drawing", on);
    hint(on ? t("按住并画一圈，松开即选中；Esc 放弃。") : "");
  }

  function pickStart(mate, done, isEnd = false) {
    setDrawing(false);
    state.picking = done;
    hint(isEnd ? t("点地图选 %(name)s 的收工点；键盘：移动地图后按回车。", { name: mate.name }) : t("点地图选 %(name)s 的出发点；键盘：移动地图后按回车。", { name: mate.name }));
    map.getContainer().focus();
  }

  function endPicking() {
    state.picking = null;
    hint("");
    dots.redraw();
  }

  function hint(words) {
    byId("rt-legend").textContent = words;
    byId("rt-legend").hidden = !words;
    if (words) say(words);
  }

  const dots = createDots(state, () => team?.chosen() || []);
  dots.addTo(map);

  let timer = 0;
  function changed({ homes = false, days = false }) {
    if (days) team.days(calendar.days());
    drawSum();
    dots.redraw();
    if (!homes) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => look().catch(trouble), WAIT_MS);
  }

  function homesWanted() {
    const wanted = { not_visited: byId("rt-not-visited").checked, late: byId("rt-late").checked };
    if (byId("rt-key").checked) wanted.key_groups = [...form.querySelectorAll("#rt-groups input:checked")].map((box) => box.value);
    if (byId("rt-danger").checked) wanted.grades = ["C", "D"];
    if (state.polygon) wanted.polygon = state.polygon;
    return wanted;
  }

  let asked = 0;
  async function look() {
    const mine = (asked += 1);
    trouble(null);
    byId("rt-count").textContent = t("正在统计…");
    try {
      const found = await postJson(withParams("/routes/chosen.json", view()), { households: homesWanted() });
      if (mine !== asked) return;
      state.found = found;
      state.points = found.points.map(([lon, lat]) => toWorld(lon, lat));
      byId("rt-count").textContent = found.households
        ? [t("选中 %(n)s 户", { n: count(found.households) }), found.no_place ? t("其中 %(n)s 户没有准确位置，排不了", { n: count(found.no_place) }) : null].filter(Boolean).join(t("，"))
        : t("没有这样的农户。请放宽条件或换一个范围。");
    } catch (reason) {
      if (mine !== asked) return;
      state.found = null;
      state.points = [];
      byId("rt-count").textContent = "";
      throw reason;
    } finally {
      if (mine === asked) {
        dots.redraw();
        drawSum();
      }
    }
  }

  const mostOf = (mate) => Number(mate?.most || byId("rt-most").value || byId("rt-most").placeholder) || 0;

  // What the choice comes to, so that an evident mistake is seen before anything is worked out.
  function drawSum() {
    const mates = team?.chosen() || [];
    const days = calendar.days();
    byId("rt-team-count").textContent = team?.words() || "";
    byId("rt-everybody").checked = Boolean(team?.isFull());
    const missing = !state.found?.households ? t("还没有选中农户") : !mates.length ? t("还没有选谁去") : !days.length ? t("还没有选哪一天") : null;
    const room = mates.reduce((sum, mate) => sum + mostOf(mate) * (days.length - mate.absent.length), 0);
    const plannable = (state.found?.households || 0) - (state.found?.no_place || 0);
    byId("rt-sum").textContent = missing || [t("%(people)s 人 × %(days)s 天，最多排 %(room)s 户", { people: count(mates.length), days: count(days.length), room: count(room) }),
      plannable > room ? t("重点户、逾期和危房先排，约 %(n)s 户排不下", { n: count(plannable - room) }) : null].filter(Boolean).join(t("；"));
    byId("rt-make").disabled = Boolean(missing) || state.busy;
  }

  function personOf(mate) {
    const pause = Number(byId("rt-break").value);
    const wanted = { id: mate.id, mode: mate.mode || byId("rt-mode").value, from: padded(mate.from || byId("rt-from").value), to: padded(mate.to || byId("rt-to").value), break: pause > 0 ? { from: NOON[0], to: NOON[1], minutes: pause } : false };
    if (mate.own) wanted.start = mate.own;
    if (mate.end) wanted.end = mate.end;
    if (mate.most || byId("rt-most").value) wanted.most_visits = mostOf(mate);
    if (mate.absent.length) wanted.absent = mate.absent;
    return wanted;
  }

  function wrong() {
    for (const [id, words] of [["rt-from", t("上班时间要写成 8:30 这样。")], ["rt-to", t("下班时间要写成 17:30 这样。")]]) if (!Number.isFinite(secondOf(byId(id).value))) return [id, words];
    if (secondOf(byId("rt-from").value) >= secondOf(byId("rt-to").value)) return ["rt-to", t("下班要晚于上班。")];
    const odd = wrongTimes() || specials.wrong();
    if (odd) return odd;
    const lost = team.chosen().find((mate) => !mate.own && !mate.start);
    return lost ? ["rt-team", t("%(name)s 没有出发点，请在图上选。", { name: lost.name })] : null;
  }

  async function make() {
    if (state.busy || byId("rt-make").disabled) return;
    const fault = wrong();
    if (fault) {
      trouble(new Error(fault[1]));
      (byId(fault[0]) || fault[0]).focus();
      return;
    }
    state.busy = true;
    trouble(null);
    drawSum();
    const wish = { days: calendar.days(), households: homesWanted(), inspectors: team.chosen().map(personOf), pairs: pairs.wanted(), reminders: byId("rt-reminders").checked, keep_assigned: byId("rt-assigned").checked, ...timesWanted() };
    if (byId("rt-near").checked) wish.near_m = Number(byId("rt-near").value);
    if (specials.wanted().length) wish.special = specials.wanted();
    if (byId("rt-minutes").value) wish.minutes = Number(byId("rt-minutes").value);
    try {
      const { id } = await postJson(withParams("/api/v1/routes", view()), wish);
      window.location.assign(`/routes/${id}`);
    } catch (reason) {
      state.busy = false;
      trouble(reason);
      drawSum();
    }
  }

  function trouble(reason) {
    const box = byId("rt-trouble");
    box.hidden = !reason;
    if (!reason) return;
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)), reason.status === 401 ? signInLink() : null);
    say(reason.message || String(reason));
    box.scrollIntoView({ block: "nearest" });
  }
  return page;
}
