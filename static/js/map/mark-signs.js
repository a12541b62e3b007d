/* Signs of marks from the field: a pin whose line drawing says the kind, and whose edge and filling say the state. */

import { colour } from "./palette.js";
import { addSigns, FULL } from "./symbols.js";

/** Kinds and states of marks from the field; the states bottom to top. */
export const MARK_KINDS = ["new_house", "moved", "impression", "ruin", "abandoned", "illegal", "waste", "correction"];
export const MARK_STATES = ["refused", "accepted", "proposed", "suspected"];
/** What a mark looks like, bottom to top: its state, or how an accepted site of concern stands; what relapsed lies on top. */
export const MARK_LOOKS = ["refused", "cleared", "accepted", "clearing", "proposed", "untouched", "suspected", "relapsed"];
/** How an accepted site of concern stands, what is worst first. */
export const CONCERN_STATES = ["relapsed", "untouched", "clearing", "cleared"];
const CONCERN_LOOKS = new Set(CONCERN_STATES);

/** The state that the legend switches for a look. */
export const stateOfLook = (look) => (CONCERN_LOOKS.has(look) ? "accepted" : look);
const TOKENS = { proposed: "wrn", suspected: "dan", accepted: "ok", untouched: "wrn", clearing: "inf", cleared: "ok", relapsed: "dan" };
const FULL_LOOKS = new Set(["suspected", "accepted", "untouched", "cleared", "relapsed"]);
const DOUBLE_LOOKS = new Set(["suspected", "relapsed"]);
const PIN = 1.25; // how far below the middle of the sign its tip stands, in radiuses

/** From the place of a mark to the middle of its sign: the tip of the pin stands at the place. */
export const pinShift = (r) => [0, -PIN * r];

function pin(ctx, r) {
  const [side, top, low, corner] = [r * 0.95, r * -1.2, r * 0.7, r * 0.4];
  ctx.beginPath();
  ctx.moveTo(0, r * PIN);
  ctx.lineTo(r * -0.45, low);
  ctx.arcTo(-side, low, -side, top, corner);
  ctx.arcTo(-side, top, side, top, corner);
  ctx.arcTo(side, top, side, low, corner);
  ctx.arcTo(side, low, 0, low, corner);
  ctx.lineTo(r * 0.45, low);
  ctx.closePath();
}

// Lines of each kind, in a square from -1 to 1; the circles beside them as x, y, radius.
const GLYPHS = {
  new_house: { lines: [[-1, 0, 0, -0.95, 1, 0], [-0.65, -0.2, -0.65, 0.9, 0.65, 0.9, 0.65, -0.2]] },
  moved: { lines: [[-0.95, 0, 0.95, 0], [0.25, -0.7, 0.95, 0, 0.25, 0.7]] },
  impression: { lines: [[0.25, 0.25, 0.95, 0.95]], circle: [-0.2, -0.2, 0.65] },
  ruin: { lines: [[-0.95, 0.9, -0.95, -0.7, -0.45, 0, 0, -0.85, 0.4, 0.15, 0.95, -0.3, 0.95, 0.9, -0.95, 0.9]] },
  abandoned: { lines: [[-0.9, -0.9, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9, -0.9, -0.9], [-0.45, -0.45, 0.45, 0.45], [0.45, -0.45, -0.45, 0.45]] },
  illegal: { lines: [[-0.62, -0.62, 0.62, 0.62]], circle: [0, 0, 0.92] },
  waste: { lines: [[-0.95, -0.6, 0.95, -0.6], [-0.65, -0.6, -0.5, 0.95, 0.5, 0.95, 0.65, -0.6], [-0.25, -0.6, -0.25, -1, 0.25, -1, 0.25, -0.6]] },
  correction: { lines: [[-0.95, 0.95, -0.6, 0.05, 0.45, -0.95, 0.95, -0.45, -0.05, 0.6, -0.95, 0.95]] },
};

function drawGlyph(ctx, kind, r, ink) {
  const { lines = [], circle } = GLYPHS[kind] || {};
  const [unit, middle] = [r * 0.58, r * -0.25];
  ctx.beginPath();
  for (const line of lines) {
    for (let i = 0; i < line.length; i += 2) ctx[i ? "lineTo" : "moveTo"](line[i] * unit, line[i + 1] * unit + middle);
  }
  if (circle) {
    const [x, y, radius] = circle.map((n) => n * unit);
    ctx.moveTo(x + radius, y + middle);
    ctx.arc(x, y + middle, radius, 0, FULL);
  }
  ctx.lineWidth = Math.max(1, r * 0.17);
  ctx.lineJoin = "round";
  ctx.strokeStyle = ink;
  ctx.stroke();
}

/**
 * Hollow while it waits, with a second edge when suspected, full once accepted, dashed when refused. A site of concern is
 * full and dark while nobody works there, hollow while it is cleared, full when it is, with a second edge once it relapsed.
 */
function drawMark(ctx, r, kind, state) {
  const token = TOKENS[state] || "t2";
  const isFull = FULL_LOOKS.has(state);
  const isDouble = DOUBLE_LOOKS.has(state);
  pin(ctx, isDouble ? r * 0.82 : r);
  ctx.fillStyle = colour(isFull ? token : "symbol-ground");
  ctx.fill();
  ctx.setLineDash(state === "refused" ? [2.2, 1.8] : []);
  ctx.lineWidth = state === "refused" ? 1.2 : 1.6;
  ctx.strokeStyle = colour(token);
  ctx.stroke();
  ctx.setLineDash([]);
  if (isDouble) {
    pin(ctx, r + 0.9);
    ctx.lineWidth = 1.3;
    ctx.stroke();
  }
  drawGlyph(ctx, kind, isDouble ? r * 0.85 : r, colour(isFull ? "symbol-ground" : token));
}

addSigns("mark", { outline: (ctx, r, kind, state) => pin(ctx, DOUBLE_LOOKS.has(state) ? r + 0.9 : r), draw: drawMark });
