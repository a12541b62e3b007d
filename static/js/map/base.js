/* Base map of vector tiles, in two drawings: ground under the theme, roofs and roads above it. */

import { Brush, decodeBase, drawGround, drawTop, hasGround, hasTop } from "./base-draw.js";
import { Mosaic } from "./mosaic.js";
import { looks, onPalette } from "./palette.js";
import { paintForPaper } from "./paper.js";
import { TileSource, tilesOf } from "./tiles.js";

// New kinds of things come with these levels; between them the level above knows the same, with a quarter of the requests.
const RICHER = new Set([11, 14]);

function dataZoom(z, last) {
  return Math.max(0, Math.min(last, RICHER.has(z) ? z : z - 1));
}

/**
 * A base map of vector tiles. `options.url`, `options.decode` (for tiles of other makers), `options.minZoom`,
 * `options.maxZoom`, `options.onTrouble`, `options.onNames` (names came); returns the handle the page works with.
 */
export function createBase(options) {
  const source = new TileSource({ url: options.url, decode: options.decode || decodeBase, maxZoom: options.maxZoom || 17, onTrouble: options.onTrouble });
  const base = { tinted: 0, visible: true };
  const minZoom = options.minZoom || 0;
  /** Names in the tiles of the view that are here. */
  base.names = (view) => tilesOf(view, dataZoom(Math.max(0, Math.round(view.zoom)), source.maxZoom)).flatMap((place) => source.peek(...place)?.names || []);

  function mosaicOf(pane, draw, has, more) {
    return new Mosaic({
      pane, source, ...more,
      needed: (zoom) => base.visible && zoom >= minZoom - 1,
      dataZoom: (zoom, z) => dataZoom(z, source.maxZoom),
      empty: (view, tile) => !tile || !has(tile, view.zoom),
      draw: (view, tile) => {
        view.ctx.lineJoin = "round";
        view.ctx.lineCap = "round";
        draw(new Brush(view, tile), { zoom: view.zoom, tinted: base.tinted });
      },
    });
  }
  const ground = mosaicOf("fangtu-ground", drawGround, hasGround, { stamp: () => String(looks()) });
  const top = mosaicOf("fangtu-top", drawTop, hasTop, { stamp: () => `${looks()} ${base.tinted}`, came: (tile) => tile.names.length && options.onNames?.() });
  const sheets = [ground, top];

  base.redraw = () => sheets.forEach((sheet) => sheet.redraw());
  base.addTo = (map) => {
    for (const sheet of sheets) sheet.addTo(map);
    onPalette(base.redraw);
    return base;
  };
  /** Strength of the shade over filled themes; 0 = full colours. */
  base.setTinted = (tinted) => {
    if (base.tinted === tinted) return;
    base.tinted = tinted;
    top.redraw();
  };
  base.setVisible = (visible) => {
    base.visible = visible;
    base.redraw();
  };
  /** Everything that is decoded, at once: paper does not wait. */
  base.paintNow = () => sheets.forEach(paintForPaper);
  return base;
}
