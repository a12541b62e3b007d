/*
 * The shift of GCJ-02 (高德, 腾讯), as in geo/china.py, which says where it comes from; a test holds both together.
 * Longitudes and latitudes in degrees.
 */

const AXIS_M = 6378245;
const ECCENTRICITY_SQUARED = 0.00669342162296594323;
const { PI, sin, cos, sqrt, abs } = Math;

function inChina(lon, lat) {
  return lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
}

function shift(lon, lat) {
  const x = lon - 105;
  const y = lat - 35;
  const wave = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const root = sqrt(abs(x));
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave;
  north += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3;
  north += ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave;
  east += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3;
  east += ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const phi = (lat * PI) / 180;
  const flat = 1 - ECCENTRICITY_SQUARED * sin(phi) ** 2;
  const meridian = (AXIS_M * (1 - ECCENTRICITY_SQUARED)) / flat ** 1.5;
  const normal = AXIS_M / sqrt(flat);
  return [lon + ((east / (normal * cos(phi))) * 180) / PI, lat + ((north / meridian) * 180) / PI];
}

/** WGS-84 -> GCJ-02; unchanged outside China. */
export function gcjOf(lon, lat) {
  return inChina(lon, lat) ? shift(lon, lat) : [lon, lat];
}

/** GCJ-02 -> WGS-84 by fixed-point iteration; unchanged outside China. */
export function wgsOf(lon, lat) {
  if (!inChina(lon, lat)) return [lon, lat];
  let [x, y] = [lon, lat];
  for (let step = 0; step < 12; step += 1) {
    const [foundX, foundY] = shift(x, y);
    x += lon - foundX;
    y += lat - foundY;
    if (abs(lon - foundX) < 1e-11 && abs(lat - foundY) < 1e-11) break;
  }
  return [x, y];
}
