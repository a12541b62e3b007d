/* Which households come first. Pure. */

import { metresBetween } from "./evidence.js";

const VISITED = new Set([1, 2, 6]);
const NOBODY = 3;
const GUESSED = 5; // from this quality on a place is that of a hamlet or village, not of a house

/** Does this status count as visited? As in data/rules/words.py. */
export function isVisited(status) {
  return VISITED.has(status);
}

/** Has the household a place of its own to walk to? */
export function hasPlace(household) {
  return household.lon !== null && household.lat !== null && household.lon !== undefined && household.quality < GUESSED;
}

/** Metres from here, or null where either place is not known. */
export function distanceTo(household, here) {
  return here && hasPlace(household) ? metresBetween(here, household) : null;
}

let collator = null;

/** Make what addresses are compared with, which on a slow phone takes as long as drawing a screen of the list. */
export function prepareOrder() {
  collator ||= new Intl.Collator("zh", { numeric: true });
}

function byAddress(a, b) {
  prepareOrder();
  const words = (one) => `${one.village?.code || ""} ${one.hamlet || ""} ${one.address || ""} ${one.house_no || ""}`;
  return collator.compare(words(a), words(b)) || a.id - b.id;
}

/**
 * Households in the order to visit them.
 * @param {object[]} households each with `status` as it stands on this phone
 * @param {object} options `here` `{lon, lat}` or null, `order` "near" or "address", `show` "open" or "visited", `words` to look for
 */
export function arrange(households, { here = null, order = "near", show = "open", words = "" }) {
  const wanted = words.trim().toLowerCase();
  const found = households.filter((one) => isVisited(one.status) === (show === "visited") && (!wanted || `${one.head} ${one.address || ""} ${one.house_no || ""} ${one.code || ""} ${one.hamlet || ""}`.toLowerCase().includes(wanted)));
  const rows = found.map((one) => ({ ...one, metres: distanceTo(one, here) }));
  if (order === "near" && here) return rows.sort((a, b) => (a.metres ?? Infinity) - (b.metres ?? Infinity) || byAddress(a, b));
  return rows.sort(byAddress);
}

/** The nearest household still to visit, other than this one; null if none has a place. */
export function nextOne(households, here, but) {
  const open = arrange(households.filter((one) => one.id !== but && one.status !== NOBODY), { here });
  return open.find((one) => one.metres !== null) || open[0] || null;
}

/**
 * Which of them are this person's to visit in this round: those assigned or reserved; all of the round where nobody
 * assigned any. A household the round is not for has no status.
 */
export function ownOf(households) {
  const ofRound = households.filter((one) => one.status !== null);
  const own = ofRound.filter((one) => one.assigned);
  return own.length ? own : ofRound;
}

/** Where a household lives, in words; what comes before the village's name is the same for the whole list. */
export function addressOf({ hamlet, village, address, house_no: number, code }) {
  const from = village?.name ? (address || "").indexOf(village.name) : -1;
  const near = from < 0 ? address : address.slice(from + village.name.length) || address;
  const place = [hamlet || village?.name, near].filter(Boolean);
  const words = place.length > 1 && place[1].includes(place[0]) ? place[1] : place.join(" ");
  return `${words}${number && !words.includes(number) ? ` ${number}` : ""}` || code || "";
}
