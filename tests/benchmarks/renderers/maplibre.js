/* MapLibre GL in Leaflet with the records of our tiles: circles whose colours follow the state of a feature. */

const { done, open, house, halo } = window.COLOURS;
window.maplibregl.setWorkerUrl("/npm/maplibre-gl/dist/maplibre-gl-csp-worker.js");

const colourOf = ([closed, left]) => ["case", ["in", ["coalesce", ["feature-state", "s"], ["get", "s"]], ["literal", window.DONE]], closed, left];
const circle = (id, radius, colour, filter) => ({
  id, type: "circle", source: "records", "source-layer": id, ...(filter ? { filter } : {}),
  paint: { "circle-radius": radius, "circle-color": colour, "circle-stroke-color": halo, "circle-stroke-width": 1 },
});
const style = {
  version: 8,
  sources: { records: { type: "vector", tiles: [window.TILES], maxzoom: 17 } },
  layers: [
    circle("cells", 10, ["case", [">", ["get", "gap"], 0], open, done]),
    // No glyph server: the browser draws the digits. As much as the others do.
    { id: "gaps", type: "symbol", source: "records", "source-layer": "cells", layout: { "text-field": ["to-string", ["get", "gap"]], "text-size": 11, "text-allow-overlap": true }, paint: { "text-color": "white" } },
    circle("households", 3, colourOf([done, open])),
    circle("houses", 3, house, ["in", ["get", "g"], ["literal", ["C", "D"]]]),
  ],
};
const map = window.plainMap();
const layer = window.MaplibreGLLeaflet.maplibreGL({ style, localIdeographFontFamily: "sans-serif", fadeDuration: 0 }).addTo(map);
const gl = layer.getMaplibreMap();

/** Milliseconds from a change until a frame was drawn after it. */
async function drawnAfter(act) {
  const begun = performance.now();
  const over = new Promise((ready) => gl.once("render", ready));
  act();
  gl.triggerRepaint();
  await over;
  return performance.now() - begun;
}

window.peer = {
  map,
  idle: () => new Promise((ready) => {
    const late = setTimeout(ready, 15000);
    gl.once("idle", () => { clearTimeout(late); ready(); });
    gl.triggerRepaint();
  }),
  theme: (n) => drawnAfter(() => gl.setPaintProperty("households", "circle-color", colourOf(n % 2 ? [open, done] : [done, open]))),
  live: () => drawnAfter(() => {
    const [one] = gl.queryRenderedFeatures({ layers: ["households"] });
    if (one) gl.setFeatureState({ source: "records", sourceLayer: "households", id: one.id }, { s: 1 });
  }),
  ids: async () => gl.queryRenderedFeatures({ layers: ["households"] }).map((feature) => feature.id),
};
