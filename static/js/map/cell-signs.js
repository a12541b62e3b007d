/*
 * Rings of cells: how much of a cell is done. In steps, so that a ring is drawn once and then copied: drawing each anew
 * was half of what a piece took.
 */

import { colour } from "./palette.js";
import { addSigns, FULL } from "./symbols.js";

const STEPS = 48; // of a turn: 0.8 pixels on the largest ring

/** Name of the ring of a cell with something left; that much or little is done shows as one step at least. */
export function ringSign({ n, gap }) {
  const done = Math.round(((n - gap) / n) * STEPS);
  return `cell:${Math.min(STEPS - 1, Math.max(gap < n ? 1 : 0, done))}`;
}

function arc(ctx, r, from, to) {
  ctx.beginPath();
  ctx.arc(0, 0, r, (from / STEPS - 0.25) * FULL, (to / STEPS - 0.25) * FULL); // from the top
}

addSigns("cell", {
  outline: (ctx, r) => arc(ctx, r, 0, STEPS),
  draw: (ctx, r, done) => {
    arc(ctx, r, 0, STEPS);
    ctx.fillStyle = colour("symbol-halo");
    ctx.fill();
    ctx.lineWidth = 3;
    for (const [from, to, token] of [[0, Number(done), "st-visited"], [Number(done), STEPS, "st-unvisited"]]) {
      arc(ctx, r - 1.5, from, to);
      ctx.strokeStyle = colour(token);
      ctx.stroke();
    }
  },
});
