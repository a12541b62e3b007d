/* What is drawn for the present state: which areas, classes, lines, labels, heat and records, and nothing twice. */

import { rate, share } from "../format.js";
import { createAreas, fillStrength } from "./areas.js";
import { AreaStore } from "./areas-data.js";
import { createBase } from "./base.js";
import { coverageClasses } from "./classes.js";
import { createHeat } from "./heat.js";
import { createLabels } from "./labels.js";
import { refreshPalette } from "./palette.js";
import { createRecords } from "./records.js";
import { dataParams, state } from "./state.js";
import { layersOn, LEVELS, recordsShown } from "./themes.js";

const TINTED = new Set(["coverage", "unvisited", "visited"]);
const PANES = { land: 150, ground: 200, areas: 300, heat: 310, top: 350, borders: 380, points: 400, labels: 450, select: 460 };

/** `registry` = what the shell registered, by kind; `onTrouble(part, reason|null)`. */
export function createScene(map, registry, onTrouble) {
  for (const [name, order] of Object.entries(PANES)) {
    const pane = map.createPane(`fangtu-${name}`);
    pane.style.zIndex = String(order);
    pane.style.pointerEvents = "none"; // one place decides what a click means
  }
  const optionsOf = (kind) => registry[kind]?.options || {};
  const base = createBase({ ...optionsOf("base"), onTrouble: (reason) => onTrouble("base", reason) });
  const areas = createAreas();
  const heat = createHeat(optionsOf("heat"));
  const records = createRecords({ ...optionsOf("records"), onTrouble: (reason) => onTrouble("records", reason) });
  const labels = createLabels();
  const store = new AreaStore(optionsOf("areas").url || "/map/areas.json");
  const scene = { map, base, areas, heat, records, labels, store, classes: coverageClasses(), target: 0.95, level: [], villages: [], asOf: null };

  scene.add = () => {
    areas.addTo(map);
    if (registry.base) base.addTo(map);
    if (registry.heat) heat.addTo(map);
    if (registry.records) records.addTo(map);
    labels.addTo(map);
  };

  scene.configure = (setup) => {
    scene.target = setup.coverage?.target ?? 0.95;
    scene.classes = coverageClasses(scene.target);
    heat.breaks = setup.heat?.breaks || heat.breaks;
    heat.bandwidth = setup.heat?.bandwidth_m || heat.bandwidth;
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
    const [townships, villages, level, grids] = await Promise.all([...wanted, lines]);
    scene.villages = villages.areas;
    scene.level = level.areas;
    scene.grids = grids.areas;
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
    base.setTinted(TINTED.has(theme) && (theme !== "coverage" || fillStrength(map.getZoom()) > 0.5));
    areas.areas = scene.level;
    areas.filled = theme === "coverage";
    areas.classes = scene.classes;
    areas.only = state.only;
    areas.lines = [];
    if (on.has("grids")) areas.lines.push({ areas: scene.grids || [], token: "map-grid-line", dash: [], width: 1 });
    if (on.has("villages")) areas.lines.push({ areas: scene.villages, token: "map-village-line", dash: [6, 4], width: 1.2 });
    areas.redraw();
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
      const solid = filled && fillStrength(map.getZoom()) > 0.6;
      labels.sets.push({
        areas: filled ? scene.level : scene.villages,
        classes: solid ? scene.classes : null,
        lines: (area) => {
          if (filled && map.getZoom() < 14.5) return [{ text: area.name, bold: true }, figure(area)];
          if (map.getZoom() < 14.5) return [{ text: area.name, bold: true }];
          return [{ text: area.name, bold: true, size: 14 }, { text: `${share(area.visited, area.eligible)} · ${rate(area.ratio, scene.target)}` }];
        },
        // The larger gap keeps its label where two have no room.
        weight: (area) => area.remaining || 0,
        maxZoom: 17,
      });
    }
    labels.overlay.redraw();
  };

  /** Paint everything at once with fresh colours, for paper. */
  scene.paintNow = () => {
    refreshPalette();
    base.repaint(true);
    for (const sheet of [areas.land, areas.fills, areas.borders, heat.overlay, records.overlay, labels.overlay]) sheet.paint();
  };

  scene.retry = () => {
    base.repaint();
    records.retry();
  };
  return scene;
}
