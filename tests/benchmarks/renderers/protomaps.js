/* protomaps-leaflet with the records of our tiles, as plainly as it draws them: circles, and numbers on cells. */

const { CircleSymbolizer, CenteredTextSymbolizer, leafletLayer } = window.protomapsL;
const { done, open, house, halo } = window.COLOURS;
const isDone = (feature) => window.DONE.includes(feature.props.s);
const drawn = new Set();

/** A circle that notes which household it drew, when asked to. */
class Noting extends CircleSymbolizer {
  draw(ctx, geom, z, feature) {
    if (window.noting) drawn.add(feature.id);
    super.draw(ctx, geom, z, feature);
  }
}

function rules([closed, left]) {
  const circle = (dataLayer, radius, fill, filter) => ({
    dataLayer, filter, symbolizer: new Noting({ radius, fill, stroke: halo, width: 1 }),
  });
  return [
    circle("cells", 10, (z, feature) => (feature.props.gap ? left : closed)),
    circle("households", 3, closed, (z, feature) => isDone(feature)),
    circle("households", 3, left, (z, feature) => !isDone(feature)),
    circle("houses", 3, house, (z, feature) => feature.props.g === "C" || feature.props.g === "D"),
  ];
}

const map = window.plainMap();
const layer = leafletLayer({
  url: window.TILES,
  maxDataZoom: 17,
  paintRules: rules([done, open]),
  labelRules: [{ dataLayer: "cells", symbolizer: new CenteredTextSymbolizer({ labelProps: ["gap"], fill: "white", font: "600 11px sans-serif" }) }],
}).addTo(map);

/** Everything drawn anew with other colours; milliseconds until the last tile is done. */
async function repaint(colours) {
  const begun = performance.now();
  layer.paintRules = rules(colours);
  await Promise.all(Object.values(layer._tiles).map(({ coords, el }) => layer.renderTile(coords, el, el.key)));
  return performance.now() - begun;
}

window.peer = {
  map,
  idle: async () => {
    await new Promise((ready) => setTimeout(ready, 3000));
  },
  theme: async (n) => repaint(n % 2 ? [open, done] : [done, open]),
  live: async () => repaint([done, open]), // no call for one feature
  ids: async () => {
    window.noting = true;
    drawn.clear();
    await repaint([done, open]);
    window.noting = false;
    return [...drawn];
  },
};
