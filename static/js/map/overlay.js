/*
 * One canvas over the whole view (and a margin), for what belongs to the view as a whole: heat, labels, what is selected.
 * It moves with the map and is drawn anew when the map rests.
 */

import { pixelRatio } from "./palette.js";
import { later } from "./queue.js";

const L = window.L;
const MARGIN = 0.1;
const DRAG_MS = 250; // a long drag is drawn anew that often

export function toLatLng(x, y) {
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return L.latLng(lat, x * 360 - 180);
}

/**
 * Layer that calls `draw(view)` with `{ctx, width, height, zoom, scale, left, top, ratio}`;
 * a world point is drawn at `(x * scale - left, y * scale - top)` CSS pixels. While `options.needed(view)` says
 * no, the canvas takes no memory and no part in putting the frame together. `options.prepare(view)` goes through, step by
 * step, what takes longer than a frame may: the picture before stays until it came to its end.
 */
export const CanvasOverlay = L.Layer.extend({
  options: { pane: "overlayPane", needed: () => true, prepare: () => [].values() },

  initialize(draw, options) {
    L.setOptions(this, { ...options, draw });
  },

  onAdd(map) {
    this._canvas = L.DomUtil.create("canvas", "overlay leaflet-zoom-animated", this.getPane());
    this._canvas.setAttribute("aria-hidden", "true");
    this._map = map;
    this.paint();
  },

  onRemove() {
    this._steps = null;
    this._canvas.remove();
  },

  getEvents() {
    const events = { viewreset: this._follow, moveend: this.redraw, zoom: this._follow, move: this._stretch, resize: this.redraw };
    if (this._map.options.zoomAnimation) events.zoomanim = this._animate;
    return events;
  },

  /** Draw again in one of the next frames; many calls make one drawing. */
  redraw() {
    if (!this._map || this._waits) return;
    this._waits = true;
    later(() => {
      this._waits = false;
      if (!this._map?._loaded || this._map._animatingZoom) return; // drawn at its end
      const view = this._viewNow();
      const steps = this._stepsTo(view);
      const go = () => {
        if (this._steps !== steps) return; // it would be too late now
        if (steps.next().done) this._show(view);
        else later(go);
      };
      go();
    });
  },

  /** Begin what must go before the picture of a view; what was under way for another is left. */
  _stepsTo(view) {
    this._steps = this.options.needed(view) ? this.options.prepare(view) : [].values();
    return this._steps;
  },

  _draw() {
    const view = this._view;
    const canvas = this._canvas;
    const needed = this.options.needed(view);
    canvas.style.display = needed ? "" : "none";
    if (!needed) {
      if (canvas.width) canvas.width = 0;
      return;
    }
    const [width, height] = [Math.round(view.width * view.ratio), Math.round(view.height * view.ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${view.width}px`;
      canvas.style.height = `${view.height}px`;
    }
    view.ctx.setTransform(1, 0, 0, 1, 0, 0);
    view.ctx.clearRect(0, 0, width, height);
    view.ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    this.options.draw(view);
  },

  /** Draw now, where the view is. */
  paint() {
    const map = this._map;
    if (!map || !map._loaded) return;
    const view = this._viewNow();
    const steps = this._stepsTo(view);
    while (!steps.next().done);
    this._show(view);
  },

  _viewNow() {
    const map = this._map;
    const size = map.getSize();
    const margin = size.multiplyBy(MARGIN).round();
    const corner = map.containerPointToLayerPoint(margin.multiplyBy(-1)).round();
    const zoom = map.getZoom();
    const [width, height] = [size.x + margin.x * 2, size.y + margin.y * 2];
    const { x: left, y: top } = map.getPixelOrigin().add(corner);
    return { width, height, zoom, scale: 256 * 2 ** zoom, left, top, ratio: pixelRatio(), margin, corner, center: map.getCenter() };
  },

  _show(view) {
    L.DomUtil.setTransform(this._canvas, view.corner, 1);
    this._steps = null;
    this._view = view;
    this._margin = view.margin;
    this._center = view.center;
    this._zoom = view.zoom;
    view.ctx = this._canvas.getContext("2d");
    this._drawnAt = performance.now();
    this._draw();
  },

  _animate(event) {
    this._steps = null; // of the zoom before; drawn at the end of this one
    this._place(event.center, event.zoom);
  },

  _follow() {
    this._steps = null;
    this._place(this._map.getCenter(), this._map.getZoom());
  },

  // A long drag leaves the margin behind: draw the new surroundings while it goes on. An animation ends soon enough.
  _stretch() {
    if (!this._view || this._map.getZoom() !== this._zoom || !this._map.dragging?.moving()) return;
    if (performance.now() - this._drawnAt < DRAG_MS) return;
    const moved = this._map.project(this._map.getCenter(), this._zoom).subtract(this._map.project(this._center, this._zoom));
    if (Math.abs(moved.x) > this._margin.x * 0.9 || Math.abs(moved.y) > this._margin.y * 0.9) this.redraw();
  },

  _place(center, zoom) {
    if (!this._view) return;
    const map = this._map;
    const scale = map.getZoomScale(zoom, this._zoom);
    const half = map.getSize().multiplyBy(0.5).add(this._margin);
    const offset = half.multiplyBy(-scale).add(map.project(this._center, zoom)).subtract(map._getNewPixelOrigin(center, zoom));
    L.DomUtil.setTransform(this._canvas, offset, scale);
  },
});
