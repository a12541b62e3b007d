/* What the pages of both other renderers share: a Leaflet map without anything of its own, and the colours. */

window.COLOURS = { done: "#0C5A63", open: "#B4530A", house: "#8A1C1C", halo: "#FFFFFF" };
window.DONE = [1, 2, 6];
window.TILES = `${location.origin}/api/v1/tiles/records/{z}/{x}/{y}.mvt${location.search}`;
window.plainMap = () => L.map("map", { zoomControl: false, attributionControl: false, minZoom: 3, maxZoom: 20, fadeAnimation: false })
  .setView([36.4, 118.8], 9);
