/* A map beside a form: base map, outlines and names of areas, zoom and scale. What the page is about is drawn by the page. */

import { t } from "../i18n.js";
import { getJson, withParams } from "./api.js";
import { createAreas } from "./areas.js";
import { areaOf } from "./areas-data.js";
import { createBase } from "./base.js";
import { fill, h, icon } from "./dom.js";
import { createLabels } from "./labels.js";
import { CanvasOverlay, toLatLng } from "./overlay.js";
import { onPalette } from "./palette.js";
import { buildScale, zoomStep } from "./tools.js";

const PANES = { land: 150, ground: 200, top: 350, points: 400, select: 460 };

/** One button of the tool column. */
export function tool(name, label, act) {
  return h("button", { type: "button", class: `tool tool-${name}`, "aria-label": label, title: label, onclick: act }, icon(name));
}

/**
 * Dress the map that the fixed script made.
 * @param {L.Map} map
 * @param {object} options `frame` (element around it), `base` (options of the base layer), `label` (name of the region),
 *   `settlements` (name natural villages as well), `onTrouble(reason|null)`
 */
export function createPlainMap(map, { frame, base, label, settlements = false, onTrouble = () => {} }) {
  map.options.zoomSnap = 0.25;
  map.options.zoomDelta = 1;
  map._fadeAnimated = false;
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", label);
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
  for (const [name, order] of Object.entries(PANES)) {
    const pane = map.createPane(`fangtu-${name}`);
    pane.style.zIndex = String(order);
    pane.style.pointerEvents = "none";
  }
  const ground = createBase({ ...base, onTrouble });
  const areas = createAreas();
  const labels = createLabels();
  const land = new CanvasOverlay(areas.drawLand, { pane: "fangtu-land" });
  const plain = { map, villages: [], settlements: [], duty: [], sheets: [] };
  const signs = new CanvasOverlay((view) => {
    areas.drawBorders(view);
    for (const draw of plain.sheets) draw(view);
    labels.draw(view);
  }, { pane: "fangtu-points" });

  /** Add a drawing between the borders and the names. */
  plain.add = (draw) => plain.sheets.push(draw);
  plain.redraw = () => signs.redraw();
  plain.obstacles = (boxes) => { labels.obstacles = boxes; };

  async function outlines(by) {
    const answer = await getJson(withParams("/map/outlines.json", { by }));
    return answer.features.map(areaOf).filter((area) => Number.isFinite(area.at[0]));
  }

  /** Fetch outlines and names and show the whole area of duty. */
  plain.load = async () => {
    const [townships, villages, groups] = await Promise.all([outlines("township"), outlines("village"), settlements ? outlines("group") : []]);
    plain.villages = villages;
    plain.settlements = groups;
    plain.duty = townships.some((area) => area.rings.length) ? townships : villages;
    areas.duty = plain.duty;
    areas.lines = [{ areas: villages, token: "map-village-line", dash: [6, 4], width: 1.2 }];
    labels.sets = [
      { areas: villages, classes: null, only: null, lines: (area) => [{ text: area.name, bold: true }], weight: () => 2 },
      { areas: groups, classes: null, only: null, lines: (area) => [{ text: area.name }], weight: () => 1, minZoom: 14 },
    ];
    land.redraw();
    signs.redraw();
    return plain;
  };

  /** Bounds of the village or township of a code, else of the area of duty; null where no boundary is known. */
  plain.extent = (code = "") => {
    const own = [...plain.villages, ...plain.duty].filter((area) => area.code === code && Number.isFinite(area.box[0]));
    const boxes = (own.length ? own : plain.duty).map((area) => area.box).filter((box) => Number.isFinite(box[0]));
    if (!boxes.length) return null;
    const [west, north] = [Math.min(...boxes.map((box) => box[0])), Math.min(...boxes.map((box) => box[1]))];
    const [east, south] = [Math.max(...boxes.map((box) => box[2])), Math.max(...boxes.map((box) => box[3]))];
    const [one, two] = [toLatLng(west, south), toLatLng(east, north)];
    return [[one.lat, one.lng], [two.lat, two.lng]];
  };

  land.addTo(map);
  ground.addTo(map);
  signs.addTo(map);
  onPalette(() => [land, signs].forEach((sheet) => sheet.redraw()));
  fill(frame.querySelector(".map-tools"), tool("plus", t("放大"), () => zoomStep(map, 1)), tool("minus", t("缩小"), () => zoomStep(map, -1)));
  buildScale(map, frame.querySelector(".scale"));
  return plain;
}
