/* Names of natural villages of the area of duty, fetched by tile where a view is close enough to have room for them. */

import { getJson } from "./api.js";
import { toWorld } from "./world.js";

const CELL_ZOOM = 13;
const FROM_ZOOM = 13.5;

/** `url` with {z}/{x}/{y}; `onChange()` when names came. */
export function createPlaces({ url }, onChange) {
  const cells = new Map();

  function ask(key, x, y) {
    cells.set(key, []);
    const address = url.replace("{z}", CELL_ZOOM).replace("{x}", x).replace("{y}", y);
    getJson(address).then(
      ({ names }) => {
        cells.set(key, names.map(([text, lon, lat]) => {
          const [wx, wy] = toWorld(lon, lat);
          return { text, x: wx, y: wy, angle: 0, span: null, minZoom: FROM_ZOOM, rank: 1.5 };
        }));
        if (names.length) onChange();
      },
      () => cells.delete(key), // asked again with the next drawing; the map does without
    );
  }

  return {
    names(view) {
      if (!url || view.zoom < FROM_ZOOM) return [];
      const size = view.scale / 2 ** CELL_ZOOM;
      const found = [];
      for (let x = Math.floor(view.left / size); x <= (view.left + view.width) / size; x += 1) {
        for (let y = Math.floor(view.top / size); y <= (view.top + view.height) / size; y += 1) {
          const key = `${x}/${y}`;
          if (!cells.has(key)) ask(key, x, y);
          found.push(...(cells.get(key) || []));
        }
      }
      return found;
    },
    /** Forget what came: other data, another asker. */
    clear: () => cells.clear(),
  };
}
