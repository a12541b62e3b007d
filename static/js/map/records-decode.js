/*
 * What is kept of a tile of records: numbers in rows, class by class, and no object for each thing; a circle of many is
 * one, as there are few.
 */

import { boxOf } from "./areas-data.js";
import { POINTS } from "./record-signs.js";

/** Does a place in units of a tile belong to a neighbour, whose edge the tile brings along? */
export const isRim = (x, y, extent) => x < 0 || y < 0 || x >= extent || y >= extent;

/**
 * Points of a layer: `ids`, `xs` and `ys` in units of the tile, which begins at `left`, `top` of a world of `side` such
 * units. They are sorted by class: those of class n lie from `starts[n]` to `starts[n + 1]`.
 */
function pointsOf({ kind, classes, classOf }, layer, { z, x, y }) {
  const extent = layer?.extent || 4096;
  const starts = new Uint32Array(classes + 1);
  const found = [];
  let [of, id] = [0, 0];
  const pen = {
    moveTo(px, py) {
      found.push(of, id, px, py);
      starts[of + 1] += 1;
    },
  };
  layer?.each(() => {
    of = classOf(layer);
    id = layer.id;
    if (layer.type === 1 && of >= 0) layer.walk(pen);
  });
  for (let n = 0; n < classes; n += 1) starts[n + 1] += starts[n];
  const n = found.length / 4;
  const points = {
    kind, starts, extent, left: x * extent, top: y * extent, side: 2 ** z * extent,
    ids: new Float64Array(n), xs: new Int32Array(n), ys: new Int32Array(n),
  };
  const next = starts.slice();
  for (let i = 0; i < found.length; i += 4) {
    const at = next[found[i]]++;
    points.ids[at] = found[i + 1];
    points.xs[at] = found[i + 2];
    points.ys[at] = found[i + 3];
  }
  return points;
}

/** Circles `{n, gap, worst, x, y, rim}`, in fractions of the world. A tile brings its neighbours' edge along as well: `rim`. */
function cellsOf(layer, toWorld) {
  const cells = [];
  layer?.each(() => {
    const [n, gap, worst] = ["n", "gap", "worst"].map((name) => layer.get(name));
    layer.walk({
      moveTo(x, y) {
        cells.push({ n, gap, worst: worst || null, rim: isRim(x, y, layer.extent), ...toWorld(x, y) });
      },
    });
  });
  return cells;
}

function footprintsOf(layer, toWorld) {
  const shapes = [];
  layer?.each(() => {
    if (layer.type !== 3) return;
    const rings = layer.rings.map((ring) => {
      const flat = new Float64Array(ring.length);
      for (let n = 0; n < ring.length; n += 2) ({ x: flat[n], y: flat[n + 1] } = toWorld(ring[n], ring[n + 1]));
      return flat;
    });
    shapes.push({ kind: "house", id: layer.id, grade: layer.get("g") || "none", rings, box: boxOf(rings) });
  });
  return shapes;
}

/** Keep what is needed of one tile of /api/v1/tiles/records. */
export function decodeRecords(layers, z, x, y) {
  const at = { z, x, y };
  const toWorld = (layer) => (px, py) => ({ x: (x + px / layer.extent) / 2 ** z, y: (y + py / layer.extent) / 2 ** z });
  const { cells, footprints } = layers;
  const kept = { cells: cellsOf(cells, toWorld(cells)), footprints: footprintsOf(footprints, toWorld(footprints)) };
  for (const [name, one] of Object.entries(POINTS)) kept[name] = pointsOf(one, layers[one.layer], at);
  return kept;
}
