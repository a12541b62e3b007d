/* What is kept of a tile of records: plain points in world fractions, by kind, in the order in which they are drawn. */

// Bottom to top. The same in every tile: what still has to be done lies on top of what is done.
export const STATUS_ORDER = [1, 2, 7, 5, 4, 3, 0, 6];
export const GRADE_ORDER = ["none", "A", "B", "C", "D"];
const COARSE = 5; // from this step of the quality ladder on, a place is no point

function pointsOf(layer, z, x, y, make) {
  const points = [];
  if (!layer) return points;
  const side = 2 ** z;
  for (let i = 0; i < layer.length; i += 1) {
    const feature = layer.feature(i);
    if (feature.type !== 1) continue;
    for (const ring of feature.loadGeometry()) {
      for (const at of ring) {
        const point = make(feature.properties, feature.id);
        if (!point) continue;
        // A tile brings its neighbours' edge along, so that signs are whole; each point counts in one tile only.
        point.rim = at.x < 0 || at.y < 0 || at.x >= layer.extent || at.y >= layer.extent;
        point.x = (x + at.x / layer.extent) / side;
        point.y = (y + at.y / layer.extent) / side;
        points.push(point);
      }
    }
  }
  return points;
}

function footprintsOf(layer, z, x, y) {
  const shapes = [];
  if (!layer) return shapes;
  const side = 2 ** z;
  for (let i = 0; i < layer.length; i += 1) {
    const feature = layer.feature(i);
    if (feature.type !== 3) continue;
    const rings = feature.loadGeometry().map((ring) => {
      const flat = new Float64Array(ring.length * 2);
      ring.forEach((at, n) => {
        flat[n * 2] = (x + at.x / layer.extent) / side;
        flat[n * 2 + 1] = (y + at.y / layer.extent) / side;
      });
      return flat;
    });
    let box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let n = 0; n < ring.length; n += 2) {
        box = [Math.min(box[0], ring[n]), Math.min(box[1], ring[n + 1]), Math.max(box[2], ring[n]), Math.max(box[3], ring[n + 1])];
      }
    }
    shapes.push({ kind: "house", id: feature.id, grade: feature.properties.g || "none", rings, box });
  }
  return shapes;
}

/** Decode one tile of /api/v1/tiles/records. */
export function decodeRecords(tile, z, x, y) {
  const { cells, households, houses, sites, visits, footprints } = tile.layers;
  return {
    cells: pointsOf(cells, z, x, y, (p) => ({ n: p.n, gap: p.gap, worst: p.worst || null })),
    households: pointsOf(households, z, x, y, (p, id) => (p.q >= COARSE ? null : { kind: "household", id, status: p.s })),
    houses: pointsOf(houses, z, x, y, (p, id) => ({ kind: "house", id, grade: p.g || "none" })),
    sites: pointsOf(sites, z, x, y, (p, id) => ({ kind: "site", id, method: p.m, stage: p.st })),
    visits: pointsOf(visits, z, x, y, (p, id) => ({ kind: "visit", id, verdict: p.v, suspect: Boolean(p.sus) })),
    footprints: footprintsOf(footprints, z, x, y),
  };
}
