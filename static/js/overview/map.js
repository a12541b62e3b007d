/* The overview's map: coverage classes, names with their figures, and above them the gap areas with their numbers. */

import { count, rate, share } from "../format.js";
import { t } from "../i18n.js";
import { createAreas, traceArea } from "../map/areas.js";
import { areaAt, areaOf } from "../map/areas-data.js";
import { createBase } from "../map/base.js";
import { coverageClasses } from "../map/classes.js";
import { fill, h } from "../map/dom.js";
import { createLabels } from "../map/labels.js";
import { CanvasOverlay, toLatLng } from "../map/overlay.js";
import { toWorld } from "../map/world.js";
import { colour, fontOf, onPalette, refreshPalette, typeScale, withAlpha } from "../map/palette.js";
import { tool } from "../map/plain.js";
import { buildScale, zoomStep } from "../map/tools.js";
import { peopleOf } from "./people.js";

const PANES = { land: 150, ground: 200, areas: 300, top: 350, points: 400 };
const DISC = 10;
// Seen as a whole, the map numbers only the gaps the page names; all of them when one goes nearer.
const MOST_NUMBERS = 5;
const ASIDE = [[0, 0], [0, -1.1], [0, 1.1], [1.1, 0], [-1.1, 0]];

/** One gap of the answer -> what is drawn of it. */
function gapOf(gap) {
  const shape = areaOf({ id: gap.number, geometry: gap.outline, properties: { label: gap.centre } });
  return { ...gap, ...shape, number: gap.number };
}

function boxOf(shapes) {
  const boxes = shapes.map((one) => one.box).filter((box) => Number.isFinite(box[0]));
  if (!boxes.length) return null;
  const [west, north] = [0, 1].map((i) => Math.min(...boxes.map((box) => box[i])));
  const [east, south] = [2, 3].map((i) => Math.max(...boxes.map((box) => box[i])));
  const [one, two] = [toLatLng(west, south), toLatLng(east, north)];
  return [[one.lat, one.lng], [two.lat, two.lng]];
}

/** Dress the shell's map; `onGap(number)` and `onArea(area)` are called for clicks. */
export function createOverviewMap(map, { frame, base, target, label, onGap, onArea }) {
  map.options.zoomSnap = 0.25;
  map.options.zoomDelta = 1;
  map._fadeAnimated = false;
  map.doubleClickZoom.disable();
  map.zoomControl?.remove();
  map.attributionControl?.remove();
  map.scrollWheelZoom.disable(); // the wheel scrolls the page
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", label);
  for (const [name, order] of Object.entries(PANES)) {
    const pane = map.createPane(`fangtu-${name}`);
    pane.style.zIndex = String(order);
    pane.style.pointerEvents = "none";
  }
  const view = { map, classes: coverageClasses(target), areas: [], gaps: [], lit: null, whole: 0 };
  const ground = createBase({ ...base, onTrouble: () => {} });
  const areas = createAreas();
  areas.filled = true;
  areas.classes = view.classes;
  const labels = createLabels();
  const land = new CanvasOverlay(areas.drawLand, { pane: "fangtu-land" });
  const fills = new CanvasOverlay(areas.drawFills, { pane: "fangtu-areas" });
  const signs = new CanvasOverlay((canvas) => {
    areas.drawBorders(canvas);
    drawGaps(canvas);
    labels.draw(canvas);
    drawNumbers(canvas);
  }, { pane: "fangtu-points" });
  const sheets = [land, fills, signs];
  labels.obstacles = () => (signs._view ? view.gaps.slice(0, MOST_NUMBERS).map((gap) => discBox(gap, signs._view)) : []);
  const popup = new window.L.Popup({ className: "card-popup gap-popup", autoPan: true, closeButton: false, minWidth: 180, maxWidth: 300 });
  let bounds = null;

  const shown = () => view.gaps.slice().reverse(); // the first is drawn last, on top

  function place(gap, canvas) {
    return [gap.at[0] * canvas.scale - canvas.left, gap.at[1] * canvas.scale - canvas.top];
  }

  function discBox(gap, canvas) {
    const [x, y] = place(gap, canvas);
    const r = DISC * typeScale();
    return [x - r, y - r, x + r, y + r];
  }

  function drawGaps({ ctx, ...canvas }) {
    ctx.lineJoin = "round";
    for (const gap of shown()) {
      ctx.beginPath();
      traceArea(ctx, gap, canvas);
      const lit = view.lit === gap.number;
      ctx.fillStyle = withAlpha("map-select", lit ? 0.28 : 0.1);
      ctx.fill("evenodd");
      ctx.setLineDash([]);
      ctx.strokeStyle = colour("map-select-halo");
      ctx.lineWidth = lit ? 6 : 4.4;
      ctx.stroke();
      ctx.setLineDash(lit ? [] : [6, 4]);
      ctx.strokeStyle = colour("map-select");
      ctx.lineWidth = lit ? 2.6 : 2;
      ctx.stroke();
    }
    ctx.setLineDash([]);
  }

  function drawNumbers({ ctx, ...canvas }) {
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const taken = [];
    const near = canvas.zoom > view.whole + 0.9;
    for (const gap of view.gaps) {
      if (!near && gap.number > MOST_NUMBERS && gap.number !== view.lit) continue;
      // A number steps aside for that of a larger gap; the outline stays where it is.
      const [left, top, right, bottom] = discBox(gap, canvas);
      const step = ASIDE.find(([dx, dy]) => !taken.some((other) => {
        const [w, h2] = [dx * (right - left), dy * (bottom - top)];
        return left + w < other[2] && right + w > other[0] && top + h2 < other[3] && bottom + h2 > other[1];
      }));
      if (!step) continue;
      const [x, y] = [(left + right) / 2 + step[0] * (right - left), (top + bottom) / 2 + step[1] * (bottom - top)];
      taken.push([x - (right - left) / 2, y - (bottom - top) / 2, x + (right - left) / 2, y + (bottom - top) / 2]);
      ctx.beginPath();
      ctx.arc(x, y, DISC * typeScale(), 0, Math.PI * 2);
      ctx.fillStyle = colour("map-select");
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = colour("map-select-halo");
      ctx.stroke();
      ctx.fillStyle = colour("map-select-halo");
      ctx.font = fontOf(12, 600);
      ctx.fillText(String(gap.number), x, y + 0.5);
    }
  }

  view.redraw = () => sheets.forEach((sheet) => sheet.redraw());

  /** Show areas of `/map/areas.json`, the outline of the duty and the gaps; returns the areas as drawn. */
  view.show = (answer, duty, gaps, area) => {
    view.areas = answer.features.map(areaOf).filter((one) => Number.isFinite(one.at[0]));
    view.gaps = gaps.map(gapOf);
    const outline = area ? [] : duty.features.map(areaOf).filter((one) => one.rings.length);
    areas.areas = view.areas;
    areas.duty = outline.length ? outline : view.areas.filter((one) => one.rings.length);
    labels.sets = [{
      areas: view.areas,
      classes: view.classes,
      only: null,
      lines: (one) => [{ text: one.name, bold: true }, { text: rate(one.ratio, target) }],
      weight: (one) => one.remaining || 0,
    }];
    bounds = boxOf(view.areas.length ? view.areas : view.gaps);
    view.settle();
    for (const sheet of [land, fills]) sheet.addTo(map);
    ground.addTo(map);
    ground.setTinted(0.17);
    signs.addTo(map);
    onPalette(view.redraw);
    drawMarks();
    return view.areas;
  };

  view.light = (number) => {
    if (view.lit === number) return;
    view.lit = number;
    signs.redraw();
  };

  /** Say beside a gap what it is and who is responsible. */
  view.tell = (number) => {
    const gap = view.gaps.find((one) => one.number === number);
    const words = h("div", { class: "gap-told", role: "status" },
      h("strong", {}, `${gap.number} · ${gap.name}`),
      h("p", {}, t("未访 %(share)s · %(days)s 人日", { share: share(gap.unvisited, gap.eligible), days: gap.person_days.toFixed(1) })),
      gap.key_households || gap.grade_c || gap.grade_d
        ? h("p", {}, t("重点户 %(key)s · C级 %(c)s · D级 %(d)s", { key: count(gap.key_households), c: count(gap.grade_c), d: count(gap.grade_d) })) : null,
      h("p", {}, t("责任人：%(names)s", { names: peopleOf(gap.responsible) })));
    popup.setContent(words).setLatLng(toLatLng(...gap.at)).openOn(map);
  };

  /** Fit what is shown into the frame as it is now. */
  view.settle = () => {
    map.invalidateSize({ animate: false, pan: false });
    map.options.zoomSnap = 0; // the whole fills the frame, on paper above all
    if (bounds) map.fitBounds(bounds, { paddingTopLeft: [14, 14], paddingBottomRight: [14, 14], animate: false });
    map.options.zoomSnap = 0.25;
    view.whole = map.getZoom();
  };

  /** Light colours, the size of the paper, everything painted at once. */
  view.paper = () => {
    popup.remove();
    refreshPalette();
    view.settle();
    ground.paintNow();
    sheets.forEach((sheet) => sheet.paint());
  };

  // Tab goes through the gaps on the map as well.
  function drawMarks() {
    const list = h("ol", { class: "gap-marks", "aria-label": t("地图上的缺口") });
    fill(list, view.gaps.map((gap) => h("li", {}, h("button", {
      type: "button",
      onfocus: () => view.light(gap.number),
      onblur: () => view.light(null),
      onclick: () => onGap(gap.number),
    }, t("缺口 %(number)s：%(name)s，未访 %(n)s 户", { number: gap.number, name: gap.name, n: gap.unvisited })))));
    frame.append(list);
  }

  function gapAt(latlng) {
    const [x, y] = toWorld(latlng.lng, latlng.lat);
    const scale = 256 * 2 ** map.getZoom();
    const near = view.gaps.find((gap) => Math.hypot(gap.at[0] - x, gap.at[1] - y) * scale <= DISC * typeScale() + 3);
    return near || areaAt(view.gaps.map((gap) => ({ ...gap, code: String(gap.number).padStart(4, "0") })), x, y, scale);
  }

  map.on("click", ({ latlng }) => {
    const gap = gapAt(latlng);
    if (gap) onGap(gap.number);
  });
  map.on("dblclick", ({ latlng }) => {
    const [x, y] = toWorld(latlng.lng, latlng.lat);
    const area = areaAt(view.areas, x, y, 256 * 2 ** map.getZoom());
    if (area) onArea(area);
  });
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
  fill(frame.querySelector(".map-tools"), tool("plus", t("放大"), () => zoomStep(map, 1)), tool("minus", t("缩小"), () => zoomStep(map, -1)));
  buildScale(map, frame.querySelector(".scale"));
  return view;
}
