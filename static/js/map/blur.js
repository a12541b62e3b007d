/* Gaussian blur by three box blurs of unequal width per axis: near enough to the formula, and linear in the cells. */

/**
 * Widths (odd) of three boxes whose variances together come nearest to `sigma` squared.
 * @param {number} sigma standard deviation in cells
 */
export function boxWidths(sigma) {
  const boxes = 3;
  const ideal = Math.sqrt((12 * sigma * sigma) / boxes + 1);
  let low = Math.floor(ideal);
  if (low % 2 === 0) low -= 1;
  const lows = Math.round((12 * sigma * sigma - boxes * low * low - 4 * boxes * low - 3 * boxes) / (-4 * low - 4));
  return Array.from({ length: boxes }, (_, i) => (i < lows ? low : low + 2));
}

function boxRows(from, to, width, height, size) {
  const half = (size - 1) / 2;
  const share = 1 / size;
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(half, width); x += 1) sum += from[row + x];
    for (let x = 0; x < width; x += 1) {
      if (x + half < width) sum += from[row + x + half];
      to[row + x] = sum * share;
      if (x - half >= 0) sum -= from[row + x - half];
    }
  }
}

function boxColumns(from, to, width, height, size) {
  const half = (size - 1) / 2;
  const share = 1 / size;
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(half, height); y += 1) for (let x = 0; x < width; x += 1) sums[x] += from[y * width + x];
  for (let y = 0; y < height; y += 1) {
    const enter = (y + half) * width;
    const leave = (y - half) * width;
    for (let x = 0; x < width; x += 1) {
      if (y + half < height) sums[x] += from[enter + x];
      to[y * width + x] = sums[x] * share;
      if (y - half >= 0) sums[x] -= from[leave + x];
    }
  }
}

/**
 * Blur a grid in place; what leaves the edge is lost, so give the grid a margin of 3 sigma.
 * @param {Float32Array} grid row by row
 */
export function gaussian(grid, width, height, sigma) {
  if (sigma < 0.3) return grid;
  const other = new Float32Array(grid.length);
  for (const size of boxWidths(sigma)) {
    boxRows(grid, other, width, height, size);
    boxColumns(other, grid, width, height, size);
  }
  return grid;
}
