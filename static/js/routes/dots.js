/* The households that are chosen, the line drawn around them, and where people start, on the map of the form. */

import { CanvasOverlay } from "../map/overlay.js";
import { colour } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { drawStart } from "./signs.js";

/**
 * @param {object} state `points` and `ring`, in world points
 * @param {() => object[]} mates who is chosen to go
 */
export function createDots(state, mates) {
  return new CanvasOverlay(({ ctx, ...at }) => {
    const place = ([x, y]) => [x * at.scale - at.left, y * at.scale - at.top];
    const r = Math.max(1.6, Math.min(5, (at.zoom - 10) * 0.9));
    ctx.beginPath();
    for (const point of state.points) {
      const [x, y] = place(point);
      ctx.moveTo(x + r, y);
      ctx.arc(x, y, r, 0, Math.PI * 2);
    }
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour("symbol-halo");
    ctx.stroke();
    ctx.fillStyle = colour("st-unvisited");
    ctx.fill();
    if (state.ring.length > 1) {
      ctx.beginPath();
      state.ring.forEach((point, i) => ctx[i ? "lineTo" : "moveTo"](...place(point)));
      ctx.closePath();
      ctx.lineWidth = 2.4;
      ctx.setLineDash([6, 4]);
      ctx.strokeStyle = colour("map-select");
      ctx.stroke();
      ctx.setLineDash([]);
    }
    for (const mate of mates()) {
      for (const spot of [mate.own || mate.start, mate.end]) if (spot) drawStart(ctx, ...place(toWorld(...spot)));
    }
  }, { pane: "fangtu-select" });
}
