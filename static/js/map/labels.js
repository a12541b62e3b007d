/* Names and figures on the map: placed in order of weight, and dropped rather than laid over one another. */

import { inView } from "./areas.js";
import { discRadius } from "./areas-data.js";
import { classOfArea } from "./classes.js";
import { colour, fontOf, typeScale, widthOf } from "./palette.js";

const LINE = 15;
const SHIFTS = [[0, 0], [0, -20], [0, 20], [-26, -12], [26, -12], [-26, 14], [26, 14], [0, -34], [0, 34]];

/** Does a box `[left, top, right, bottom]` lie over one that is taken? */
export function overlaps(box, taken) {
  return taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
}

export function moved(box, dx, dy) {
  return [box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy];
}

/** Does a box in pixels of the world lie in a view, or so near that something of it shows there? */
export function touches(box, view, rim = 2) {
  return box[2] > view.left - rim && box[0] < view.left + view.width + rim && box[3] > view.top - rim && box[1] < view.top + view.height + rim;
}

/** Half sizes of the upright box round a text that is turned. */
function halves(width, height, angle = 0) {
  const [c, s] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  return [(width * c + height * s) / 2, (width * s + height * c) / 2];
}

/**
 * Choose which labels have room. Pure but for the measuring.
 * @param {object[]} wanted `{x, y, lines: [{text, font}], weight}`; the heaviest goes first. With `angle` it is turned;
 *   with `apart`, it is left out where the same name stands that near already
 * @param {(text: string, font: string) => number} measure width in pixels
 * @param {number[][]} obstacles boxes that are taken; a label moves a little to keep clear of them
 */
export function placeLabels(wanted, measure, lineHeight = LINE, obstacles = []) {
  const taken = [...obstacles];
  const placed = [];
  for (const label of [...wanted].sort((a, b) => b.weight - a.weight)) {
    const twin = (other) => other.lines[0].text === label.lines[0].text && Math.hypot(other.x - label.x, other.y - label.y) < label.apart;
    if (label.apart && placed.some(twin)) continue;
    const fit = (lines, dx, dy) => {
      const width = Math.max(...lines.map((line) => measure(line.text, line.font)));
      const height = lines.length * lineHeight;
      const [wide, high] = halves(width + 6, height + 2, label.angle);
      return [label.x + dx - wide, label.y + dy - high, label.x + dx + wide, label.y + dy + high];
    };
    // Where the name has no room with its figure, it may still have room alone.
    const forms = label.lines.length > 1 ? [label.lines, label.lines.slice(0, 1)] : [label.lines];
    const shifts = label.shifts || (label.free ? SHIFTS : SHIFTS.slice(0, 1));
    search: for (const lines of forms) {
      for (const [dx, dy] of shifts) {
        const box = fit(lines, dx, dy);
        if (overlaps(box, taken)) continue;
        taken.push(box);
        placed.push({ ...label, x: label.x + dx, y: label.y + dy, lines, box });
        break search;
      }
    }
  }
  return placed;
}

/**
 * Labels; `labels.names(view)` gives names of the ground (`{text, x, y, angle, span, rank, minZoom}`, in fractions of the
 * world), which stand back behind all others; `labels.sets` is a list of `{areas, kind, lines(area), classes, only,
 * weight(area), minZoom, maxZoom, outside}`. `place` chooses what stands in a view, `paint` draws it there or on parts of it.
 */
export function createLabels() {
  const layer = { sets: [], obstacles: () => [], names: () => [], boxes: [], placed: [] };

  /** Choose the labels of a view; `boxes` are then those of the view that are taken, `placed` in pixels of the world. */
  layer.place = (view) => {
    const scale = typeScale();
    const wanted = [];
    const obstacles = [...layer.obstacles()];
    for (const set of layer.sets) {
      if (view.zoom < (set.minZoom ?? 0) || view.zoom >= (set.maxZoom ?? 99)) continue;
      for (const area of set.areas) {
        if (!inView(area, view)) continue;
        // Too small on the screen to be read as a place of its own.
        if (!area.disc && (area.box[2] - area.box[0]) * view.scale < 26 * scale) continue;
        if (area.disc) {
          const [x, y] = [area.at[0] * view.scale - view.left, area.at[1] * view.scale - view.top];
          const r = discRadius(area);
          obstacles.push([x - r, y - r, x + r, y + r]);
        }
        const known = set.classes ? classOfArea(area, set.classes) : null;
        const faint = set.only && !set.only.has(known ? known.key : "none"); // another class is singled out
        const classes = area.disc || faint ? null : set.classes;
        const found = classes ? known : null;
        const lines = set.lines(area);
        wanted.push({
          x: area.at[0] * view.scale - view.left,
          y: area.at[1] * view.scale - view.top + (area.disc ? discRadius(area) + 4 + (lines.length * LINE * scale) / 2 : 0),
          lines: lines.map((line) => ({ text: line.text, font: fontOf(line.size || 12, line.bold ? 600 : 400) })),
          weight: set.weight(area),
          faint,
          // The name of an area whose inside is full of signs or colours stands just above or below it.
          shifts: set.outside ? [area.box[1], area.box[3]].map((edge, i) => [0, (edge - area.at[1]) * view.scale + (i ? 12 : -12)]) : null,
          free: !set.classes && obstacles.length > 0, // a name alone may stand aside; a figure belongs to its surface
          ink: found ? `${found.token}-ink` : classes ? "cov-none-ink" : "map-label",
          halo: found ? found.token : classes ? "cov-none" : "map-label-halo",
        });
      }
    }
    wanted.push(...groundNames(view, scale));
    const placed = placeLabels(wanted, widthOf, LINE * scale, obstacles);
    layer.boxes = [...obstacles, ...placed.map((label) => label.box)];
    layer.zoom = view.zoom;
    layer.placed = placed.map((label) => ({ ...label, x: label.x + view.left, y: label.y + view.top, box: moved(label.box, view.left, view.top) }));
  };

  const within = (view) => (layer.zoom === view.zoom ? layer.placed.filter(({ box }) => touches(box, view)) : []);

  /** Says what is painted on a part of the view. */
  layer.stamp = (view) => within(view).map(({ x, y, lines, ink, faint }) => `${Math.round(x)},${Math.round(y)}${ink}${faint ? "-" : ""}${lines.map((line) => line.text)}`).join(" ");

  layer.paint = ({ ctx, ...view }) => {
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    const high = LINE * typeScale();
    for (const label of within(view)) {
      ctx.save();
      ctx.translate(label.x - view.left, label.y - view.top);
      if (label.angle) ctx.rotate(label.angle);
      ctx.globalAlpha = label.faint ? 0.7 : 1;
      ctx.strokeStyle = colour(label.halo);
      ctx.fillStyle = colour(label.ink);
      ctx.lineWidth = 3;
      label.lines.forEach((line, i) => {
        const y = (i - (label.lines.length - 1) / 2) * high;
        ctx.font = line.font;
        ctx.strokeText(line.text, 0, y);
        ctx.fillText(line.text, 0, y);
      });
      ctx.restore();
    }
  };

  /** Place and paint in one, where a canvas holds the whole view. */
  layer.draw = (view) => {
    layer.place(view);
    layer.paint(view);
  };

  function groundNames(view, scale) {
    const found = [];
    for (const name of layer.names(view)) {
      if (view.zoom < name.minZoom) continue;
      const [x, y] = [name.x * view.scale - view.left, name.y * view.scale - view.top];
      if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
      const road = name.span !== null;
      const font = fontOf(12, name.rank < 1 ? 600 : 400);
      // A road shorter than its name would be hidden by it.
      if (road && name.span * view.scale < widthOf(name.text, font) * 1.1) continue;
      found.push({
        x, y, lines: [{ text: name.text, font }], weight: -name.rank, angle: name.angle, apart: road ? 320 * scale : 240 * scale,
        ink: "map-label-2", halo: "map-label-halo",
      });
    }
    return found;
  }
  return layer;
}
