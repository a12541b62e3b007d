/*
 * A drawing in square pieces, each a small picture that is kept: moving the map only moves finished pieces, and what comes
 * into view is drawn piece by piece, some milliseconds in each frame. Pieces are made for the very zoom of the view, whole
 * or not, and meet on whole device pixels: they are sharp, and no light shows between them.
 */

import { pixelRatio } from "./palette.js";
import { later, soon } from "./queue.js";

const L = window.L;
const SIDE = 256; // of a piece at a whole zoom, CSS pixels
const BESIDE = 1; // rows of pieces kept outside the view
const WHILE_MOVING_MS = 120; // from one look at what came into view to the next
const TOO_FAR = 2.5; // steps of zoom over which old pieces stand in for new ones

// All pieces are drawn here, and their elements only show the finished picture: a browser asks each canvas that can be drawn
// on for its picture in every frame, drawn on or not. In memory also where there is a GPU, as a piece is drawn once.
const sheet = new OffscreenCanvas(1, 1);
const ctx = sheet.getContext("2d", { willReadFrequently: true });

/**
 * `options`: `pane`; `draw(view, tile)` with a view as that of CanvasOverlay. A piece may need a tile: `source` and
 * `dataZoom(zoom, level)` or null for none. `needed(zoom)`: is there anything to draw; `empty(view, tile)`: is there in
 * this piece; `flat(view)`: its colour if it has but one; `stamp(view)`: a piece whose stamp and tile are those of before need not be drawn again; `came(tile)`: it has another tile.
 */
export const Mosaic = L.Layer.extend({
  options: { needed: () => true, source: null, dataZoom: () => null, empty: () => false, flat: () => null, stamp: () => null, came: () => {} },

  initialize(options) {
    L.setOptions(this, options);
    this._levels = [];
  },

  onAdd(map) {
    this._map = map;
    this._box = L.DomUtil.create("div", "overlay", this.getPane());
    this._box.setAttribute("aria-hidden", "true");
    this._update();
  },

  onRemove() {
    this._clear();
    this._box.remove();
    this._map = null;
  },

  getEvents() {
    const events = { viewreset: this._follow, zoom: this._follow, moveend: this._update, resize: this._update, move: this._onMove };
    if (this._map.options.zoomAnimation) events.zoomanim = ({ center, zoom }) => this._place(center, zoom);
    return events;
  },

  /** What is drawn changed: draw again what in view is not as it was. Many calls make one. */
  redraw() {
    if (this._going) return;
    this._going = true;
    soon(() => {
      this._going = false;
      if (this._map?._loaded) this._renew();
    });
  },

  _renew() {
    this._apart();
    const level = this._levels.at(-1);
    if (level && this.options.needed(level.zoom)) {
      for (const [key, piece] of level.pieces) {
        if (this._isFresh(level, piece)) continue;
        if (piece.seen) piece.turn += 1;
        else this._drop(level, key, piece); // made anew when it comes into view
      }
    }
    this._update();
  },

  _isFresh(level, piece) {
    return piece.done && piece.stamp !== null && piece.stamp === this.options.stamp(piece.view) && piece.tile === this._known(level, piece);
  },

  /** Numbers of the tile a piece is cut from, or null. */
  _tileOf({ zoom, z }, { x, y }) {
    const data = this.options.dataZoom(zoom, z);
    return data === null ? null : [data, x >> (z - data), y >> (z - data)];
  },

  /** Draw at once what is not as it should be, as far as its tiles are here: days that are played are whole pictures. */
  catchUp() {
    const level = this._levels.at(-1);
    for (const piece of level?.pieces.values() || []) if (piece.seen) this._paint(level, piece, this._known(level, piece) || null);
  },

  /** The level shown and its pieces in view, drawn now as far as their tiles are here; null if there are none. */
  drawnNow() {
    this._renew();
    this.catchUp();
    const level = this._levels.at(-1);
    const pieces = [...(level?.pieces.values() || [])].filter((piece) => piece.seen);
    return pieces.length ? { level, pieces } : null;
  },

  /** The tile a piece is cut from; null where there is none, undefined where it is not here yet. */
  _known(level, piece) {
    const at = this._tileOf(level, piece);
    return at && this.options.source.peek(...at);
  },

  /** After paper the pieces are seen again in place of the one picture. */
  _apart() {
    const level = this._levels.at(-1);
    if (!level?.whole) return;
    level.whole.remove();
    level.whole = level.box.style.visibility = "";
  },

  _follow() {
    this._place(this._map.getCenter(), this._map.getZoom());
  },

  _place(center, zoom) {
    for (const level of this._levels) {
      const scale = this._map.getZoomScale(zoom, level.zoom);
      const at = level.origin.multiplyBy(scale).subtract(this._map._getNewPixelOrigin(center, zoom)).round();
      L.DomUtil.setTransform(level.box, at, scale);
    }
  },

  _onMove() {
    if (this._map._animatingZoom || this._map.getZoom() !== this._levels.at(-1)?.zoom) return;
    const now = performance.now();
    if (now - (this._looked || 0) > WHILE_MOVING_MS) this._update();
  },

  /** See which pieces the view needs now. */
  _update() {
    const map = this._map;
    if (!map?._loaded || map._animatingZoom) return;
    this._looked = performance.now();
    const zoom = map.getZoom();
    if (!this.options.needed(zoom)) {
      this._clear();
      return;
    }
    this._apart();
    const level = this._levelAt(zoom);
    const { min, max } = map.getPixelBounds();
    const [west, north, east, south] = [min.x, min.y, max.x - 1, max.y - 1].map((edge) => Math.floor(edge / level.size));
    const { x: midX, y: midY } = min.add(max).divideBy(2 * level.size);
    for (const [key, piece] of level.pieces) {
      const outside = Math.max(west - piece.x, piece.x - east, north - piece.y, piece.y - south);
      piece.seen = outside <= 0;
      if (outside > BESIDE) this._drop(level, key, piece);
    }
    const wanted = [];
    for (let x = west; x <= east; x += 1) {
      for (let y = north; y <= south; y += 1) {
        const piece = this._pieceAt(level, x, y);
        piece.away = Math.hypot(x + 0.5 - midX, y + 0.5 - midY);
        wanted.push(piece);
      }
    }
    const tiles = wanted.map((piece) => this._tileOf(level, piece)).filter(Boolean);
    this.options.source?.want(this, new Set(tiles.map((at) => at.join("/"))));
    for (const piece of wanted.sort((a, b) => a.away - b.away)) this._ask(level, piece);
    this._tidy();
  },

  _levelAt(zoom) {
    const ratio = pixelRatio();
    let level = this._levels.at(-1);
    if (level?.zoom === zoom && level.ratio === ratio) return level;
    const map = this._map;
    const z = Math.max(0, Math.round(zoom));
    level = {
      zoom, z, ratio,
      size: SIDE * 2 ** (zoom - z),
      origin: map.getPixelOrigin().clone(),
      box: L.DomUtil.create("div", "leaflet-zoom-animated", this._box),
      pieces: new Map(),
      whole: "", // the one picture for paper
    };
    this._keep((old) => old.ratio === ratio && Math.abs(old.zoom - zoom) <= TOO_FAR);
    this._levels.push(level);
    this._follow();
    return level;
  },

  _pieceAt(level, x, y) {
    const key = `${x}/${y}`;
    let piece = level.pieces.get(key);
    if (piece) return piece;
    const { zoom, ratio } = level;
    const edge = (n) => Math.round(n * level.size * ratio); // in the world, so that neighbours meet
    const [left, top] = [edge(x), edge(y)];
    const [width, height] = [edge(x + 1) - left, edge(y + 1) - top];
    piece = {
      x, y, left, top, width, height, seen: true, turn: 0, asked: -1, shown: null, tile: undefined, stamp: undefined, done: false,
      view: { zoom, scale: SIDE * 2 ** zoom, left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio, ratio },
    };
    level.pieces.set(key, piece);
    return piece;
  },

  _ask(level, piece) {
    if (piece.asked === piece.turn) return;
    const { turn } = piece;
    const at = this._tileOf(level, piece);
    piece.asked = turn;
    const draw = (tile) => later(() => {
      if (piece.turn !== turn || level.pieces.get(`${piece.x}/${piece.y}`) !== piece || level !== this._levels.at(-1)) return;
      this._paint(level, piece, tile);
      this._tidy();
    });
    const known = this._known(level, piece);
    if (known !== undefined) {
      draw(known);
      return;
    }
    this.options.source.load(...at).then(draw, (reason) => {
      if (piece.asked === turn) piece.asked = -1; // asked for once more when the map moves
      if (reason.name !== "AbortError") draw(null);
    });
  },

  _paint(level, piece, tile) {
    piece.done = true;
    const stamp = this.options.stamp(piece.view);
    if (stamp !== null && stamp === piece.stamp && tile === piece.tile) return;
    if (tile && tile !== piece.tile) this.options.came(tile);
    Object.assign(piece, { stamp, tile });
    const flat = this.options.flat(piece.view);
    const picture = !flat && !this.options.empty(piece.view, tile);
    if (!picture || piece.flat) this._empty(piece);
    piece.flat = flat;
    if (flat) {
      // To fill a box takes less than to keep and to lay on a picture of one colour.
      piece.shown = document.createElement("div");
      piece.shown.style.background = flat;
      this.put(piece.shown, piece, level);
    }
    if (!picture) return;
    [sheet.width, sheet.height] = [piece.width, piece.height]; // which clears it
    ctx.setTransform(level.ratio, 0, 0, level.ratio, 0, 0);
    this.options.draw({ ...piece.view, ctx }, tile);
    const fresh = !piece.shown;
    if (fresh) {
      piece.shown = document.createElement("canvas");
      [piece.shown.width, piece.shown.height] = [piece.width, piece.height];
    }
    piece.shown.getContext("bitmaprenderer").transferFromImageBitmap(sheet.transferToImageBitmap());
    if (fresh) this.put(piece.shown, piece, level);
  },

  /** Show an element at its place, in device pixels of the world. */
  put(element, { left, top, width, height }, { ratio, origin, box }) {
    element.style.position = "absolute";
    element.style.width = `${width / ratio}px`;
    element.style.height = `${height / ratio}px`;
    L.DomUtil.setTransform(element, L.point(left / ratio - origin.x, top / ratio - origin.y));
    box.append(element);
  },

  /** Old pieces stay until new ones cover them. */
  _tidy() {
    const level = this._levels.at(-1);
    if (!level || this._levels.length < 2) return;
    const missing = [...level.pieces.values()].filter((piece) => piece.seen && !piece.done);
    for (const old of this._levels.slice(0, -1)) {
      const grown = 2 ** (level.zoom - old.zoom);
      for (const [key, piece] of old.pieces) {
        const [left, top, right, bottom] = [piece.left, piece.top, piece.left + piece.width, piece.top + piece.height].map((edge) => edge * grown);
        const covers = (one) => left < one.left + one.width - 1 && right > one.left + 1 && top < one.top + one.height - 1 && bottom > one.top + 1;
        if (!piece.shown || !missing.some(covers)) this._drop(old, key, piece);
      }
    }
    this._keep((old) => old === level || old.pieces.size);
  },

  _drop(level, key, piece) {
    this._empty(piece);
    level.pieces.delete(key);
  },

  /** Take away what a piece shows; the memory of its picture is free at once. */
  _empty(piece) {
    if (!piece.shown) return;
    piece.shown.remove();
    if (!piece.flat) piece.shown.width = 0;
    piece.shown = null;
  },

  /** Keep some of the levels, and nothing of the others. */
  _keep(wanted) {
    this._levels = this._levels.filter((level) => {
      if (wanted(level)) return true;
      for (const [key, piece] of level.pieces) this._drop(level, key, piece);
      level.box.remove();
      return false;
    });
  },

  _clear() {
    this._keep(() => false);
    this.options.source?.want(this, new Set());
  },
});
