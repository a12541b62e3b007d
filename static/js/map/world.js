/* Where a place lies in the world of the map: Web-Mercator fractions, and how many metres a pixel is there. */

/** Longitude and latitude in degrees -> Web-Mercator fractions of the world, each 0…1, y downwards. */
export function toWorld(lon, lat) {
  const sine = Math.sin((Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180);
  return [(lon + 180) / 360, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** Metres on the ground for one pixel, at a world y and zoom. */
export function metresPerPixel(y, zoom) {
  const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * y)));
  return (40075016.686 * Math.cos(lat)) / (256 * 2 ** zoom);
}
