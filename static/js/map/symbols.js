/* Signs of the map. Each state has its own shape; colour only repeats what the shape says. Legend, popup and map share them. */

import { pixelsOf } from "./dots.js";
import { colour, onPalette, pixelRatio } from "./palette.js";

export const FULL = Math.PI * 2;

function disc(ctx, r) {
  ctx.beginPath();
  ctx.arc(0, 0, r, 0, FULL);
}

function triangle(ctx, r) {
  ctx.beginPath();
  ctx.moveTo(0, -r * 1.08);
  ctx.lineTo(r * 1.08, r * 0.82);
  ctx.lineTo(-r * 1.08, r * 0.82);
  ctx.closePath();
}

function diamond(ctx, r) {
  ctx.beginPath();
  ctx.moveTo(0, -r * 1.15);
  ctx.lineTo(r * 1.15, 0);
  ctx.lineTo(0, r * 1.15);
  ctx.lineTo(-r * 1.15, 0);
  ctx.closePath();
}

function square(ctx, r, corner) {
  ctx.beginPath();
  ctx.roundRect(-r, -r, r * 2, r * 2, corner);
}

function letter(ctx, text, size, ink, dy = 0) {
  ctx.font = `700 ${size}px ${colour("font")}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = ink;
  ctx.fillText(text, 0, dy + size * 0.05);
}

function ringed(ctx, r, token, width) {
  disc(ctx, r - width / 2);
  ctx.fillStyle = colour("symbol-ground");
  ctx.fill();
  ctx.lineWidth = width;
  ctx.strokeStyle = colour(token);
  ctx.stroke();
}

// Each draws around 0,0 with radius r; `outline` gives the shape the halo follows.
const SIGNS = {
  visited: { outline: disc, draw(ctx, r) { disc(ctx, r); ctx.fillStyle = colour("st-visited"); ctx.fill(); } },
  remote: {
    outline: disc,
    draw(ctx, r) {
      ringed(ctx, r, "st-visited", r * 0.29);
      disc(ctx, r * 0.42);
      ctx.fillStyle = colour("st-visited");
      ctx.fill();
    },
  },
  unvisited: { outline: disc, draw(ctx, r) { ringed(ctx, r, "st-unvisited", Math.max(1.6, r * 0.42)); } },
  nobody: {
    outline: disc,
    draw(ctx, r) {
      ringed(ctx, r, "st-unvisited", r * 0.26);
      ctx.beginPath();
      ctx.arc(0, 0, r * 0.9, Math.PI / 2, (Math.PI * 3) / 2);
      ctx.fillStyle = colour("st-unvisited");
      ctx.fill();
    },
  },
  refused: {
    outline: disc,
    draw(ctx, r) {
      ringed(ctx, r, "st-refused", r * 0.24);
      const arm = r * 0.4;
      ctx.beginPath();
      ctx.moveTo(-arm, -arm);
      ctx.lineTo(arm, arm);
      ctx.moveTo(arm, -arm);
      ctx.lineTo(-arm, arm);
      ctx.lineWidth = r * 0.28;
      ctx.stroke();
    },
  },
  away: {
    outline: triangle,
    draw(ctx, r) {
      triangle(ctx, r * 0.92);
      ctx.fillStyle = colour("symbol-ground");
      ctx.fill();
      ctx.lineWidth = r * 0.27;
      ctx.strokeStyle = colour("st-away");
      ctx.stroke();
    },
  },
  suspect: {
    outline: diamond,
    draw(ctx, r) {
      diamond(ctx, r * 1.1);
      ctx.fillStyle = colour("st-suspect");
      ctx.fill();
      letter(ctx, "?", r * 1.5, colour("symbol-ground"));
    },
  },
  other: {
    outline: (ctx, r) => square(ctx, r * 0.9, 1),
    draw(ctx, r) {
      square(ctx, r * 0.8, 1);
      ctx.fillStyle = colour("symbol-ground");
      ctx.fill();
      ctx.lineWidth = r * 0.26;
      ctx.strokeStyle = colour("st-other");
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(-r * 0.38, 0);
      ctx.lineTo(r * 0.38, 0);
      ctx.stroke();
    },
  },
  visit: {
    outline: (ctx, r) => disc(ctx, r * 0.8),
    draw(ctx, r) {
      ctx.beginPath();
      ctx.moveTo(-r * 0.75, 0);
      ctx.lineTo(r * 0.75, 0);
      ctx.moveTo(0, -r * 0.75);
      ctx.lineTo(0, r * 0.75);
      ctx.lineWidth = r * 0.42;
      ctx.strokeStyle = colour("inf");
      ctx.stroke();
    },
  },
};

const STATUS_SIGNS = ["unvisited", "visited", "remote", "nobody", "refused", "away", "suspect", "other"];

/** Sign of a visit status number. */
export function statusSign(status) {
  return STATUS_SIGNS[status] || "other";
}

const SHAPES = { A: disc, B: (ctx, r) => square(ctx, r * 0.92, r * 0.35), C: triangle, D: diamond, none: disc };

function drawGrade(ctx, grade, r) {
  const token = `grade-${grade.toLowerCase()}`;
  SHAPES[grade](ctx, grade === "C" ? r * 1.12 : r);
  if (grade === "none") {
    ctx.fillStyle = colour("symbol-ground");
    ctx.fill();
    ctx.setLineDash([2, 1.6]);
    ctx.lineWidth = 1.3;
    ctx.strokeStyle = colour(token);
    ctx.stroke();
    ctx.setLineDash([]);
  } else {
    ctx.fillStyle = colour(token);
    ctx.fill();
    if (grade === "C") {
      ctx.lineWidth = 1;
      ctx.lineJoin = "round";
      ctx.strokeStyle = colour("grade-edge");
      ctx.stroke();
    }
  }
  if (r >= 6) letter(ctx, grade === "none" ? "?" : grade, r * (grade === "C" ? 1.05 : 1.2), colour(`${token}-ink`), grade === "C" ? r * 0.2 : 0);
}

// The gates of a renovation in their order, as in data/rules/words.py.
export const STAGES = [
  ...["found", "appraised", "compared", "reviewed", "approved", "agreed", "started", "foundation", "completed"],
  ...["accepted", "paid", "moved_in", "looked_back"],
];

/** A gate by its number; one that has stalled has a second edge round it, one that ended is hollow and dashed. */
function drawStage(ctx, stage, r, standing = "open") {
  const n = STAGES.indexOf(stage) + 1;
  const token = n > STAGES.indexOf("paid") ? "stage-done" : n > STAGES.indexOf("approved") ? "stage-now" : "stage-early";
  const ended = standing === "ended";
  square(ctx, ended ? r * 0.85 : r, 2.5);
  ctx.fillStyle = colour(ended ? "symbol-ground" : token);
  ctx.fill();
  if (ended) {
    ctx.setLineDash([2, 1.6]);
    ctx.lineWidth = 1.3;
    ctx.strokeStyle = colour("st-other");
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (standing === "stalled") {
    square(ctx, r + 2.1, 4);
    ctx.lineWidth = 2.2;
    ctx.strokeStyle = colour("dan-solid");
    ctx.stroke();
  }
  letter(ctx, String(n || "?"), r * (n > 9 ? 1.15 : 1.4), colour(ended ? "st-other" : "stage-ink"));
}

// Families of signs, named before a colon: the shape their halo follows, and the sign itself, by the words after it.
const FAMILIES = {
  grade: { outline: (ctx, r, what) => SHAPES[what](ctx, what === "C" ? r * 1.12 : r), draw: (ctx, r, what) => drawGrade(ctx, what, r) },
  stage: {
    outline: (ctx, r, what, standing) => square(ctx, standing === "stalled" ? r + 2.8 : r, 2.5),
    draw: (ctx, r, what, standing) => drawStage(ctx, what, r, standing),
  },
};

/** Make another family known, as those above; it comes with the module that draws it. */
export function addSigns(name, family) {
  FAMILIES[name] = family;
}

/** Draw a sign by name around 0,0: a status sign, "grade:C", "stage:started", "stage:started:stalled", "mark:ruin:proposed". */
export function drawSign(ctx, name, r, halo = 1.4) {
  const [kind, ...words] = name.split(":");
  const sign = FAMILIES[kind] || SIGNS[kind];
  ctx.lineJoin = "round";
  ctx.lineCap = "butt";
  ctx.setLineDash([]);
  if (halo) {
    sign.outline(ctx, r, ...words);
    ctx.lineWidth = halo * 2;
    ctx.strokeStyle = colour("symbol-halo");
    ctx.stroke();
  }
  sign.draw(ctx, r, ...words);
}

const sprites = new Map();

/**
 * The sign as a picture ready for the map, with half its side in CSS pixels; `pixels` are the same as
 * numbers. Made once for each size and theme.
 */
export function sprite(name, r) {
  const ratio = pixelRatio();
  const key = `${name}/${r}/${ratio}`;
  let made = sprites.get(key);
  if (!made) {
    const half = Math.ceil(r * 1.3 + 4);
    const side = half * 2 * ratio;
    made = document.createElement("canvas");
    made.width = side;
    made.height = side;
    made.half = half;
    const ctx = made.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.translate(half, half);
    drawSign(ctx, name, r);
    made.pixels = pixelsOf(ctx, side);
    sprites.set(key, made);
  }
  return made;
}

const samples = new Map();

/** Address of a sign as a picture for legend rows, popups and lists. */
function sampleOf(name, radius) {
  const key = `${name} ${radius}`;
  let made = samples.get(key);
  if (!made) {
    const ratio = pixelRatio();
    const side = Math.max(20, 2.4 * radius);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side * ratio;
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.translate(side / 2, side / 2);
    drawSign(ctx, name, radius, 0);
    made = canvas.toDataURL();
    samples.set(key, made);
  }
  return made;
}

/**
 * The sign as an element for legend rows, popups and lists; its meaning must stand beside it in words. A picture, since
 * the browser keeps a layer for each canvas and goes through all of them in every frame.
 */
export function signElement(name, radius = name.includes(":") ? 7 : 6) {
  const node = document.createElement("img");
  node.className = "sign";
  node.alt = "";
  node.decoding = "sync";
  node.dataset.sign = name;
  node.dataset.radius = radius;
  node.src = sampleOf(name, radius);
  return node;
}

onPalette(() => {
  sprites.clear();
  samples.clear();
  for (const node of document.querySelectorAll("img.sign")) node.src = sampleOf(node.dataset.sign, Number(node.dataset.radius));
});
