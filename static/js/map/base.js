/*
 * Base map of our own store, in two sheets: ground under the theme, roofs and roads above it. Tiles are painted once for
 * a zoom, a few milliseconds in each frame, and then only copied: crisp at half zooms, whole on paper, two canvases in all.
 */

import { Brush, decodeBase, drawGround, drawTop } from "./base-draw.js";
import { CanvasOverlay } from "./overlay.js";
import { onPalette } from "./palette.js";
import { later } from "./queue.js";
import { TileSource } from "./tiles.js";

/** Level whose tiles a view is drawn from: from 16 on one level up, with a quarter of the requests and nothing left out. */
function dataZoom(zoom, last) {
  const whole = Math.floor(zoom + 0.001);
  return Math.max(0, Math.min(last, whole >= 16 ? whole - 1 : whole));
}

/** Tiles of a view with their place in device pixels, nearest to the middle first. */
function placesOf(view, last) {
  const z = dataZoom(view.zoom, last);
  const size = view.scale / 2 ** z;
  const { ratio } = view;
  const places = [];
  for (let x = Math.floor(view.left / size); x <= (view.left + view.width) / size; x += 1) {
    for (let y = Math.floor(view.top / size); y <= (view.top + view.height) / size; y += 1) {
      // Edges are rounded in the world, not in the view: neighbours always meet, wherever the view stands.
      const [x0, y0] = [Math.round(x * size * ratio), Math.round(y * size * ratio)];
      places.push({
        z, x, y, size, key: `${z}/${x}/${y}`,
        left: x0 - Math.round(view.left * ratio),
        top: y0 - Math.round(view.top * ratio),
        width: Math.round((x + 1) * size * ratio) - x0,
        height: Math.round((y + 1) * size * ratio) - y0,
        shiftX: x * size * ratio - x0,
        shiftY: y * size * ratio - y0,
        away: Math.hypot((x + 0.5) * size - view.left - view.width / 2, (y + 0.5) * size - view.top - view.height / 2),
      });
    }
  }
  return places.sort((a, b) => a.away - b.away);
}

function createSheet(base, source, paintTile, pane) {
  const sheet = { bitmaps: new Map(), asked: new Set(), stale: [], stamp: "", looks: 0 };

  function render(place, tile, view) {
    if (!tile) return null; // nothing lies there
    const bitmap = document.createElement("canvas");
    bitmap.width = place.width;
    bitmap.height = place.height;
    const ctx = bitmap.getContext("2d");
    ctx.lineJoin = "round";
    ctx.lineCap = "round";
    paintTile(new Brush(ctx, tile, place, view.ratio), { zoom: view.zoom, tinted: base.tinted });
    return bitmap;
  }

  function ask(place, view) {
    const { stamp } = sheet;
    if (sheet.asked.has(place.key)) return;
    sheet.asked.add(place.key);
    source.load(place.z, place.x, place.y).then(
      (tile) => later(() => {
        if (sheet.stamp !== stamp || sheet.bitmaps.has(place.key)) return;
        sheet.bitmaps.set(place.key, render(place, tile, view));
        sheet.overlay.redraw();
        if (tile?.names.length) base.named();
      }),
      () => sheet.asked.delete(place.key),
    );
  }

  /** Another zoom, theme or shade: what was painted for the last one stands in until it is painted anew. */
  function turn(view) {
    const stamp = [view.zoom, view.ratio, base.tinted, sheet.looks].join(" ");
    if (stamp === sheet.stamp) return;
    if (sheet.bitmaps.size) {
      sheet.stale = [...sheet.bitmaps].filter(([, bitmap]) => bitmap).map(([key, bitmap]) => ({ at: key.split("/").map(Number), bitmap }));
    }
    sheet.bitmaps = new Map();
    sheet.asked = new Set();
    sheet.stamp = stamp;
  }

  function standIn(ctx, place, view) {
    if (!sheet.stale.length) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(place.left, place.top, place.width, place.height);
    ctx.clip();
    for (const { at: [z, x, y], bitmap } of sheet.stale) {
      const size = (view.scale / 2 ** z) * view.ratio;
      ctx.drawImage(bitmap, x * size - view.left * view.ratio, y * size - view.top * view.ratio, size, size);
    }
    ctx.restore();
  }

  sheet.draw = (view, now = false) => {
    turn(view);
    const { ctx } = view;
    const places = view.zoom < base.minZoom - 1 ? [] : placesOf(view, source.maxZoom);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    let whole = true;
    for (const place of places) {
      let bitmap = sheet.bitmaps.get(place.key);
      if (bitmap === undefined && now) {
        const tile = source.peek(place.z, place.x, place.y);
        if (tile !== undefined) {
          bitmap = render(place, tile, view);
          sheet.bitmaps.set(place.key, bitmap);
        }
      }
      if (bitmap) ctx.drawImage(bitmap, place.left, place.top);
      else if (bitmap === undefined) {
        whole = false;
        standIn(ctx, place, view);
        ask(place, view);
      }
    }
    if (whole) sheet.stale = [];
    prune(new Set(places.map((place) => place.key)));
  };

  function prune(seen) {
    for (const key of sheet.bitmaps.keys()) {
      if (sheet.bitmaps.size <= seen.size * 2) break;
      if (!seen.has(key)) {
        sheet.bitmaps.delete(key);
        sheet.asked.delete(key);
      }
    }
  }

  sheet.overlay = new CanvasOverlay((view) => sheet.draw(view), { pane, needed: () => base.visible });
  return sheet;
}

/**
 * A base map of vector tiles. `options.url`, `options.decode` (for tiles of other makers), `options.minZoom`,
 * `options.maxZoom`, `options.onTrouble`, `options.onNames` (names came); returns the handle the page works with.
 */
export function createBase(options) {
  const source = new TileSource({ url: options.url, decode: options.decode || decodeBase, maxZoom: options.maxZoom || 17, onTrouble: options.onTrouble });
  const base = { tinted: 0, visible: true, minZoom: options.minZoom || 0 };
  let naming = 0;
  /** Many tiles come at once: the names are written when there is a pause. */
  base.named = () => {
    window.clearTimeout(naming);
    naming = window.setTimeout(() => options.onNames?.(), 120);
  };
  /** Names in the tiles of the view that are here. */
  base.names = (view) => placesOf(view, source.maxZoom).flatMap((place) => source.peek(place.z, place.x, place.y)?.names || []);
  const sheets = [
    createSheet(base, source, drawGround, "fangtu-ground"),
    createSheet(base, source, drawTop, "fangtu-top"),
  ];
  base.redraw = () => sheets.forEach((sheet) => sheet.overlay.redraw());
  base.addTo = (map) => {
    for (const sheet of sheets) sheet.overlay.addTo(map);
    onPalette(() => {
      for (const sheet of sheets) sheet.looks += 1;
      base.redraw();
    });
    return base;
  };
  /** Strength of the shade over filled themes; 0 = full colours. */
  base.setTinted = (tinted) => {
    if (base.tinted === tinted) return;
    base.tinted = tinted;
    base.redraw();
  };
  base.setVisible = (visible) => {
    base.visible = visible;
    base.redraw();
  };
  /** Everything that is decoded, at once: paper does not wait. */
  base.paintNow = () => sheets.forEach((sheet) => sheet.overlay.paint((view) => sheet.draw(view, true)));
  return base;
}
