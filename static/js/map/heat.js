/*
 * Households as a heatmap, per hectare or per household: the bandwidth is in metres and the classes are fixed, so zooms
 * and days compare.
 */

import { getJson, UNATTENDED, withParams } from "./api.js";
import { unpack } from "./cells.js";
import { heatClass } from "./classes.js";
import { moveDay, startDay } from "./heat-days.js";
import { densitySteps, shares, shareSteps } from "./heat-field.js";
import { CanvasOverlay } from "./overlay.js";
import { onPalette, rgb } from "./palette.js";

const ALPHAS = [0, 0.72, 0.78, 0.82, 0.85];
const HOUSEHOLDS = ["visited", "unvisited"]; // together all that have a place of their own

/** Opacity by zoom: whole below 15, gone at 16, where single households take over. */
export function fade(zoom) {
  return Math.max(0, Math.min(1, 16 - zoom));
}

function dab(data, i, [r, g, b], alpha) {
  const at = i * 4;
  data[at] = r;
  data[at + 1] = g;
  data[at + 2] = b;
  data[at + 3] = alpha * 255;
}

/** Colours of densities; as text they say whether a picture still has the colours, classes and choice of another. */
function inkOf(kind, breaks, only) {
  return { breaks, only, ramp: breaks.map((_, i) => rgb(`heat-${kind}-${Math.max(1, Math.min(4, i))}`)) };
}

/** One place: below the first class the colour only fades in, so that no hard edge pretends to be a border. */
function paintDensity(data, i, value, { breaks, only, ramp }) {
  const first = breaks[1];
  const level = value < first * 0.25 ? -1 : heatClass(value, breaks);
  if (level < 0 || (only && !only.has(`h${level}`))) {
    if (data[i * 4 + 3]) data[i * 4 + 3] = 0;
    return;
  }
  dab(data, i, ramp[level], level === 0 ? ((value / first - 0.25) / 0.75) ** 2 * ALPHAS[1] * 0.7 : ALPHAS[Math.min(level, 4)]);
}

function paintDensities(ink, { grid, width, height }) {
  const image = new ImageData(width, height);
  for (let i = 0; i < grid.length; i += 1) if (grid[i] > 0) paintDensity(image.data, i, grid[i], ink);
  return image;
}

/** Shares: every class is painted, so what has no colour is what has no share. */
function paintShares(kind, breaks, only, { grid, width, height }) {
  const image = new ImageData(width, height);
  const ramp = breaks.map((_, i) => rgb(`heat-${kind}-${i + 1}`));
  for (let i = 0; i < grid.length; i += 1) {
    if (Number.isNaN(grid[i])) continue;
    const level = heatClass(grid[i], breaks);
    if (!only || only.has(`h${level + 1}`)) dab(image.data, i, ramp[level], ALPHAS[level + 1]);
  }
  return image;
}

/**
 * The heat layer. `options.url`; `heat.past` = cells of a past day instead of the present ones; `heat.quick`
 * while days follow one another: densities take over what a day changes, shares are smoothed in the cheaper way. With
 * `heat.per` the shares of the households near, whose cells are then `heat.whole`.
 */
export function createHeat(options) {
  const heat = {
    kind: null, per: false, wanted: false, only: null, breaks: [0, 1, 3, 6, 10], breaksOf: {}, shares: {}, least: 5, radius: 250,
    data: null, whole: [], past: null, quick: false, sheets: new Map(),
  };
  const scratch = document.createElement("canvas");
  let field = null; // of what is on it
  let playing = null; // the day last shown while days follow one another: its field, its picture and the colours of that

  // In steps, with what is to be shown at their beginning: whatever changes it begins them anew. Days that follow one
  // another would never come to the end: each is one step.
  function* prepare(view) {
    const { kind, per, only, quick, past, data, radius, least } = heat;
    const shown = past || data;
    let image = null;
    if (!quick || per) playing = null;
    if (per) {
      const asked = [shown, heat.whole, view, radius, least, quick];
      field = quick ? shares(...asked) : yield* shareSteps(...asked);
      image = paintShares(kind, heat.shares[kind], only, field);
    } else {
      const ink = inkOf(kind, heat.breaksOf[kind] || heat.breaks, only);
      if (quick) image = pictureOfDay(shown, view, radius, ink);
      else field = yield* densitySteps(shown.cells, shown.zoom, view, radius);
      image ||= paintDensities(ink, field);
    }
    if (!quick) yield;
    if (scratch.width !== field.width || scratch.height !== field.height) {
      scratch.width = field.width;
      scratch.height = field.height;
    }
    scratch.getContext("2d").putImageData(image, 0, 0);
  }

  function pictureOfDay(shown, view, radius, ink) {
    const colours = JSON.stringify([ink.ramp, ink.breaks, ink.only && [...ink.only]]);
    const places = playing && playing.colours === colours ? moveDay(playing.field, shown, view, radius) : null;
    if (places) for (const place of places) paintDensity(playing.image.data, place, playing.field.grid[place], ink);
    else {
      const started = startDay(shown, view, radius);
      playing = { field: started, image: paintDensities(ink, started), colours };
    }
    field = playing.field;
    return playing.image;
  }

  function draw(view) {
    view.ctx.globalAlpha = fade(view.zoom);
    view.ctx.imageSmoothingEnabled = true;
    view.ctx.imageSmoothingQuality = heat.quick ? "low" : "high";
    const { margin, step } = field;
    view.ctx.drawImage(scratch, -margin * step, -margin * step, field.width * step, field.height * step);
    view.ctx.globalAlpha = 1;
  }

  heat.overlay = new CanvasOverlay(draw, { pane: "fangtu-heat", prepare, needed: (view) => Boolean(heat.data && heat.kind) && fade(view.zoom) > 0 });
  heat.addTo = (map) => {
    heat.overlay.addTo(map);
    onPalette(() => heat.overlay.redraw());
    return heat;
  };

  function sheetOf(kind, params, init) {
    const address = withParams(options.url, { ...params, kind, form: "steps" });
    let sheet = heat.sheets.get(address);
    if (!sheet) {
      sheet = getJson(address, undefined, init).then(unpack);
      sheet.catch(() => heat.sheets.delete(address));
      heat.sheets.set(address, sheet);
    }
    return sheet;
  }

  async function fetchAll(kind, per, params, init = undefined) {
    const [data, ...whole] = await Promise.all([kind, ...(per ? HOUSEHOLDS : [])].map((one) => sheetOf(one, params, init)));
    if (heat.kind !== kind || heat.wanted !== per) return null; // something else is to be shown by now
    Object.assign(heat, { data, whole, per });
    heat.overlay.redraw();
    return data;
  }

  /** Show a kind (or null for none), per household or per hectare; data of a kind already seen comes from memory. */
  heat.show = async (kind, params, per = false) => {
    heat.kind = kind;
    heat.wanted = per;
    if (!kind) {
      heat.data = null;
      heat.overlay.redraw();
      return null;
    }
    return fetchAll(kind, per, params);
  };

  /** Fetch anew what is shown; what it replaces stays until it comes. */
  heat.renew = async (params) => {
    heat.sheets.clear();
    if (heat.kind) await fetchAll(heat.kind, heat.wanted, params, { headers: UNATTENDED });
  };
  return heat;
}
