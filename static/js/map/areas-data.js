/* Areas as the map needs them: outlines in world fractions, boxes for a quick no, and which area holds a point. */

import { getJson, UNATTENDED, withParams } from "./api.js";
import { toWorld } from "./world.js";

function ringOf(coordinates) {
  const ring = new Float64Array(coordinates.length * 2);
  coordinates.forEach(([lon, lat], i) => {
    const [x, y] = toWorld(lon, lat);
    ring[i * 2] = x;
    ring[i * 2 + 1] = y;
  });
  return ring;
}

/** Box `[west, north, east, south]` of flat rings. */
export function boxOf(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      if (ring[i] < box[0]) box[0] = ring[i];
      if (ring[i] > box[2]) box[2] = ring[i];
      if (ring[i + 1] < box[1]) box[1] = ring[i + 1];
      if (ring[i + 1] > box[3]) box[3] = ring[i + 1];
    }
  }
  return box;
}

/** A number that differs when a shape does. */
function markOf(rings, at) {
  let mark = (at[0] * 2 ** 31) ^ (at[1] * 2 ** 31);
  for (const ring of rings) for (const part of ring) mark = (Math.imul(mark, 31) + part * 2 ** 31) | 0;
  return mark;
}

/** One GeoJSON feature -> `{id, code, name, …, rings, box, at, mark}`; `at` is the place of its label. */
export function areaOf(feature) {
  const { geometry, properties } = feature;
  let polygons = [];
  if (geometry?.type === "Polygon") polygons = [geometry.coordinates];
  if (geometry?.type === "MultiPolygon") polygons = geometry.coordinates;
  const rings = polygons.flat().map(ringOf);
  let box = boxOf(rings);
  const label = properties.label || [];
  const at = label.length === 2 ? toWorld(label[0], label[1]) : [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  // A settlement without a boundary is a place: drawn as a disc, sized on the screen.
  const disc = !rings.length;
  if (disc) box = [at[0], at[1], at[0], at[1]];
  return { id: feature.id, ...properties, rings, box, at, disc, mark: markOf(rings, at) };
}

/** True if the area covers the point (even-odd over all rings, so holes count as outside). */
export function covers(area, x, y) {
  const [west, north, east, south] = area.box;
  if (x < west || x > east || y < north || y > south) return false;
  let inside = false;
  for (const ring of area.rings) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const yi = ring[i + 1];
      const yj = ring[j + 1];
      if (yi > y !== yj > y && x < ((ring[j] - ring[i]) * (y - yi)) / (yj - yi) + ring[i]) inside = !inside;
    }
  }
  return inside;
}

/** Radius in pixels of an area drawn as a disc. */
export function discRadius(area) {
  return Math.max(6, Math.min(20, 3 + Math.sqrt(area.eligible || 0) * 0.9));
}

/** The area under a world point at a scale (pixels of the world); the lowest code wins on a shared edge. */
export function areaAt(areas, x, y, scale) {
  let found = null;
  for (const area of areas) {
    const hit = area.disc
      ? Math.hypot(area.at[0] - x, area.at[1] - y) * scale <= discRadius(area) + 2
      : covers(area, x, y);
    if (hit && (!found || area.code < found.code)) found = area;
  }
  return found;
}

/** Box of an area as `[[south, west], [north, east]]` for Leaflet. */
export function boundsOf(area, toLatLng) {
  const [west, north, east, south] = area.box;
  const one = toLatLng(west, south);
  const two = toLatLng(east, north);
  return [[one.lat, one.lng], [two.lat, two.lng]];
}

/** Areas by level, fetched once per campaign and round. */
export class AreaStore {
  constructor(url) {
    this.url = url;
    this.sheets = new Map();
  }

  /** @returns {Promise<{areas: object[], asOf: string}>} */
  load(by, params) {
    const address = withParams(this.url, { ...params, by });
    let sheet = this.sheets.get(address);
    if (!sheet) {
      sheet = getJson(address).then((answer) => {
        const loaded = { areas: answer.features.map(areaOf).filter((area) => Number.isFinite(area.at[0])), asOf: answer.as_of, round: answer.round || null };
        sheet.loaded = loaded;
        return loaded;
      });
      sheet.catch(() => this.sheets.delete(address));
      this.sheets.set(address, sheet);
    }
    return sheet;
  }

  /**
   * Fetch anew what is here of a round; what is shown stays until it comes.
   * @param {string[]|null} villages codes of the villages that changed; null = whole sheets
   */
  async renew(params, villages) {
    const parts = { village: villages, group: villages, grid: villages, township: villages && [...new Set(villages.map((code) => code.slice(0, 9)))] };
    await Promise.all(Object.entries(parts).map(async ([by, codes]) => {
      const address = withParams(this.url, { ...params, by });
      const sheet = await this.sheets.get(address);
      if (!sheet) return;
      const answers = await Promise.all((codes || [null]).map((area) => (
        getJson(withParams(this.url, { ...params, by, area }), undefined, { headers: UNATTENDED }))));
      const fresh = answers.flatMap((answer) => answer.features.map(areaOf)).filter((area) => Number.isFinite(area.at[0]));
      if (!codes) sheet.areas = fresh;
      else {
        const byId = new Map(fresh.map((area) => [area.id, area]));
        const known = new Set(sheet.areas.map((area) => area.id));
        sheet.areas = [...sheet.areas.map((area) => byId.get(area.id) || area), ...fresh.filter((area) => !known.has(area.id))];
      }
      sheet.asOf = answers[0]?.as_of ?? sheet.asOf;
      sheet.round = answers[0]?.round ?? sheet.round;
    }));
  }

  /** What was loaded for the default round is the same sheet as that of the round the server then named. */
  rename(from, to) {
    for (const [address, sheet] of [...this.sheets]) {
      for (const by of ["township", "village", "group", "grid"]) {
        if (address === withParams(this.url, { ...from, by })) this.sheets.set(withParams(this.url, { ...to, by }), sheet);
      }
    }
  }

  /** What is here already, without asking. */
  peek(by, params) {
    return this.sheets.get(withParams(this.url, { ...params, by }))?.loaded || null;
  }
}
