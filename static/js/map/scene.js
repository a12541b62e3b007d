/* What is drawn for the present state: which areas, classes, lines, labels, heat and records, and nothing twice. */

import { rate, share } from "../format.js";
import { createAreas, fillStrength } from "./areas.js";
import { AreaStore } from "./areas-data.js";
import { createBases } from "./bases.js";
import { coverageClasses } from "./classes.js";
import { createHeat } from "./heat.js";
import { createLabels } from "./labels.js";
import { CanvasOverlay } from "./overlay.js";
import { onPalette, refreshPalette } from "./palette.js";
import { createPlaces } from "./places.js";
import { createRecords } from "./records.js";
import { dataParams, state } from "./state.js";
import { layersOn, LEVELS, recordsShown } from "./themes.js";

const TINTED = new Set(["coverage", "unvisited", "visited"]);
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
    onNames: () => signs.redraw(),
  });
  const places = createPlaces({ url: optionsOf("base").names }, () => signs.redraw());
  const areas = createAreas();
  const heat = createHeat(optionsOf("heat"));
  const records = createRecords({ ...optionsOf("records"), onTrouble: (reason) => onTrouble("records", reason) });
  const labels = createLabels();
  labels.obstacles = () => records.boxes;
  const land = new CanvasOverlay(areas.drawLand, { pane: "fangtu-land" });
  const fills = new CanvasOverlay(areas.drawFills, { pane: "fangtu-areas", needed: () => areas.filled });
  // Borders, signs and labels share one canvas: each more of that size costs a machine without a GPU frames.
  const signs = new CanvasOverlay((view) => {
    areas.drawBorders(view);
    if (registry.records) records.draw(view);
    labels.draw(view);
  }, { pane: "fangtu-points" });
  records.redraw = () => signs.redraw();
  const store = new AreaStore(optionsOf("areas").url || "/map/areas.json");
  const scene = { map, base, areas, heat, records, labels, store, classes: coverageClasses(), target: 0.95, level: [], townships: [], villages: [], settlements: [], asOf: null };

  scene.add = () => {
    for (const sheet of [land, fills, signs]) sheet.addTo(map);
    if (registry.base) base.addTo(map);
    if (registry.heat) heat.addTo(map);
    onPalette(() => [land, fills, signs].forEach((sheet) => sheet.redraw()));
  };

  scene.configure = (setup) => {
    scene.target = setup.coverage?.target ?? 0.95;
    scene.classes = coverageClasses(scene.target);
    heat.breaks = setup.heat?.breaks || heat.breaks;
    heat.radius = setup.heat?.bandwidth_m || heat.radius;
    records.setParams(dataParams());
  };

  /** Fetch what the state needs and does not have; draws as soon as it is here. */
  scene.load = async () => {
    const params = dataParams();
    const by = LEVELS.find((level) => level.key === state.level)?.by || "village";
    const wanted = [store.load("township", params), store.load("village", params)];
    wanted.push(state.theme === "coverage" && by !== "village" ? store.load(by, params) : wanted[1]);
    const on = layersOn(state.theme, state.layers);
    const lines = on.has("grids") ? store.load("grid", params) : Promise.resolve({ areas: [] });
    const parts = state.area ? store.load("group", params) : Promise.resolve({ areas: [] });
    const [townships, villages, level, grids, settlements] = await Promise.all([...wanted, lines, parts]);
    scene.townships = townships.areas;
    scene.villages = villages.areas;
    scene.level = level.areas;
    scene.grids = grids.areas;
    scene.settlements = settlements.areas;
    scene.asOf = level.asOf;
    areas.duty = townships.areas.length ? townships.areas : villages.areas;
    scene.draw();
    await scene.loadHeat();
    return scene;
  };

  scene.loadHeat = async () => {
    const on = layersOn(state.theme, state.layers);
    let kind = null;
    if (state.theme === "unvisited" || state.theme === "visited") kind = state.theme;
    if (state.theme === "houses" && on.has("heatD")) kind = "dilapidated";
    heat.only = kind && kind !== "dilapidated" ? state.only : null;
    await heat.show(kind, dataParams());
  };

  /** Draw from what is here; never asks. */
  scene.draw = () => {
    const { theme } = state;
    const on = layersOn(theme, state.layers);
    const shaded = TINTED.has(theme) && (theme !== "coverage" || fillStrength(map.getZoom()) > 0.5);
    base.setTinted(shaded ? (theme === "coverage" ? 0.17 : 0.06) : 0);
    areas.areas = scene.level;
    areas.filled = theme === "coverage";
    areas.classes = scene.classes;
    areas.only = state.only;
    areas.focus = state.area ? scene.villages.find((area) => area.code === state.area) || null : null;
    areas.lines = [];
    if (on.has("grids")) areas.lines.push({ areas: scene.grids || [], token: "map-grid-line", dash: [], width: 1 });
    if (on.has("villages")) areas.lines.push({ areas: scene.villages, token: "map-village-line", dash: [6, 4], width: 1.2 });
    land.redraw();
    fills.redraw();
    scene.drawLabels(on);
    scene.drawRecords();
  };

  scene.drawRecords = () => {
    const on = layersOn(state.theme, state.layers);
    records.setShow(recordsShown(state.theme, on, map.getZoom()));
  };

  scene.drawLabels = (on = layersOn(state.theme, state.layers)) => {
    labels.sets = [];
    if (on.has("names")) {
      const filled = state.theme === "coverage";
      const figure = (area) => ({ text: rate(area.ratio, scene.target) });
      const farOut = filled ? 10.75 : 11.5;
      const solid = filled && fillStrength(map.getZoom()) > 0.6;
      labels.sets.push({
        areas: filled ? scene.level : scene.villages,
        classes: solid ? scene.classes : null,
        only: filled ? state.only : null,
        lines: (area) => {
          if (filled && map.getZoom() < 14.5) return [{ text: area.name, bold: true }, figure(area)];
          if (map.getZoom() < 14.5) return [{ text: area.name, bold: true }];
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
    signs.redraw();
  };

  /** A natural village of ours is named at its own centre, and not once more on a corner of its houses. */
  function groundNames(view) {
    const own = places.names(view);
    const known = new Set(own.map((name) => name.text));
    return [...own, ...base.names(view).filter((name) => name.span !== null || !known.has(name.text))];
  }

  /** Paint everything at once with fresh colours, for paper. */
  scene.paintNow = () => {
    refreshPalette();
    base.paintNow();
    for (const sheet of [land, fills, heat.overlay, signs]) sheet.paint();
  };

  scene.retry = () => {
    base.redraw();
    records.redraw();
  };
  return scene;
}
