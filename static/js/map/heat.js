/* Density of households as a heatmap: the bandwidth is in metres and the classes are fixed, so zooms and days compare. */

import { getJson, UNATTENDED, withParams } from "./api.js";
import { gaussian } from "./blur.js";
import { CanvasOverlay, metresPerPixel } from "./overlay.js";
import { onPalette, rgb } from "./palette.js";

// The radius people are told holds 86 % of a household's weight: two standard deviations of the gaussian.
const RADIUS_SIGMAS = 2;
const ALPHAS = [0, 0.72, 0.78, 0.82, 0.85];

/** Opacity by zoom: whole below 15, gone at 16, where single households take over. */
export function fade(zoom) {
  return Math.max(0, Math.min(1, 16 - zoom));
}

/**
 * Households per hectare on a grid over the view. Pure: cells in, densities out.
 * @param {number[]} cells x, y, n, … with tile numbers at `zoom`
 * @param {number} radius metres on the ground
 * @param {boolean} quick a coarser grid, for pictures that follow one another
 */
export function densities(cells, zoom, view, radius, quick = false) {
  const midY = (view.top + view.height / 2) / view.scale;
  const perPixel = metresPerPixel(midY, view.zoom);
  const spread = radius / RADIUS_SIGMAS / perPixel; // pixels
  const step = Math.max(1, quick ? Math.min(6, Math.floor(spread / 1.5)) : Math.min(4, Math.floor(spread / 2))); // screen pixels of one cell
  const metres = perPixel * step;
  const sigma = spread / step;
  const margin = Math.ceil(sigma * 3);
  const width = Math.ceil(view.width / step) + margin * 2;
  const height = Math.ceil(view.height / step) + margin * 2;
  const grid = new Float32Array(width * height);
  const side = 2 ** zoom;
  const put = (x, y, n) => {
    if (x >= 0 && y >= 0 && x < width && y < height) grid[y * width + x] += n;
  };
  for (let i = 0; i < cells.length; i += 3) {
    const x = (((cells[i] + 0.5) / side) * view.scale - view.left) / step + margin;
    const y = (((cells[i + 1] + 0.5) / side) * view.scale - view.top) / step + margin;
    if (quick) put(Math.floor(x), Math.floor(y), cells[i + 2]);
    else {
      // Shared out among the four cells whose middles are nearest, so that a place is the same one at every zoom.
      const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
      const [right, down] = [x - 0.5 - left, y - 0.5 - top];
      const n = cells[i + 2];
      put(left, top, n * (1 - right) * (1 - down));
      put(left + 1, top, n * right * (1 - down));
      put(left, top + 1, n * (1 - right) * down);
      put(left + 1, top + 1, n * right * down);
    }
  }
  // Sharing out has blurred a little already: by a sixth of a cell squared, on the average.
  gaussian(grid, width, height, quick ? sigma : Math.sqrt(Math.max(0, sigma * sigma - 1 / 6)), quick);
  const perHectare = 10000 / (metres * metres);
  for (let i = 0; i < grid.length; i += 1) grid[i] *= perHectare;
  return { grid, width, height, margin, step };
}

/** Colour table: 256 steps over the classes, a soft edge of a tenth of a class between them. */
function paint(kind, breaks, { grid, width, height }) {
  const image = new ImageData(width, height);
  const ramp = breaks.map((_, i) => (i ? rgb(`heat-${kind}-${Math.min(4, i)}`) : rgb(`heat-${kind}-1`)));
  const first = breaks[1];
  for (let i = 0; i < grid.length; i += 1) {
    const value = grid[i];
    if (value < first * 0.25) continue;
    let level = 0;
    while (level + 1 < breaks.length && value >= breaks[level + 1]) level += 1;
    const [r, g, b] = ramp[level];
    const at = i * 4;
    image.data[at] = r;
    image.data[at + 1] = g;
    image.data[at + 2] = b;
    // Below the first class the colour only fades in, so that no hard edge pretends to be a border.
    const alpha = level === 0 ? ((value / first - 0.25) / 0.75) ** 2 * ALPHAS[1] * 0.7 : ALPHAS[Math.min(level, 4)];
    image.data[at + 3] = alpha * 255;
  }
  return image;
}

/**
 * The heat layer. `options.url`; `heat.past` = cells of a past day instead of the present ones; `heat.quick`
 * while days follow one another: smoothed in the cheaper way, which a machine without a GPU does sooner.
 */
export function createHeat(options) {
  const heat = { kind: null, only: null, breaks: [0, 1, 3, 6, 10], radius: 250, data: null, past: null, quick: false, sheets: new Map() };
  const scratch = document.createElement("canvas");

  function draw(view) {
    const strength = fade(view.zoom);
    const field = densities((heat.past || heat.data).cells, (heat.past || heat.data).zoom, view, heat.radius, heat.quick);
    if (heat.only) {
      field.grid.forEach((value, i) => {
        let level = 0;
        while (level + 1 < heat.breaks.length && value >= heat.breaks[level + 1]) level += 1;
        if (!heat.only.has(`h${level}`)) field.grid[i] = 0;
      });
    }
    scratch.width = field.width;
    scratch.height = field.height;
    scratch.getContext("2d").putImageData(paint(heat.kind, heat.breaks, field), 0, 0);
    view.ctx.globalAlpha = strength;
    view.ctx.imageSmoothingEnabled = true;
    view.ctx.imageSmoothingQuality = heat.quick ? "low" : "high";
    const { margin, step } = field;
    view.ctx.drawImage(scratch, -margin * step, -margin * step, field.width * step, field.height * step);
    view.ctx.globalAlpha = 1;
  }

  heat.overlay = new CanvasOverlay(draw, { pane: "fangtu-heat", needed: (view) => Boolean(heat.data && heat.kind) && fade(view.zoom) > 0 });
  heat.addTo = (map) => {
    heat.overlay.addTo(map);
    onPalette(() => heat.overlay.redraw());
    return heat;
  };

  /** Show a kind (or null for none); data of a kind already seen comes from memory. */
  heat.show = async (kind, params) => {
    heat.kind = kind;
    if (!kind) {
      heat.data = null;
      heat.overlay.redraw();
      return null;
    }
    const address = withParams(options.url, { ...params, kind });
    let data = heat.sheets.get(address);
    if (!data) {
      data = await getJson(address);
      heat.sheets.set(address, data);
    }
    if (heat.kind === kind) {
      heat.data = data;
      heat.overlay.redraw();
    }
    return data;
  };

  /** Fetch anew what is shown; what it replaces stays until it comes. */
  heat.renew = async (params) => {
    heat.sheets.clear();
    if (!heat.kind) return;
    const { kind } = heat;
    const address = withParams(options.url, { ...params, kind });
    const data = await getJson(address, undefined, { headers: UNATTENDED });
    heat.sheets.set(address, data);
    if (heat.kind !== kind) return;
    heat.data = data;
    heat.overlay.redraw();
  };
  return heat;
}
