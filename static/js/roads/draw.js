/* The network on the map: parts by colour and dash, gaps as red rings, far households as open squares. */

import { colour } from "../map/palette.js";
import { toWorld } from "../map/world.js";

const PARTS = 7;
// Form and colour together, so that no part is told by its colour alone.
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const RING = 7;

/** How a part is drawn: the main one plain and dark, the others in turn; -1 is what the way of moving may not use. */
export function styleOf(part) {
  if (part < 0) return { hue: colour("line2"), width: 1, dash: [1, 4] };
  if (part === 0) return { hue: colour("p"), width: 2.2, dash: [] };
  return { hue: colour(`own-${((part - 1) % PARTS) + 2}`), width: 3, dash: DASHES[1 + ((part - 1) % (DASHES.length - 1))] };
}

/** Row of the answer -> a line in world coordinates with its box. */
export function lineOf([part, , byHand, numbers]) {
  const line = [];
  for (let at = 0; at < numbers.length; at += 2) line.push(toWorld(numbers[at], numbers[at + 1]));
  const [xs, ys] = [line.map(([x]) => x), line.map(([, y]) => y)];
  return { part, byHand, line, box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] };
}

function trace(ctx, line, view) {
  line.forEach(([x, y], at) => ctx[at ? "lineTo" : "moveTo"](x * view.scale - view.left, y * view.scale - view.top));
}

function seen([west, north, east, south], view) {
  return east * view.scale > view.left && west * view.scale < view.left + view.width
    && south * view.scale > view.top && north * view.scale < view.top + view.height;
}

/** Draw all roads: one path for each part. */
export function drawRoads(ctx, view, roads) {
  const parts = new Map();
  for (const road of roads) {
    if (!seen(road.box, view)) continue;
    if (!parts.has(road.part)) parts.set(road.part, []);
    parts.get(road.part).push(road);
  }
  // Seen as a whole, lanes would run together to blots.
  const near = view.zoom >= 14;
  ctx.lineJoin = ctx.lineCap = "round";
  for (const part of [...parts.keys()].sort((a, b) => (a === 0 ? -0.5 : a) - (b === 0 ? -0.5 : b))) {
    const { hue, width, dash } = styleOf(part);
    ctx.beginPath();
    for (const road of parts.get(part)) trace(ctx, road.line, view);
    ctx.setLineDash([]);
    if (part >= 0 && near) {
      ctx.lineWidth = width + 2;
      ctx.strokeStyle = colour("map-select-halo");
      ctx.stroke();
    }
    ctx.setLineDash(dash);
    ctx.lineWidth = near ? width : width * 0.55;
    ctx.strokeStyle = hue;
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

/** Draw a gap: the bridge dashed, a ring round it; `lit` when it is the one looked at. */
export function drawGap(ctx, view, gap, lit) {
  const [a, b] = gap.ends.map(([x, y]) => [x * view.scale - view.left, y * view.scale - view.top]);
  const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const r = Math.max(RING, Math.hypot(a[0] - b[0], a[1] - b[1]) / 2 + 4);
  for (const [width, hue] of [[lit ? 7 : 4.5, colour("map-select-halo")], [lit ? 3.4 : 2.2, colour("dan-solid")]]) {
    ctx.lineWidth = width;
    ctx.strokeStyle = hue;
    ctx.beginPath();
    ctx.arc(x, y, r, 0, Math.PI * 2);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(...a);
    ctx.lineTo(...b);
    ctx.stroke();
  }
}

/** Draw a household with no road near: an open square. */
export function drawFar(ctx, view, home, lit) {
  const [x, y] = [home.at[0] * view.scale - view.left, home.at[1] * view.scale - view.top];
  const r = lit ? 7 : 5;
  for (const [width, hue] of [[lit ? 6 : 4.5, colour("map-select-halo")], [lit ? 3 : 2.2, colour("st-unvisited")]]) {
    ctx.lineWidth = width;
    ctx.strokeStyle = hue;
    ctx.strokeRect(x - r, y - r, 2 * r, 2 * r);
  }
}

/** One sign of the legend. */
export function signOf(draw) {
  const canvas = document.createElement("canvas");
  canvas.width = 56;
  canvas.height = 24;
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  draw(ctx);
  return canvas;
}
