/* How a route looks: colour, pattern of the line and number together, so that nobody is told by colour alone. */

import { colour, fontOf } from "../map/palette.js";

const COLOURS = 6;
const PATTERNS = [[], [9, 4], [2, 3], [12, 3, 2, 3], [16, 4], [5, 5]];
const LETTERS = "甲乙丙丁戊己庚辛壬癸";
/** So many households that are left out have a letter on the map; the others are small squares. */
export const LETTERED = LETTERS.length;

/** Look of the route of the `at`-th inspector: where colours come again, the pattern and the form of the marks are others. */
export function lookOf(at) {
  const round = Math.floor(at / COLOURS);
  return { hue: (at % COLOURS) + 1, dash: PATTERNS[((at % COLOURS) + round) % PATTERNS.length], square: round % 2 === 1 };
}

/** Classes that give an element the colour and form of a look. */
export function classOf(look) {
  return `rt-c${look.hue}${look.square ? " rt-square" : ""}`;
}

/** Colour of a look, for the canvas. */
export function hueOf(look) {
  return colour(`rt-${look.hue}`);
}

/** Sign of the `at`-th household that is not planned: 甲, 乙 … 癸, then 11, 12 … */
export function letterOf(at) {
  return at < LETTERS.length ? LETTERS[at] : String(at + 1);
}

/**
 * A line through `points` ([x, y] on the canvas) in the look of a route.
 * @param {object} how `wide` (chosen), `faint` (another one is chosen), `estimated` (no road is known: a thin dotted line)
 */
export function drawLine(ctx, points, look, { wide = false, faint = false, estimated = false } = {}) {
  if (points.length < 2) return;
  const width = wide ? 4 : 2.6;
  ctx.save();
  ctx.globalAlpha = faint ? 0.35 : 1;
  ctx.lineJoin = "round";
  ctx.lineCap = "butt";
  ctx.beginPath();
  points.forEach(([x, y], at) => ctx[at ? "lineTo" : "moveTo"](x, y));
  ctx.lineWidth = width + 2.4;
  ctx.strokeStyle = colour("symbol-halo");
  ctx.stroke();
  ctx.lineWidth = estimated ? 1.6 : width;
  ctx.setLineDash(estimated ? [2, 5] : look.dash);
  ctx.strokeStyle = hueOf(look);
  ctx.stroke();
  ctx.restore();
}

/** A route as it was before it was planned anew. */
export function drawBefore(ctx, points) {
  ctx.beginPath();
  points.forEach(([x, y], at) => ctx[at ? "lineTo" : "moveTo"](x, y));
  ctx.lineWidth = 5;
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("rt-rest");
  ctx.stroke();
}

/** A stop: a disc or a square with the number of the visit; a ring around the one that is looked at. */
export function drawStop(ctx, x, y, text, look, { chosen = false, faint = false, done = false } = {}) {
  const r = (chosen ? 12 : 10) + (text.length > 2 ? 2 : 0);
  const outline = (size) => {
    ctx.beginPath();
    if (look.square) ctx.roundRect(x - size * 0.92, y - size * 0.92, size * 1.84, size * 1.84, 4);
    else ctx.arc(x, y, size, 0, Math.PI * 2);
  };
  ctx.save();
  ctx.globalAlpha = faint ? 0.45 : 1;
  if (chosen) {
    outline(r + 3.5);
    ctx.lineWidth = 5;
    ctx.strokeStyle = colour("map-select-halo");
    ctx.stroke();
    ctx.lineWidth = 2.4;
    ctx.strokeStyle = colour("map-select");
    ctx.stroke();
  }
  outline(r);
  ctx.fillStyle = done ? colour("symbol-ground") : hueOf(look);
  ctx.fill();
  ctx.lineWidth = done ? 2.4 : 1.6;
  ctx.strokeStyle = done ? hueOf(look) : colour("symbol-halo");
  ctx.stroke();
  word(ctx, x, y, text, done ? hueOf(look) : colour("rt-ink"));
  ctx.restore();
}

/** One of many households that are not planned: a small square, below all else. */
export function drawRest(ctx, x, y) {
  ctx.beginPath();
  ctx.rect(x - 2.5, y - 2.5, 5, 5);
  ctx.fillStyle = colour("symbol-ground");
  ctx.fill();
  ctx.lineWidth = 1.4;
  ctx.strokeStyle = colour("t2");
  ctx.stroke();
}

/** A household that is not planned: a white square with a dark edge and its letter. */
export function drawLeftOut(ctx, x, y, text, { chosen = false } = {}) {
  const r = chosen ? 11 : 9;
  ctx.beginPath();
  ctx.rect(x - r, y - r, 2 * r, 2 * r);
  ctx.fillStyle = colour("symbol-ground");
  ctx.fill();
  ctx.lineWidth = chosen ? 3.5 : 2;
  ctx.strokeStyle = colour("map-select");
  ctx.stroke();
  word(ctx, x, y, text, colour("t"));
}

/** Where a route begins: a dark square with a roof. */
export function drawStart(ctx, x, y) {
  ctx.beginPath();
  ctx.rect(x - 9, y - 9, 18, 18);
  ctx.fillStyle = colour("map-select");
  ctx.fill();
  ctx.lineWidth = 1.6;
  ctx.strokeStyle = colour("map-select-halo");
  ctx.stroke();
  ctx.beginPath();
  [[-5, 0], [0, -5], [5, 0]].forEach(([dx, dy], at) => ctx[at ? "lineTo" : "moveTo"](x + dx, y + dy));
  ctx.rect(x - 3.5, y, 7, 5);
  ctx.stroke();
}

function word(ctx, x, y, text, style) {
  ctx.font = fontOf(text.length > 2 ? 10 : 12, 700);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = style;
  ctx.fillText(text, x, y + 0.5);
}

/** A small piece of a route's line, for lists. */
export function signOf(look) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["viewBox", "0 0 28 8"], ["class", `rt-sign ${classOf(look)}`], ["aria-hidden", "true"], ["focusable", "false"]]) svg.setAttribute(name, value);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M1 4H27");
  if (look.dash.length) line.setAttribute("stroke-dasharray", look.dash.join(" "));
  svg.append(line);
  return svg;
}
