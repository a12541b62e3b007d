/*
 * A base map of pictures: from a file of our own server, or from a source that the browser asks by itself. One canvas for
 * the view. Tiles in GCJ-02 are laid where their ground is: each by the shift at its own corners, with no jump between.
 */

import { t } from "../i18n.js";
import { getBytes } from "./api.js";
import { gcjOf, wgsOf } from "./gcj.js";
import { CanvasOverlay, toLatLng } from "./overlay.js";
import { onPalette } from "./palette.js";
import { toWorld } from "./world.js";

const KEEP = 320;
const MOST_AT_ONCE = 80;
const PATIENCE_MS = 12000;
const FIRST_FAILURES = 4;
const LATER_FAILURES = 16;

function degrees(x, y) {
  const { lat, lng } = toLatLng(x, y);
  return [lng, lat];
}

/**
 * Where a tile lies in the WGS-84 world: its corner and both edges, in fractions of the world. For GCJ-02 the edges are
 * those of the parallelogram nearest to the four corners; what is left over is below a metre from zoom 14 on.
 */
export function frameOf(crs, z, x, y) {
  const side = 2 ** z;
  if (crs !== "gcj02") return { x: x / side, y: y / side, ux: 1 / side, uy: 0, vx: 0, vy: 1 / side };
  const corner = (dx, dy) => toWorld(...wgsOf(...degrees((x + dx) / side, (y + dy) / side)));
  const [nw, ne, sw, se] = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
  const [ux, uy] = [0, 1].map((i) => (ne[i] + se[i] - nw[i] - sw[i]) / 2);
  const [vx, vy] = [0, 1].map((i) => (sw[i] + se[i] - nw[i] - ne[i]) / 2);
  const [mx, my] = [0, 1].map((i) => (nw[i] + ne[i] + sw[i] + se[i]) / 4);
  return { x: mx - (ux + vx) / 2, y: my - (uy + vy) / 2, ux, uy, vx, vy };
}

/** Tiles of a level that a view needs, nearest to its middle first. */
export function tilesOf(view, crs, z) {
  const side = 2 ** z;
  const spots = [[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]].map(([dx, dy]) => {
    const spot = [(view.left + view.width * dx) / view.scale, (view.top + view.height * dy) / view.scale];
    return crs === "gcj02" ? toWorld(...gcjOf(...degrees(...spot))) : spot;
  });
  const [xs, ys] = [0, 1].map((i) => spots.map((spot) => spot[i] * side));
  const clamp = (n) => Math.max(0, Math.min(side - 1, Math.floor(n)));
  const [middleX, middleY] = [xs[4] - 0.5, ys[4] - 0.5];
  const found = [];
  for (let x = clamp(Math.min(...xs)); x <= clamp(Math.max(...xs)); x += 1) {
    for (let y = clamp(Math.min(...ys)); y <= clamp(Math.max(...ys)); y += 1) {
      found.push({ z, x, y, key: `${z}/${x}/${y}`, away: Math.hypot(x - middleX, y - middleY) });
    }
  }
  return found.sort((a, b) => a.away - b.away);
}

/** The address of a tile. */
export function addressOf(url, hosts, { z, x, y }) {
  return url.replace("{s}", hosts.length ? hosts[(x + y) % hosts.length] : "")
    .replace("{z}", z).replace("{x}", x).replace("{-y}", 2 ** z - 1 - y).replace("{y}", y);
}

function fromElsewhere(url, referrer, signal) {
  return new Promise((resolve, reject) => {
    const picture = new Image();
    // What is looked at is nobody's business; at most the site itself is named, for keys that are bound to it.
    picture.referrerPolicy = referrer === "origin" ? "origin" : "no-referrer";
    picture.decoding = "async";
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new Error(t("底图图片取不到")));
    signal.addEventListener("abort", () => {
      picture.onload = picture.onerror = null;
      picture.src = "data:,";
      reject(new DOMException("dropped", "AbortError"));
    });
    picture.src = url;
  });
}

async function fromOurs(url, signal) {
  const bytes = await getBytes(url, signal);
  return bytes.byteLength ? createImageBitmap(new Blob([bytes])) : null;
}

/**
 * @param {object} entry one of /map/bases.json
 * @param {object} told `onTrouble(reason|null)` a tile of ours failed; `onLost()` a source elsewhere gives nothing
 */
export function createRaster(entry, { onTrouble = () => {}, onLost = () => {} } = {}) {
  const base = { visible: true, names: () => [], setTinted: () => {} };
  const tiles = new Map(); // key -> {frame, pictures|undefined, abort}
  let failures = 0;
  let ever = false;
  let lost = false;
  let timer = 0;

  function lose() {
    window.clearTimeout(timer);
    timer = 0;
    if (lost || !base.visible) return;
    lost = true;
    onLost();
  }

  function load(place) {
    const abort = new AbortController();
    const tile = { frame: frameOf(entry.crs, place.z, place.x, place.y), pictures: undefined, abort };
    tiles.set(place.key, tile);
    const get = (url) => (entry.online ? fromElsewhere(url, entry.referrer, abort.signal) : fromOurs(url, abort.signal));
    // Names over the picture may be missing; the picture may not.
    const [first, ...over] = entry.urls.map((url) => addressOf(url, entry.hosts || [], place));
    Promise.all([get(first), ...over.map((url) => get(url).catch(() => null))]).then(
      (pictures) => {
        tile.pictures = pictures.filter(Boolean);
        failures = 0;
        ever = true;
        window.clearTimeout(timer);
        timer = 0;
        if (!entry.online) onTrouble(null);
        base.overlay.redraw();
      },
      (reason) => {
        if (reason.name === "AbortError") return;
        tile.pictures = []; // not asked for again while it is in view
        failures += 1;
        if (!entry.online) onTrouble(reason);
        else if (failures >= (ever ? LATER_FAILURES : FIRST_FAILURES)) lose();
      },
    );
  }

  function levelOf(zoom) {
    return Math.max(entry.min_zoom, Math.min(entry.max_zoom, Math.round(zoom)));
  }

  function put(view, place, tile) {
    const { ctx, ratio, scale } = view;
    const { frame } = tile;
    for (const picture of tile.pictures) {
      if (entry.crs === "gcj02") {
        const [w, h] = [picture.width, picture.height];
        const k = ratio * scale;
        ctx.setTransform((k * frame.ux) / w, (k * frame.uy) / w, (k * frame.vx) / h, (k * frame.vy) / h,
          (frame.x * scale - view.left) * ratio, (frame.y * scale - view.top) * ratio);
        // Half a pixel over its edge, so that no light shows between neighbours.
        ctx.drawImage(picture, 0, 0, w + (0.6 * w) / (k * frame.ux), h + (0.6 * h) / (k * frame.vy));
        continue;
      }
      // Edges are rounded in the world, so that neighbours always meet.
      const edge = (fraction, start) => Math.round(fraction * scale * ratio) - Math.round(start * ratio);
      const [left, top] = [edge(frame.x, view.left), edge(frame.y, view.top)];
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.drawImage(picture, left, top, edge(frame.x + frame.ux, view.left) - left, edge(frame.y + frame.vy, view.top) - top);
    }
  }

  function dropPending(wanted) {
    for (const [key, tile] of tiles) {
      if (tile.pictures === undefined && !wanted.has(key)) {
        tiles.delete(key);
        tile.abort.abort();
      }
    }
  }

  const filled = (key) => tiles.get(key)?.pictures?.length;

  /** Until a tile is here: what is known of its place from the levels above, then from the one below. */
  function standIn(view, place) {
    for (let up = 1; up <= 5; up += 1) {
      const above = { z: place.z - up, x: place.x >> up, y: place.y >> up };
      above.key = `${above.z}/${above.x}/${above.y}`;
      if (above.z >= 0 && filled(above.key)) return [above];
    }
    return [0, 1, 2, 3].map((i) => ({ z: place.z + 1, x: place.x * 2 + (i & 1), y: place.y * 2 + (i >> 1) }))
      .map((below) => ({ ...below, key: `${below.z}/${below.x}/${below.y}` })).filter((below) => filled(below.key));
  }

  base.draw = (view) => {
    const z = levelOf(view.zoom);
    const places = tilesOf(view, entry.crs, z);
    // Far out of its levels it would take a thousand tiles to fill the view.
    if (places.length > MOST_AT_ONCE && z > view.zoom + 1) return;
    const wanted = new Set(places.map((place) => place.key));
    dropPending(wanted);
    const under = new Map();
    for (const place of places) if (!filled(place.key)) for (const one of standIn(view, place)) under.set(one.key, one);
    for (const one of [...under.values()].sort((a, b) => a.z - b.z)) put(view, one, tiles.get(one.key));
    for (const place of places) {
      const tile = tiles.get(place.key);
      if (tile?.pictures?.length) {
        tiles.delete(place.key); // put it at the young end
        tiles.set(place.key, tile);
        put(view, place, tile);
      } else if (!tile) load(place);
    }
    for (const key of tiles.keys()) {
      if (tiles.size <= KEEP) break;
      if (!wanted.has(key)) tiles.delete(key);
    }
    if (entry.online && !ever && !timer && !lost) timer = window.setTimeout(lose, PATIENCE_MS);
    view.ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  };

  base.overlay = new CanvasOverlay(base.draw, { pane: "fangtu-ground", needed: () => base.visible });
  base.addTo = (map) => {
    base.overlay.addTo(map);
    base.overlay._canvas.classList.add("base-picture");
    onPalette(() => base.overlay.redraw());
    return base;
  };
  /** Draw again, and ask once more for what failed. */
  base.redraw = () => {
    for (const [key, tile] of tiles) if (tile.pictures?.length === 0) tiles.delete(key);
    base.overlay.redraw();
  };
  base.paintNow = () => base.overlay.paint();
  base.setVisible = (visible) => {
    base.visible = visible;
    window.clearTimeout(timer);
    timer = 0;
    // Chosen once more, it is tried once more; put away, it asks for nothing more.
    lost = false;
    ever = false;
    failures = 0;
    if (!visible) dropPending(new Set());
    base.redraw();
  };
  return base;
}
