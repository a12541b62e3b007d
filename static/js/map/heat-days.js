/*
 * A heatmap of households per hectare while days follow one another: from one day to the next only what was visited then is
 * added or taken away, spread by the gaussian's own weights. Pure: nothing is drawn.
 */

import { weights } from "./blur.js";
import { frameOf, wholeDensities } from "./heat-field.js";

const VIEW = ["scale", "left", "top", "width", "height", "zoom"];
// Cells that change at once are spread one by one as long as that is less work than going over the whole picture.
const WORTH = 4;

/** Weights round a cell, row by row: what separate sums along rows and columns come to. */
function kernelOf(sigma) {
  if (sigma < 0.3) return { reach: 0, weight: Float32Array.of(1) };
  const half = weights(sigma);
  const reach = half.length - 1;
  const side = 2 * reach + 1;
  const weight = Float32Array.from({ length: side * side }, (_, i) => half[Math.abs(Math.floor(i / side) - reach)] * half[Math.abs((i % side) - reach)]);
  return { reach, weight };
}

/** What lies in one of two pieces of the same numbers and not in the other: [piece, sign], or null if they do not compare. */
function between(before, after) {
  if (!ArrayBuffer.isView(before) || before.buffer !== after.buffer) return null;
  const [from, to] = [before.byteOffset, after.byteOffset];
  const numbers = (start, end) => new Int32Array(after.buffer, start, (end - start) / 4);
  const [fromEnd, toEnd] = [from + before.byteLength, to + after.byteLength];
  if (from === to) return fromEnd <= toEnd ? [numbers(fromEnd, toEnd), 1] : [numbers(toEnd, fromEnd), -1];
  if (fromEnd === toEnd) return to <= from ? [numbers(to, from), 1] : [numbers(from, to), -1];
  return null;
}

/** The cells of a day as a field that can be moved to another. */
export function startDay({ cells, zoom }, view, radius) {
  const frame = frameOf(view, radius, true);
  return {
    ...frame, grid: wholeDensities({ cells, zoom }, view, frame), touched: new Uint8Array(frame.width * frame.height),
    kernel: kernelOf(frame.sigma), cells, zoom, radius, view: VIEW.map((name) => view[name]),
  };
}

/**
 * Move a field to the cells of another day.
 * @returns {number[] | null} places of the grid that changed; null if it has to be started anew: another view, other cells, or
 *   more of them than are worth it
 */
export function moveDay(field, { cells, zoom }, view, radius) {
  if (radius !== field.radius || zoom !== field.zoom || VIEW.some((name, i) => view[name] !== field.view[i])) return null;
  const change = between(field.cells, cells);
  if (!change) return null;
  const [piece, sign] = change;
  const { grid, touched, width, height, margin, step, metres, kernel: { reach, weight } } = field;
  if ((piece.length / 3) * weight.length > grid.length * WORTH) return null;
  const side = 2 ** zoom;
  const places = [];
  for (let i = 0; i < piece.length; i += 3) {
    const x = Math.floor((((piece[i] + 0.5) / side) * view.scale - view.left) / step + margin);
    const y = Math.floor((((piece[i + 1] + 0.5) / side) * view.scale - view.top) / step + margin);
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const n = (piece[i + 2] * sign * 10000) / (metres * metres);
    for (let dy = -reach, at = 0; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1, at += 1) {
        if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
        const place = (y + dy) * width + x + dx;
        grid[place] += n * weight[at];
        if (!touched[place]) {
          touched[place] = 1;
          places.push(place);
        }
      }
    }
  }
  for (const place of places) touched[place] = 0;
  field.cells = cells;
  return places;
}
