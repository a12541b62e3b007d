/* What a view of the field shows: base map, households, the own place. Drawn on any canvas; the strip above a visit is one. */

import { Brush, drawGround, drawTop } from "../map/base-draw.js";
import { colour, pixelRatio, withAlpha } from "../map/palette.js";
import { sprite, statusSign } from "../map/symbols.js";
import { tilesOf } from "../map/tiles.js";
import { metresPerPixel, toWorld } from "../map/world.js";
import { hasPlace } from "./nearby.js";
import { fieldTiles } from "./tiles.js";

const STRIP_ZOOM = 17.5;
const DEEPEST = 15; // as in the offline packs; tiles of deeper levels hold nothing more
const FULL = Math.PI * 2;

/** Make a canvas ready and give its view: the place in its middle at a zoom. Null while it has no size. */
export function viewOn(canvas, x, y, zoom) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return null;
  const ratio = pixelRatio();
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const scale = 256 * 2 ** zoom;
  return { ctx: canvas.getContext("2d"), ratio, width, height, zoom, scale, left: x * scale - width / 2, top: y * scale - height / 2 };
}

/** Draw the base map of a view from the tiles that are here; `onTile` is called when another one came. */
export function drawBase(view, onTile) {
  const { ctx, ratio, width, height, zoom } = view;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = colour("map-land");
  ctx.fillRect(0, 0, width, height);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  const at = tilesOf(view, Math.max(0, Math.min(DEEPEST, Math.floor(zoom) - 1)));
  const here = at.map((place) => fieldTiles.peek(...place)).filter(Boolean);
  for (const tile of here) drawGround(new Brush(view, tile), { zoom });
  for (const tile of here) drawTop(new Brush(view, tile), { zoom, tinted: 0 });
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const place of at) {
    // Without a network the land stays bare; nothing is asked for twice in one drawing.
    if (fieldTiles.peek(...place) === undefined) fieldTiles.load(...place).then(onTile, () => {});
  }
}

/** The strip above a visit; it can be looked at, not moved. */
export function drawStrip(canvas, what) {
  const [x, y] = toWorld(what.home.lon, what.home.lat);
  const view = viewOn(canvas, x, y, STRIP_ZOOM);
  if (!view) return;
  let waiting = false;
  drawBase(view, () => {
    if (waiting || !canvas.isConnected) return;
    waiting = true;
    requestAnimationFrame(() => drawStrip(canvas, what));
  });
  drawHouseholds(view, what.households, what.home.id);
  drawHere(view, what.here);
}

/** The households of a view as signs; the chosen one is ringed. */
export function drawHouseholds({ ctx, scale, left, top, width, height }, households, chosen = null) {
  for (const one of households) {
    if (!hasPlace(one) || one.status === null) continue;
    const [x, y] = toWorld(one.lon, one.lat);
    const [px, py] = [x * scale - left, y * scale - top];
    if (px < -20 || py < -20 || px > width + 20 || py > height + 20) continue;
    const sign = sprite(statusSign(one.status), 9);
    ctx.drawImage(sign, px - sign.half, py - sign.half, 2 * sign.half, 2 * sign.half);
    if (one.id !== chosen) continue;
    ctx.beginPath();
    ctx.arc(px, py, 17, 0, FULL);
    for (const [token, wide] of [["map-select-halo", 5], ["map-select", 2.4]]) {
      ctx.strokeStyle = colour(token);
      ctx.lineWidth = wide;
      ctx.stroke();
    }
  }
}

/** The day's route as a line from house to house, dashed as it follows no road, with the place of each in the order. */
export function drawRoute({ ctx, scale, left, top }, stops) {
  const at = stops.filter((stop) => stop.home && hasPlace(stop.home)).map(({ home, number }) => {
    const [x, y] = toWorld(home.lon, home.lat);
    return { number, x: x * scale - left, y: y * scale - top };
  });
  ctx.beginPath();
  for (const { x, y } of at) ctx.lineTo(x, y);
  for (const [token, wide, dash] of [["map-select-halo", 5, []], ["own-1", 2.5, [8, 5]]]) {
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = wide;
    ctx.setLineDash(dash);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.font = "600 13px sans-serif";
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const { number, x, y } of at) {
    ctx.beginPath();
    ctx.arc(x + 13, y - 13, 9.5, 0, FULL);
    ctx.fillStyle = colour("own-1");
    ctx.fill();
    ctx.fillStyle = colour("map-land");
    ctx.fillText(String(number), x + 13, y - 12.5);
  }
}

/** The own place with the circle of its error. */
export function drawHere({ ctx, scale, left, top, zoom }, here) {
  if (!here) return;
  const [x, y] = toWorld(here.lon, here.lat);
  const [px, py] = [x * scale - left, y * scale - top];
  ctx.beginPath();
  ctx.arc(px, py, Math.max(10, here.accuracy_m / metresPerPixel(y, zoom)), 0, FULL);
  ctx.fillStyle = withAlpha("own-1", 0.2);
  ctx.fill();
  ctx.beginPath();
  ctx.arc(px, py, 8, 0, FULL);
  ctx.fillStyle = colour("own-1");
  ctx.fill();
  ctx.lineWidth = 3;
  ctx.strokeStyle = "#FFFFFF";
  ctx.stroke();
}
