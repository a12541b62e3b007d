/* Names and figures on the map: placed in order of weight, and dropped rather than laid over one another. */

import { inView } from "./areas.js";
import { classOf } from "./classes.js";
import { CanvasOverlay } from "./overlay.js";
import { colour, fontOf, onPalette, typeScale } from "./palette.js";

const LINE = 15;

function overlaps(box, taken) {
  return taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
}

/**
 * Choose which labels have room. Pure but for the measuring.
 * @param {object[]} wanted `{x, y, lines: [{text, font}], weight}`; the heaviest goes first
 * @param {(text: string, font: string) => number} measure width in pixels
 */
export function placeLabels(wanted, measure, lineHeight = LINE) {
  const taken = [];
  const placed = [];
  for (const label of [...wanted].sort((a, b) => b.weight - a.weight)) {
    const fit = (lines) => {
      const width = Math.max(...lines.map((line) => measure(line.text, line.font)));
      const height = lines.length * lineHeight;
      return [label.x - width / 2 - 3, label.y - height / 2 - 1, label.x + width / 2 + 3, label.y + height / 2 + 1];
    };
    let lines = label.lines;
    let box = fit(lines);
    if (overlaps(box, taken) && lines.length > 1) {
      lines = lines.slice(0, 1); // the name alone may still have room
      box = fit(lines);
    }
    if (overlaps(box, taken)) continue;
    taken.push(box);
    placed.push({ ...label, lines, box });
  }
  return placed;
}

/** The label layer; `labels.sets` is a list of `{areas, kind, lines(area), classes, weight(area), minZoom}`. */
export function createLabels() {
  const layer = { sets: [] };
  const widths = new Map();

  function draw({ ctx, ...view }) {
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
    for (const set of layer.sets) {
      if (view.zoom < (set.minZoom ?? 0) || view.zoom >= (set.maxZoom ?? 99)) continue;
      for (const area of set.areas) {
        if (!inView(area, view)) continue;
        // Too small on the screen to be read as a place of its own.
        if ((area.box[2] - area.box[0]) * view.scale < 26 * scale) continue;
        const found = set.classes ? classOf(area.ratio, set.classes) : null;
        wanted.push({
          x: area.at[0] * view.scale - view.left,
          y: area.at[1] * view.scale - view.top,
          lines: set.lines(area).map((line) => ({ text: line.text, font: fontOf(line.size || 12, line.bold ? 600 : 400) })),
          weight: set.weight(area),
          ink: found ? `${found.token}-ink` : set.classes ? "cov-none-ink" : "map-label",
          halo: found ? found.token : set.classes ? "cov-none" : "map-label-halo",
        });
      }
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    for (const label of placeLabels(wanted, measure, LINE * scale)) {
      label.lines.forEach((line, i) => {
        const y = label.y + (i - (label.lines.length - 1) / 2) * LINE * scale;
        ctx.font = line.font;
        ctx.strokeStyle = colour(label.halo);
        ctx.lineWidth = 3;
        ctx.strokeText(line.text, label.x, y);
        ctx.fillStyle = colour(label.ink);
        ctx.fillText(line.text, label.x, y);
      });
    }
  }

  layer.overlay = new CanvasOverlay(draw, { pane: "fangtu-labels" });
  layer.addTo = (map) => {
    layer.overlay.addTo(map);
    onPalette(() => {
      widths.clear();
      layer.overlay.redraw();
    });
    return layer;
  };
  return layer;
}
