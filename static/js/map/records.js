/*
 * Households, houses, renovation sites, visits and marks, from vector tiles: single ones, and further out circles with numbers.
 * What lies over the edge of a piece is drawn on both sides of it, since a tile brings its neighbours' edge along.
 */

import { covers } from "./areas-data.js";
import { traceArea } from "./areas.js";
import { createDots } from "./dots.js";
import { colour, fontOf, typeScale, withAlpha } from "./palette.js";
import { decodeRecords, isRim } from "./records-decode.js";
import { GRADE_ORDER, NOTHING, POINTS_FROM, SHAPES_FROM, stepsOf, wantsPoints } from "./record-signs.js";
import { sprite } from "./symbols.js";
import { TileSource, tilesOf } from "./tiles.js";

/** Records; `options.url`. The scene draws them in pieces and gives them `redraw`. */
export function createRecords(options) {
  const layer = { show: NOTHING, boxes: [], redraw: () => {} };
  const source = new TileSource({ url: options.url, decode: decodeRecords, maxZoom: options.maxZoom || 17, onTrouble: options.onTrouble });
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const dots = createDots();
  layer.source = source;

  /** Level whose tiles pieces of level `z` are cut from: one up where nothing is lost, a quarter of the requests. */
  layer.dataZoom = (zoom, z) => {
    if (zoom < POINTS_FROM) return layer.show.cells ? Math.max(0, z - 1) : null;
    if (!wantsPoints(layer.show)) return null;
    const least = layer.show.footprints && zoom >= SHAPES_FROM ? SHAPES_FROM : POINTS_FROM;
    return Math.min(source.maxZoom, Math.max(least, z - 1));
  };

  const steps = (zoom) => stepsOf(layer.show, zoom, coarse);

  /** Places of the signs of one step, in pixels from a corner of the world's. */
  function eachOf(tile, { kind, n, at }, scale, left, top, visit) {
    const points = tile[kind];
    const { xs, ys, starts } = points;
    const unit = scale / points.side;
    const [shiftX, shiftY] = [points.left * unit - left + at[0], points.top * unit - top + at[1]];
    for (let i = starts[n]; i < starts[n + 1]; i += 1) visit(xs[i] * unit + shiftX, ys[i] * unit + shiftY, i, points);
  }

  /** Does a tile hold anything to be drawn on a piece? */
  layer.holds = (view, tile) => Boolean(tile && layer.dataZoom(view.zoom, 99) !== null);

  /** Says what the drawing of a piece depends on, besides its tile. */
  layer.stamp = () => JSON.stringify(layer.show, (_, value) => (value instanceof Set ? [...value] : value));

  layer.draw = ({ ctx, ...view }, tile) => {
    if (!layer.holds(view, tile)) return;
    if (view.zoom < POINTS_FROM) {
      drawCells({ ctx, ...view }, tile);
      return;
    }
    const { scale, left, top, width, height, ratio } = view;
    const whole = view.zoom >= SHAPES_FROM;
    if (layer.show.footprints && whole) drawFootprints(ctx, view, tile);
    // Below, one dot beside another is copied as pixels; from there on signs are few enough to be drawn.
    if (!whole) dots.clear(Math.round(width * ratio), Math.round(height * ratio));
    for (const step of steps(view.zoom)) {
      const picture = sprite(step.name, step.size);
      const { half, pixels } = picture;
      eachOf(tile, step, scale, left, top, (x, y) => {
        if (x < -half || y < -half || x > width + half || y > height + half) return;
        if (whole) ctx.drawImage(picture, x - half, y - half, half * 2, half * 2);
        else dots.stamp(pixels, x * ratio, y * ratio);
      });
    }
    if (!whole) dots.put(ctx, width, height, ratio);
  };

  function drawFootprints(ctx, view, tile) {
    for (const grade of GRADE_ORDER) {
      ctx.beginPath();
      for (const shape of tile.footprints) if (shape.grade === grade) traceArea(ctx, shape, view);
      ctx.fillStyle = withAlpha(`grade-${grade.toLowerCase()}`, grade === "C" || grade === "D" ? 0.28 : 0.08);
      ctx.fill();
      ctx.lineWidth = 1;
      ctx.strokeStyle = withAlpha(`grade-${grade.toLowerCase()}`, 0.6);
      ctx.stroke();
    }
  }

  /** The more households the wider, up to a point; and never narrower than the number inside, six pixels a digit. */
  const radiusOf = ({ n, gap }, scale) => Math.max(8 + Math.min(7, Math.sqrt(n) / 2), String(gap).length * 3 + 5) * scale;

  /** Boxes of the circles in a view, for labels that make room for them. */
  layer.place = (view) => {
    layer.boxes = [];
    if (view.zoom >= POINTS_FROM || !layer.show.cells) return;
    const scale = typeScale();
    for (const cell of tilesIn(view).flatMap((tile) => tile.cells)) {
      const r = layer.show.cells === "houses" ? (isPoor(cell) ? 9 : 0) : cell.n && cell.gap ? radiusOf(cell, scale) : 0;
      const [x, y] = [cell.x * view.scale - view.left, cell.y * view.scale - view.top];
      if (cell.rim || !r || x < -r || y < -r || x > view.width + r || y > view.height + r) continue;
      layer.boxes.push([x - r, y - r, x + r, y + r]);
    }
  };

  const isPoor = (cell) => cell.worst > "B" && layer.show.grades.has(cell.worst);

  /** Circles that say how many households of a cell are left. A cell of a tile takes some 45 to 75 pixels. */
  function drawCells({ ctx, ...view }, tile) {
    const scale = typeScale();
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const cell of tile.cells) {
      const x = cell.x * view.scale - view.left;
      const y = cell.y * view.scale - view.top;
      if (x < -32 || y < -32 || x > view.width + 32 || y > view.height + 32) continue;
      if (layer.show.cells !== "houses") drawCell(ctx, cell, x, y, scale);
      else if (isPoor(cell)) stampCell(ctx, `grade:${cell.worst}`, 7, x, y);
    }
  }

  function stampCell(ctx, name, r, x, y) {
    const picture = sprite(name, r);
    ctx.drawImage(picture, x - picture.half, y - picture.half, picture.half * 2, picture.half * 2);
  }

  function drawCell(ctx, { n, gap }, x, y, scale) {
    if (!n) return;
    if (!gap) {
      stampCell(ctx, "visited", 4, x, y);
      return;
    }
    const r = radiusOf({ n, gap }, scale);
    const arc = (radius, from, to) => {
      ctx.beginPath();
      ctx.arc(x, y, radius, (from * 2 - 0.5) * Math.PI, (to * 2 - 0.5) * Math.PI); // parts of a turn, from the top
    };
    const done = (n - gap) / n;
    arc(r + 1.4, 0, 1);
    ctx.fillStyle = colour("symbol-halo");
    ctx.fill();
    ctx.lineWidth = 3;
    for (const [from, to, token] of [[0, done, "st-visited"], [done, 1, "st-unvisited"]]) {
      arc(r - 1.5, from, to);
      ctx.strokeStyle = colour(token);
      ctx.stroke();
    }
    ctx.font = fontOf(gap > 99 ? 10 : 11, 600);
    ctx.fillStyle = colour("t");
    ctx.fillText(String(gap), x, y + 0.5);
  }

  layer.setShow = (show) => {
    layer.show = { ...NOTHING, ...show };
    layer.redraw();
  };
  layer.setParams = (params) => {
    if (source.setParams(params)) layer.redraw();
  };

  /** Fetch anew the tiles that touch these boxes (world fractions), or all (null); draws when they are here. */
  layer.renew = async (boxes) => {
    await source.renew((z, x, y) => {
      const side = 2 ** z;
      // A tile holds what lies up to an eighth of it outside, too.
      return !boxes || boxes.some(([west, north, east, south]) => (
        east * side >= x - 0.125 && west * side <= x + 1.125 && south * side >= y - 0.125 && north * side <= y + 1.125));
    });
    layer.redraw();
  };

  /** Tiles that are here and touch a view. */
  function tilesIn(view) {
    const z = layer.dataZoom(view.zoom, Math.max(0, Math.round(view.zoom)));
    return z === null ? [] : tilesOf(view, z).map((place) => source.peek(...place)).filter(Boolean);
  }

  /** The same for a square of the world round a point; `reach` in pixels. */
  function tilesAround(x, y, zoom, reach) {
    const scale = 256 * 2 ** zoom;
    return tilesIn({ zoom, scale, left: x * scale - reach, top: y * scale - reach, width: reach * 2, height: reach * 2 });
  }

  /**
   * What is drawn of single things round a world point, bottom first: `{point: {kind, id, x, y}, x, y}`, the point in
   * fractions and its sign in pixels of the world.
   */
  layer.around = (worldX, worldY, zoom, reach) => {
    const scale = 256 * 2 ** zoom;
    const tiles = tilesAround(worldX, worldY, zoom, reach);
    const found = [];
    for (const step of steps(zoom)) {
      for (const tile of tiles) {
        eachOf(tile, step, scale, 0, 0, (x, y, i, { kind, ids, xs, ys, left, top, side, extent }) => {
          const near = Math.abs(x - worldX * scale) <= reach && Math.abs(y - worldY * scale) <= reach;
          if (!near || isRim(xs[i], ys[i], extent)) return; // what lies on the rim counts in the tile next to this one
          found.push({ point: { kind, id: ids[i], x: (left + xs[i]) / side, y: (top + ys[i]) / side }, x, y });
        });
      }
    }
    return found;
  };

  /** The thing within reach of a world point, nearest first; what is drawn on top wins a tie. */
  layer.pick = (worldX, worldY, zoom) => {
    const scale = 256 * 2 ** zoom;
    const reach = coarse ? 18 : 8;
    let best = null;
    let least = reach ** 2;
    // A sign may stand beside its place, in the tile next to the one it comes from.
    for (const { point, x, y } of layer.around(worldX, worldY, zoom, reach + 16)) {
      const awayFrom = (px, py) => (px - worldX * scale) ** 2 + (py - worldY * scale) ** 2;
      // A pin is taken by its head and by its tip.
      const away = point.kind === "mark" ? Math.min(awayFrom(x, y), awayFrom(point.x * scale, point.y * scale)) : awayFrom(x, y);
      if (away > least) continue;
      least = away;
      best = point;
    }
    if (best || !layer.show.footprints || zoom < SHAPES_FROM) return best;
    const shapes = tilesAround(worldX, worldY, zoom, 1).flatMap((tile) => tile.footprints);
    return shapes.find((shape) => covers(shape, worldX, worldY)) || null;
  };
  return layer;
}
