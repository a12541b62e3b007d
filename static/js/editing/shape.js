/* Shapes as the editor holds them: rings of [lon, lat] without the closing corner, and text that says the same. */

import { t } from "../i18n.js";

const same = (a, b) => a[0] === b[0] && a[1] === b[1];
const open = (ring) => (ring.length > 1 && same(ring[0], ring[ring.length - 1]) ? ring.slice(0, -1) : ring).map(([lon, lat]) => [lon, lat]);
const closed = (ring) => [...ring, ring[0]];

/** GeoJSON geometry -> polygons of open rings; none for null. */
export function polygonsOf(geometry) {
  if (!geometry) return [];
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((rings) => rings.map(open));
}

/** Polygons of open rings -> GeoJSON. */
export function multiPolygon(polygons) {
  return { type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map(closed)) };
}

export function polygon(points) {
  return { type: "Polygon", coordinates: [closed(points)] };
}

/** What stands in the text field for a geometry: one pair a line where that says it all, else GeoJSON. */
export function textOf(geometry) {
  if (!geometry) return "";
  if (geometry.type === "LineString") return geometry.coordinates.map((pair) => pair.join(",")).join("\n");
  const polygons = polygonsOf(geometry);
  if (polygons.length === 1 && polygons[0].length === 1) return polygons[0][0].map((pair) => pair.join(",")).join("\n");
  return JSON.stringify(geometry);
}

/**
 * Read the text field.
 * @returns {object} GeoJSON geometry: a line for `split`, else an area
 * @throws {Error} with what is wrong, in words
 */
export function geometryOf(text, act) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    try {
      return JSON.parse(trimmed);
    } catch (broken) {
      throw new Error(t("读不懂这段 GeoJSON，请检查是否完整。"));
    }
  }
  const points = trimmed.split(/\n/).filter((line) => line.trim()).map((line, i) => {
    const pair = line.trim().split(/[\s,，;；]+/).map(Number);
    if (pair.length !== 2 || !pair.every(Number.isFinite)) throw new Error(t("第 %(n)s 行不是“经度,纬度”。", { n: i + 1 }));
    return pair;
  });
  const least = act === "split" ? 2 : 3;
  if (points.length < least) throw new Error(t("至少要 %(n)s 个点。", { n: least }));
  return act === "split" ? { type: "LineString", coordinates: points } : polygon(open(points));
}

/** The edge of polygons nearest to a point on the screen, if it is within `reach` pixels: `{ring, at}`. */
export function edgeAt(polygons, x, y, project, reach) {
  let found = null;
  for (const rings of polygons) {
    for (const ring of rings) {
      const spots = ring.map(project);
      spots.forEach((a, i) => {
        const b = spots[(i + 1) % spots.length];
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const along = Math.max(0, Math.min(1, ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1)));
        const away = Math.hypot(a.x + along * dx - x, a.y + along * dy - y);
        if (away <= reach && (!found || away < found.away)) found = { ring, at: i + 1, away };
      });
    }
  }
  return found;
}
