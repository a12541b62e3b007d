/* Drawing a line around households: press, draw, let go. By keyboard the range and the rules choose. */

import { toLatLng } from "../map/overlay.js";
import { toWorld } from "../map/world.js";

const MOST_CORNERS = 400;

/** At most `most` of the points, evenly along the line. */
export function thinned(points, most = MOST_CORNERS) {
  if (points.length <= most) return points;
  const step = points.length / most;
  return Array.from({ length: most }, (_, at) => points[Math.floor(at * step)]);
}

/**
 * @param {object} on `draw(ring in world points)`, `done(corners [[lon, lat]…])`
 * @returns {(on: boolean) => void} switches drawing on and off
 */
export function createLasso(map, on) {
  const box = map.getContainer();
  let active = false;
  let ring = null;

  const here = (event) => {
    const at = box.getBoundingClientRect();
    const { lat, lng } = map.containerPointToLatLng([event.clientX - at.left, event.clientY - at.top]);
    return toWorld(lng, lat);
  };
  box.addEventListener("pointerdown", (event) => {
    if (!active || event.button !== 0 || event.target.closest("button, a")) return;
    event.preventDefault();
    ring = [here(event)];
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!ring) return;
    ring.push(here(event));
    on.draw(ring);
  });
  box.addEventListener("pointerup", () => {
    const drawn = ring;
    ring = null;
    if (drawn && drawn.length > 3) {
      on.done(thinned(drawn).map(([x, y]) => {
        const { lat, lng } = toLatLng(x, y);
        return [Number(lng.toFixed(6)), Number(lat.toFixed(6))];
      }));
    }
  });
  box.addEventListener("pointercancel", () => { ring = null; });

  return (now) => {
    active = now;
    ring = null;
    map.dragging[now ? "disable" : "enable"]();
    box.style.touchAction = now ? "none" : "";
  };
}
