/*
 * Classes of the maps. Those of coverage are fixed: half-open [low, high), decided by the unrounded value. Those made
 * from the data come from the server (`/map/classes.json`) and hold their upper bound.
 */

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
  return Object.assign(classes, { show: "coverage", made: null });
}

/**
 * Classes made from the data, in ascending order. The ends are open, so that figures of another day find their class.
 * @param {{low: number, high: number}[]} made as the server tells them
 * @param {string} show `coverage`, `unvisited` or `dilapidated`
 * @param {string} scheme how they were made
 */
export function madeClasses(made, show, scheme) {
  const last = made.length - 1;
  const ramp = show === "dilapidated" ? "dil" : "auto";
  const classes = made.map(({ low, high }, i) => {
    // The darkest is where most is to be done: the least coverage, the most households or houses.
    const worst = show === "coverage" ? i : last - i;
    const number = last ? 1 + Math.round((worst * 4) / last) : 3;
    return { key: `a${i + 1}`, token: `${ramp}-${number}`, from: low, to: high, above: i ? low : null, upTo: i < last ? high : null };
  });
  return Object.assign(classes, { show, made: scheme });
}

function holds(one, value) {
  if (one.upTo !== undefined) return (one.above === null || value > one.above) && (one.upTo === null || value <= one.upTo);
  return (one.low === null || value >= one.low) && (one.high === null || value < one.high);
}

/** Class of an unrounded value; null when there is none, such as a ratio with nothing to divide by. */
export function classOf(value, classes) {
  if (value === null || value === undefined) return null;
  return classes.find((one) => holds(one, value)) || null;
}

/** The figure of an area that classes speak of. */
export function figureOf(area, classes) {
  if (classes.show === "danger") return area.danger?.rate;
  if (classes.show === "unvisited") return area.remaining;
  if (classes.show === "dilapidated") return area.dilapidated;
  return area.ratio;
}

export function classOfArea(area, classes) {
  return classOf(figureOf(area, classes), classes);
}

/** Number of the heat class of a density or share: 0 = below the first break that counts. */
export function heatClass(density, breaks) {
  let n = 0;
  while (n + 1 < breaks.length && density >= breaks[n + 1]) n += 1;
  return n;
}
