/*
 * The map page. Loaded before the shell's script, which calls `fangtu.addLayer(map, kind, options)` for each layer and
 * `fangtu.start(map)` last; everything the page shows is then fetched by its own address.
 */

import { loadWords, t } from "../i18n.js";
import { getJson, UNATTENDED, withParams } from "./api.js";
import { createBaseChoice } from "./base-choice.js";
import { drawCrumbs, drawFresh, drawPicks, linkButton } from "./context.js";
import { fill, h, icon, say, toast } from "./dom.js";
import { dangerSentence } from "./danger.js";
import { drawDock } from "./dock.js";
import { startKeys } from "./keys.js";
import { drawAreaList } from "./list.js";
import { startLive } from "./live.js";
import { createMeasure } from "./measure.js";
import { toLatLng } from "./overlay.js";
import { toWorld } from "./world.js";
import { drawCard, drawGaps, drawLayers, drawLevels, drawThemes } from "./panel.js";
import { createPointer } from "./pointer.js";
import { createPopups } from "./popup.js";
import { startPrint } from "./print.js";
import { hold, later, soon } from "./queue.js";
import { createScene } from "./scene.js";
import { startSearch } from "./search.js";
import { createSelection } from "./select.js";
import { startSheet } from "./sheet.js";
import { createSlider } from "./slider.js";
import { address, change, dataParams, onChange, readAddress, state, writeAddress } from "./state.js";
import { isFilled, LEVELS, OF_SITES, THEMES, themeOf, themesOf } from "./themes.js";
import { boundsOf } from "./areas-data.js";
import { buildScale, buildTools, zoomStep } from "./tools.js";

const registry = {};
const byId = (id) => document.getElementById(id);
const TOP_LEFT = [16, 60];
const BOTTOM_RIGHT = [64, 28];

/** Called by the shell for each layer, bottom first. */
function addLayer(map, kind, options = {}) {
  registry[kind] = { map, options };
}

/** Called by the shell when every layer is registered. */
async function start(map) {
  readAddress();
  state.theme = themeOf(state.theme).key;
  state.level = LEVELS.some((level) => level.key === state.level) ? state.level : "village";
  await loadWords();
  const page = createPage(map);
  window.fangtu.page = page; // for tests and the console: what is drawn and what a point picks
  try {
    await page.open();
  } catch (reason) {
    page.failed(reason, () => window.location.reload());
  }
}

window.fangtu = { addLayer, start };

function createPage(map) {
  const page = { map, setup: null };
  map.options.zoomSnap = 0.25; // so that an area fills the screen; buttons and keys still go whole steps
  map.options.zoomDelta = 1;
  map._fadeAnimated = false; // tiles appear at once: fading each costs more than it gives
  map.doubleClickZoom.disable();
  map.zoomControl?.remove();
  map.attributionControl?.remove();
  startSheet(); // before anything is measured: on a phone the slider is no row beside the map
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", t("地图。方向键移动，加减键缩放，回车打开正中的村，Tab 逐个走过各村。"));
  // A legend of another height is shown before the map takes the room that it leaves.
  new ResizeObserver(() => soon(() => map.invalidateSize({ pan: false }))).observe(map.getContainer());

  const scene = createScene(map, registry, trouble);
  page.scene = scene;
  page.idle = scene.idle;
  const slider = createSlider(byId("days"), {
    wanted: () => ({
      ...dataParams(),
      area: state.area,
      by: [...new Set(["village", isFilled(state.theme) ? LEVELS.find((one) => one.key === state.level).by : "village", state.area ? "group" : "village"])].join(","),
      heat: isFilled(state.theme) ? null : 1,
    }),
    figures: () => page.setup.coverage,
    apply: () => {
      if (page.popups.current?.startsWith("area:")) page.popups.close(); // its figures are those of another day
      scene.drawDay(true);
      redrawDay();
    },
    settled: () => {
      scene.settleDay();
      redrawList();
    },
    failed: (reason) => page.failed(reason, () => page.playable()),
  });
  scene.slider = slider;
  page.slider = slider;
  page.baseChoice = createBaseChoice(scene.base, byId("base-choice"), byId("map-credit"), byId("map-frame").dataset.account);
  page.selection = createSelection(map);
  page.measure = createMeasure(map, byId("measure-bar"));
  page.popups = createPopups(map, {
    onClose: () => {
      page.selection.set({ area: null, point: null });
      change({ selected: null });
    },
  });
  page.fit = (bounds) => map.fitBounds(bounds, { paddingTopLeft: TOP_LEFT, paddingBottomRight: BOTTOM_RIGHT });
  page.failed = (reason, again = null) => {
    const box = byId("map-trouble");
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)),
      reason.status === 401
        ? h("a", { class: "btn btn-small", href: `/sign-in?next=${encodeURIComponent(address())}` }, t("重新登录"))
        : h("button", { type: "button", class: "btn btn-small", onclick: () => { box.hidden = true; (again || page.reload)(); } }, t("重试")));
    box.hidden = false;
    say(reason.message || String(reason));
  };
  const troubled = new Set();
  function trouble(part, reason) {
    if (reason) troubled.add(part);
    else troubled.delete(part);
    if (reason) page.failed(reason, () => { troubled.clear(); scene.retry(); });
    else if (!troubled.size) byId("map-trouble").hidden = true;
  }

  const acts = createPointer(page);
  page.acts = acts;

  function goUp() {
    const crumbs = page.setup?.crumbs || [];
    const above = crumbs.at(-2);
    if (!state.area || !above) return false;
    goArea(above.code);
    return true;
  }

  function goArea(code) {
    const top = page.top === code;
    page.refit = true;
    change({ area: top ? null : code, selected: null }, { step: true });
  }

  // An address from somebody who sees money.
  function allowTheme(role) {
    if (!themesOf(role).some((theme) => theme.key === state.theme)) state.theme = "sites";
  }

  async function fetchSetup() {
    page.setup = await getJson(withParams("/map/setup.json", { ...dataParams(), area: state.area }));
    scene.configure(page.setup);
    if (!state.area) page.top = page.setup.area?.code; // the asker's own area of duty
    return page.setup;
  }

  /** The figures of the area in hand at the day shown. */
  function setupShown() {
    const { setup } = page;
    const day = slider.day();
    if (!day) return setup;
    const { eligible, target } = setup.coverage;
    const visited = slider.visited();
    const ratio = visited === null || !eligible ? null : visited / eligible;
    const toTarget = visited === null ? null : Math.max(0, Math.ceil(eligible * target - 1e-9) - visited);
    return { ...setup, coverage: { ...setup.coverage, visited, ratio, to_target: toTarget } };
  }

  function redrawDay() {
    drawCard(byId("coverage-card"), setupShown());
    drawFresh(byId("fresh"), page.setup.as_of, slider.day());
    redrawDock();
  }

  /** The days behind the slider; the page does not wait for them unless a past day is to be shown. */
  page.playable = async () => {
    await slider.load();
    if (!scene.past && !slider.day()) return;
    scene.drawDay();
    redrawDay();
    redrawList();
  };

  /** All that a theme changes beside the map. */
  function redrawTheme() {
    const { setup } = page;
    drawThemes(byId("themes"), state.theme, setup.role);
    drawCard(byId("coverage-card"), setupShown());
    drawLayers(byId("layers"), state.theme, withSites(setup));
    redrawDock();
    drawLevels(byId("levels"), state.theme, state.level);
    const title = [themeOf(state.theme).label(), setup.area?.name, t("访图")].filter(Boolean).join(" · ");
    later(() => {
      document.title = title;
      drawFresh(byId("fresh"), page.setup.as_of, slider.day()); // the data may have come of age, or anew, meanwhile
    });
  }

  function redrawPanel() {
    const { setup } = page;
    redrawTheme();
    drawPicks(byId("picks"), setup);
    drawCrumbs(byId("crumbs"), setup.crumbs || [], page.top, goArea);
    page.baseChoice.draw();
  }

  // Sites and payments are counted where a theme tells of them.
  const withSites = (setup) => (OF_SITES.has(state.theme) ? { ...setup, counts: { ...setup.counts, renovation: scene.renovation } } : setup);

  function redrawDock() {
    drawDock(byId("dock"), { setup: withSites(page.setup), areas: inFocus(scene.level), classes: scene.classes, zoom: map.getZoom(), past: scene.past, round: scene.round });
    drawGaps(byId("gaps"), state.theme === "coverage" || state.theme === "unvisited" ? ranked() : [], scene.target, (area) => {
      if (area.disc) map.setView(toLatLng(...area.at), 16);
      else page.fit(boundsOf(area, toLatLng));
      acts.openArea(area, toLatLng(...area.at));
    });
  }

  // Inside a village its natural villages are compared, above it the areas of the map.
  function ranked() {
    const shown = inFocus(isFilled(state.theme) ? scene.level : scene.villages);
    return shown.length > 1 ? shown : inFocus(scene.settlements);
  }

  // Legend, gaps and figures speak of the area in hand, not of all that is drawn around it.
  function inFocus(areas) {
    const code = page.setup?.area?.code;
    return code ? areas.filter((area) => area.code.startsWith(code)) : areas;
  }

  function redrawList() {
    const bounds = map.getBounds();
    const [west, north] = toWorld(bounds.getWest(), bounds.getNorth());
    const [east, south] = toWorld(bounds.getEast(), bounds.getSouth());
    drawAreaList(byId("area-list"), isFilled(state.theme) ? scene.level : scene.villages, [west, north, east, south], scene.target, {
      words: state.theme === "danger" ? (area) => t("%(name)s，%(words)s", { name: area.name, words: dangerSentence(area) }) : null,
      open: (area) => acts.openArea(area),
      focus: (area) => page.selection.set({ hovered: area }),
    });
  }

  async function busy(work) {
    const late = window.setTimeout(() => { byId("map-busy").hidden = false; }, 300);
    try {
      await work();
      byId("map-trouble").hidden = true;
    } catch (reason) {
      if (reason.name !== "AbortError") page.failed(reason);
    } finally {
      window.clearTimeout(late);
      byId("map-busy").hidden = true;
    }
  }

  page.reload = () => busy(async () => {
    await fetchSetup();
    await scene.load();
    redrawPanel();
    redrawList();
    await page.playable();
  });

  /** What changed on the server, told by live.js: only figures and marks change, whatever is held stays. */
  page.renew = async (changed) => {
    const asked = JSON.stringify([dataParams(), state.area]);
    const setup = await getJson(withParams("/map/setup.json", { ...dataParams(), area: state.area }), undefined, { headers: UNATTENDED });
    if (asked !== JSON.stringify([dataParams(), state.area])) return []; // the page speaks of something else now
    const villages = await scene.renew(changed);
    if (asked !== JSON.stringify([dataParams(), state.area])) return [];
    page.setup = setup;
    redrawFigures();
    redrawList();
    for (const area of [...scene.level, ...scene.villages]) {
      page.popups.renew(`area:${area.code}`, area);
      if (page.selection.area?.code === area.code) page.selection.set({ area });
    }
    await page.acts.renewMark();
    return villages.map((area) => area.name);
  };

  // The focus stays where it was, by its place among the controls of its part.
  function redrawFigures() {
    const controls = (part) => [...part.querySelectorAll("a, button, input, select, summary")];
    const part = ["coverage-card", "layers", "gaps", "dock"].map(byId).find((one) => one.contains(document.activeElement));
    const at = part ? controls(part).indexOf(document.activeElement) : -1;
    drawCard(byId("coverage-card"), setupShown());
    drawLayers(byId("layers"), state.theme, withSites(page.setup));
    drawFresh(byId("fresh"), page.setup.as_of, slider.day());
    redrawDock();
    if (at >= 0 && !part.contains(document.activeElement)) controls(part)[at]?.focus({ preventScroll: true });
    byId("map-empty").hidden = page.setup.coverage?.eligible > 0;
  }

  /** Before the first campaign there is nothing to ask for: the base map and the tools alone. */
  async function openBare() {
    await page.baseChoice.open();
    if (state.view) map.setView([state.view.lat, state.view.lng], state.view.zoom, { animate: false });
    scene.add();
    for (const id of ["coverage-card", "themes-home", "themes-chips", "layers", "dock", "fresh", "days"]) byId(id).hidden = true;
    buildEdges();
    document.body.dataset.ready = "true";
  }

  page.open = async () => {
    if (byId("map-frame").dataset.campaign === "none") {
      await openBare();
      return;
    }
    const early = { campaign: state.campaign, round: state.round };
    const ahead = [scene.store.load("township", early), scene.store.load("village", early)];
    ahead.forEach((one) => one.catch(() => {})); // said by scene.load
    const [setup] = await Promise.all([fetchSetup(), page.baseChoice.open()]);
    state.campaign = setup.campaign === null ? null : String(setup.campaign);
    state.round = setup.round === null ? null : String(setup.round);
    allowTheme(setup.role);
    scene.configure(setup);
    scene.store.rename(early, dataParams());
    redrawPanel();
    map.invalidateSize({ animate: false, pan: false }); // the legend has taken its place now
    const [west, south, east, north] = setup.extent || [];
    if (state.view) map.setView([state.view.lat, state.view.lng], state.view.zoom, { animate: false });
    else if (west !== undefined) map.fitBounds([[south, west], [north, east]], { paddingTopLeft: TOP_LEFT, paddingBottomRight: BOTTOM_RIGHT, animate: false });
    scene.add();
    if (!(setup.coverage?.eligible > 0)) byId("map-empty").hidden = false;
    await scene.load();
    const days = page.playable();
    if (state.day) await days;
    // Opened inside an area, the asker's own area of duty is known only from what came: one township, or one village.
    page.top ||= scene.areas.duty.length === 1 ? scene.areas.duty[0].code : undefined;
    drawCrumbs(byId("crumbs"), setup.crumbs || [], page.top, goArea);
    redrawDock();
    drawLayers(byId("layers"), state.theme, withSites(setup));
    map.invalidateSize({ animate: false }); // close up the legend may be higher: the middle of the address stays
    redrawList();
    listen();
    acts.restore();
    page.live = startLive(page);
    document.body.dataset.ready = "true";
    say(t("%(theme)s，%(area)s", { theme: themeOf(state.theme).label(), area: setup.area?.name || "" }));
  };

  function listen() {
    let timer = 0;
    map.on("moveend", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => {
        const { lat, lng } = map.getCenter();
        state.view = { zoom: Number(map.getZoom().toFixed(2)), lat: lat.toFixed(5), lng: lng.toFixed(5) };
        writeAddress();
        redrawList();
      }, 250);
    });
    map.on("zoomend", () => {
      scene.draw();
      redrawDock();
    });
    onChange(applied);
    window.addEventListener("popstate", () => {
      readAddress();
      state.theme = themeOf(state.theme).key;
      state.level ||= "village";
      if (state.view) map.setView([state.view.lat, state.view.lng], state.view.zoom);
      page.baseChoice.sync();
      page.reload();
    });
    startSearch({
      goArea: (area) => {
        const known = [...scene.level, ...scene.villages].find((one) => one.code === area.code);
        if (area.bbox) page.fit([[area.bbox[1], area.bbox[0]], [area.bbox[3], area.bbox[2]]]);
        else if (known) map.setView(toLatLng(...known.at), 15);
        if (known) acts.openArea(known);
        else if (!area.bbox) toast(t("%(name)s 没有边界，地图上没有位置。", { name: area.name }));
      },
      goHousehold: (one) => {
        if (one.lon === null || one.lon === undefined) toast(t("该户待定位，地图上没有位置。"));
        acts.openThing("household", one.id);
      },
    });
    startKeys({
      theme: (n) => {
        const theme = THEMES[n - 1];
        if (themesOf(page.setup.role).includes(theme)) change({ theme: theme.key, only: null });
      },
      zoom: (step) => zoomStep(map, step),
      day: slider.step,
      play: slider.toggle,
      measure: page.measure.key,
      escape: () => page.popups.close() || goUp(),
    });
    buildEdges();
  }

  function buildEdges() {
    buildTools(map, byId("tools"), {
      measure: page.measure.toggle,
      print: startPrint(map, { redrawAll: scene.paintNow, setup: () => page.setup, past: slider.day }),
    });
    buildScale(map, byId("scale"));
    byId("context-tools").append(linkButton());
  }

  async function applied(names) {
    if (names.size === 1 && (names.has("selected") || names.has("base"))) return;
    if (names.has("campaign") || names.has("round") || names.has("area") || names.has("monitoring")) {
      page.popups.close();
      await page.reload();
      if (page.refit && page.setup.extent) {
        const [west, south, east, north] = page.setup.extent;
        page.fit([[south, west], [north, east]]);
      }
      page.refit = false;
      return;
    }
    hold();
    if (names.has("theme")) say(t("主题：%(theme)s", { theme: themeOf(state.theme).label() }));
    scene.draw();
    redrawTheme();
    await busy(async () => {
      if (!(await scene.load(true))) return;
      redrawDock();
      drawLayers(byId("layers"), state.theme, withSites(page.setup));
    });
    later(redrawList);
    if (names.has("theme") || names.has("level")) await busy(page.playable);
  }
  return page;
}
