/* The map of the field: households and the own place; a tap opens what a row of the list opens. Marks use the same map. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { statusWord } from "./words.js";
import { addressOf, button, tagsOf } from "./parts.js";
import { hasPlace, ownOf } from "./nearby.js";

const TAP_PX = 26;
const START_ZOOM = 17;

function script(src) {
  return new Promise((resolve, reject) => {
    document.head.append(h("script", { src, onload: resolve, onerror: () => reject(new Error(src)) }));
  });
}

/** Make the map once; it is moved into the screen that shows it. */
export async function openMap(app) {
  if (!window.L) {
    document.head.append(h("link", { rel: "stylesheet", href: "/static/vendor/leaflet/leaflet.css" }));
    await script("/static/vendor/leaflet/leaflet.js");
  }
  const [{ createBase }, { CanvasOverlay }, { onPalette }, { drawHere, drawHouseholds }, { fieldTiles }] = await Promise.all([
    import("../map/base.js"), import("../map/overlay.js"), import("../map/palette.js"), import("./strip.js"), import("./tiles.js"),
  ]);
  const { L } = window;
  const stage = h("div", { class: "stage" });
  const tools = h("div", { class: "map-tools" });
  const card = h("div", { class: "map-card" });
  const frame = h("div", { class: "map-frame" }, stage, tools, card);
  const map = L.map(stage, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 19, minZoom: 9, fadeAnimation: false });
  stage.setAttribute("role", "region");
  stage.setAttribute("aria-label", t("农户地图。同样的内容在“走访”名单里。"));
  for (const [name, order] of Object.entries({ ground: 200, top: 350, points: 400 })) {
    const pane = map.createPane(`fangtu-${name}`);
    pane.style.zIndex = String(order);
    pane.style.pointerEvents = "none";
  }
  let chosen = null;
  const signs = new CanvasOverlay((view) => {
    drawHouseholds(view, app.phone.households(), chosen);
    drawHere(view, app.here);
  }, { pane: "fangtu-points" });
  const field = { map, mode: "map" };

  function home() {
    const placed = ownOf(app.phone.households()).filter(hasPlace);
    if (app.here) map.setView([app.here.lat, app.here.lon], START_ZOOM);
    else if (placed.length) map.fitBounds(placed.map((one) => [one.lat, one.lon]), { padding: [30, 30], maxZoom: START_ZOOM });
    else map.setView([36.4, 118.8], 12);
  }

  function drawCard() {
    const one = chosen === null ? null : app.phone.households().find((found) => found.id === chosen);
    fill(card, one && h("section", { class: "map-chosen", "aria-label": one.head || one.code },
      h("p", { class: "row-name" }, h("strong", {}, one.head || one.code), tagsOf(one)), h("p", {}, `${addressOf(one)} · ${statusWord(one.status)}`),
      button(t("走访这一户"), () => app.openVisit(one.id), { class: "main", dataset: { household: one.id } })));
  }

  map.on("click", ({ containerPoint }) => {
    if (field.mode !== "map") return;
    let best = null;
    for (const one of app.phone.households()) {
      if (!hasPlace(one)) continue;
      const far = map.latLngToContainerPoint([one.lat, one.lon]).distanceTo(containerPoint);
      if (far < TAP_PX && (!best || far < best.far)) best = { far, id: one.id };
    }
    chosen = best ? best.id : null;
    signs.redraw();
    drawCard();
  });

  field.draw = () => {
    if (!stage.isConnected) return;
    signs.redraw();
    drawCard();
  };

  field.locate = () => app.here && map.setView([app.here.lat, app.here.lon], Math.max(map.getZoom(), START_ZOOM));
  field.centre = () => {
    const { lat, lng } = map.getCenter();
    return { lon: lng, lat };
  };

  /** Show the map in a screen. */
  field.show = async (box, mode) => {
    field.mode = mode;
    fill(box, h("h2", { class: "unseen" }, t("地图")), app.notices(), frame);
    card.hidden = mode !== "map";
    map.invalidateSize({ pan: false });
    if (!map._loaded) {
      home();
      createBase({ source: fieldTiles }).addTo(map);
      signs.addTo(map);
    }
    field.draw();
    box.dataset.drawn = "true";
  };

  const tool = (name, words, act) => h("button", { type: "button", class: "tool", "aria-label": words, title: words, onclick: act }, icon(name));
  fill(tools, tool("plus", t("放大"), () => map.zoomIn(1)), tool("minus", t("缩小"), () => map.zoomOut(1)), tool("target", t("我的位置"), field.locate));
  onPalette(() => signs.redraw());
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(stage);
  return field;
}
