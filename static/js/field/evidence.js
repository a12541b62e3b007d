/* What a visit proves by itself: where and how long. Noted quietly; nothing here ever blocks saving. */

export const ROUGH_M = 50;
export const FAR_M = 200;
const EARTH_M = 6371008.8; // mean radius, IUGG

/** Metres between two places `{lon, lat}` in degrees, along the great circle (haversine). */
export function metresBetween(a, b) {
  const rad = Math.PI / 180;
  const [dLat, dLon] = [(b.lat - a.lat) * rad, (b.lon - a.lon) * rad];
  const s = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(s)));
}

/** A reading of the browser's as a fix `{lon, lat, accuracy_m, at}`; `at` in milliseconds. */
export function asFix({ coords, timestamp }) {
  return { lon: coords.longitude, lat: coords.latitude, accuracy_m: Math.round(coords.accuracy * 10) / 10, at: Math.round(timestamp) };
}

/** The better of two fixes: the more accurate, of equal ones the later. */
export function betterFix(a, b) {
  if (!a || !b) return a || b || null;
  return b.accuracy_m <= a.accuracy_m ? b : a;
}

/** How a fix stands to a house: `{distance_m, rough, far}`; distance null where the house has no place of its own. */
export function judgeFix(fix, home) {
  if (!fix) return { distance_m: null, rough: false, far: false };
  const distance = home && home.lon !== null && home.lat !== null ? Math.round(metresBetween(fix, home)) : null;
  return { distance_m: distance, rough: fix.accuracy_m > ROUGH_M, far: distance !== null && distance > FAR_M };
}

// One life of the page: a clock that no change of the phone's time moves, good as long as the page lives.
const LIFE = crypto.randomUUID();

/** Begin of a presence: the phone's clock, and the monotonic one of this life of the page. */
export function beginPresence(now = Date.now(), tick = performance.now()) {
  return { started_at: now, life: LIFE, tick };
}

/** End of it: seconds by the monotonic clock, or by the phone's if the page was loaded anew in between. */
export function endPresence(begun, now = Date.now(), tick = performance.now()) {
  if (begun.life === LIFE) return { ended_at: now, duration_s: Math.round((tick - begun.tick) / 1000), duration_by: "monotonic" };
  return { ended_at: now, duration_s: Math.max(0, Math.round((now - begun.started_at) / 1000)), duration_by: "clock" };
}

/** Follow the position until the returned function is called; `onFix(fix)`, `onTrouble(code)` as the browser says. */
export function watchPlace(onFix, onTrouble = () => {}) {
  if (!navigator.geolocation) {
    onTrouble(2);
    return () => {};
  }
  const id = navigator.geolocation.watchPosition((reading) => onFix(asFix(reading)), (error) => onTrouble(error.code), { enableHighAccuracy: true, maximumAge: 5000, timeout: 30000 });
  return () => navigator.geolocation.clearWatch(id);
}
