/* Areas on the map: land of the area of duty, coverage classes, borders and outlines. Labels are in labels.js. */

import { covers, discRadius } from "./areas-data.js";
import { bordersOf, findAhead } from "./borders.js";
import { classOfArea } from "./classes.js";
import { colour, looks, withAlpha } from "./palette.js";

const L = window.L;

/** Add the outline of an area to the present path: its rings, or its disc. */
export function traceArea(ctx, area, view) {
  if (area.disc) {
    const x = area.at[0] * view.scale - view.left;
    const y = area.at[1] * view.scale - view.top;
    ctx.moveTo(x + discRadius(area), y);
    ctx.arc(x, y, discRadius(area), 0, Math.PI * 2);
    return;
  }
  for (const ring of area.rings) traceLine(ctx, coarse(ring, view), view, true);
}

/** Stroke those borders of an area in a view that are drawn with it; the others are drawn with its neighbours. */
function strokeBorders(ctx, area, areas, view) {
  if (area.disc) {
    ctx.beginPath();
    traceArea(ctx, area, view);
    ctx.stroke();
    return;
  }
  for (const { corners, box } of bordersOf(area, areas)) {
    if (!inView({ box }, view)) continue;
    ctx.beginPath();
    traceLine(ctx, coarse(corners, view), view, corners[0] === corners.at(-2) && corners[1] === corners.at(-1));
    ctx.stroke();
  }
}

const RIM = 40; // pixels outside the canvas that still count as seen: room for the widest line
const APART = 0.6; // pixels; what lies nearer to a line than this makes no difference to it
// Pixels; of a smaller area an outline would be all one sees, and far out there are thousands of them.
const LEAST_FILLED = 8;
const LEAST_LINED = 32;

/** Is an area large enough in a view for its border to tell anything? */
function isAtLeast(pixels, { box: [west, north, east, south], disc }, { scale }) {
  return disc || Math.max(east - west, south - north) * scale >= pixels;
}

const reduced = new WeakMap(); // of a line, by zoom

/** A line as it looks at a view's zoom, without the corners that make no difference there; made once for each zoom. */
function coarse(line, { scale }) {
  const zoom = Math.ceil(Math.log2(scale));
  let known = reduced.get(line);
  if (!known) reduced.set(line, known = new Map());
  let found = known.get(zoom);
  if (found) return found;
  const side = 2 ** zoom;
  const corners = Array.from({ length: line.length / 2 }, (_, i) => ({ x: line[i * 2] * side, y: line[i * 2 + 1] * side }));
  found = Float64Array.from(L.LineUtil.simplify(corners, APART).flatMap(({ x, y }) => [x / side, y / side]));
  known.set(zoom, found);
  return found;
}

/**
 * One line, without the corners that nobody sees: those of a stretch that lies beyond one and the same side of the
 * canvas. A machine without a GPU spends most of a frame on such corners otherwise.
 */
function traceLine(ctx, line, view, closed) {
  const sideOf = (x, y) => (x < -RIM ? 1 : x > view.width + RIM ? 2 : 0) | (y < -RIM ? 4 : y > view.height + RIM ? 8 : 0);
  let [x, y] = [line[0] * view.scale - view.left, line[1] * view.scale - view.top];
  let side = sideOf(x, y);
  let beyond = side; // the side that all corners since the last one drawn lie beyond
  ctx.moveTo(x, y);
  for (let i = 2; i <= line.length; i += 2) {
    const [nowX, nowY, now] = [x, y, side];
    const end = i === line.length;
    if (!end) {
      x = line[i] * view.scale - view.left;
      y = line[i + 1] * view.scale - view.top;
      side = sideOf(x, y);
    }
    if (!end && (beyond & now & side)) {
      beyond &= now;
      continue;
    }
    ctx.lineTo(nowX, nowY);
    beyond = now;
  }
  if (closed) ctx.closePath();
}

/** Is any of the area within the canvas? */
export function inView(area, view) {
  const [west, north, east, south] = area.box;
  const rim = area.disc ? 24 : 0;
  return east * view.scale > view.left - rim && west * view.scale < view.left + view.width + rim
    && south * view.scale > view.top - rim && north * view.scale < view.top + view.height + rim;
}

/** Does all of a view lie within an area, and no part of the outline near it? */
function holdsAll(area, { scale, left, top, width, height }) {
  const [west, north, east, south] = [left - RIM, top - RIM, left + width + RIM, top + height + RIM].map((edge) => edge / scale);
  if (!covers(area, (west + east) / 2, (north + south) / 2)) return false;
  return area.rings.every((ring) => {
    for (let i = 0; i < ring.length; i += 2) {
      const n = (i + 2) % ring.length;
      const beside = Math.max(ring[i], ring[n]) < west || Math.min(ring[i], ring[n]) > east
        || Math.max(ring[i + 1], ring[n + 1]) < north || Math.min(ring[i + 1], ring[n + 1]) > south;
      if (!beside) return false;
    }
    return true;
  });
}

function tileOf(ratio, draw) {
  const tile = document.createElement("canvas");
  tile.width = 8 * ratio;
  tile.height = 8 * ratio;
  const pen = tile.getContext("2d");
  pen.scale(ratio, ratio);
  draw(pen);
  return tile;
}

function hatch(view) {
  return patternOf(view, tileOf(view.ratio, (pen) => {
    pen.fillStyle = colour("cov-none");
    pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = colour("cov-hatch");
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift - 1, 9);
      pen.lineTo(shift + 9, -1);
    }
    pen.stroke();
  }));
}

function dots(view) {
  return patternOf(view, tileOf(view.ratio, (pen) => {
    pen.fillStyle = colour("cov-dots");
    for (const [x, y] of [[2, 2], [6, 6]]) {
      pen.beginPath();
      pen.arc(x, y, 1, 0, Math.PI * 2);
      pen.fill();
    }
  }));
}

/** A pattern hangs on the world, so that it goes on from one piece of the map to the next. */
function patternOf({ ctx, ratio, left, top }, tile) {
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().translate(-left % 8, -top % 8).scale(1 / ratio));
  return pattern;
}

/** How strongly classes are filled: whole in the overview, a tint where single houses are read. */
export function fillStrength(zoom) {
  return Math.max(0.22, Math.min(1, 1 - (zoom - 13.75) * 0.6));
}

/**
 * What areas look like, as three drawings for the sheets of the scene: land, classes, borders.
 * `areas` those of the theme's level, `duty` the outline of the area of duty, `focus` the area gone into, `lines`
 * other borders to draw thinly.
 */
export function createAreas() {
  const layer = { areas: [], duty: [], lines: [], classes: [], filled: false, only: null, focus: null };

  const inside = (view, areas) => areas.filter((area) => inView(area, view));

  /** Is any of the area of duty in a view? */
  layer.hasLand = (view) => layer.duty.some((area) => inView(area, view));
  /** Its colour, if a view lies within one area of duty as a whole. */
  layer.flatLand = (view) => (layer.duty.some((area) => holdsAll(area, view)) ? colour("map-land") : null);
  layer.landStamp = (view) => `${looks()} ${inside(view, layer.duty).map((area) => area.mark)}`;

  /** Is anything in a view filled? */
  layer.hasFills = (view) => layer.areas.some((area) => !area.disc && inView(area, view));

  const classStamp = (area) => {
    const found = classOfArea(area, layer.classes);
    const faint = layer.only && !layer.only.has(found ? found.key : "none");
    return `${area.mark}${found?.token}${faint ? "-" : ""}${area.ratio > 1 ? "+" : ""}`;
  };

  /** Says what the drawing of a view depends on, so that what did not change is not drawn again. */
  layer.fillStamp = (view) => [looks(), layer.classes.show, ...inside(view, layer.areas).map(classStamp)].join(" ");
  layer.borderStamp = (view) => [
    looks(), layer.filled,
    ...(layer.filled ? inside(view, layer.areas).map((area) => (area.disc ? classStamp(area) : `${area.mark}${area.derived}`)) : []),
    ...layer.lines.flatMap(({ areas, token }) => [token, ...inside(view, areas).map((area) => area.mark)]),
    ...inside(view, layer.duty).map((area) => area.mark), layer.focus?.mark,
  ].join(" ");

  /** Make ready what borders take when the map is moved. */
  layer.findBorders = () => {
    if (layer.filled) findAhead(layer.areas);
    for (const { areas } of layer.lines) findAhead(areas);
  };

  /** Is any border in a view? */
  layer.hasBorders = (view) => {
    const some = (areas) => areas.some((area) => inView(area, view));
    return some(layer.duty) || (layer.filled && some(layer.areas)) || layer.lines.some(({ areas }) => some(areas));
  };

  layer.drawLand = ({ ctx, ...view }) => {
    ctx.beginPath();
    for (const area of inside(view, layer.duty)) traceArea(ctx, area, view);
    ctx.fillStyle = colour("map-land");
    ctx.fill();
  };

  layer.drawFills = (view) => paintClasses(view, false);

  // Discs are painted with the borders, above roads and roofs; surfaces below them.
  function paintClasses({ ctx, ...view }, discs) {
    const strength = fillStrength(view.zoom);
    let hatched = null;
    let dotted = null;
    for (const area of layer.areas) {
      if (area.disc !== discs || !inView(area, view)) continue;
      const found = classOfArea(area, layer.classes);
      const faint = layer.only && !layer.only.has(found ? found.key : "none");
      ctx.beginPath();
      traceArea(ctx, area, view);
      ctx.globalAlpha = faint ? 0.12 : discs ? 0.95 : strength;
      if (!found) hatched ||= hatch({ ctx, ...view });
      ctx.fillStyle = found ? colour(found.token) : hatched;
      ctx.fill("evenodd");
      if (area.ratio > 1 && layer.classes.show === "coverage") {
        dotted ||= dots({ ctx, ...view });
        ctx.fillStyle = dotted;
        ctx.fill("evenodd");
      }
    }
    ctx.globalAlpha = 1;
  }

  layer.drawBorders = ({ ctx, ...view }) => {
    ctx.lineJoin = "round";
    if (layer.filled) {
      paintClasses({ ctx, ...view }, true);
      const large = layer.areas.filter((area) => inView(area, view) && isAtLeast(LEAST_FILLED, area, view));
      ctx.strokeStyle = colour("cov-border");
      ctx.lineWidth = 1.4;
      for (const area of large) strokeBorders(ctx, area, layer.areas, view);
      // Drawn from points, not surveyed: the border says so, whatever lies beside it.
      ctx.setLineDash([5, 4]);
      ctx.strokeStyle = withAlpha("map-boundary", 0.75);
      ctx.lineWidth = 1;
      for (const area of large) if (area.derived && !area.disc) strokeBorders(ctx, area, layer.areas, view);
      ctx.setLineDash([]);
    }
    for (const { areas, token, dash, width } of layer.lines) {
      ctx.strokeStyle = colour(token);
      ctx.lineWidth = width;
      ctx.setLineDash(dash);
      // Line by line: all in one path takes many times as long where no GPU draws it.
      for (const area of areas) {
        if (inView(area, view) && isAtLeast(LEAST_LINED, area, view)) strokeBorders(ctx, area, areas, view);
      }
    }
    ctx.setLineDash([]);
    ctx.strokeStyle = colour("map-boundary");
    ctx.lineWidth = 2.2;
    for (const area of [...inside(view, layer.duty), ...(layer.focus ? [layer.focus] : [])]) {
      ctx.beginPath();
      traceArea(ctx, area, view);
      ctx.stroke();
    }
  };
  return layer;
}
