/* The map of the field: households and the own place; a tap opens what a row of the list opens. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { toWorld } from "../map/world.js";
import { routeToday } from "./list.js";
import { addressOf, distanceTo, hasPlace, ownOf } from "./nearby.js";
import { button, tagsOf } from "./parts.js";
import { createStage } from "./stage.js";
import { drawHere, drawHouseholds, drawRoute } from "./strip.js";
import { statusWord } from "./words.js";

const NEAR_PX = 28;
const CLOSE_ZOOM = 17;
const AWAY_M = 3000; // so far from every household none of them is on the screen

/** One button over a map. */
export function tool(name, words, act) {
  return h("button", { type: "button", class: "tool", "aria-label": words, title: words, onclick: act }, icon(name));
}

/**
 * Where a map of the field begins: at the own place, else in the middle of the households.
 * @param {number} [away] metres from all households beyond which the own place is no place to begin at
 */
export function begin(app, stage, away = Infinity) {
  const placed = ownOf(app.phone.households()).filter(hasPlace);
  if (app.here && (!placed.length || placed.some((one) => distanceTo(one, app.here) <= away))) stage.show(app.here.lon, app.here.lat, CLOSE_ZOOM);
  else if (placed.length) {
    const middle = (of) => placed.map((one) => one[of]).sort((a, b) => a - b)[Math.floor(placed.length / 2)];
    stage.show(middle("lon"), middle("lat"), CLOSE_ZOOM - 1);
  } else stage.show(118.8, 36.4, 12);
}

/** Make the map once; `show(box)` puts it into a screen, `draw()` draws it anew. */
export function createMap(app) {
  const canvas = h("canvas", { class: "stage", tabindex: 0, role: "img", "aria-label": t("农户地图。同样的内容在“走访”名单里。") });
  const card = h("div", { class: "map-card" });
  let chosen = null;
  let begun = false;

  const stage = createStage(canvas, {
    draw: (view) => {
      const route = routeToday(app).map((stop, n) => ({ ...stop, number: n + 1 }));
      drawHouseholds(view, app.phone.households(), chosen);
      drawRoute(view, route);
      drawHere(view, app.here);
    },
    onTap: (px, py, { scale, left, top }) => {
      let best = null;
      for (const one of app.phone.households()) {
        if (!hasPlace(one)) continue;
        const [x, y] = toWorld(one.lon, one.lat);
        const far = Math.hypot(x * scale - left - px, y * scale - top - py);
        if (far < NEAR_PX && (!best || far < best.far)) best = { far, id: one.id };
      }
      chosen = best ? best.id : null;
      map.draw();
    },
  });
  const tools = h("div", { class: "map-tools" },
    tool("plus", t("放大"), () => stage.zoomBy(1)), tool("minus", t("缩小"), () => stage.zoomBy(-1)),
    tool("target", t("我的位置"), () => app.here && stage.show(app.here.lon, app.here.lat, Math.max(stage.zoom, CLOSE_ZOOM))));
  const frame = h("div", { class: "map-frame" }, canvas, tools, card);

  function drawCard() {
    const one = chosen === null ? null : app.phone.households().find((found) => found.id === chosen);
    fill(card, one && h("section", { class: "map-chosen", "aria-label": one.head || one.code },
      h("p", { class: "row-name" }, h("strong", {}, one.head || one.code), tagsOf(one)), h("p", {}, `${addressOf(one)} · ${statusWord(one.status)}`),
      button(t("走访这一户"), () => app.openVisit(one.id), { class: "main", dataset: { household: one.id } })));
  }

  const map = {
    draw() {
      if (!canvas.isConnected) return;
      stage.redraw();
      drawCard();
    },
    show(box) {
      fill(box, h("h2", { class: "unseen" }, t("地图")), app.notices(), frame);
      if (!begun) begin(app, stage, AWAY_M);
      begun = true;
      map.draw();
    },
  };
  return map;
}
