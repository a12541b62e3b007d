/*
 * Gaussian blur of a grid: by the formula, and by three box blurs of unequal width per axis, which take no longer for a
 * wider blur but leave a lone peak some 14 percent too low: right for pictures that follow one another.
 */

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

/** Weights of the formula at whole cells from the middle outwards; with those of the other side they make one. */
export function weights(sigma) {
  const reach = Math.ceil(sigma * 3);
  const half = Array.from({ length: reach + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const sum = half.reduce((total, weight, i) => total + (i ? 2 : 1) * weight, 0);
  return half.map((weight) => weight / sum);
}

const PORTION = 16_384; // cells, summed in a millisecond or two

/**
 * Sum neighbours `step` apart along rows (1) or columns (the width). At the ends of rows it reaches into the next one:
 * that is the margin, which nobody sees.
 */
function* weighted(from, to, step, half) {
  const rim = (half.length - 1) * step;
  const end = from.length - rim;
  to.fill(0);
  for (let at = rim; at < end; at += PORTION) {
    portion(from, to, step, half, at, Math.min(end, at + PORTION));
    yield;
  }
}

function portion(from, to, step, half, begin, end) {
  for (let at = begin; at < end; at += 1) {
    let sum = from[at] * half[0];
    for (let i = 1; i < half.length; i += 1) sum += (from[at - i * step] + from[at + i * step]) * half[i];
    to[at] = sum;
  }
}

/**
 * Blur a grid in place, in steps unless it is quick; what leaves the edge is lost, so give the grid a margin of 3 sigma.
 * @param {Float32Array} grid row by row
 * @param {boolean} quick by boxes
 */
export function* gaussianSteps(grid, width, height, sigma, quick = false) {
  if (sigma < 0.3) return;
  const other = new Float32Array(grid.length);
  if (quick) {
    for (const size of boxWidths(sigma)) {
      boxRows(grid, other, width, height, size);
      boxColumns(other, grid, width, height, size);
    }
    return;
  }
  const half = weights(sigma);
  yield* weighted(grid, other, 1, half);
  yield* weighted(other, grid, width, half);
}
