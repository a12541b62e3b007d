/* The road network (路网): parts, gaps and far households beside their map; a gap is closed or said to be none. */

import { count, distance } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { getJson, postJson, withParams } from "../map/api.js";
import { areaAt } from "../map/areas-data.js";
import { fill, h, say, toast, withdrawToast } from "../map/dom.js";
import { onPalette } from "../map/palette.js";
import { createPlainMap } from "../map/plain.js";
import { toWorld } from "../map/world.js";
import { drawFar, drawGap, drawRoads, lineOf, signOf, styleOf } from "./draw.js";

const byId = (id) => document.getElementById(id);
const registry = {};
const MOST_PARTS = 30;
const MOST_GAPS = 100;

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const { area } = byId("roads").dataset;
  const state = { roads: [], health: null, gaps: [], far: [], lit: null, busy: false, asked: 0 };
  const page = { state };
  window.fangtu.page = page; // for tests and the console
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：路网、断头和远离道路的农户") });
  plain.add(draw);

  page.open = async () => {
    byId("roads-mode").addEventListener("change", () => load().catch(trouble));
    byId("roads-reach").addEventListener("change", () => load().catch(trouble));
    onPalette(drawLegend);
    const outlines = plain.load().catch(() => {}); // without outlines the roads are drawn all the same
    await load().catch(trouble);
    await outlines;
    if (state.health) drawLists(); // now the villages have names
    map.invalidateSize({ animate: false, pan: false });
    if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
    document.body.dataset.ready = "true";
  };

  const where = () => ({ area, mode: byId("roads-mode").value, reach: byId("roads-reach").value });

  async function load() {
    const asked = ++state.asked;
    const [health, edges] = await Promise.all([
      getJson(withParams("/api/v1/roads/health", where())),
      getJson(withParams("/api/v1/roads/edges", { ...where(), reach: "" })),
    ]);
    if (asked !== state.asked) return;
    state.health = health;
    state.roads = edges.rows.map(lineOf);
    state.gaps = health.gaps.map((gap) => ({ ...gap, ends: gap.line.map(([lon, lat]) => toWorld(lon, lat)) }));
    state.far = health.far.map((one) => ({ ...one, at: toWorld(one.lon, one.lat) }));
    byId("roads-trouble").hidden = true;
    drawLists();
    drawLegend();
    plain.redraw();
  }

  function trouble(reason) {
    if (!state.health) byId("roads-answer").textContent = "";
    byId("roads-trouble").textContent = reason.message;
    byId("roads-trouble").hidden = false;
  }

  /* ---- what is wrong ---- */

  function drawLists() {
    const found = state.health;
    const apart = found.parts.slice(1).reduce((sum, part) => sum + part.households, 0);
    fill(byId("roads-answer"), found.edges
      ? t("%(km)s 公里路网，%(parts)s 个连通分量，%(gaps)s 处断头；%(n)s 户中 %(far)s 户远离道路，%(apart)s 户在主网之外。", {
        km: found.km, parts: count(found.parts_total), gaps: count(found.gaps_total),
        n: count(found.households), far: count(found.far_total), apart: count(apart) })
      : t("还没有道路，路程都按直线估算。请在“导入”页导入路网。"));
    byId("roads-alarm").hidden = !found.shift.alarm;
    byId("roads-alarm").textContent = found.shift.sentence || "";
    list("gaps", found.gaps_total, state.gaps.slice(0, MOST_GAPS).map(gapRow), t("没有断头。"));
    list("far", found.far_total, state.far.map(farRow), found.edges ? t("没有。") : t("没有道路时不列出。"));
    list("parts", found.parts_total, found.parts.slice(0, MOST_PARTS).map(partRow), t("没有道路。"));
    list("settled", found.settled.length, found.settled.map(settledRow), t("还没有处理过。"));
    const { from_m: from, factors, pairs } = found.detour;
    byId("roads-detour-hint").textContent = pairs
      ? t("没有路的地方，路程按直线乘以倍数估算；倍数由现有路网上的 %(n)s 对地点得出。", { n: count(pairs) })
      : t("没有路的地方，路程按直线乘以倍数估算；现在用默认值。");
    fill(byId("roads-detour"), from.map((metres, at) => h("tr", {},
      h("td", {}, at + 1 < from.length ? `${distance(metres)} – ${distance(from[at + 1])}` : t("%(from)s 以上", { from: distance(metres) })),
      h("td", { class: "num" }, factors[at].toFixed(2)))));
  }

  function list(name, total, rows, none) {
    byId(`roads-${name}-n`).textContent = total ? count(total) : "";
    const more = total - rows.length;
    fill(byId(`roads-${name}`), rows.length ? rows : h("li", { class: "roads-none" }, none),
      rows.length && more > 0 ? h("li", { class: "roads-none" }, t("另有 %(n)s 项没有列出。", { n: count(more) })) : null);
  }

  function row(key, at, zoom, title, note, acts = null) {
    return h("li", { class: state.lit === key ? "is-lit" : null },
      h("button", { type: "button", class: "roads-go", onclick: () => go(key, at, zoom) }, h("strong", {}, title), h("span", {}, note)), acts);
  }

  function go(key, [lon, lat], zoom) {
    state.lit = key;
    map.setView([lat, lon], Math.max(map.getZoom(), zoom), { animate: false });
    drawLists();
    plain.redraw();
  }

  function gapRow(gap) {
    const [[ax, ay], [bx, by]] = gap.line;
    const apart = gap.parts[0] !== gap.parts[1];
    const note = apart
      ? t("两片不通的路网；较小的一片有 %(n)s 户", { n: count(gap.households) })
      : gap.around_m === null ? t("现在要绕很远") : t("现在要绕 %(way)s", { way: distance(gap.around_m) });
    const village = areaAt(plain.villages.filter((one) => one.rings.length), ...gap.ends[0], 1)?.name;
    return row(gap.key, [(ax + bx) / 2, (ay + by) / 2], 17, t("差 %(gap)s 米", { gap: gap.metres.toFixed(1) }), [village, note].filter(Boolean).join(" · "),
      h("div", { class: "roads-acts" },
        h("button", { type: "button", class: "btn btn-small btn-primary", disabled: state.busy, onclick: () => settle(gap, "closed") }, t("接通")),
        h("button", { type: "button", class: "btn btn-small", disabled: state.busy, onclick: () => settle(gap, "no_gap") }, t("不是断头"))));
  }

  function farRow(one) {
    return row(`far-${one.id}`, [one.lon, one.lat], 16, `${one.head_name || one.code || ""}`,
      [one.village, one.metres === null ? t("附近没有路") : t("离路 %(way)s", { way: distance(one.metres) })].filter(Boolean).join(" · "),
      h("a", { class: "btn btn-small", href: `/households/${one.id}` }, t("看这户")));
  }

  function partRow(part) {
    return row(`part-${part.number}`, [part.lon, part.lat], 14,
      part.number ? t("第 %(n)s 片", { n: count(part.number + 1) }) : t("主网"),
      t("%(way)s，%(n)s 户", { way: distance(part.metres), n: count(part.households) }), partSign(part.number));
  }

  function settledRow(one) {
    const [[ax, ay], [bx, by]] = one.line;
    return row(`settled-${one.id}`, [(ax + bx) / 2, (ay + by) / 2], 17, `${one.label} · ${distance(one.metres)}`, one.who,
      h("button", { type: "button", class: "btn btn-small", disabled: state.busy, onclick: () => undo(one.id) }, t("撤销")));
  }

  async function act(send) {
    if (state.busy) return;
    state.busy = true;
    withdrawToast();
    drawLists();
    try {
      await send();
    } catch (reason) {
      trouble(reason);
    } finally {
      state.busy = false;
      drawLists();
    }
  }

  const settle = (gap, choice) => act(async () => {
    const { id } = await postJson(withParams("/api/v1/roads/gaps", where()), { key: gap.key, choice });
    await load();
    const words = choice === "closed" ? t("已接通，路程随之更新。") : t("已记为不是断头。");
    say(words);
    toast(words, { label: t("撤销"), act: () => undo(id) });
  });

  const undo = (id) => act(async () => {
    await postJson(`/api/v1/roads/gaps/${id}/undo`, {});
    await load();
    say(t("已撤销。"));
  });

  /* ---- drawing ---- */

  function draw({ ctx, ...view }) {
    drawRoads(ctx, view, state.roads);
    for (const one of state.far) drawFar(ctx, view, one, state.lit === `far-${one.id}`);
    for (const gap of state.gaps.slice().reverse()) drawGap(ctx, view, gap, state.lit === gap.key);
  }

  function partSign(part) {
    return signOf((ctx) => {
      const { hue, width, dash } = styleOf(part);
      ctx.setLineDash(dash);
      ctx.lineWidth = width;
      ctx.strokeStyle = hue;
      ctx.beginPath();
      ctx.moveTo(2, 6);
      ctx.lineTo(26, 6);
      ctx.stroke();
    });
  }

  function drawLegend() {
    const small = { scale: 1, left: 0, top: 0 };
    const entries = [
      [partSign(0), t("主网")],
      state.roads.some((road) => road.part > 0) ? [partSign(1), t("主网之外")] : null,
      state.roads.some((road) => road.part < 0) ? [partSign(-1), t("这种方式不能走")] : null,
      state.gaps.length ? [signOf((ctx) => { ctx.scale(0.75, 0.75); drawGap(ctx, small, { ends: [[16, 8], [22, 8]] }, false); }), t("断头")] : null,
      state.far.length ? [signOf((ctx) => { ctx.scale(0.8, 0.8); drawFar(ctx, small, { at: [17, 7.5] }, false); }), t("远离道路的农户")] : null,
    ];
    fill(byId("roads-legend"), state.roads.length ? entries.filter(Boolean).map(([sign, words]) => h("li", {}, sign, words)) : null);
    byId("roads-legend").hidden = !state.roads.length;
  }

  return page;
}
