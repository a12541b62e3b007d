/* From pointer and keyboard to things: hover names, click selects, double click or Enter goes one level down. */

import { rate, share } from "../format.js";
import { t } from "../i18n.js";
import { areaAt, boundsOf } from "./areas-data.js";
import { dangerSentence, dangerWords } from "./danger.js";
import { fill, h, say } from "./dom.js";
import { toLatLng } from "./overlay.js";
import { toWorld } from "./world.js";
import { markPopup } from "./popup-marks.js";
import { monitoringPopup } from "./monitoring.js";
import { areaPopup, householdPopup, housePopup, settledPopup, sitePopup, visitPopup } from "./popup-records.js";
import { change, dataParams, state } from "./state.js";
import { isFilled } from "./themes.js";
import { getJson, UNATTENDED, withParams } from "./api.js";

const L = window.L;
const HOVER_MS = 120;
const SECOND_CLICK_MS = 230;
const KINDS = {
  household: { path: "households", build: householdPopup },
  house: { path: "houses", build: housePopup },
  site: { path: "sites", build: sitePopup },
  visit: { path: "visits", build: visitPopup },
  mark: { path: "marks", build: markPopup },
};
const PLACERS = new Set(["supervisor", "admin"]);
const DRILLED = new Set(["county", "township", "village"]);

/** `page` = {map, scene, selection, popups, measure, fit(bounds), failed(reason)} */
export function createPointer(page) {
  const { map, scene, selection, popups, measure } = page;
  const tip = h("div", { class: "map-tip", hidden: true });
  map.getContainer().append(tip);
  let hoverTimer = 0;
  let clickTimer = 0;

  const worldOf = (latlng) => toWorld(latlng.lng, latlng.lat);
  const hitAreas = () => (isFilled(state.theme) ? scene.level : scene.villages);
  const areaUnder = (latlng) => areaAt(hitAreas(), ...worldOf(latlng), 256 * 2 ** map.getZoom());

  const acts = {
    zoom: () => map.getZoom(),
    zoomTo: (at, zoom) => {
      popups.close();
      map.setView(at, zoom);
    },
    open: (kind, id) => acts.openThing(kind, id),
    // Who reads, and in which round.
    reader: () => page.setup && { role: page.setup.role, where: { campaign: page.setup.campaign, round: page.setup.round } },
  };

  function hideTip() {
    window.clearTimeout(hoverTimer);
    tip.hidden = true;
  }

  function tellArea(area, point) {
    if (state.theme === "danger") {
      showTip(point, h("strong", {}, area.name), h("span", {}, `${dangerWords(area)} · ${dangerSentence(area)}`), area.derived ? h("small", {}, t("边界为推算")) : null);
      return;
    }
    showTip(point, h("strong", {}, area.name), h("span", {}, `${rate(area.ratio, scene.target)} · ${area.eligible ? share(area.visited, area.eligible) : t("0 户应访")}`),
      area.derived ? h("small", {}, t("边界为推算")) : null);
  }

  function tellSettled(one, point) {
    showTip(point, h("strong", {}, one.name), h("span", {}, t("已走访 %(share)s", { share: share(one.visited, one.n) })));
  }

  function showTip(point, ...words) {
    fill(tip, words);
    tip.hidden = false;
    const size = map.getSize();
    const left = point.x + 16 + tip.offsetWidth > size.x ? point.x - tip.offsetWidth - 12 : point.x + 16;
    const top = Math.min(point.y + 16, size.y - tip.offsetHeight - 8);
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  map.on("mousemove", (event) => {
    if (measure.active || event.originalEvent.pointerType === "touch") return;
    hideTip();
    const { latlng, containerPoint } = event;
    hoverTimer = window.setTimeout(() => {
      const thing = scene.pick(...worldOf(latlng));
      map.getContainer().classList.toggle("is-over", Boolean(thing));
      const area = thing ? null : areaUnder(latlng);
      selection.set({ hovered: isFilled(state.theme) ? area : null });
      if (thing?.kind === "settled") tellSettled(thing, containerPoint);
      else if (area && map.getZoom() < 15.5) tellArea(area, containerPoint);
    }, HOVER_MS);
  });
  map.on("mouseout movestart zoomstart", () => {
    hideTip();
    selection.set({ hovered: null });
  });

  map.on("click", (event) => {
    if (measure.active) return;
    hideTip();
    const { latlng } = event;
    const thing = scene.pick(...worldOf(latlng));
    window.clearTimeout(clickTimer);
    if (thing?.kind === "settled") {
      acts.openSettled(thing);
      return;
    }
    if (thing) {
      acts.openThing(thing.kind, thing.id, toLatLng(...(thing.x === undefined ? worldOf(latlng) : [thing.x, thing.y])));
      return;
    }
    const area = areaUnder(latlng);
    if (!area) {
      acts.clear();
      return;
    }
    selection.set({ area, point: null });
    clickTimer = window.setTimeout(() => acts.openArea(area, latlng), SECOND_CLICK_MS);
  });
  map.on("dblclick", (event) => {
    window.clearTimeout(clickTimer);
    if (measure.active) return;
    const area = areaUnder(event.latlng);
    if (area && map.getZoom() < 15) acts.drill(area);
    else map.setZoomAround(event.latlng, map.getZoom() + 1);
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer() || measure.active) return;
    const area = areaUnder(map.getCenter());
    if (area) acts.openArea(area, map.getCenter());
    event.preventDefault();
  });

  acts.openArea = (area, latlng = toLatLng(...area.at), focus = true) => {
    selection.set({ area, point: null });
    change({ selected: { kind: "area", id: area.code } });
    popups.open({
      key: `area:${area.code}`, latlng, data: area, focus,
      build: (data) => (state.theme === "monitoring"
        ? monitoringPopup(data, scene.round)
        : areaPopup(data, { target: scene.target, drill: acts.drill, list: listOf, theme: state.theme, sites: scene.renovation?.villages?.[data.id], money: page.setup?.role !== "inspector", asOf: scene.renovation?.as_of || scene.dangerOf })),
    });
  };

  function listOf(area) {
    const query = new URLSearchParams(window.location.search);
    query.set("area", area.code);
    query.delete("theme");
    query.delete("level");
    query.delete("day"); // counted there by day of knowledge
    return `/coverage?${query}`;
  }

  /** What is known of the households of a pill; the numbers are on the map already. */
  acts.openSettled = (one) => {
    const { x, y, half } = scene.settled.spot(one, map.getZoom());
    selection.set({ area: null, point: null }); // the pill itself shows that it is chosen
    change({ selected: { kind: one.kind, id: one.id } });
    popups.open({
      key: `settled:${one.id}`, latlng: toLatLng(x, y), reach: half, data: one,
      build: (data) => settledPopup(data, { mayPlace: PLACERS.has(page.setup?.role) }),
    });
  };

  /** Open a record; where it lies is asked if not known. */
  acts.openThing = async (kind, id, latlng = null) => {
    const { path, build } = KINDS[kind];
    const url = withParams(`/api/v1/${path}/${encodeURIComponent(id)}`, kind === "household" ? dataParams() : {});
    let at = latlng;
    let data = null;
    if (!at) {
      try {
        data = await getJson(url);
      } catch (reason) {
        page.failed(reason);
        return;
      }
      const known = Number.isFinite(data.lat) && Number.isFinite(data.lon);
      at = known ? L.latLng(data.lat, data.lon) : map.getCenter();
      if (known && (map.getZoom() < 16 || !map.getBounds().contains(at))) map.setView(at, Math.max(17, map.getZoom()), { animate: false });
    }
    const [x, y] = worldOf(at);
    selection.set({ area: null, point: { x, y } });
    change({ selected: { kind, id: String(id) } });
    popups.open({ key: `${kind}:${id}`, latlng: at, url, data, build: (answer) => build(answer, acts) });
  };

  /** The mark whose popup is open, as it stands now. A household keeps what its popup was opened with. */
  acts.renewMark = async () => {
    const key = popups.current;
    if (!key?.startsWith("mark:")) return;
    const url = `/api/v1/marks/${encodeURIComponent(key.slice("mark:".length))}`;
    try {
      popups.renew(key, await getJson(url, undefined, { headers: UNATTENDED }));
    } catch (reason) {
      if (reason.status !== 404) throw reason; // gone, or of another's duty by now: what was read stays
    }
  };

  acts.clear = () => {
    selection.set({ area: null, point: null });
    change({ selected: null });
    return popups.close();
  };

  acts.drill = (area) => {
    acts.clear();
    say(t("进入 %(name)s", { name: area.name }));
    if (area.disc) map.setView(toLatLng(...area.at), 16);
    else page.fit(boundsOf(area, toLatLng));
    if (DRILLED.has(area.level)) change({ area: area.code }, { step: true });
  };

  /** Put back the selection an address named. */
  acts.restore = () => {
    const { selected } = state;
    if (!selected) return;
    if (selected.kind === "area") {
      const area = [...scene.level, ...scene.villages].find((one) => one.code === selected.id);
      if (area) acts.openArea(area, undefined, false);
    } else if (selected.kind === "settled") {
      const one = scene.settled.all.find((settlement) => settlement.id === selected.id);
      if (one) acts.openSettled(one);
    } else if (KINDS[selected.kind]) acts.openThing(selected.kind, selected.id);
  };
  return acts;
}
