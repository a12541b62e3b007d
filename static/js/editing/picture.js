/* The area, its neighbours, what is being drawn and what would come of it, between the borders and the names. */

import { colour, withAlpha } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { polygonsOf } from "./shape.js";

/** @param {object} state `target`, `points`, `line`, `work`, `found` (the latest preview); drawn anew by `plain.redraw()` */
export function createPicture(plain, state) {
  plain.add(({ ctx, ...view }) => {
    const at = ([lon, lat]) => {
      const [x, y] = toWorld(lon, lat);
      return [x * view.scale - view.left, y * view.scale - view.top];
    };
    const trace = (points, close) => {
      points.forEach((point, i) => ctx[i ? "lineTo" : "moveTo"](...at(point)));
      if (close) ctx.closePath();
    };
    const outline = (geometry, { width, style, dash = [], halo = true, wash = null }) => {
      ctx.beginPath();
      for (const rings of polygonsOf(geometry)) for (const ring of rings) trace(ring, true);
      ctx.setLineDash([]);
      if (wash) {
        ctx.fillStyle = wash;
        ctx.fill("evenodd");
      }
      if (halo) {
        ctx.lineWidth = width + 2.5;
        ctx.strokeStyle = colour("map-select-halo");
        ctx.stroke();
      }
      ctx.setLineDash(dash);
      ctx.lineWidth = width;
      ctx.strokeStyle = style;
      ctx.stroke();
      ctx.setLineDash([]);
    };
    ctx.lineJoin = "round";
    for (const other of state.target?.neighbours || []) outline(other.geometry, { width: 1.4, style: colour("t2") });
    if (state.target?.geometry) outline(state.target.geometry, { width: 2.4, style: colour("map-select") });
    // Of grids made anew none is the one that is meant.
    const meant = state.found?.grids ? null : state.found?.changes[0];
    for (const change of state.found?.changes || []) {
      outline(change.geometry, { width: 2.4, style: colour("p"), dash: [8, 4], wash: change === meant ? withAlpha("p", 0.14) : null });
    }
    // Parts of a grid that lie apart: how they hang together.
    for (const link of state.found?.grids?.links || []) {
      ctx.beginPath();
      trace(link.line, false);
      ctx.setLineDash([2, 5]);
      for (const [width, style] of [[5, colour("map-select-halo")], [2.4, colour(link.over_m ? "dan" : "p")]]) {
        ctx.lineWidth = width;
        ctx.strokeStyle = style;
        ctx.stroke();
      }
      ctx.setLineDash([]);
    }
    if (state.found?.grids) number(ctx, at, state.found.changes);
    if (state.work && !state.found) outline({ type: "MultiPolygon", coordinates: state.work }, { width: 2.4, style: colour("p") });
    if (state.points.length) {
      ctx.beginPath();
      trace(state.points, state.tool === "draw" && state.points.length > 2);
      for (const [width, style] of [[5, colour("map-select-halo")], [2.4, colour("p")]]) {
        ctx.lineWidth = width;
        ctx.strokeStyle = style;
        ctx.stroke();
      }
      for (const point of state.points) {
        ctx.beginPath();
        ctx.arc(...at(point), 4.5, 0, Math.PI * 2);
        ctx.fillStyle = colour("s");
        ctx.fill();
        ctx.lineWidth = 2;
        ctx.strokeStyle = colour("p");
        ctx.stroke();
      }
    }
  });
}

/** Write the number of each grid in its middle, as the list beside the map has it. */
function number(ctx, at, changes) {
  ctx.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 4;
  ctx.strokeStyle = colour("map-select-halo");
  ctx.fillStyle = colour("p");
  for (const change of changes) {
    const rings = polygonsOf(change.geometry).map((polygon) => polygon[0]);
    if (!rings.length) continue;
    const [x, y] = at(middleOf(rings.reduce((large, ring) => (Math.abs(areaOf(ring)) > Math.abs(areaOf(large)) ? ring : large))));
    ctx.strokeText(change.code.slice(-3), x, y);
    ctx.fillText(change.code.slice(-3), x, y);
  }
}

const pairsOf = (ring) => ring.map((point, i) => [point, ring[(i + 1) % ring.length]]);
const areaOf = (ring) => pairsOf(ring).reduce((sum, [[x, y], [nextX, nextY]]) => sum + (x - ring[0][0]) * (nextY - ring[0][1]) - (nextX - ring[0][0]) * (y - ring[0][1]), 0) / 2;

/** The centroid of a ring; measured from its first corner, since degrees far from zero lose digits. */
function middleOf(ring) {
  const [[x0, y0]] = ring;
  const sums = pairsOf(ring).reduce(([sx, sy], [[x, y], [nextX, nextY]]) => {
    const cross = (x - x0) * (nextY - y0) - (nextX - x0) * (y - y0);
    return [sx + (x - x0 + nextX - x0) * cross, sy + (y - y0 + nextY - y0) * cross];
  }, [0, 0]);
  const six = 6 * areaOf(ring);
  return six ? [x0 + sums[0] / six, y0 + sums[1] / six] : ring[0];
}
