/* The points of each reading on the map: dots for the chosen one, another sign for each other, an arrow for the shift. */

import { distance } from "../format.js";
import { t } from "../i18n.js";
import { h } from "../map/dom.js";
import { toLatLng } from "../map/overlay.js";
import { colour, fontOf, onPalette, pixelRatio, typeScale } from "../map/palette.js";
import { toWorld } from "../map/world.js";

const OTHERS = ["cross", "plus", "ring", "box"];
// In fractions of the world: about 20 km, more than any of the usual shifts; and about 2 km, a village.
const NEAR = 6e-4;
const CELL = 6e-5;
const TOKENS = { dot: "st-visited", cross: "vio-solid", plus: "gap", ring: "inf", box: "t2" };

/** Sign of each reading: a dot for the chosen one, the others in their order. */
export function signsOf(readings, chosen) {
  let next = 0;
  return readings.map((reading) => {
    if (reading === chosen) return "dot";
    next += 1;
    return OTHERS[(next - 1) % OTHERS.length];
  });
}

function trace(ctx, sign, r) {
  ctx.beginPath();
  if (sign === "dot" || sign === "ring") ctx.arc(0, 0, r, 0, Math.PI * 2);
  else if (sign === "box") ctx.rect(-r, -r, r * 2, r * 2);
  else {
    const [a, b] = sign === "cross" ? [[-r, -r, r, r], [r, -r, -r, r]] : [[-r * 1.2, 0, r * 1.2, 0], [0, -r * 1.2, 0, r * 1.2]];
    for (const [x0, y0, x1, y1] of [a, b]) {
      ctx.moveTo(x0, y0);
      ctx.lineTo(x1, y1);
    }
  }
}

function paint(ctx, sign) {
  const ink = colour(TOKENS[sign]);
  if (sign === "dot") {
    trace(ctx, sign, 4.4);
    ctx.fillStyle = ink;
    ctx.fill();
    ctx.lineWidth = 1.2;
    ctx.strokeStyle = colour("symbol-halo");
    ctx.stroke();
    return;
  }
  for (const [width, style] of [[3.6, colour("symbol-halo")], [1.8, ink]]) {
    trace(ctx, sign, sign === "ring" || sign === "box" ? 3.2 : 3.8);
    ctx.lineWidth = width;
    ctx.strokeStyle = style;
    ctx.stroke();
  }
}

/** The sign beside a reading's name; the name says the same. */
export function readingSign(sign) {
  const ratio = pixelRatio();
  const node = h("canvas", { class: "sign reading-sign", width: 16 * ratio, height: 16 * ratio, "aria-hidden": "true" });
  const draw = () => {
    const ctx = node.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, 16, 16);
    ctx.translate(8, 8);
    paint(ctx, sign);
  };
  draw();
  node.repaint = draw;
  return node;
}

/** Metres to two figures: a shift is never known better. */
function about(metres) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(metres)) - 1);
  return Math.round(metres / unit) * unit;
}

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Box that holds all but the outermost points, as [west, north, east, south] in world fractions. */
function boxOf(points) {
  const xs = points.map((point) => point[0]).sort((a, b) => a - b);
  const ys = points.map((point) => point[1]).sort((a, b) => a - b);
  const at = (list, share) => list[Math.min(list.length - 1, Math.floor(list.length * share))];
  return [at(xs, 0.02), at(ys, 0.02), at(xs, 0.98), at(ys, 0.98)];
}

function join(boxes) {
  return [Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1])), Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3]))];
}

/** Numbers of the points around the fullest spot: where a shift of half a kilometre can be seen, and not a whole county. */
export function fullestSpot(points) {
  const cells = new Map();
  const keyOf = ([x, y]) => `${Math.floor(x / CELL)}/${Math.floor(y / CELL)}`;
  points.forEach((point, i) => {
    const key = keyOf(point);
    cells.set(key, [...(cells.get(key) || []), i]);
  });
  return [...cells.values()].sort((a, b) => b.length - a.length)[0] || [];
}

/** The part of a set that the numbers name, with its box and middle; null where it has none of them. */
function partOf(set, numbers) {
  const points = numbers.map((i) => set.points[i]).filter(Boolean);
  if (!points.length) return null;
  return { points, box: boxOf(points), centre: [middle(points.map((p) => p[0])), middle(points.map((p) => p[1]))] };
}

/** Drawing of the readings on a plain map; `picture.show(coordinates, chosen)`. */
export function createReadingsMap(plain) {
  const picture = { sets: [], arrow: null };
  let fitted = "";
  let spot = [];

  picture.show = (coordinates, chosen) => {
    const signs = signsOf(coordinates.readings, chosen);
    picture.sets = coordinates.readings.map((reading, i) => ({ name: reading.name, sign: signs[i], points: reading.points.map(([lon, lat]) => toWorld(lon, lat)) }));
    const key = picture.sets.map((set) => set.name + set.points.length).sort().join();
    const named = (name) => picture.sets.find((set) => set.name === name);
    if (key !== fitted) spot = fullestSpot((named(coordinates.best) || picture.sets[0]).points);
    const [from, to] = [named(coordinates.declared), named(coordinates.best)].map((set) => set && partOf(set, spot));
    const isShifted = coordinates.alarm && from && to && coordinates.declared !== coordinates.best && Number.isFinite(coordinates.shift_m);
    picture.arrow = isShifted ? {
      from, to, words: t("%(bearing)s约 %(distance)s", { bearing: coordinates.bearing || "", distance: distance(about(coordinates.shift_m)) }).trim(),
    } : null;
    picture.sets.sort((a, b) => (a.sign === "dot") - (b.sign === "dot")); // the chosen one above the others
    if (key !== fitted) picture.fit(spot);
    fitted = key;
    plain.redraw();
  };

  /** Bring points into view, with those of other readings that are not far off: some of them, by number, or all. */
  picture.fit = (numbers = null) => {
    const parts = picture.sets.map((set) => ({ sign: set.sign, ...partOf(set, numbers || set.points.map((_, i) => i)) })).filter((part) => part.box);
    const chosen = parts.find((part) => part.sign === "dot") || parts[0];
    if (!chosen) return;
    const near = parts.filter((part) => Math.abs(part.centre[0] - chosen.centre[0]) < NEAR && Math.abs(part.centre[1] - chosen.centre[1]) < NEAR);
    const [west, north, east, south] = join(near.map((part) => part.box));
    const [one, two] = [toLatLng(west, south), toLatLng(east, north)];
    plain.map.fitBounds([[one.lat, one.lng], [two.lat, two.lng]], { padding: [36, 44], maxZoom: 17, animate: false });
  };

  plain.add(({ ctx, ...view }) => {
    for (const set of picture.sets) {
      for (const [wx, wy] of set.points) {
        const [x, y] = [wx * view.scale - view.left, wy * view.scale - view.top];
        if (x < -10 || y < -10 || x > view.width + 10 || y > view.height + 10) continue;
        ctx.save();
        ctx.translate(x, y);
        paint(ctx, set.sign);
        ctx.restore();
      }
    }
    if (picture.arrow) drawArrow(ctx, view);
  });

  // From where the points lie as declared to where they belong, below both clouds so that it hides none.
  function drawArrow(ctx, view) {
    const { from, to, words } = picture.arrow;
    const place = ([x, y]) => [x * view.scale - view.left, y * view.scale - view.top];
    const [x0, y0] = place(from.centre);
    const [x1, y1] = place(to.centre);
    const lowest = Math.max(from.box[3], to.box[3]) * view.scale - view.top;
    const drop = Math.max(0, Math.min(lowest + 22, view.height * 0.84) - Math.max(y0, y1));
    const angle = Math.atan2(y1 - y0, x1 - x0);
    if (Math.hypot(x1 - x0, y1 - y0) < 12) return;
    for (const [width, style] of [[6, colour("map-label-halo")], [2.2, colour("map-label")]]) {
      ctx.beginPath();
      ctx.moveTo(x0, y0 + drop);
      ctx.lineTo(x1, y1 + drop);
      for (const turn of [-0.42, 0.42]) {
        ctx.moveTo(x1, y1 + drop);
        ctx.lineTo(x1 - 12 * Math.cos(angle + turn), y1 + drop - 12 * Math.sin(angle + turn));
      }
      ctx.lineCap = "round";
      ctx.lineWidth = width;
      ctx.strokeStyle = style;
      ctx.stroke();
    }
    ctx.lineCap = "butt";
    ctx.font = fontOf(13, 600);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2 + drop + 16 * typeScale()];
    ctx.lineWidth = 4;
    ctx.strokeStyle = colour("map-label-halo");
    ctx.strokeText(words, x, y);
    ctx.fillStyle = colour("map-label");
    ctx.fillText(words, x, y);
  }
  return picture;
}

onPalette(() => {
  for (const node of document.querySelectorAll("canvas.reading-sign")) node.repaint?.();
});
