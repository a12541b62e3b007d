/* What is known of one household on the map: its village and hamlet, proposals as hollow marks with their way, candidates. */

import { boundsOf, covers } from "../map/areas-data.js";
import { toLatLng } from "../map/overlay.js";
import { colour, fontOf, typeScale } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { methodWord } from "./list.js";

const CLOSE = 17;
const NEAR = 15;
// From a mark to its word, in pixels: past the arm of the crosshair, which stands on the mark when the map goes there.
const WORD_AT = 26;

const known = (spot) => Number.isFinite(spot?.lon) && Number.isFinite(spot?.lat);

function box(points) {
  const xs = points.map((point) => point.lon);
  const ys = points.map((point) => point.lat);
  return [[Math.min(...ys), Math.min(...xs)], [Math.max(...ys), Math.max(...xs)]];
}

/** Drawing of the selected household on a plain map. */
export function createPicture(plain) {
  const picture = { marks: [], boxes: [] };
  plain.obstacles(() => picture.boxes); // names of places give way to what can be accepted

  picture.show = (row) => {
    picture.marks = [];
    if (row) {
      picture.marks = [
        ...row.proposals.filter(known).map((one) => ({ sign: "ring", word: methodWord(one), ...one })),
        ...row.candidates.filter(known).map((one) => ({ sign: "box", word: one.township ? `${one.name} · ${one.township}` : one.name, ...one })),
      ];
      go(row);
    }
    plain.redraw();
  };

  function areaAround(spot) {
    const [x, y] = toWorld(spot.lon, spot.lat);
    return plain.villages.find((area) => !area.disc && covers(area, x, y)) || null;
  }

  // As close as what is known allows: a proposal is a house, a hamlet some streets, a village its outline.
  function go(row) {
    const { map } = plain;
    const exact = row.proposals.filter((one) => known(one) && one.quality <= 4);
    const candidates = row.candidates.filter(known);
    if (exact.length) {
      map.fitBounds(box(exact), { maxZoom: 18, padding: [60, 60], animate: false });
    } else if (known(row.hamlet)) map.setView([row.hamlet.lat, row.hamlet.lon], CLOSE, { animate: false });
    else if (candidates.length) {
      map.fitBounds(box(candidates), { maxZoom: NEAR, padding: [70, 70], animate: false });
    } else if (known(row.village)) {
      const area = areaAround(row.village);
      if (area) map.fitBounds(boundsOf(area, toLatLng), { padding: [20, 20], animate: false });
      else map.setView([row.village.lat, row.village.lon], NEAR, { animate: false });
    } else if (plain.extent()) map.fitBounds(plain.extent(), { padding: [20, 20], animate: false });
  }

  plain.add(({ ctx, ...view }) => {
    const taken = [];
    picture.boxes = [];
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.font = fontOf(12, 600);
    for (const mark of picture.marks) {
      const [wx, wy] = toWorld(mark.lon, mark.lat);
      const [x, y] = [wx * view.scale - view.left, wy * view.scale - view.top];
      for (const [width, style] of [[5, colour("symbol-halo")], [2.4, colour("p")]]) {
        ctx.beginPath();
        if (mark.sign === "ring") ctx.arc(x, y, 8, 0, Math.PI * 2);
        else ctx.rect(x - 7, y - 7, 14, 14);
        ctx.lineWidth = width;
        ctx.strokeStyle = style;
        ctx.stroke();
      }
      const line = 15 * typeScale();
      let top = y;
      while (taken.some(([left, at]) => Math.abs(left - x) < 120 && Math.abs(at - top) < line)) top += line;
      taken.push([x, top]);
      picture.boxes.push([x - 10, Math.min(y - 10, top - line / 2), x + WORD_AT + ctx.measureText(mark.word).width, Math.max(y + 10, top + line / 2)]);
      ctx.lineWidth = 3.5;
      ctx.strokeStyle = colour("map-label-halo");
      ctx.lineJoin = "round";
      ctx.strokeText(mark.word, x + WORD_AT, top);
      ctx.fillStyle = colour("map-label");
      ctx.fillText(mark.word, x + WORD_AT, top);
    }
  });
  return picture;
}
