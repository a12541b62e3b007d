/*
 * Editing boundaries: an area is chosen, drawn, split, merged or its corners are moved; what would move is shown before
 * it is applied, and every edit can be taken back from the list. Each act of the map can be done by keyboard and as text.
 */

import { dayAndTime } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { followJob, jobWords } from "../import/jobs.js";
import { signInLink } from "../import/trouble.js";
import { boundsOf, areaAt, areaOf } from "../map/areas-data.js";
import { getJson, postJson, withParams } from "../map/api.js";
import { fill, h, icon, say, toast, withdrawToast } from "../map/dom.js";
import { toLatLng } from "../map/overlay.js";
import { toWorld } from "../map/world.js";
import { createPlainMap } from "../map/plain.js";
import { createCorners } from "./corners.js";
import { answerWords, HOW, showAreas, showDividing, showHistory, showPreview } from "./panel.js";
import { createPicture } from "./picture.js";
import { canMake, makingWish, onMaking } from "./making.js";
import { edgeAt, multiPolygon, polygon, polygonsOf, textOf } from "./shape.js";
import { createReading } from "./reading.js";
import { isSettlement, laysEdges, wishOf } from "./wish.js";

const byId = (id) => document.getElementById(id);
const WAIT_MS = 250;
const EDGE_PX = 10;
const registry = {};
const round = ({ lat, lng }) => [Number(lng.toFixed(7)), Number(lat.toFixed(7))];

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const L = window.L;
  const state = { target: null, village: null, tool: null, points: [], work: null, geometry: null, found: null, busy: false, asked: 0, timer: 0 };
  const page = { state };
  window.fangtu.page = page; // for tests and the console
  map.doubleClickZoom.disable();
  const frame = document.querySelector(".editing-map");
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：选区域后画边界") });
  createPicture(plain, state);
  const corners = createCorners(L, map, { round, changed, said: (words) => { byId("edit-how").textContent = words || HOW.vertices(); }, moved: () => { state.found = null; plain.redraw(); } });

  page.open = async () => {
    map.on("click", ({ latlng, containerPoint }) => clicked(latlng, containerPoint));
    map.on("dblclick", () => close());
    map.on("moveend", () => state.tool === "vertices" && corners.show(state.work));
    map.getContainer().addEventListener("keydown", keyed);
    byId("edit-area").addEventListener("change", (event) => choose(event.target.value));
    byId("edit-snap").addEventListener("change", () => ask(0));
    byId("edit-follow").addEventListener("change", () => ask(0));
    byId("edit-name").addEventListener("input", () => ask());
    byId("edit-code").addEventListener("input", () => ask());
    onMaking(ask);
    byId("edit-apply").addEventListener("click", apply);
    byId("edit-drop").addEventListener("click", () => leave());
    createReading({ state, take, ask, forget, hush, trouble });
    window.addEventListener("hashchange", fromAddress);
    drawTools();
    const outlines = plain.load().catch(() => {});
    history().catch(trouble);
    await outlines;
    map.invalidateSize({ animate: false, pan: false });
    if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
    await fromAddress();
    document.body.dataset.ready = "true";
  };

  async function fromAddress() {
    const wanted = new URLSearchParams(window.location.hash.replace(/^#/, "")).get("area");
    if (wanted && [...byId("edit-area").options].some((option) => option.value === wanted)) {
      byId("edit-area").value = wanted;
      await choose(wanted);
    }
  }

  /* ---- choosing ---- */

  async function choose(value) {
    leave();
    hush();
    // "new:VILLAGE" is a new grid of a village, "new-natural_village:VILLAGE" a new settlement.
    const [, level, village] = /^new(?:-(\w+))?:(.+)$/.exec(value) || [];
    Object.assign(state, { village: village || null, level: level || "grid" });
    state.target = null;
    drawTools();
    plain.redraw();
    if (!value) return;
    window.history.replaceState(null, "", `${window.location.pathname}${window.location.search}#area=${encodeURIComponent(value)}`);
    try {
      const found = await getJson(`/api/v1/areas/${encodeURIComponent(state.village || value)}/boundary`);
      // A new grid has no shape yet; its neighbours are the grids of the village, which the list names.
      state.target = state.village ? { ...found, geometry: null, parent: { geometry: found.geometry }, neighbours: [], level: state.level } : found;
      const around = state.target.geometry || state.target.parent.geometry;
      if (around) map.fitBounds(boundsOf(areaOf({ id: 0, geometry: around, properties: {} }), toLatLng), { padding: [30, 30], animate: false });
      byId("edit-text").value = textOf(state.target.geometry);
      drawTools();
      plain.redraw();
      if (state.village || !state.target.geometry) take("draw");
    } catch (reason) {
      trouble(reason);
    }
  }

  /** A click with no tool in hand chooses what lies there: a grid beside the present one, else a village. */
  function chooseAt({ lat, lng }) {
    const [x, y] = toWorld(lng, lat);
    const scale = 256 * 2 ** map.getZoom();
    const beside = (state.target?.neighbours || []).filter((area) => area.geometry)
      .map((area) => areaOf({ id: area.code, geometry: area.geometry, properties: { code: area.code } }));
    const hit = areaAt(beside, x, y, scale) || areaAt(plain.villages, x, y, scale);
    const select = byId("edit-area");
    const option = hit && [...select.options].find((one) => one.value === hit.code)
      || hit && [...select.options].find((one) => one.value.startsWith(hit.code));
    if (!option || option.value === select.value) return;
    select.value = option.value;
    choose(option.value);
  }

  /* ---- tools ---- */

  function toolsOf() {
    if (!state.target) return [];
    const there = !state.village;
    const drawn = Boolean(state.target.geometry);
    return [
      ["draw", t("画"), true],
      ["split", t("分割"), there && drawn],
      ["merge", t("合并"), there && state.target.neighbours.length > 0],
      ["vertices", t("改点"), drawn],
      ["grids", t("划分网格"), canMake(state)],
      ["delete", t("删除"), there && isSettlement(state.target)],
    ].filter(([, , able]) => able);
  }

  function drawTools() {
    fill(byId("edit-tools"), toolsOf().map(([name, word]) => h("button", { type: "button", value: name, "aria-pressed": String(state.tool === name), onclick: () => (state.tool === name ? leave() : take(name)) }, word)));
    byId("edit-tools").hidden = !state.target;
    byId("edit-how").textContent = state.tool ? HOW[state.tool]() : state.target ? t("选一个工具。") : t("先选一个区域。");
    const draws = state.tool === "draw" || state.tool === "split";
    frame.classList.toggle("is-drawing", draws);
    byId("edit-name-field").hidden = !(state.tool === "split" || (state.village && state.tool === "draw"));
    byId("edit-code-field").hidden = !(state.tool === "split" && state.target.level === "village");
    byId("edit-make").hidden = state.tool !== "grids";
    byId("edit-merge").hidden = state.tool !== "merge";
    byId("edit-checks").hidden = !laysEdges(state.tool);
    byId("edit-drop").disabled = !state.tool;
    byId("edit-apply").disabled = !state.found || state.busy;
    holdHistory();
    const { dataset } = byId("editing");
    Object.assign(dataset, { target: state.target ? state.village || state.target.code : "", tool: state.tool || "", points: state.points.length });
  }

  /** While an edit is applied or taken back no other is taken back: its button says so, and no click on it is lost. */
  function holdHistory() {
    for (const button of byId("edit-history").querySelectorAll("button")) button.disabled = state.busy;
  }

  function take(tool) {
    leave();
    state.tool = tool;
    // Corners are moved on purpose: a short way is no slip of the hand that is to be laid back onto the neighbour.
    byId("edit-snap").checked = tool !== "vertices";
    if (tool === "vertices") {
      state.work = polygonsOf(state.target.geometry);
      corners.show(state.work);
    } else if (tool === "merge") {
      fill(byId("edit-merge-list"), state.target.neighbours.map((area) => h("label", { class: "check" }, h("input", { type: "checkbox", value: area.code, onchange: () => ask(0) }), h("span", {}, area.name))));
    }
    if (tool === "delete" || tool === "grids") ask(0);
    drawTools();
    if (tool === "draw" || tool === "split") map.getContainer().focus({ preventScroll: true });
    plain.redraw();
  }

  function leave() {
    Object.assign(state, { tool: null, points: [], work: null, geometry: null, found: null });
    state.asked += 1;
    window.clearTimeout(state.timer);
    corners.clear();
    byId("edit-name").value = "";
    byId("edit-code").value = "";
    showPreview(byId("edit-preview"), null);
    drawTools();
    plain.redraw();
  }

  /* ---- drawing ---- */

  function clicked(latlng, spot) {
    if (state.busy) return;
    if (state.tool === "draw" || state.tool === "split") add(round(latlng));
    else if (state.tool === "vertices") {
      const edge = edgeAt(state.work, spot.x, spot.y, ([lon, lat]) => map.latLngToContainerPoint([lat, lon]), EDGE_PX);
      if (!edge) return;
      edge.ring.splice(edge.at, 0, round(latlng));
      changed();
      corners.show(state.work);
    } else if (!state.tool) chooseAt(latlng);
  }

  function add(point) {
    const last = state.points[state.points.length - 1];
    // The second click of a double click falls on the first.
    if (last && map.latLngToContainerPoint([last[1], last[0]]).distanceTo(map.latLngToContainerPoint([point[1], point[0]])) < 4) return;
    state.points.push(point);
    sketch();
  }

  function sketch() {
    const least = state.tool === "split" ? 2 : 3;
    state.found = null;
    state.geometry = null;
    if (state.points.length >= least) state.geometry = state.tool === "split" ? { type: "LineString", coordinates: [...state.points] } : polygon(state.points);
    byId("edit-text").value = state.points.map((pair) => pair.join(",")).join("\n");
    if (state.tool === "draw" || state.points.length >= least) ask();
    drawTools();
    plain.redraw();
  }

  function close() {
    if (state.tool !== "draw" && state.tool !== "split") return;
    if (!state.geometry) {
      say(state.tool === "split" ? t("至少要 %(n)s 个点。", { n: 2 }) : t("至少要 %(n)s 个点。", { n: 3 }));
      return;
    }
    ask(0);
    byId("edit-apply").focus();
  }

  function keyed(event) {
    if (event.key === "Escape" && state.tool) {
      event.stopPropagation();
      leave();
      return;
    }
    if (event.target !== map.getContainer() || (state.tool !== "draw" && state.tool !== "split")) return;
    if (event.key === "Enter") close();
    else if (event.key === "Backspace") {
      state.points.pop();
      sketch();
    } else if (event.key === " ") add(round(map.getCenter()));
    else return;
    event.preventDefault();
  }

  /* ---- corners ---- */

  function changed() {
    state.geometry = multiPolygon(state.work);
    state.found = null;
    byId("edit-text").value = textOf(state.geometry);
    ask();
    drawTools();
    plain.redraw();
  }

  /* ---- preview and act ---- */

  const wish = () => state.tool === "grids" ? makingWish(state) : wishOf(state, {
    name: byId("edit-name").value.trim() || null,
    code: byId("edit-code").value.trim() || null,
    snap: byId("edit-snap").checked,
    follow: byId("edit-follow").checked,
    merged: [...byId("edit-merge-list").querySelectorAll("input:checked")].map((box) => box.value),
  });

  /** Take back what was drawn or read, with its preview; the tool stays in hand. */
  function forget() {
    Object.assign(state, { points: [], geometry: null, found: null });
    state.asked += 1;
    window.clearTimeout(state.timer);
    showPreview(byId("edit-preview"), null);
    drawTools();
    plain.redraw();
  }

  /** Ask what it would do, once nothing more is drawn for a moment; the latest question wins. */
  function ask(wait = WAIT_MS) {
    window.clearTimeout(state.timer);
    state.asked += 1;
    const number = state.asked;
    byId("edit-preview").classList.add("is-old");
    byId("edit-apply").disabled = true;
    state.timer = window.setTimeout(async () => {
      const wanted = wish();
      if (!wanted) {
        state.found = null;
        showPreview(byId("edit-preview"), null);
        return;
      }
      if (wanted.act === "grids") showDividing(byId("edit-preview"));
      try {
        const found = await postJson("/api/v1/edits/preview", wanted);
        if (number !== state.asked) return;
        hush();
        state.found = found;
        state.wish = wanted;
        showPreview(byId("edit-preview"), found);
        say(answerWords(found));
      } catch (reason) {
        if (number !== state.asked) return;
        state.found = null;
        showPreview(byId("edit-preview"), null);
        // A line that is still being drawn need not cross yet, nor a code be whole that is being typed.
        if (state.tool === "split" && wait) byId("edit-how").textContent = reason.message;
        else trouble(reason);
      }
      drawTools();
      plain.redraw();
    }, wait);
  }

  async function apply() {
    if (!state.found || state.busy) return;
    await work(async () => {
      const sent = await postJson("/api/v1/edits", { ...state.wish, revision: state.found.revision });
      const job = await ended(sent.job);
      const { value } = byId("edit-area");
      const told = t("已应用，%(n)s 户改变归属", { n: job.result.moved });
      await refresh(value);
      toast(told, { label: t("撤销"), act: () => undo({ id: job.result.edit }) });
      say(told);
    });
  }

  async function undo(row) {
    if (state.busy) return;
    await work(async () => {
      const { value } = byId("edit-area");
      await ended((await postJson(`/api/v1/edits/${encodeURIComponent(row.id)}/undo`, {})).job);
      await refresh(value);
      toast(t("已撤销，边界和归属都恢复原样"));
      say(t("已撤销，边界和归属都恢复原样"));
    });
  }

  async function work(act) {
    state.busy = true;
    withdrawToast();
    drawTools();
    hush();
    try {
      await act();
    } catch (reason) {
      trouble(reason);
      if (reason.code === "edit_conflict") ask(0);
    } finally {
      state.busy = false;
      byId("edit-progress").textContent = "";
      drawTools();
    }
  }

  async function ended(job) {
    const show = (now) => { byId("edit-progress").textContent = jobWords(now); };
    show(job);
    const last = await followJob(job, show, (away) => away && (byId("edit-progress").textContent = t("无网络。服务器上的工作不受影响，恢复后自动继续显示。"))).ended;
    if (last.state === "done") return last;
    const failed = new Error(last.error?.message || t("没有完成，请重试。"));
    failed.code = last.error?.code;
    throw failed;
  }

  /** After an edit there may be other areas: they are asked for anew, and the chosen one is chosen again if it is there. */
  async function refresh(value) {
    leave();
    const { rows } = await getJson("/api/v1/edits/areas");
    const select = byId("edit-area");
    showAreas(select, rows);
    select.value = [...select.options].some((option) => option.value === value) ? value : "";
    await Promise.all([plain.load(), history(), choose(select.value)]);
    leave();
  }

  async function history() {
    const area = new URLSearchParams(window.location.search).get("area");
    const answer = await getJson(withParams("/api/v1/edits", { area }));
    showHistory(byId("edit-history"), answer.rows, undo, dayAndTime);
    holdHistory();
  }

  function trouble(reason) {
    const box = byId("edit-trouble");
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)), reason.status === 401 ? signInLink() : null);
    box.hidden = false;
    say(reason.message || String(reason));
  }

  function hush() {
    byId("edit-trouble").hidden = true;
  }
  return page;
}
