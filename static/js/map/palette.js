/* Colours and sizes for canvas drawings, read from css/tokens.css so that no colour stands in two places. */

let colours = new Map();
let changes = 0;
const listeners = new Set();

/** Value of a colour token, e.g. `colour("cov-1")`. */
export function colour(token) {
  let value = colours.get(token);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
    colours.set(token, value);
  }
  return value;
}

/** "#RRGGBB" -> [r, g, b] */
export function rgb(token) {
  const text = colour(token);
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

export function withAlpha(token, alpha) {
  return `rgba(${rgb(token).join(",")},${alpha})`;
}

/** Device pixels of a canvas in one CSS pixel. */
export function pixelRatio() {
  return Math.min(window.devicePixelRatio || 1, 2);
}

/** Type scale of 大字, for text drawn on canvas. */
export function typeScale() {
  return Number(colour("type-scale")) || 1;
}

export function fontOf(size, weight = 400) {
  return `${weight} ${size * typeScale()}px ${colour("font")}`;
}

const widths = new Map();
const pen = document.createElement("canvas").getContext("2d");

/** Width of a text in pixels. */
export function widthOf(text, font) {
  const key = font + text;
  let width = widths.get(key);
  if (width === undefined) {
    pen.font = font;
    width = pen.measureText(text).width;
    if (widths.size > 4000) widths.clear();
    widths.set(key, width);
  }
  return width;
}

export function isDark() {
  return document.documentElement.dataset.bsTheme === "dark";
}

/** Which colours and sizes are in use: a number that grows with each change. */
export function looks() {
  return changes;
}

/** Call `listener` after the theme or the type size changed. */
export function onPalette(listener) {
  listeners.add(listener);
}

/** Forget the colours read so far and redraw with the present ones. */
export function refreshPalette() {
  colours = new Map();
  changes += 1;
  for (const listener of listeners) listener();
}

new MutationObserver(refreshPalette).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-bs-theme", "data-type"],
});
