/*
 * Households, houses, renovation sites and visits, from vector tiles on one canvas over the view.
 * One canvas instead of one per tile: a sign on a tile's edge is whole, and all tiles keep one drawing order.
 */

import { covers } from "./areas-data.js";
import { traceArea } from "./areas.js";
import { createDots } from "./dots.js";
import { colour, fontOf, typeScale, withAlpha } from "./palette.js";
import { binCells, decodeRecords, GRADE_ORDER, STATUS_ORDER } from "./records-decode.js";
import { sprite, STAGES, statusSign } from "./symbols.js";
import { TileSource } from "./tiles.js";

const POINTS_FROM = 14;
const SHAPES_FROM = 16;
const SIMPLE_RADIUS = 3;
const DONE = new Set([1, 2, 6]);

/** Nothing shown; a theme fills in what it wants. */
export const NOTHING = { cells: null, statuses: new Set(), grades: new Set(), stages: new Set(), visits: false, suspect: false, footprints: false };

/** Records; `options.url`. Draws on a sheet of the scene, which gives it `redraw`. */
export function createRecords(options) {
  const layer = { show: NOTHING, drawn: [], shapes: [], boxes: [], wanted: new Set(), pending: false, redraw: () => {} };
  const source = new TileSource({ url: options.url, decode: decodeRecords, maxZoom: options.maxZoom || 17, onTrouble: options.onTrouble });
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  const dots = createDots();
  let kept = {};

  function radius(zoom) {
    const grown = coarse ? 7 : 5.5;
    return zoom >= 18 ? grown + 2 : grown;
  }

  // One level up holds the same points with a quarter of the requests; outlines begin at 16.
  function dataZoom(zoom, outlines) {
    if (zoom <= POINTS_FROM) return Math.max(0, zoom);
    return Math.min(source.maxZoom, outlines && zoom >= SHAPES_FROM ? Math.max(SHAPES_FROM, zoom - 1) : zoom - 1);
  }

  function tilesFor(view) {
    const z = dataZoom(Math.floor(view.zoom + 0.001), layer.show.footprints);
    const side = view.scale / 2 ** z;
    const tiles = [];
    for (let x = Math.floor(view.left / side); x <= (view.left + view.width) / side; x += 1) {
      for (let y = Math.floor(view.top / side); y <= (view.top + view.height) / side; y += 1) tiles.push([z, x, y]);
    }
    return tiles;
  }

  function wantsAnything(zoom) {
    const { cells, statuses, grades, stages, visits, suspect, footprints } = layer.show;
    if (zoom < POINTS_FROM) return Boolean(cells);
    return statuses.size || grades.size || stages.size || visits || suspect || footprints;
  }

  function collect(view) {
    const wanted = tilesFor(view);
    const keys = new Set(wanted.map((tile) => tile.join("/")));
    layer.wanted = keys;
    source.dropPending(keys);
    const ready = [];
    layer.pending = false;
    for (const [z, x, y] of wanted) {
      const tile = source.peek(z, x, y);
      if (tile) ready.push(tile);
      if (tile !== undefined) continue;
      layer.pending = true;
      source.load(z, x, y).then(() => layer.redraw(), () => {});
      // Until it comes, what the level above knows of this square stands in.
      const parent = z - 1 >= POINTS_FROM ? source.peek(z - 1, x >> 1, y >> 1) : null;
      if (parent) ready.push(within(parent, 2 ** z, x, y));
    }
    return ready;
  }

  layer.draw = (view) => {
    layer.drawn = [];
    layer.shapes = [];
    layer.boxes = [];
    if (!wantsAnything(view.zoom)) return;
    const tiles = collect(view);
    if (view.zoom < POINTS_FROM) drawCells(view, tiles);
    else drawPoints(view, tiles);
  };

  function drawCells({ ctx, ...view }, tiles) {
    const scale = typeScale();
    const bins = binCells(tiles.flatMap((tile) => tile.cells), view.scale, 44 * scale);
    const byGrade = layer.show.cells === "houses";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const bin of bins) {
      const x = bin.x * view.scale - view.left;
      const y = bin.y * view.scale - view.top;
      if (byGrade) {
        if (bin.worst && layer.show.grades.has(bin.worst) && bin.worst > "B") {
          stamp(ctx, `grade:${bin.worst}`, 7, x, y);
          layer.boxes.push([x - 9, y - 9, x + 9, y + 9]);
        }
        continue;
      }
      if (!bin.n) continue;
      if (!bin.gap) {
        stamp(ctx, "visited", 4, x, y);
        continue;
      }
      const r = (8 + Math.min(7, Math.sqrt(bin.n) / 2)) * scale;
      layer.boxes.push([x - r, y - r, x + r, y + r]);
      const start = -Math.PI / 2;
      const done = (bin.n - bin.gap) / bin.n;
      ctx.beginPath();
      ctx.arc(x, y, r + 1.4, 0, Math.PI * 2);
      ctx.fillStyle = colour("symbol-halo");
      ctx.fill();
      ctx.lineWidth = 3;
      ctx.beginPath();
      ctx.arc(x, y, r - 1.5, start, start + done * Math.PI * 2);
      ctx.strokeStyle = colour("st-visited");
      ctx.stroke();
      ctx.beginPath();
      ctx.arc(x, y, r - 1.5, start + done * Math.PI * 2, start + Math.PI * 2);
      ctx.strokeStyle = colour("st-unvisited");
      ctx.stroke();
      ctx.font = fontOf(bin.gap > 99 ? 10 : 11, 600);
      ctx.fillStyle = colour("t");
      ctx.fillText(String(bin.gap), x, y + 0.5);
    }
  }

  function stamp(ctx, name, r, x, y) {
    const picture = sprite(name, r);
    ctx.drawImage(picture, x - picture.half, y - picture.half, picture.half * 2, picture.half * 2);
  }

  function drawPoints({ ctx, ...view }, tiles) {
    const { show } = layer;
    const { scale, left, top, width, height } = view;
    const whole = view.zoom >= SHAPES_FROM;
    const r = radius(view.zoom);
    // Below, one dot beside another is copied as pixels; from there on signs are few enough to be drawn. Labels and
    // borders lie on the same sheet: when only they change, the dots are those of before.
    const asked = JSON.stringify([scale, left, top, width, height, view.ratio, [...show.statuses], [...show.grades], [...show.stages], show.visits]);
    const made = whole ? null : sprite("visited", SIMPLE_RADIUS); // another one after the palette changed
    if (!whole && kept.asked === asked && kept.made === made && kept.tiles.length === tiles.length && tiles.every((tile, n) => tile === kept.tiles[n])) {
      layer.drawn = kept.drawn;
      dots.put(ctx, width, height);
      return;
    }
    kept = { asked, made, tiles, drawn: layer.drawn };
    if (!whole) dots.clear(Math.round(width * view.ratio), Math.round(height * view.ratio));
    // One sign after another over all tiles, so that the order of drawing is the same everywhere; `at` moves it aside.
    const stampAll = (kind, name, size, wanted, at = [0, 0]) => {
      const { half, pixels } = sprite(name, size);
      for (const tile of tiles) {
        for (const point of tile[kind]) {
          if (!wanted(point)) continue;
          const x = point.x * scale - left + at[0];
          const y = point.y * scale - top + at[1];
          if (x < -half || y < -half || x > width + half || y > height + half) continue;
          if (whole) stamp(ctx, name, size, x, y);
          else dots.stamp(pixels, x * view.ratio, y * view.ratio);
          layer.drawn.push({ point, x: x + left, y: y + top });
        }
      }
    };
    if (show.footprints && whole) drawFootprints(ctx, view, tiles);
    const smaller = whole ? r * 0.9 : SIMPLE_RADIUS;
    if (show.visits) stampAll("visits", "visit", smaller, (visit) => !visit.suspect);
    if (show.visits || (show.suspect && whole)) stampAll("visits", "suspect", smaller, (visit) => visit.suspect);
    for (const status of STATUS_ORDER) {
      if (!show.statuses.has(status)) continue;
      const name = whole ? statusSign(status) : DONE.has(status) ? "visited" : "unvisited";
      stampAll("households", name, whole ? r : SIMPLE_RADIUS, (household) => household.status === status);
    }
    const beside = whole && show.statuses.size ? r * 1.15 : 0;
    for (const grade of GRADE_ORDER) {
      if (!show.grades.has(grade)) continue;
      const poor = grade > "B" && grade !== "none";
      const size = whole ? (poor ? 8.5 : 7) : poor ? 5 : 3.5;
      stampAll("houses", `grade:${grade}`, size, (house) => house.grade === grade, [beside, -beside]);
    }
    for (const stage of STAGES) {
      if (!show.stages.has(stage)) continue;
      const aside = whole ? -beside : 0;
      stampAll("sites", `stage:${stage}`, whole ? 8 : 6, (site) => site.stage === stage, [aside, aside]);
    }
    if (!whole) dots.put(ctx, width, height);
  }

  function drawFootprints(ctx, view, tiles) {
    for (const grade of GRADE_ORDER) {
      ctx.beginPath();
      for (const tile of tiles) {
        for (const shape of tile.footprints) {
          if (shape.grade !== grade) continue;
          traceArea(ctx, shape, view);
          layer.shapes.push(shape);
        }
      }
      ctx.fillStyle = withAlpha(`grade-${grade.toLowerCase()}`, grade === "C" || grade === "D" ? 0.28 : 0.08);
      ctx.fill();
      ctx.lineWidth = 1;
      ctx.strokeStyle = withAlpha(`grade-${grade.toLowerCase()}`, 0.6);
      ctx.stroke();
    }
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
    }, layer.wanted);
    layer.redraw();
  };

  /** The thing within reach of a world point, nearest first; what is drawn on top wins a tie. */
  layer.pick = (worldX, worldY, zoom) => {
    const scale = 256 * 2 ** zoom;
    const [x, y] = [worldX * scale, worldY * scale];
    let best = null;
    let least = (coarse ? 18 : 8) ** 2;
    for (const candidate of layer.drawn) {
      const away = (candidate.x - x) ** 2 + (candidate.y - y) ** 2;
      if (away <= least) {
        least = away;
        best = candidate.point;
      }
    }
    return best || layer.shapes.find((shape) => covers(shape, worldX, worldY)) || null;
  };
  return layer;
}

function within(tile, side, x, y) {
  const inside = (point) => Math.floor(point.x * side) === x && Math.floor(point.y * side) === y;
  return {
    cells: [],
    households: tile.households.filter(inside),
    houses: tile.houses.filter(inside),
    sites: tile.sites.filter(inside),
    visits: tile.visits.filter(inside),
    footprints: [],
  };
}
