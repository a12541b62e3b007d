/*
 * What is kept of a tile of records: numbers in rows, class by class, and no object for each thing; a circle of many is
 * one, as there are few.
 */

import { boxOf } from "./areas-data.js";
import { MARK_KINDS, MARK_LOOKS } from "./mark-signs.js";
import { PAYMENTS, paymentOf, STANDINGS, standingOf } from "./site-signs.js";
import { STAGES } from "./symbols.js";

// Bottom to top. The same in every tile: what still has to be done lies on top of what is done.
export const STATUS_ORDER = [1, 2, 7, 5, 4, 3, 0, 6];
export const GRADE_ORDER = ["none", "A", "B", "C", "D"];
const COARSE = 5; // from this step of the quality ladder on, a place is no point

/** Class of a mark: look by look, and in each kind by kind; below 0 for what this map does not know. */
function markClass(kind, look) {
  const [k, s] = [MARK_KINDS.indexOf(kind), MARK_LOOKS.indexOf(look)];
  return k < 0 || s < 0 ? -1 : s * MARK_KINDS.length + k;
}

/** Does a place in units of a tile belong to a neighbour, whose edge the tile brings along? */
export const isRim = (x, y, extent) => x < 0 || y < 0 || x >= extent || y >= extent;

/**
 * Points of a layer: `ids`, `xs` and `ys` in units of the tile, which begins at `left`, `top` of a world of `side` such
 * units. They are sorted by class: those of class n lie from `starts[n]` to `starts[n + 1]`.
 * @param {() => number} classOf of the feature gone to, from 0, or -1 for what is never drawn
 */
function pointsOf(kind, layer, { z, x, y }, classes, classOf) {
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
    of = classOf();
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

/** Class of a site: how it stands, and in each the gate; below 0 for a gate this map does not know. */
function siteClass(sites) {
  const stage = STAGES.indexOf(sites.get("st"));
  const standing = standingOf({ ended: sites.get("e"), stallsAfter: sites.get("sd") });
  return stage < 0 ? -1 : STANDINGS.indexOf(standing) * STAGES.length + stage;
}

function paymentClass(sites) {
  const [stage, ended, dueOn, paidDays] = ["st", "e", "dd", "w"].map((name) => sites.get(name));
  return PAYMENTS.indexOf(paymentOf({ stage, ended, dueOn, paidDays }));
}

/** Keep what is needed of one tile of /api/v1/tiles/records. */
export function decodeRecords({ cells, households, houses, sites, visits, marks, footprints }, z, x, y) {
  const at = { z, x, y };
  const toWorld = (layer) => (px, py) => ({ x: (x + px / layer.extent) / 2 ** z, y: (y + py / layer.extent) / 2 ** z });
  return {
    cells: cellsOf(cells, toWorld(cells)),
    households: pointsOf("household", households, at, STATUS_ORDER.length, () => (households.get("q") >= COARSE ? -1 : STATUS_ORDER.indexOf(households.get("s")))),
    houses: pointsOf("house", houses, at, GRADE_ORDER.length, () => GRADE_ORDER.indexOf(houses.get("g") || "none")),
    sites: pointsOf("site", sites, at, STANDINGS.length * STAGES.length, () => siteClass(sites)),
    payments: pointsOf("site", sites, at, PAYMENTS.length, () => paymentClass(sites)),
    visits: pointsOf("visit", visits, at, 2, () => (visits.get("sus") ? 1 : 0)),
    marks: pointsOf("mark", marks, at, MARK_KINDS.length * MARK_LOOKS.length, () => markClass(marks.get("k"), marks.get("cs") || marks.get("st"))),
    footprints: footprintsOf(footprints, toWorld(footprints)),
  };
}
