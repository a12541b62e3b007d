/*
 * Households whose place is known only to their natural village or village: none of them is a dot. One pill at the
 * settlement's centre says how many they are; its edge is dashed because the place is estimated.
 */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { getJson, withParams } from "./api.js";
import { moved, overlaps, touches } from "./labels.js";
import { colour, fontOf, typeScale, widthOf } from "./palette.js";
import { onChange, state } from "./state.js";
import { toWorld } from "./world.js";

const HEIGHT = 22;
const PADDING = 9;
// Where the centre is taken, the pill stands as near to it as there is room.
const SHIFTS = [[0, 0], [0, -30], [0, 30], [-48, -26], [48, -26], [-48, 26], [48, 26], [-84, 0], [84, 0], [0, -54], [0, 54]];

function settlementOf(row) {
  const [x, y] = toWorld(row.lon, row.lat);
  return { ...row, kind: "settled", id: row.code, x, y }; // addresses name it by its code
}

/** `options.url`, `options.from_zoom`. The scene gives it `redraw`. */
export function createSettled(options) {
  const layer = { from: options.from_zoom ?? 14, all: [], shown: false, drawn: [], redraw: () => {} };
  const sheets = new Map();
  const coarse = window.matchMedia("(pointer: coarse)").matches;
  let address = null;
  let failed = false;

  /** Fetch the numbers of a campaign and round once; a failure is told, since the rest of the map is still right. */
  layer.load = async (params) => {
    const wanted = withParams(options.url, params);
    if (wanted !== address) layer.all = []; // no number of another round meanwhile
    address = wanted;
    let sheet = sheets.get(wanted);
    if (!sheet) {
      sheet = getJson(wanted).then((answer) => answer.settlements.map(settlementOf).sort((a, b) => b.n - a.n));
      sheets.set(wanted, sheet);
    }
    try {
      const all = await sheet;
      if (wanted !== address) return;
      if (layer.all !== all) {
        layer.all = all;
        layer.redraw();
      }
      if (failed) options.onTrouble(null);
      failed = false;
    } catch (reason) {
      sheets.delete(wanted);
      failed = true;
      options.onTrouble(reason);
    }
  };

  /** Fetch the numbers anew, where they were asked for. */
  layer.renew = (params) => {
    sheets.delete(withParams(options.url, params));
    return address === null ? null : layer.load(params);
  };

  layer.retry = (params) => (failed ? layer.load(params) : null);

  /** Choose what has room in a view beside `obstacles`; the larger number is placed first. */
  layer.place = (view, obstacles = []) => {
    layer.drawn = [];
    if (!layer.shown || view.zoom < layer.from) return;
    const scale = typeScale();
    const taken = [...obstacles];
    const height = Math.round(HEIGHT * scale);
    for (const one of layer.all) {
      const x = Math.round(one.x * view.scale - view.left);
      const y = Math.round(one.y * view.scale - view.top);
      if (x < -60 || y < -60 || x > view.width + 60 || y > view.height + 60) continue;
      const words = t("≈ %(n)s 户", { n: count(one.n) });
      const width = Math.ceil(widthOf(words, fontOf(12, 600)) + 2 * PADDING * scale);
      for (const [dx, dy] of SHIFTS) {
        // On half pixels the edge is sharp.
        const [left, top] = [Math.round(x + dx * scale - width / 2) + 0.5, Math.round(y + dy * scale - height / 2) + 0.5];
        const box = [left, top, left + width, top + height];
        if (overlaps(box, taken)) continue;
        taken.push(box);
        layer.drawn.push({ one, words, box, left: view.left, top: view.top, zoom: view.zoom });
        break;
      }
    }
  };

  const within = (view) => layer.drawn.filter(({ box, left, top, zoom }) => zoom === view.zoom && touches(moved(box, left, top), view, 6));

  /** Says what is painted on a part of the view. */
  layer.stamp = (view) => within(view).map(({ one, words, box, left, top }) => `${box[0] + left},${box[1] + top}${words}${one.id === chosen()}`).join(" ");

  layer.paint = ({ ctx, ...view }) => {
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const pill of within(view)) paint(ctx, { ...pill, box: moved(pill.box, pill.left - view.left, pill.top - view.top) });
    ctx.setLineDash([]);
  };

  function paint(ctx, { one, words, box }) {
    const [width, height] = [box[2] - box[0], box[3] - box[1]];
    const outline = (grown) => {
      ctx.beginPath();
      ctx.roundRect(box[0] - grown, box[1] - grown, width + 2 * grown, height + 2 * grown, height / 2 + grown);
    };
    const stroke = (token, thick, dash = []) => {
      ctx.setLineDash(dash);
      ctx.lineWidth = thick;
      ctx.strokeStyle = colour(token);
      ctx.stroke();
    };
    if (one.id === chosen()) {
      outline(3);
      stroke("map-select-halo", 5);
      stroke("map-select", 2.4);
    }
    outline(0);
    stroke("symbol-halo", 4);
    ctx.fillStyle = colour("s");
    ctx.fill();
    stroke("t2", 1.4, [4, 3]);
    ctx.font = fontOf(12, 600);
    ctx.fillStyle = colour("t");
    ctx.fillText(words, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2 + 0.5);
  }

  /** Boxes that are taken, for what is drawn after. */
  layer.boxes = () => layer.drawn.map(({ box }) => box);

  /** The settlement whose pill covers a world point. */
  layer.pick = (worldX, worldY, zoom) => {
    const scale = 256 * 2 ** zoom;
    const reach = coarse ? 12 : 2;
    const hit = layer.drawn.find(({ box, left, top }) => {
      const [x, y] = [worldX * scale - left, worldY * scale - top];
      return x >= box[0] - reach && x <= box[2] + reach && y >= box[1] - reach && y <= box[3] + reach;
    });
    return hit?.one || null;
  };

  /** Where the pill of a settlement stands, in world fractions, and half its width in pixels; its centre if not drawn. */
  layer.spot = (one, zoom) => {
    const pill = layer.drawn.find((drawn) => drawn.one === one);
    if (!pill) return { x: one.x, y: one.y, half: 0 };
    const { box, left, top } = pill;
    const scale = 256 * 2 ** zoom;
    return { x: ((box[0] + box[2]) / 2 + left) / scale, y: ((box[1] + box[3]) / 2 + top) / scale, half: (box[2] - box[0]) / 2 };
  };

  function chosen() {
    return state.selected?.kind === "settled" ? state.selected.id : null;
  }

  let last = null;
  onChange((names) => {
    if (!names.has("selected") || chosen() === last) return;
    last = chosen();
    layer.redraw();
  });
  return layer;
}
