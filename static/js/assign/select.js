/* Choosing households on the map: Shift and a box, a line drawn around them, or one by a click. */

import { toWorld } from "../map/world.js";

const NEAR_PX = 10;
const STILL_PX = 4;

/** Whether a point lies inside a ring of points (even-odd rule). */
export function inside(ring, x, y) {
  let found = false;
  for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
    const [ax, ay] = ring[at];
    const [bx, by] = ring[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) found = !found;
  }
  return found;
}

/**
 * @param {L.Map} map
 * @param {object} state `rows` with `x`, `y` (fractions of the world) and `id`; `chosen` (Set of ids), `ring`, `lasso`
 * @param {function} changed called when what is chosen, or being drawn, changed
 */
export function createSelecting(map, state, changed) {
  const box = map.getContainer();
  let start = null;
  map.boxZoom.disable();

  const pixel = (event) => {
    const at = box.getBoundingClientRect();
    return [event.clientX - at.left, event.clientY - at.top];
  };
  const world = ([x, y]) => {
    const { lat, lng } = map.containerPointToLatLng([x, y]);
    return toWorld(lng, lat);
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !(event.shiftKey || state.lasso) || event.target.closest("button, a")) return;
    event.preventDefault();
    start = pixel(event);
    state.ring = [world(start)];
    map.dragging.disable();
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!start) return;
    const here = pixel(event);
    state.ring = state.lasso ? [...state.ring, world(here)]
      : [start, [here[0], start[1]], here, [start[0], here[1]]].map(world);
    changed();
  });
  const end = (event) => {
    if (!start) return;
    const [x, y] = pixel(event);
    const still = Math.hypot(x - start[0], y - start[1]) < STILL_PX && state.ring.length < 8;
    const ring = state.ring;
    start = null;
    state.ring = [];
    if (!state.lasso) map.dragging.enable();
    if (still) toggleAt([x, y]);
    else for (const row of state.rows) if (inside(ring, row.x, row.y)) state.chosen.add(row.id);
    changed();
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", () => {
    start = null;
    state.ring = [];
    changed();
  });
  map.on("click", ({ containerPoint, originalEvent }) => {
    if (originalEvent.shiftKey || state.lasso) return;
    toggleAt([containerPoint.x, containerPoint.y]);
    changed();
  });

  /** The household nearest to a place on the screen, if it is near. */
  function near([x, y]) {
    const scale = 256 * 2 ** map.getZoom();
    const [wx, wy] = world([x, y]);
    let best = null;
    let least = NEAR_PX / scale;
    for (const row of state.rows) {
      const away = Math.hypot(row.x - wx, row.y - wy);
      if (away < least) [best, least] = [row, away];
    }
    return best;
  }

  function toggleAt(at) {
    const row = near(at);
    if (!row) return;
    if (!state.chosen.delete(row.id)) state.chosen.add(row.id);
  }

  return {
    near: (event) => near(pixel(event)),
    lasso: (on) => {
      state.lasso = on;
      map.dragging[on ? "disable" : "enable"]();
    },
  };
}
