/*
 * Giving households a place: list at one side, map at the other. Each act is done at once and can be taken back; every act
 * of the map can be done from the list or the keyboard as well.
 */

import { count } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { getJson, postJson, withParams } from "../map/api.js";
import { fill, h, icon, say, toast } from "../map/dom.js";
import { signInLink } from "../import/trouble.js";
import { createPlainMap } from "../map/plain.js";
import { createList } from "./list.js";
import { createPicture } from "./picture.js";

const byId = (id) => document.getElementById(id);
const FILTERS = [
  ["", () => t("全部"), "all"],
  ["proposed", () => t("有建议"), "proposed"],
  ["ambiguous", () => t("有歧义"), "ambiguous"],
];
const MOST = 500;
const registry = {};

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const stage = byId("placing");
  const coarse = window.matchMedia("(pointer: coarse)");
  const page = { only: "", page: 1, pages: 1, total: 0, counts: null, busy: false };
  window.fangtu.page = page; // for tests and the console
  map.options.doubleClickZoom = false;
  map.doubleClickZoom.disable(); // the first click has placed a household already
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, settlements: true, label: t("地图：点房屋所在处即定位。方向键移动，加减键缩放，回车放在十字处。") });
  const picture = createPicture(plain);
  const list = createList(byId("placing-rows"), {
    select: (row) => select(row),
    propose: (row, proposal) => place([row], { items: [itemOf(row, proposal)] }),
    choose: (row, candidate) => place([row], { items: [{ household_id: row.id, area_id: candidate.area_id }] }),
    check: drawActs,
  });

  page.open = async () => {
    readAddress();
    byId("placing-here").addEventListener("click", () => placeAt(map.getCenter()));
    map.on("click", ({ latlng, originalEvent }) => {
      // On a touch screen a tap may be the start of a drag: the crosshair and its button do it there.
      if (!coarse.matches && originalEvent.pointerType !== "touch") placeAt(latlng);
    });
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== map.getContainer()) return;
      event.preventDefault();
      placeAt(map.getCenter());
    });
    byId("placing-all").addEventListener("change", (event) => {
      list.tick(event.target.checked);
      drawActs();
    });
    byId("placing-accept").addEventListener("click", () => acceptChecked());
    byId("placing-accept-all").addEventListener("click", () => place([], { all: "proposed", area: stage.dataset.area || null }));
    const outlines = plain.load().catch(() => {}); // without outlines the base map and the names of the list remain
    try {
      await load();
      stage.hidden = false;
      byId("placing-plain").hidden = true;
      map.invalidateSize({ animate: false, pan: false });
      await outlines;
      if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
      select(list.rows.find((row) => String(row.id) === page.wanted) || list.rows[0] || null);
    } catch (reason) {
      trouble(reason);
    }
    document.body.dataset.ready = "true";
  };

  function readAddress() {
    const hash = new URLSearchParams(window.location.hash.replace(/^#/, ""));
    page.only = FILTERS.some(([key]) => key === hash.get("only")) ? hash.get("only") : "";
    page.page = Number(hash.get("page")) || 1;
    page.wanted = hash.get("household");
  }

  function writeAddress() {
    const hash = new URLSearchParams();
    if (page.only) hash.set("only", page.only);
    if (page.page > 1) hash.set("page", page.page);
    if (list.selected) hash.set("household", list.selected.id);
    const text = hash.toString();
    window.history.replaceState(null, "", window.location.pathname + window.location.search + (text ? `#${text}` : ""));
  }

  async function load() {
    const answer = await getJson(withParams("/api/v1/worklists/unplaced", { area: stage.dataset.area, page: page.page, only: page.only }));
    Object.assign(page, { total: answer.total, pages: answer.pages, page: answer.page, counts: answer.counts || null });
    list.show(answer.rows);
    draw();
  }

  async function reload(wanted = null) {
    await load();
    if (!list.rows.length && page.page > 1) {
      page.page = page.pages;
      await load();
    }
    select(list.rows.find((row) => row.id === wanted) || list.rows[0] || null);
  }

  async function turn(changes) {
    Object.assign(page, changes);
    try {
      await reload();
    } catch (reason) {
      trouble(reason);
    }
  }

  function select(row) {
    list.select(row);
    const what = byId("placing-what");
    fill(what, row ? [h("strong", {}, row.head_name || row.code || "—"), h("span", { class: "quiet" }, [row.address, row.stated_hamlet, row.stated_area].filter(Boolean).join(" · "))]
      : h("span", { class: "quiet" }, t("没有待定位的农户。")));
    byId("placing-here").disabled = !row;
    map.invalidateSize({ animate: false, pan: false }); // those lines take some of its height, and the crosshair is in the middle
    picture.show(row);
    writeAddress();
  }

  /* ---- acts ---- */

  // A village or hamlet is accepted as the area it is: its centre is no place of a house.
  function itemOf(row, proposal) {
    if (proposal.area_id) return { household_id: row.id, area_id: proposal.area_id };
    return { household_id: row.id, method: proposal.method, lon: proposal.lon, lat: proposal.lat };
  }

  async function placeAt({ lat, lng }) {
    const row = list.selected;
    if (!row || page.busy) return;
    await act([row], () => postJson(`/api/v1/households/${row.id}/place`, { lon: Number(lng.toFixed(7)), lat: Number(lat.toFixed(7)) }));
  }

  async function acceptChecked() {
    const rows = list.rows.filter((row) => list.checked.has(row.id) && row.proposals.length).slice(0, MOST);
    if (rows.length) await place(rows, { items: rows.map((row) => itemOf(row, row.proposals[0])) });
  }

  function place(rows, body) {
    return page.busy ? null : act(rows, () => postJson("/api/v1/placements", body));
  }

  /** Do it, say it, offer to take it back, go on with the next row. */
  async function act(rows, send) {
    page.busy = true;
    stage.classList.add("is-busy");
    const before = list.selected;
    const inList = byId("placing-list").contains(document.activeElement);
    try {
      const answer = await send();
      const refused = new Map((answer.refused || []).map((one) => [one.household_id, one.message]));
      const placed = answer.placed ?? rows.length;
      const done = rows.filter((row) => !refused.has(row.id)).map((row) => row.id);
      if (rows.length === 1 && !done.length) {
        list.complain(rows[0], refused.get(rows[0].id));
        return;
      }
      // What is known to its village only keeps its row; the next one is taken up all the same.
      await reload(done.includes(before?.id) ? list.after(done)?.id : before?.id);
      if (inList && list.selected) list.focus(list.selected);
      const who = rows.length === 1 ? rows[0].head_name || rows[0].code : null;
      told(who, placed, answer, refused, before);
    } catch (reason) {
      if (before && rows.length === 1) list.complain(before, reason.message || String(reason));
      trouble(reason);
    } finally {
      page.busy = false;
      stage.classList.remove("is-busy");
    }
  }

  function told(who, placed, answer, refused, before) {
    let words = who ? t("%(name)s：%(message)s", { name: who, message: answer.message || t("已定位") }) : t("已定位 %(n)s 户", { n: count(placed) });
    if (refused.size && !who) words += t("，%(n)s 户没有定位：%(why)s", { n: count(refused.size), why: [...refused.values()][0] });
    const next = list.selected ? t("下一户：%(name)s", { name: list.selected.head_name || list.selected.code || "" }) : t("列表里没有了。");
    say(`${words} ${next}`);
    byId("placing-trouble").hidden = true;
    if (answer.bulk_id && (placed || who)) toast(words, { label: t("撤销"), act: () => undo(answer.bulk_id, before) });
    else toast(words);
  }

  async function undo(bulk, before) {
    try {
      const answer = await postJson(`/api/v1/placements/${encodeURIComponent(bulk)}/undo`, {});
      await reload(before?.id);
      const kept = answer.kept?.length ? t("，%(n)s 户之后又有改动，没有动", { n: count(answer.kept.length) }) : "";
      toast(t("已撤销，%(n)s 户恢复原样", { n: count(answer.restored) }) + kept);
      if (list.selected) list.focus(list.selected);
    } catch (reason) {
      trouble(reason);
    }
  }

  /* ---- drawing ---- */

  function draw() {
    const held = byId("placing-filter").contains(document.activeElement) ? document.activeElement.value : null;
    fill(byId("placing-filter"), FILTERS.map(([key, word, name]) => h("button", {
      type: "button", value: key, "aria-pressed": String(page.only === key), onclick: () => turn({ only: key, page: 1 }),
    }, page.counts ? `${word()} ${count(page.counts[name])}` : word())));
    if (held !== null) byId("placing-filter").querySelector(`[value="${held}"]`)?.focus();
    fill(byId("placing-total"), page.only ? t("筛出 %(n)s 户", { n: count(page.total) }) : t("%(n)s 户待定位", { n: count(page.total) }));
    byId("placing-empty").hidden = list.rows.length > 0;
    fill(byId("placing-empty"), page.only ? [t("没有这样的农户。"), " ", h("button", { type: "button", class: "link", onclick: () => turn({ only: "", page: 1 }) }, t("清除筛选"))] : t("没有。每户都有位置。"));
    fill(byId("placing-pager"), page.pages > 1 ? [
      h("button", { type: "button", class: "btn btn-small", disabled: page.page <= 1, "aria-label": t("上一页"), onclick: () => turn({ page: page.page - 1 }) }, icon("left")),
      h("span", { class: "nowrap" }, `${page.page} / ${page.pages}`),
      h("button", { type: "button", class: "btn btn-small", disabled: page.page >= page.pages, "aria-label": t("下一页"), onclick: () => turn({ page: page.page + 1 }) }, icon("right")),
    ] : null);
    drawActs();
  }

  function drawActs() {
    const able = list.rows.filter((row) => row.proposals.length).length;
    const n = list.checked.size;
    const all = byId("placing-all");
    all.disabled = !able;
    all.checked = able > 0 && n === able;
    all.indeterminate = n > 0 && n < able;
    const accept = byId("placing-accept");
    accept.disabled = !n;
    accept.textContent = n ? t("接受 %(n)s 处建议", { n: count(n) }) : t("接受建议");
    const every = byId("placing-accept-all");
    const proposed = page.counts?.proposed ?? (page.only === "proposed" ? page.total : null);
    every.hidden = !(page.pages > 1 && proposed);
    if (proposed) every.textContent = t("接受全部 %(n)s 处", { n: count(proposed) });
  }

  function trouble(reason) {
    const box = byId("placing-trouble");
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)), reason.status === 401 ? signInLink() : null);
    box.hidden = false;
    say(reason.message || String(reason));
  }
  return page;
}
