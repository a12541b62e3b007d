/* What is drawn for the present state: which areas, classes, lines, labels, heat and records, and nothing twice. */

import { count, of, rate, share } from "../format.js";
import { t } from "../i18n.js";
import { createAreas, fillStrength } from "./areas.js";
import { AreaStore } from "./areas-data.js";
import { createBases } from "./bases.js";
import { getJson, UNATTENDED, withParams } from "./api.js";
import { coverageClasses, madeClasses } from "./classes.js";
import { dangerClasses, dangerSentence, dangerWords, setDanger } from "./danger.js";
import { setFigures } from "./days.js";
import { createHeat } from "./heat.js";
import { createLabels } from "./labels.js";
import { Mosaic } from "./mosaic.js";
import { onPalette, refreshPalette } from "./palette.js";
import { paintForPaper } from "./paper.js";
import { createPlaces } from "./places.js";
import { idle, soon } from "./queue.js";
import { createRecords } from "./records.js";
import { createSettled } from "./settled.js";
import { setToday } from "./site-signs.js";
import { dataParams, state } from "./state.js";
import { heatKind, isFilled, layersOn, LEVELS, OF_SITES, recordsShown } from "./themes.js";

const TINTED = new Set(["coverage", "danger", "monitoring", "unvisited", "visited", "demands"]);
const TODAY_ONLY = new Set(["dilapidated", "demands"]); // heat that has no days
const FIGURES_FROM_ZOOM = 14.5; // in other themes than coverage, below it names stand alone
const FEW_VILLAGES = 5; // more are fetched in one
const BESIDE = 120; // pixels round the view in which labels are placed too, for when it moves
const ARRIVAL_MS = 100;
const PANES = { land: 150, ground: 200, areas: 300, heat: 310, top: 350, points: 400, select: 460 };

/** `registry` = what the shell registered, by kind; `onTrouble(part, reason|null)`. */
export function createScene(map, registry, onTrouble) {
  for (const [name, order] of Object.entries(PANES)) {
    const pane = map.createPane(`fangtu-${name}`);
    pane.style.zIndex = String(order);
    pane.style.pointerEvents = "none"; // one place decides what a click means
  }
  const optionsOf = (kind) => registry[kind]?.options || {};
  const base = createBases(optionsOf("base"), {
    onTrouble: (reason) => onTrouble("base", reason),
    onNames: () => arriving(),
  });
  const places = createPlaces({ url: optionsOf("base").names }, () => arriving());
  const areas = createAreas();
  const heat = createHeat(optionsOf("heat"));
  const records = createRecords({ ...optionsOf("records"), onTrouble: (reason) => onTrouble("records", reason) });
  const settled = createSettled({ ...optionsOf("settled"), onTrouble: (reason) => onTrouble("settled", reason) });
  const labels = createLabels();
  let added = false;
  // Figures and discs are what the coverage map is about: there a pill makes way for them, elsewhere names make way.
  const pillsLast = () => areas.filled;
  labels.obstacles = () => (pillsLast() ? records.boxes : [...records.boxes, ...settled.boxes()]);
  const land = new Mosaic({ pane: "fangtu-land", draw: areas.drawLand, empty: (view) => !areas.hasLand(view), flat: areas.flatLand, stamp: areas.landStamp });
  const fills = new Mosaic({
    pane: "fangtu-areas", draw: areas.drawFills, needed: () => areas.filled, empty: (view) => !areas.hasFills(view), stamp: areas.fillStamp,
  });
  // Borders, signs and labels are one drawing: each more of that size costs a machine without a GPU frames.
  const points = new Mosaic({
    pane: "fangtu-points",
    source: records.source,
    dataZoom: registry.records ? records.dataZoom : () => null,
    empty: (view, tile) => !areas.hasBorders(view) && !records.holds(view, tile) && !labels.stamp(view) && !settled.stamp(view),
    stamp: (view) => [areas.borderStamp(view), records.stamp(), labels.stamp(view), settled.stamp(view)].join("|"),
    draw: (view, tile) => {
      areas.drawBorders(view);
      records.draw(view, tile);
      for (const one of pillsLast() ? [labels, settled] : [settled, labels]) one.paint(view);
    },
    came: (tile) => tile.cells.length && arriving(),
  });

  /** Choose anew which labels and pills stand where in the view. */
  function place() {
    const { min, max } = map.getPixelBounds();
    const zoom = map.getZoom();
    const [left, top] = [min.x - BESIDE, min.y - BESIDE];
    const view = { zoom, scale: 256 * 2 ** zoom, left, top, width: max.x + BESIDE - left, height: max.y + BESIDE - top };
    records.place(view);
    if (!pillsLast()) settled.place(view);
    labels.place(view);
    if (pillsLast()) settled.place(view, labels.boxes);
  }

  let arranging = false;
  function arrange() {
    if (arranging || !added) return;
    arranging = true;
    soon(() => {
      arranging = false;
      place();
      points.redraw();
    });
  }

  let arrival = 0;
  /** Tiles come one after another: labels make room for what they brought when there is a pause. */
  function arriving() {
    window.clearTimeout(arrival);
    arrival = window.setTimeout(() => {
      arrival = 0;
      arrange();
    }, ARRIVAL_MS);
  }
  records.redraw = arrange;
  settled.redraw = arrange;
  const store = new AreaStore(optionsOf("areas").url || "/map/areas.json");
  const monitored = new AreaStore(optionsOf("monitoring").url || "/map/monitoring.json");
  const allChecked = coverageClasses(1);
  let fixed = coverageClasses();
  const scene = { map, base, areas, heat, records, settled, labels, store, classes: fixed, target: 0.95, level: [], townships: [], villages: [], settlements: [], renovation: null, dangerOf: null, asOf: null, slider: null, past: false, round: null };

  scene.add = () => {
    added = true;
    map.on("moveend", arrange);
    place();
    for (const sheet of [land, fills, points]) sheet.addTo(map);
    if (registry.base) base.addTo(map);
    if (registry.heat) heat.addTo(map);
    onPalette(() => {
      for (const sheet of [land, fills]) sheet.redraw();
      arrange();
    });
  };

  scene.configure = (setup) => {
    setToday(setup.today);
    scene.target = setup.coverage?.target ?? 0.95;
    if (fixed.at(-1).low !== scene.target) fixed = coverageClasses(scene.target);
    scene.classes = fixed;
    heat.breaks = setup.heat?.breaks || heat.breaks;
    heat.breaksOf = setup.heat?.breaks_of || heat.breaksOf;
    heat.radius = setup.heat?.bandwidth_m || heat.radius;
    heat.shares = setup.heat?.shares || heat.shares;
    heat.least = setup.heat?.least_households || heat.least;
    records.setParams(dataParams());
  };

  /**
   * Fetch what the state needs and does not have; draws as soon as it is here. Tells whether anything else is shown now.
   * @param {boolean} drawn the state was drawn already, from what was here
   */
  scene.load = async (drawn = false) => {
    const params = dataParams();
    const by = LEVELS.find((level) => level.key === state.level)?.by || "village";
    const wanted = [store.load("township", params), store.load("village", params)];
    // What monitoring tells of an area is kept apart from its visits.
    if (state.theme === "monitoring") wanted.push(monitored.load(by, { monitoring: state.monitoring }));
    else wanted.push(isFilled(state.theme) && by !== "village" ? store.load(by, params) : wanted[1]);
    const on = layersOn(state.theme, state.layers);
    const lines = on.has("grids") ? store.load("grid", params) : nothing;
    const parts = state.area ? store.load("group", params) : nothing;
    const pills = registry.settled && recordsShown(state.theme, on, settled.from).statuses.size ? settled.load(params) : null;
    const [townships, villages, level, grids, settlements, classes, numbers] = await Promise.all([...wanted, lines, parts, scene.loadClasses(by, params), loadRenovation(by, params)]);
    const found = { townships: townships.areas, villages: villages.areas, level: level.areas, classes: classes.classes, grids: grids.areas, settlements: settlements.areas, numbers };
    const fresh = Object.keys(found).some((part) => scene[part] !== found[part]);
    Object.assign(scene, found);
    if (classes.values) for (const area of scene.level) area.dilapidated = classes.values[area.id] ?? 0;
    if (OF_SITES.has(state.theme)) scene.renovation = numbers;
    if (state.theme === "danger" && numbers) {
      setDanger(scene.level, numbers.areas);
      scene.dangerOf = numbers.as_of;
    }
    scene.asOf = level.asOf;
    scene.round = level.round;
    areas.duty = townships.areas.length ? townships.areas : villages.areas;
    if (fresh || !drawn) scene.draw();
    await Promise.all([scene.loadHeat(), pills]);
    return fresh;
  };

  const made = new Map();
  const nothing = Promise.resolve({ areas: [] });

  /** Numbers of renovations or of dangerous houses where the theme tells them; asked for once until something changes. */
  async function loadRenovation(by, params) {
    const address = OF_SITES.has(state.theme) ? withParams("/map/renovation.json", { ...params, area: state.area })
      : state.theme === "danger" ? withParams("/map/danger.json", { ...params, by }) : null;
    if (!address) return null;
    let answer = made.get(address);
    if (!answer) {
      answer = getJson(address);
      answer.catch(() => made.delete(address));
      made.set(address, answer);
    }
    return answer;
  }

  /** Classes of what the areas are coloured by; those made from the data are asked for once. */
  scene.loadClasses = async (by, params, init = undefined) => {
    if (state.theme === "monitoring") return { classes: allChecked };
    if (state.theme === "danger") return { classes: scene.classes.show === "danger" ? scene.classes : dangerClasses() };
    if (state.theme !== "coverage" || !(state.show || state.classes)) return { classes: fixed };
    const [show, scheme] = [state.show || "coverage", state.classes || "natural"];
    const address = withParams(optionsOf("areas").classes, { ...params, by, show, classes: scheme });
    let answer = made.get(address);
    if (!answer) {
      answer = getJson(address, undefined, init);
      answer.catch(() => made.delete(address));
      made.set(address, answer);
    }
    const told = await answer;
    told.made ||= madeClasses(told.classes, show, scheme);
    return { classes: told.made, values: told.values };
  };

  scene.loadHeat = async () => {
    const kind = heatKind(state.theme, layersOn(state.theme, state.layers));
    heat.only = kind ? state.only : null;
    await heat.show(kind, dataParams(), state.per === "household");
  };

  /** Number of the past day shown; null = the present, -1 = a past day that is not here yet. */
  scene.dayNo = () => scene.slider?.at() ?? null;

  /** Give areas and heat the figures of the day shown. */
  scene.setDay = () => {
    const n = scene.dayNo();
    scene.past = n !== null;
    const timeline = scene.slider?.timeline || null;
    const by = LEVELS.find((level) => level.key === state.level)?.by || "village";
    setFigures(scene.villages, "village", timeline, n);
    setFigures(scene.settlements, "group", timeline, n);
    if (scene.level !== scene.villages && state.theme !== "monitoring") setFigures(scene.level, by, timeline, n);
    heat.past = n === null || TODAY_ONLY.has(heat.kind) ? null : (n >= 0 && timeline?.cellsBy(state.theme, n)) || { zoom: 19, cells: [] };
  };

  let catching = 0;
  /** Another day, nothing else: what is drawn again is what a day changes. */
  scene.drawDay = (quick = false) => {
    const was = scene.past;
    scene.setDay();
    if (areas.filled) fills.redraw();
    heat.quick = quick;
    heat.overlay.redraw();
    // Most days change nothing there: names alone have no figures.
    if (was !== scene.past) scene.drawRecords();
    if (was !== scene.past || isFilled(state.theme) || map.getZoom() >= FIGURES_FROM_ZOOM) scene.drawLabels();
    if (quick && !catching) catching = window.requestAnimationFrame(() => {
      catching = 0;
      for (const sheet of [fills, points]) sheet.catchUp();
    });
  };

  /** The days stopped: what was drawn quickly is drawn well. */
  scene.settleDay = () => {
    if (!heat.quick) return;
    heat.quick = false;
    heat.overlay.redraw();
  };

  /** What monitoring tells, whole: it is small, and what is out of sight is asked for when it is wanted again. */
  async function renewMonitored() {
    if (state.theme === "monitoring") await monitored.renew({ monitoring: state.monitoring }, null);
    else monitored.sheets.clear();
  }

  /**
   * Fetch anew what shows these areas (jurisdiction numbers; null = many) and draw it when it is here.
   * @returns {Promise<object[]>} the villages that changed, as far as they are known
   */
  scene.renew = async (changed) => {
    const params = dataParams();
    const codes = changed && [...new Set(changed.map((jur) => String(jur).padStart(15, "0").slice(0, 12)))];
    const known = new Map(scene.villages.map((area) => [area.code, area]));
    const villages = codes && codes.every((code) => known.has(code)) ? codes.map((code) => known.get(code)) : null;
    // What belongs to no village we know of may lie anywhere.
    const boxes = villages?.every((area) => !area.disc) ? villages.map((area) => area.box) : null;
    const by = LEVELS.find((level) => level.key === state.level)?.by || "village";
    made.clear();
    await Promise.all([
      store.renew(params, villages && villages.length <= FEW_VILLAGES ? codes : null),
      records.renew(boxes),
      heat.renew(params),
      scene.loadClasses(by, params, { headers: UNATTENDED }),
      settled.renew(params),
      scene.slider?.renew(),
      renewMonitored(),
    ]);
    await scene.load();
    return codes ? codes.map((code) => known.get(code)).filter(Boolean) : [];
  };

  /** Draw from what is here; never asks. */
  scene.draw = () => {
    const { theme } = state;
    scene.setDay();
    // What is shown until the numbers of the new theme are here: nothing known, and never those of another theme.
    if ((theme === "danger") !== (scene.classes.show === "danger")) scene.classes = theme === "danger" ? dangerClasses() : fixed;
    const on = layersOn(theme, state.layers);
    const shaded = TINTED.has(theme) && (!isFilled(theme) || fillStrength(map.getZoom()) > 0.5);
    base.setTinted(shaded ? (isFilled(theme) ? 0.17 : 0.06) : 0);
    areas.areas = scene.level;
    areas.filled = isFilled(theme);
    areas.classes = scene.classes;
    areas.only = state.only;
    areas.focus = state.area ? scene.villages.find((area) => area.code === state.area) || null : null;
    areas.lines = [];
    if (on.has("grids")) areas.lines.push({ areas: scene.grids || [], token: "map-grid-line", dash: [], width: 1 });
    if (on.has("villages")) areas.lines.push({ areas: scene.villages, token: "map-village-line", dash: [6, 4], width: 1.2 });
    areas.findBorders();
    land.redraw();
    fills.redraw();
    scene.drawLabels(on);
    scene.drawRecords();
  };

  scene.drawRecords = () => {
    const on = layersOn(state.theme, state.layers);
    const show = recordsShown(state.theme, on, map.getZoom());
    // Single households, places of visits and marks are those of the present: beside a past day they would contradict it.
    if (scene.past) Object.assign(show, { cells: null, statuses: new Set(), visits: false, suspect: false, marks: new Set() });
    settled.shown = show.statuses.size > 0;
    records.setShow(show);
  };

  scene.drawLabels = (on = layersOn(state.theme, state.layers)) => {
    labels.sets = [];
    if (on.has("names")) {
      const filled = isFilled(state.theme);
      const figure = (area) => ({ text: figureWords(area) });
      const farOut = filled ? 10.75 : 11.5;
      const solid = filled && fillStrength(map.getZoom()) > 0.6;
      labels.sets.push({
        areas: filled ? scene.level : scene.villages,
        classes: solid ? scene.classes : null,
        only: filled ? state.only : null,
        lines: (area) => {
          if (filled && map.getZoom() < FIGURES_FROM_ZOOM) return [{ text: area.name, bold: true }, figure(area)];
          const told = OF_SITES.has(state.theme) ? sitesWords(area) : state.theme === "danger" ? dangerSentence(area) : "";
          if (told) return [{ text: area.name, bold: true, size: map.getZoom() < FIGURES_FROM_ZOOM ? 12 : 14 }, { text: told }];
          if (map.getZoom() < FIGURES_FROM_ZOOM) return [{ text: area.name, bold: true }];
          return [{ text: area.name, bold: true, size: 14 }, { text: `${share(area.visited, area.eligible)} · ${rate(area.ratio, scene.target)}` }];
        },
        // The larger gap keeps its label where two have no room.
        weight: (area) => area.remaining || 0,
        minZoom: scene.townships.length ? farOut : 0,
        maxZoom: 17,
      });
      // Far out no village has room for its name, but the township has.
      labels.sets.push({
        areas: scene.townships,
        classes: null,
        only: null,
        lines: (area) => [{ text: area.name, bold: true, size: 13 }],
        weight: () => 1e9,
        maxZoom: farOut,
        outside: filled || ["status", "houses"].includes(state.theme),
      });
      // Over solid classes only the areas' own names and figures stand.
      labels.names = solid ? () => [] : groundNames;
    } else labels.names = () => [];
    arrange();
  };

  /** The thing on top at a world point: a pill, else a record; null where only areas are. */
  scene.pick = (worldX, worldY) => settled.pick(worldX, worldY, map.getZoom()) || records.pick(worldX, worldY, map.getZoom());

  /** Of a village: stalled of all its sites, or late of those that wait for money. */
  function sitesWords(area) {
    const one = scene.renovation?.villages?.[area.id];
    if (!one) return "";
    if (state.theme === "payments") return one.waiting ? t("超期 %(share)s", { share: of(one.late, one.waiting) }) : "";
    return t("停滞 %(share)s", { share: of(one.stalled, one.sites) });
  }

  function figureWords(area) {
    if (state.theme === "danger") return dangerWords(area);
    if (scene.classes.show === "unvisited") return t("%(n)s 户", { n: count(area.remaining) });
    if (scene.classes.show === "dilapidated") return t("%(n)s 栋", { n: count(area.dilapidated) });
    return rate(area.ratio, scene.target);
  }

  /** A natural village of ours is named at its own centre, and not once more on a corner of its houses. */
  function groundNames(view) {
    const own = places.names(view);
    const known = new Set(own.map((name) => name.text));
    return [...own, ...base.names(view).filter((name) => name.span !== null || !known.has(name.text))];
  }

  /** Is everything drawn that came? */
  scene.idle = () => !arrival && idle();

  /** Paint everything at once with fresh colours, for paper. */
  scene.paintNow = () => {
    refreshPalette();
    place();
    base.paintNow();
    [land, fills, points].forEach(paintForPaper);
    heat.overlay.paint();
  };

  scene.retry = () => {
    base.redraw();
    records.redraw();
    settled.retry(dataParams());
  };
  return scene;
}
