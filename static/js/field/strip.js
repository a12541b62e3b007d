/* A strip of map without Leaflet: the house, its neighbours, and where one stands. It can be looked at, not moved. */

import { Brush, drawGround, drawTop } from "../map/base-draw.js";
import { colour, pixelRatio, withAlpha } from "../map/palette.js";
import { sprite, statusSign } from "../map/symbols.js";
import { tilesOf } from "../map/tiles.js";
import { metresPerPixel, toWorld } from "../map/world.js";
import { hasPlace } from "./nearby.js";
import { fieldTiles } from "./tiles.js";

const ZOOM = 17.5;
const TILE_ZOOM = 16;

/** Draw the strip on a canvas; `home` a household with a place, `here` a fix or null. */
export function drawStrip(canvas, { home, households, here, reserved }) {
  const ratio = pixelRatio();
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return;
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  const ctx = canvas.getContext("2d");
  const scale = 256 * 2 ** ZOOM;
  const [x, y] = toWorld(home.lon, home.lat);
  const view = { ctx, ratio, width, height, zoom: ZOOM, scale, left: x * scale - width / 2, top: y * scale - height / 2 };
  const plain = () => ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  plain();
  ctx.fillStyle = colour("map-land");
  ctx.fillRect(0, 0, width, height);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  const tiles = tilesOf(view, TILE_ZOOM);
  for (const at of tiles) {
    const tile = fieldTiles.peek(...at);
    if (tile) drawGround(new Brush(view, tile), { zoom: ZOOM });
  }
  for (const at of tiles) {
    const tile = fieldTiles.peek(...at);
    if (tile) drawTop(new Brush(view, tile), { zoom: ZOOM, tinted: 0 });
  }
  plain();
  drawHouseholds(view, households, home.id);
  drawHere(view, here);
  const missing = tiles.filter((at) => fieldTiles.peek(...at) === undefined && !reserved.has(at.join("/")));
  for (const at of missing) {
    reserved.add(at.join("/"));
    fieldTiles.load(...at).then(() => canvas.isConnected && drawStrip(canvas, { home, households, here, reserved }), () => {});
  }
}

/** The households of a view as signs; the chosen one is ringed. */
export function drawHouseholds(view, households, chosen = null) {
  const { ctx, scale, left, top, width, height } = view;
  for (const one of households) {
    if (!hasPlace(one)) continue;
    const [x, y] = toWorld(one.lon, one.lat);
    const [px, py] = [x * scale - left, y * scale - top];
    if (px < -20 || py < -20 || px > width + 20 || py > height + 20) continue;
    const sign = sprite(statusSign(one.status), 9);
    ctx.drawImage(sign, px - sign.half, py - sign.half, 2 * sign.half, 2 * sign.half);
    if (one.id !== chosen) continue;
    ctx.beginPath();
    ctx.arc(px, py, 17, 0, Math.PI * 2);
    for (const [token, wide] of [["map-select-halo", 5], ["map-select", 2.4]]) {
      ctx.strokeStyle = colour(token);
      ctx.lineWidth = wide;
      ctx.stroke();
    }
  }
}

/** The own place with the circle of its error. */
export function drawHere({ ctx, scale, left, top, zoom }, here) {
  if (!here) return;
  const [x, y] = toWorld(here.lon, here.lat);
  const [px, py] = [x * scale - left, y * scale - top];
  ctx.beginPath();
  ctx.arc(px, py, Math.max(10, here.accuracy_m / metresPerPixel(y, zoom)), 0, Math.PI * 2);
  ctx.fillStyle = withAlpha("own-1", 0.2);
  ctx.fill();
  ctx.beginPath();
  ctx.arc(px, py, 8, 0, Math.PI * 2);
  ctx.fillStyle = colour("own-1");
  ctx.fill();
  ctx.lineWidth = 3;
  ctx.strokeStyle = "#FFFFFF";
  ctx.stroke();
}
