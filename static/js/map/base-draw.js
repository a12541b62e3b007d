/* How the base map looks: what is kept of a tile, and how ground and roads are painted from it. */

import { nameIn } from "./base-names.js";
import { colour, isDark, withAlpha } from "./palette.js";

const ROADS = ["road_lane", "road_main", "road_highway"];

// Width of a road in pixels at zooms 10…18.
const WIDTHS = {
  road_lane: [0, 0, 0.6, 1, 1.5, 2.6, 4.5, 8, 13],
  road_main: [0.8, 1.1, 1.4, 2, 3.2, 5, 8, 13, 20],
  road_highway: [1.4, 2, 2.8, 3.6, 5, 7, 10.5, 16, 24],
};

/** One path for each thing that is painted alike, in tile units; and `names`, where each would stand in the world. */
export function decodeBase(layers, z, x, y) {
  const paths = { names: [], at: { z, x, y } };
  const pathOf = (key, extent) => (paths[key] ||= { path: new Path2D(), extent }).path;
  for (const [name, layer] of Object.entries(layers)) {
    layer.each((feature, i) => {
      let key = name;
      if (name === "road") {
        const kind = feature.get("kind");
        key = ROADS.includes(kind) ? kind : "road_lane";
      } else if (name === "farmland") key = `farm_${(feature.id || i) % 3}`;
      if (feature.type === 2 && name === "water") key = "stream";
      if (feature.type === 1) return;
      const found = nameIn(feature, key, layer.extent, z, x, y);
      if (found) paths.names.push(found);
      feature.walk(pathOf(key, layer.extent));
    });
  }
  return paths;
}

/** Between two zooms the width lies between theirs. */
function widthAt(kind, zoom) {
  const steps = WIDTHS[kind];
  const at = Math.max(0, Math.min(steps.length - 1, zoom - 10));
  const low = Math.floor(at);
  const high = Math.min(steps.length - 1, low + 1);
  return steps[low] + (steps[high] - steps[low]) * (at - low);
}

/** Paints the paths of one tile on a piece of the map. */
export class Brush {
  constructor({ ctx, left, top, scale, ratio }, paths) {
    const { z, x, y } = paths.at;
    const size = scale / 2 ** z; // of the tile, CSS pixels
    Object.assign(this, { ctx, paths, size, ratio, shiftX: (x * size - left) * ratio, shiftY: (y * size - top) * ratio });
  }

  on(key, paint) {
    const found = this.paths[key];
    if (!found) return;
    const unit = this.size / found.extent;
    this.ctx.setTransform(unit * this.ratio, 0, 0, unit * this.ratio, this.shiftX, this.shiftY);
    paint(found.path, unit);
  }

  fill(key, style) {
    this.on(key, (path) => {
      this.ctx.fillStyle = style;
      this.ctx.fill(path);
    });
  }

  stroke(key, style, width) {
    if (width <= 0) return;
    this.on(key, (path, unit) => {
      this.ctx.strokeStyle = style;
      this.ctx.lineWidth = width / unit;
      this.ctx.stroke(path);
    });
  }
}

const FARMS = ["farm_0", "farm_1", "farm_2"];
const FARMS_FROM = 12;

/** Does a tile hold anything of the ground? */
export function hasGround(paths, zoom) {
  return Boolean(paths.woods || paths.settlement || (zoom >= FARMS_FROM && FARMS.some((key) => paths[key])));
}

/** Does a tile hold anything that lies over the theme? */
export function hasTop(paths) {
  return ["settlement", "building", "water", "stream", ...ROADS].some((key) => paths[key]);
}

/** Under the theme: fields, woods, settlements. */
export function drawGround(brush, { zoom }) {
  if (zoom >= FARMS_FROM) for (const n of [0, 1, 2]) brush.fill(`farm_${n}`, colour(`map-farm-${n + 1}`));
  brush.fill("woods", colour("map-woods"));
  brush.fill("settlement", colour("map-settlement"));
}

/** Over the theme: roofs, water, roads. `tinted` = strength of the shade they are where a class must stay readable. */
export function drawTop(brush, { zoom, tinted }) {
  // Over a filled theme the town shows as shade, so that the class keeps its colour.
  const tone = isDark() ? "255,255,255" : "35,45,40";
  const shade = `rgba(${tone},${tinted * (isDark() ? 0.8 : 1)})`;
  if (tinted) brush.fill("settlement", `rgba(${tone},${tinted * (zoom < 14 ? 0.7 : 0.4)})`);
  brush.fill("building", tinted ? shade : colour("map-building"));
  if (zoom >= 15) brush.stroke("building", tinted ? shade : colour("map-building-edge"), 0.8);
  brush.fill("water", colour("map-water"));
  brush.stroke("stream", colour("map-water"), zoom < 14 ? 1.6 : 3);
  for (const kind of ROADS) {
    const width = widthAt(kind, zoom);
    const edge = kind === "road_highway" ? colour("map-highway-edge") : withAlpha(tinted ? "map-boundary" : "map-road-edge", tinted ? 0.35 : 1);
    if (width >= 1) brush.stroke(kind, edge, width + (width > 3 ? 1.8 : 1.2));
  }
  for (const kind of ROADS) {
    const width = widthAt(kind, zoom);
    const token = kind === "road_highway" ? "map-highway" : "map-road";
    brush.stroke(kind, colour(width < 1 ? "map-road-edge" : token), width); // no room for an edge: the edge's colour alone
  }
}
