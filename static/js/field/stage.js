/*
 * A map one can move, on one canvas: by finger, wheel, keys or buttons. A phone's map shows a village; for that the desk's
 * map with its pieces and Leaflet would be four times as much to load.
 */

import { onPalette } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { drawBase, viewOn } from "./strip.js";

const ZOOMS = [10, 20];
const TAP_PX = 10; // a finger that moved less was a tap
const STEP_PX = 80;

/** World fractions back to `{lon, lat}` in degrees. */
export function toPlace(x, y) {
  return { lon: x * 360 - 180, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} options `draw(view)` over the base map; `onTap(px, py, view)`; `onMove()` after the view changed
 */
export function createStage(canvas, { draw, onTap = () => {}, onMove = () => {} }) {
  const stage = { x: 0.5, y: 0.5, zoom: 16, view: null };
  const fingers = new Map();
  let waiting = 0;
  let travelled = 0;

  stage.redraw = () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      const view = viewOn(canvas, stage.x, stage.y, stage.zoom);
      if (!view) return;
      stage.view = view;
      drawBase(view, stage.redraw);
      draw(view);
      canvas.dataset.drawn = "true";
    });
  };

  function changed() {
    stage.redraw();
    onMove();
  }

  stage.show = (lon, lat, zoom = stage.zoom) => {
    [stage.x, stage.y] = toWorld(lon, lat);
    stage.zoom = Math.max(ZOOMS[0], Math.min(ZOOMS[1], zoom));
    changed();
  };
  stage.centre = () => toPlace(stage.x, stage.y);
  /** Move by so many pixels. */
  stage.pan = (dx, dy) => {
    const scale = 256 * 2 ** stage.zoom;
    stage.x += dx / scale;
    stage.y += dy / scale;
    changed();
  };
  /** Change the zoom; what lies at a pixel stays there, the middle by default. */
  stage.zoomBy = (step, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) => {
    const zoom = Math.max(ZOOMS[0], Math.min(ZOOMS[1], stage.zoom + step));
    const [before, after] = [256 * 2 ** stage.zoom, 256 * 2 ** zoom];
    const [dx, dy] = [px - canvas.clientWidth / 2, py - canvas.clientHeight / 2];
    stage.x += dx / before - dx / after;
    stage.y += dy / before - dy / after;
    stage.zoom = zoom;
    changed();
  };

  function at(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
  function spread() {
    const [a, b] = [...fingers.values()];
    return { far: Math.hypot(a[0] - b[0], a[1] - b[1]), x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!fingers.size) travelled = 0;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const old = fingers.get(event.pointerId);
    if (!old) return;
    const now = at(event);
    const before = fingers.size === 2 ? spread() : null;
    fingers.set(event.pointerId, now);
    travelled += Math.hypot(now[0] - old[0], now[1] - old[1]);
    if (!before) {
      if (travelled > TAP_PX) stage.pan(old[0] - now[0], old[1] - now[1]);
      return;
    }
    const after = spread();
    travelled = Infinity;
    stage.pan(before.x - after.x, before.y - after.y);
    if (before.far > 0 && after.far > 0) stage.zoomBy(Math.log2(after.far / before.far), after.x, after.y);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (!fingers.delete(event.pointerId)) return;
      if (name === "pointerup" && !fingers.size && travelled <= TAP_PX && stage.view) onTap(...at(event), stage.view);
    });
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    stage.zoomBy(-Math.sign(event.deltaY) / 2, ...at(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-STEP_PX, 0], ArrowRight: [STEP_PX, 0], ArrowUp: [0, -STEP_PX], ArrowDown: [0, STEP_PX] };
    const zooms = { "+": 1, "=": 1, "-": -1 };
    if (moves[event.key]) stage.pan(...moves[event.key]);
    else if (zooms[event.key]) stage.zoomBy(zooms[event.key]);
    else return;
    event.preventDefault();
  });
  onPalette(stage.redraw);
  new ResizeObserver(stage.redraw).observe(canvas);
  return stage;
}
