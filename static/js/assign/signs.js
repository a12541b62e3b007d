/* The sign of an owner: form and colour together, so that nobody is told by colour alone. */

import { colour } from "../map/palette.js";

const COLOURS = 8;
const FORMS = [
  (ctx, x, y, r) => ctx.arc(x, y, r, 0, Math.PI * 2),
  (ctx, x, y, r) => ctx.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76),
  (ctx, x, y, r) => polygon(ctx, x, y, r * 1.25, 3, -Math.PI / 2),
  (ctx, x, y, r) => polygon(ctx, x, y, r * 1.2, 4, 0),
  (ctx, x, y, r) => polygon(ctx, x, y, r * 1.25, 3, Math.PI / 2),
];

function polygon(ctx, x, y, r, corners, turn) {
  for (let at = 0; at < corners; at += 1) {
    const angle = turn + (at * 2 * Math.PI) / corners;
    ctx[at ? "lineTo" : "moveTo"](x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  ctx.closePath();
}

/** Draw one household: `owner` is its number or -1; full while it is to be visited, hollow once it is. */
export function drawSign(ctx, x, y, r, owner, visited) {
  ctx.beginPath();
  if (owner < 0) {
    // Nobody's: a cross while it is to be visited, else a point.
    if (visited) {
      ctx.arc(x, y, Math.max(1, r / 3), 0, Math.PI * 2);
      ctx.fillStyle = colour("t3");
      ctx.fill();
      return;
    }
    for (const [dx, dy] of [[1, 1], [1, -1]]) {
      ctx.moveTo(x - r * dx, y - r * dy);
      ctx.lineTo(x + r * dx, y + r * dy);
    }
    stroke(ctx, r > 4 ? 2.2 : 1.6, colour("st-unvisited"));
    return;
  }
  FORMS[owner % FORMS.length](ctx, x, y, r);
  const hue = colour(`own-${(owner % COLOURS) + 1}`);
  if (visited) {
    stroke(ctx, 1.2, hue);
    return;
  }
  ctx.fillStyle = hue;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour("symbol-halo");
  ctx.stroke();
}

function stroke(ctx, width, style) {
  ctx.lineWidth = width + 2;
  ctx.strokeStyle = colour("symbol-halo");
  ctx.stroke();
  ctx.lineWidth = width;
  ctx.strokeStyle = style;
  ctx.stroke();
}

/** A small picture of an owner's sign for the list. */
export function signOf(owner) {
  const canvas = document.createElement("canvas");
  const ratio = 2;
  canvas.width = canvas.height = 18 * ratio;
  canvas.className = "own-sign";
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  drawSign(ctx, 9, 9, 6, owner, false);
  return canvas;
}
