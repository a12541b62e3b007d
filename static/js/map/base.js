/* Base map of our own store, drawn in two sheets of 256-px canvas tiles: ground under the theme, roads and roofs above it. */

import { colour, isDark, onPalette, withAlpha } from "./palette.js";
import { pixelRatio } from "./overlay.js";
import { later } from "./queue.js";
import { TileSource } from "./tiles.js";

const L = window.L;
const SIDE = 256;
const ROADS = ["road_lane", "road_main", "road_highway"];

// Width of a road in pixels at zooms 10…18.
const WIDTHS = {
  road_lane: [0, 0, 0.6, 1, 1.5, 2.6, 4.5, 8, 13],
  road_main: [0.8, 1.2, 1.7, 2.3, 3.4, 5, 8, 13, 20],
  road_highway: [1.4, 2, 2.8, 3.6, 5, 7, 10.5, 16, 24],
};

function trace(path, rings, closed) {
  for (const ring of rings) {
    ring.forEach((point, i) => (i ? path.lineTo(point.x, point.y) : path.moveTo(point.x, point.y)));
    if (closed) path.closePath();
  }
}

/** One path for each thing that is painted alike, in tile units. */
function decode(tile) {
  const paths = {};
  const pathOf = (key, extent) => (paths[key] ||= { path: new Path2D(), extent }).path;
  for (const [name, layer] of Object.entries(tile.layers)) {
    for (let i = 0; i < layer.length; i += 1) {
      const feature = layer.feature(i);
      let key = name;
      if (name === "road") key = ROADS.includes(feature.properties.kind) ? feature.properties.kind : "road_lane";
      else if (ROADS.includes(name)) key = name;
      else if (name === "farmland") key = `farm_${(feature.id || i) % 3}`;
      if (feature.type === 2 && name === "water") key = "stream";
      if (feature.type === 1) continue;
      trace(pathOf(key, layer.extent), feature.loadGeometry(), feature.type === 3);
    }
  }
  return paths;
}

/** Level a display tile is cut from: one request serves four tiles where the server leaves nothing out one level up. */
function dataZoom(zoom, last) {
  return Math.min(last, zoom >= 16 ? zoom - 1 : zoom);
}

function widthAt(kind, zoom) {
  const steps = WIDTHS[kind];
  return steps[Math.max(0, Math.min(steps.length - 1, zoom - 10))];
}

class Brush {
  constructor(ctx, paths, shift) {
    Object.assign(this, { ctx, paths, shift });
  }

  on(key, paint) {
    const found = this.paths[key];
    if (!found) return;
    const { over, offsetX, offsetY, ratio } = this.shift;
    const unit = (SIDE * 2 ** over) / found.extent; // CSS pixels of one tile unit
    this.ctx.setTransform(unit * ratio, 0, 0, unit * ratio, -offsetX * ratio, -offsetY * ratio);
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

function drawGround(brush, { zoom }) {
  if (zoom >= 12) for (const n of [0, 1, 2]) brush.fill(`farm_${n}`, colour(`map-farm-${n + 1}`));
  brush.fill("woods", colour("map-woods"));
  brush.fill("settlement", colour("map-settlement"));
}

function drawTop(brush, { zoom, tinted }) {
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

const Sheet = L.GridLayer.extend({
  options: { updateWhenZooming: false, keepBuffer: 1, minZoom: 5, maxZoom: 21 },

  initialize(source, draw, base, options) {
    this._source = source;
    this._drawSheet = draw;
    this._base = base;
    L.setOptions(this, options);
  },

  createTile(coords, done) {
    const canvas = L.DomUtil.create("canvas", "base-tile");
    canvas.setAttribute("aria-hidden", "true");
    const ratio = pixelRatio();
    // One pixel more than the tile: neighbours overlap, so no seam opens at half zooms.
    canvas.width = (SIDE + 1) * ratio;
    canvas.height = (SIDE + 1) * ratio;
    const over = coords.z - dataZoom(coords.z, this._source.maxZoom);
    const shift = {
      over, ratio,
      offsetX: (coords.x % 2 ** over) * SIDE,
      offsetY: (coords.y % 2 ** over) * SIDE,
    };
    canvas.draw = (tile) => {
      const ctx = canvas.getContext("2d");
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      ctx.lineJoin = "round";
      ctx.lineCap = "round";
      if (tile) this._drawSheet(new Brush(ctx, tile, shift), { zoom: coords.z, tinted: this._base.tinted });
    };
    const at = [coords.z - over, coords.x >> over, coords.y >> over];
    canvas.load = () => this._source.load(...at);
    canvas.peek = () => this._source.peek(...at);
    canvas.load().then(
      (tile) => later(() => {
        canvas.failed = false;
        if (canvas.gone) return;
        canvas.draw(tile);
        done(null, canvas);
      }),
      () => {
        canvas.failed = true;
        done(null, canvas);
      },
    );
    return canvas;
  },

  _removeTile(key) {
    const tile = this._tiles[key];
    if (tile) tile.el.gone = true;
    L.GridLayer.prototype._removeTile.call(this, key);
  },

  _initTile(tile) {
    L.GridLayer.prototype._initTile.call(this, tile);
    tile.style.width = `${SIDE + 1}px`;
    tile.style.height = `${SIDE + 1}px`;
  },

  /** Paint again from what is decoded, `now` or in the next frames; only tiles that had failed are asked for. */
  repaint(now = false) {
    for (const { el } of Object.values(this._tiles || {})) {
      if (!el.draw) continue;
      const tile = el.peek();
      if (tile !== undefined && now) el.draw(tile);
      else if (tile !== undefined) later(() => !el.gone && el.draw(tile));
      else if (el.failed) el.load().then((late) => !el.gone && el.draw(late), () => {});
    }
  },
});

/** The base map. `options.url`; returns the handle the page works with. */
export function createBase(options) {
  const source = new TileSource({ url: options.url, decode, maxZoom: options.maxZoom || 17, onTrouble: options.onTrouble });
  const base = {
    tinted: 0,
    visible: true,
    addTo(map) {
      base.map = map;
      base.ground = new Sheet(source, drawGround, base, { pane: "fangtu-ground" });
      base.top = new Sheet(source, drawTop, base, { pane: "fangtu-top" });
      base.ground.addTo(map);
      base.top.addTo(map);
      onPalette(() => base.repaint());
      return base;
    },
    /** Strength of the shade over filled themes; 0 = full colours. */
    setTinted(tinted) {
      if (base.tinted === tinted) return;
      base.tinted = tinted;
      base.top?.repaint();
    },
    setVisible(visible) {
      base.visible = visible;
      for (const sheet of [base.ground, base.top]) {
        if (visible && !base.map.hasLayer(sheet)) sheet.addTo(base.map);
        if (!visible && base.map.hasLayer(sheet)) sheet.remove();
      }
    },
    repaint(now = false) {
      base.ground?.repaint(now);
      base.top?.repaint(now);
    },
  };
  return base;
}
