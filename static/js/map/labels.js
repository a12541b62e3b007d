/* Names and figures on the map: placed in order of weight, and dropped rather than laid over one another. */

import { inView } from "./areas.js";
import { discRadius } from "./areas-data.js";
import { classOf } from "./classes.js";
import { colour, fontOf, onPalette, typeScale } from "./palette.js";

const LINE = 15;
const SHIFTS = [[0, 0], [0, -20], [0, 20], [-26, -12], [26, -12], [-26, 14], [26, 14], [0, -34], [0, 34]];

/** Does a box `[left, top, right, bottom]` lie over one that is taken? */
export function overlaps(box, taken) {
  return taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
}

/**
 * Choose which labels have room. Pure but for the measuring.
 * @param {object[]} wanted `{x, y, lines: [{text, font}], weight}`; the heaviest goes first
 * @param {(text: string, font: string) => number} measure width in pixels
 * @param {number[][]} obstacles boxes that are taken; a label moves a little to keep clear of them
 */
export function placeLabels(wanted, measure, lineHeight = LINE, obstacles = []) {
  const taken = [...obstacles];
  const placed = [];
  for (const label of [...wanted].sort((a, b) => b.weight - a.weight)) {
    const fit = (lines, dx, dy) => {
      const width = Math.max(...lines.map((line) => measure(line.text, line.font)));
      const height = lines.length * lineHeight;
      return [label.x + dx - width / 2 - 3, label.y + dy - height / 2 - 1, label.x + dx + width / 2 + 3, label.y + dy + height / 2 + 1];
    };
    // Where the name has no room with its figure, it may still have room alone.
    const forms = label.lines.length > 1 ? [label.lines, label.lines.slice(0, 1)] : [label.lines];
    const shifts = label.free ? SHIFTS : SHIFTS.slice(0, 1);
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

/** Labels; `labels.sets` is a list of `{areas, kind, lines(area), classes, only, weight(area), minZoom, maxZoom}`. */
export function createLabels() {
  const layer = { sets: [], obstacles: () => [], boxes: [] };
  const widths = new Map();

  layer.draw = ({ ctx, ...view }) => {
    const scale = typeScale();
    const measure = (text, font) => {
      const key = font + text;
      let width = widths.get(key);
      if (width === undefined) {
        ctx.font = font;
        width = ctx.measureText(text).width;
        if (widths.size > 4000) widths.clear();
        widths.set(key, width);
      }
      return width;
    };
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
        const known = set.classes ? classOf(area.ratio, set.classes) : null;
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
          free: !set.classes && obstacles.length > 0, // a name alone may stand aside; a figure belongs to its surface
          ink: found ? `${found.token}-ink` : classes ? "cov-none-ink" : "map-label",
          halo: found ? found.token : classes ? "cov-none" : "map-label-halo",
        });
      }
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    const placed = placeLabels(wanted, measure, LINE * scale, obstacles);
    layer.boxes = [...obstacles, ...placed.map((label) => label.box)];
    for (const label of placed) {
      label.lines.forEach((line, i) => {
        const y = label.y + (i - (label.lines.length - 1) / 2) * LINE * scale;
        ctx.font = line.font;
        ctx.globalAlpha = label.faint ? 0.7 : 1;
        ctx.strokeStyle = colour(label.halo);
        ctx.lineWidth = 3;
        ctx.strokeText(line.text, label.x, y);
        ctx.fillStyle = colour(label.ink);
        ctx.fillText(line.text, label.x, y);
      });
    }
    ctx.globalAlpha = 1;
  };
  onPalette(() => widths.clear());
  return layer;
}
