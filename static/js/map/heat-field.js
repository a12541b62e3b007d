/* What a heatmap shows, as numbers on a grid over the view: density, or a share of the households. Pure: nothing is drawn. */

import { gaussianSteps } from "./blur.js";
import { metresPerPixel } from "./world.js";

// The radius people are told holds 86 % of a household's weight: two standard deviations of the gaussian.
const RADIUS_SIGMAS = 2;

/**
 * An empty grid over the view and the cells of its blur.
 * @param {number} radius metres on the ground
 * @param {boolean} quick a coarser grid, for pictures that follow one another
 * @param {number} part cells in a standard deviation, at least: more where classes have sharp edges
 */
export function frameOf(view, radius, quick, part = 2) {
  const midY = (view.top + view.height / 2) / view.scale;
  const perPixel = metresPerPixel(midY, view.zoom);
  const spread = radius / RADIUS_SIGMAS / perPixel; // pixels
  const step = Math.max(1, quick ? Math.min(6, Math.floor(spread / 1.5)) : Math.min(4, Math.floor(spread / part))); // screen pixels of one cell
  const sigma = spread / step;
  const margin = Math.ceil(sigma * 3);
  return {
    step, sigma, margin,
    metres: perPixel * step,
    width: Math.ceil(view.width / step) + margin * 2,
    height: Math.ceil(view.height / step) + margin * 2,
  };
}

/**
 * Add cells (x, y, n, … with tile numbers at `zoom`) to a grid. Unless it must be quick each is shared out among the
 * four cells whose middles are nearest, so that a place is the same one at every zoom.
 */
function pour(grid, { cells, zoom }, view, { width, height, margin, step }, quick) {
  const side = 2 ** zoom;
  const put = (x, y, n) => {
    if (x >= 0 && y >= 0 && x < width && y < height) grid[y * width + x] += n;
  };
  for (let i = 0; i < cells.length; i += 3) {
    const x = (((cells[i] + 0.5) / side) * view.scale - view.left) / step + margin;
    const y = (((cells[i + 1] + 0.5) / side) * view.scale - view.top) / step + margin;
    if (quick) put(Math.floor(x), Math.floor(y), cells[i + 2]);
    else {
      const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
      const [right, down] = [x - 0.5 - left, y - 0.5 - top];
      const n = cells[i + 2];
      put(left, top, n * (1 - right) * (1 - down));
      put(left + 1, top, n * right * (1 - down));
      put(left, top + 1, n * (1 - right) * down);
      put(left + 1, top + 1, n * right * down);
    }
  }
  return grid;
}

/** Blur what was poured. Sharing out has blurred a little already: by a sixth of a cell squared, on the average. */
function blurred(grid, { width, height, sigma }, quick) {
  return gaussianSteps(grid, width, height, quick ? sigma : Math.sqrt(Math.max(0, sigma * sigma - 1 / 6)), quick);
}

/** The end of what comes in steps. */
function ended(steps) {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * Households per hectare, in steps of a millisecond or two.
 * @param {number[]} cells x, y, n, … with tile numbers at `zoom`
 * @param {number} radius metres on the ground
 */
export function* densitySteps(cells, zoom, view, radius) {
  const frame = frameOf(view, radius, false);
  const grid = pour(new Float32Array(frame.width * frame.height), { cells, zoom }, view, frame, false);
  yield;
  yield* blurred(grid, frame, false);
  const perHectare = 10000 / (frame.metres * frame.metres);
  for (let i = 0; i < grid.length; i += 1) grid[i] *= perHectare;
  return { ...frame, grid };
}

/** As `densitySteps` of whole cells, at once and by the formula: a field on a quick frame that others are added to. */
export function wholeDensities(sheet, view, frame) {
  const grid = pour(new Float32Array(frame.width * frame.height), sheet, view, frame, true);
  ended(gaussianSteps(grid, frame.width, frame.height, frame.sigma));
  const perHectare = 10000 / (frame.metres * frame.metres);
  for (let i = 0; i < grid.length; i += 1) grid[i] *= perHectare;
  return grid;
}

/**
 * How many lie within a circle round each cell; the cell itself if the circle is smaller.
 * @param {Float32Array} grid row by row
 * @param {number} reach radius in cells
 */
export function withinReach(grid, width, height, reach) {
  const sums = new Float32Array(grid.length);
  const before = new Float64Array(width + 1); // of a row, up to each cell
  const rows = Math.floor(reach);
  const halves = Array.from({ length: rows + 1 }, (_, dy) => Math.floor(Math.sqrt(reach * reach - dy * dy)));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) before[x + 1] = before[x] + grid[y * width + x];
    if (!before[width]) continue;
    for (let dy = -rows; dy <= rows; dy += 1) {
      const to = y + dy;
      if (to < 0 || to >= height) continue;
      const half = halves[Math.abs(dy)];
      for (let x = 0; x < width; x += 1) sums[to * width + x] += before[Math.min(width, x + half + 1)] - before[Math.max(0, x - half)];
    }
  }
  return sums;
}

/**
 * Share of the households near each place: of both the same gaussian, so that near ones count more. NaN where fewer
 * than `least` households lie within the radius: there a share would be chance, and would speak of single households.
 * @param {{cells: number[], zoom: number}} part
 * @param {{cells: number[], zoom: number}[]} whole sheets of cells that together are all households
 */
export function* shareSteps(part, whole, view, radius, least, quick = false) {
  const frame = frameOf(view, radius, quick, 3);
  const { width, height, sigma } = frame;
  const grid = pour(new Float32Array(width * height), part, view, frame, quick);
  const all = new Float32Array(width * height);
  const counted = new Float32Array(width * height);
  for (const sheet of whole) {
    yield;
    pour(all, sheet, view, frame, quick);
    pour(counted, sheet, view, frame, true); // households are whole ones where they are counted
  }
  yield;
  const near = withinReach(counted, width, height, RADIUS_SIGMAS * sigma);
  yield;
  yield* blurred(grid, frame, quick);
  yield* blurred(all, frame, quick);
  for (let i = 0; i < grid.length; i += 1) {
    // Subtracting what leaves a box may leave a hair less than nothing.
    grid[i] = near[i] >= least && all[i] > 1e-9 ? Math.max(0, grid[i] / all[i]) : NaN;
  }
  return { ...frame, grid };
}

/** As `shareSteps`, at once. */
export function shares(...values) {
  return ended(shareSteps(...values));
}
