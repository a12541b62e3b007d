/* Names in the tiles of a base map: where each would stand, in fractions of the world, and how much it matters. */

import { lang } from "../i18n.js";

// From which zoom a name is written, and its rank: the lower, the sooner it gets room.
const ROADS = { road_highway: [11.5, 3], road_main: [13, 4], road_lane: [15.5, 6] };
const AREAS = { settlement: [13, 2], water: [14, 5] };
const PLACES = { city: [6, 0.2], town: [9, 0.5], village: [12, 1], hamlet: [14, 2] };

/** The name in the page's language; Chinese otherwise, and what there is else. */
export function nameOf(feature) {
  const [zh, en] = [["name:zh-Hans", "name:zh", "name_zh"], ["name:en", "name_en"]].map((names) => names.map((name) => feature.get(name)).find(Boolean));
  const text = (lang === "en" ? en : zh) || feature.get("name") || zh || en;
  return typeof text === "string" ? text.trim().slice(0, 40) : "";
}

/** The longest of the lines, and a straight place on it: `{x, y, angle, span}` in tile units, or null. */
function alongLine(lines) {
  let best = null;
  for (const line of lines) {
    const ends = [0];
    for (let i = 2; i < line.length; i += 2) ends.push(ends.at(-1) + Math.hypot(line[i] - line[i - 2], line[i + 1] - line[i - 1]));
    const whole = ends.at(-1);
    const pointAt = (length) => {
      let n = ends.findIndex((end) => end >= length);
      if (n <= 0) n = 1;
      const part = (length - ends[n - 1]) / (ends[n] - ends[n - 1] || 1);
      const [x, y, nextX, nextY] = line.slice(n * 2 - 2, n * 2 + 2);
      return [x + (nextX - x) * part, y + (nextY - y) * part];
    };
    if (line.length < 4 || (best && whole * 0.6 < best.span)) continue;
    for (const middle of [0.5, 0.3, 0.7]) {
      const [x0, y0] = pointAt(whole * (middle - 0.3));
      const [x1, y1] = pointAt(whole * (middle + 0.3));
      const chord = Math.hypot(x1 - x0, y1 - y0);
      // A bent road would leave its name: written where it is nearly straight only.
      if (chord < whole * 0.6 * 0.94 || (best && chord <= best.span)) continue;
      const [x, y] = pointAt(whole * middle);
      let angle = Math.atan2(y1 - y0, x1 - x0);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle <= -Math.PI / 2) angle += Math.PI;
      best = { x, y, angle, span: chord };
    }
  }
  return best;
}

/** The middle of the largest ring's box. */
function amidRings(rings) {
  let best = null;
  for (const ring of rings) {
    const [xs, ys] = [0, 1].map((odd) => ring.filter((_, i) => i % 2 === odd));
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const size = (east - west) * (south - north);
    if (!best || size > best.size) best = { x: (west + east) / 2, y: (north + south) / 2, size, angle: 0, span: null };
  }
  return best;
}

/**
 * The name a feature brings to the map, or null. `key` = our kind of road or surface, or the kind of a place; `rings` of
 * the feature are flat, in units of the tile.
 */
export function nameIn(feature, key, extent, z, x, y) {
  const rule = feature.type === 2 ? ROADS[key] : feature.type === 3 ? AREAS[key] : PLACES[key];
  const text = rule && nameOf(feature);
  if (!text) return null;
  const { rings } = feature;
  const at = feature.type === 2 ? alongLine(rings) : feature.type === 3 ? amidRings(rings) : { x: rings[0]?.[0], y: rings[0]?.[1], angle: 0, span: null };
  if (!at || !Number.isFinite(at.x) || at.x < 0 || at.y < 0 || at.x >= extent || at.y >= extent) return null; // the neighbour's
  const side = 2 ** z * extent;
  return {
    text,
    x: (x * extent + at.x) / side,
    y: (y * extent + at.y) / side,
    angle: at.angle,
    span: at.span === null ? null : at.span / side,
    minZoom: rule[0],
    rank: rule[1],
  };
}
