/* Classes of the maps: fixed, half-open [low, high), decided by the unrounded value. */

const FIXED = [0.5, 0.7, 0.85];

/**
 * Classes of coverage for a target, least covered first.
 * @returns {{key: string, token: string, low: number|null, high: number|null}[]} `low` null = open below; the last begins at the target
 */
export function coverageClasses(target = 0.95) {
  const lines = FIXED.filter((line) => line < target).concat(target);
  const classes = lines.map((high, i) => ({
    key: `c${i + 1}`,
    token: `cov-${i + 1}`,
    low: i ? lines[i - 1] : null,
    high,
  }));
  classes.push({ key: "c5", token: "cov-5", low: target, high: null });
  return classes;
}

/** Class of an unrounded ratio; null when there is nothing to divide by. */
export function classOf(ratio, classes) {
  if (ratio === null || ratio === undefined) return null;
  return classes.find((one) => (one.low === null || ratio >= one.low) && (one.high === null || ratio < one.high));
}

/** Number of the heat class of a density: 0 = below the first break that counts. */
export function heatClass(density, breaks) {
  let n = 0;
  while (n + 1 < breaks.length && density >= breaks[n + 1]) n += 1;
  return n;
}
