/* Corners of an area as handles: dragged, or by keyboard moved with the arrow keys, added with plus, taken with Delete. */

import { t } from "../i18n.js";
import { say } from "../map/dom.js";

const MOST_HANDLES = 300;

/**
 * @param {object} L Leaflet
 * @param {object} map
 * @param {object} told `round(latlng)` to a pair, `changed()` after a change, `moved()` while one is dragged, `said(words)`
 *   with what keeps handles from being shown, or null
 * @returns {{show: function, clear: function}} `show(polygons)` draws handles of what lies in view
 */
export function createCorners(L, map, { round, changed, moved, said }) {
  const handles = L.layerGroup().addTo(map);
  let polygons = [];

  function clear() {
    handles.clearLayers();
  }

  function show(rings, focus = null) {
    polygons = rings;
    clear();
    const bounds = map.getBounds().pad(0.1);
    const seen = [];
    for (const parts of polygons) for (const ring of parts) ring.forEach((point, at) => bounds.contains([point[1], point[0]]) && seen.push({ ring, at }));
    if (seen.length > MOST_HANDLES) {
      said(t("这里有 %(n)s 个角点，请放大后再改。", { n: seen.length }));
      return;
    }
    said(null);
    for (const [number, { ring, at }] of seen.entries()) handles.addLayer(handle(ring, at, number + 1, focus && focus.ring === ring && focus.at === at));
  }

  function handle(ring, at, number, focused) {
    const [lon, lat] = ring[at];
    const marker = L.marker([lat, lon], { draggable: true, keyboard: true, title: t("角点 %(n)s", { n: number }), icon: L.divIcon({ className: "vertex", iconSize: [28, 28] }) });
    const put = (latlng) => {
      ring[at] = round(latlng);
      changed();
    };
    marker.on("drag", () => { ring[at] = round(marker.getLatLng()); moved(); });
    marker.on("dragend", () => put(marker.getLatLng()));
    marker.on("add", () => {
      const node = marker.getElement();
      node.setAttribute("aria-label", t("角点 %(n)s", { n: number }));
      node.addEventListener("keydown", (event) => {
        const step = event.shiftKey ? 10 : 1;
        const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
        if (way) {
          const spot = map.latLngToContainerPoint(marker.getLatLng()).add(way);
          marker.setLatLng(map.containerPointToLatLng(spot));
          put(marker.getLatLng());
        } else if (event.key === "Delete" || event.key === "Backspace") {
          if (ring.length <= 3) say(t("一圈至少要 3 个点。"));
          else {
            ring.splice(at, 1);
            changed();
            show(polygons, { ring, at: Math.min(at, ring.length - 1) });
          }
        } else if (event.key === "+" || event.key === "Insert") {
          const next = ring[(at + 1) % ring.length];
          ring.splice(at + 1, 0, [(ring[at][0] + next[0]) / 2, (ring[at][1] + next[1]) / 2]);
          changed();
          show(polygons, { ring, at: at + 1 });
        } else return;
        event.preventDefault();
        event.stopPropagation();
      });
      if (focused) node.focus({ preventScroll: true });
    });
    return marker;
  }

  return { show, clear };
}
