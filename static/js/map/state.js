/*
 * What the page shows, kept in its address: campaign, round, theme, level and area in the query (they are what the
 * page is about), map view, layers and selection after the hash (they are how one looks at it).
 */

import { later } from "./queue.js";

const QUERY = ["campaign", "round", "theme", "level", "area", "day", "per", "show", "classes", "monitoring"];
// What may be chosen in the legend; without a choice: per hectare, coverage, fixed classes.
const CHOICES = {
  per: ["household"],
  show: ["unvisited", "dilapidated"],
  classes: ["natural", "quantiles", "equal"],
};
const listeners = new Set();

export const state = { campaign: null, round: null, theme: null, level: null, area: null, day: null, per: null, show: null, classes: null, monitoring: null, layers: {}, only: null, selected: null, view: null, base: null };

function numbersOf(text) {
  const [zoom, lat, lng] = (text || "").split("/").map(Number);
  return [zoom, lat, lng].every(Number.isFinite) && text ? { zoom, lat, lng } : null;
}

/** "layers=grids,-s1" -> {grids: true, s1: false} */
function layersOf(text) {
  const layers = {};
  for (const word of (text || "").split(",").filter(Boolean)) layers[word.replace(/^-/, "")] = !word.startsWith("-");
  return layers;
}

function selectedOf(text) {
  const [kind, id] = (text || "").split(":");
  return kind && id ? { kind, id } : null;
}

/** Read the address into the state. */
export function readAddress(location = window.location) {
  const query = new URLSearchParams(location.search);
  for (const name of QUERY) state[name] = query.get(name) || null;
  for (const [name, known] of Object.entries(CHOICES)) if (!known.includes(state[name])) state[name] = null;
  const hash = new URLSearchParams(location.hash.replace(/^#/, ""));
  state.view = numbersOf(hash.get("map"));
  state.layers = layersOf(hash.get("layers"));
  state.selected = selectedOf(hash.get("sel"));
  state.base = hash.get("base") || null;
  state.only = hash.get("only") ? new Set(hash.get("only").split(",")) : null;
  return state;
}

function queryOf(without = null) {
  const query = new URLSearchParams();
  for (const name of QUERY) if (state[name] && name !== without) query.set(name, state[name]);
  return query;
}

/** The address of the present state. */
export function address() {
  const hash = [];
  if (state.view) hash.push(`map=${state.view.zoom}/${state.view.lat}/${state.view.lng}`);
  const layers = Object.entries(state.layers).map(([key, on]) => (on ? key : `-${key}`));
  if (layers.length) hash.push(`layers=${layers.join(",")}`);
  if (state.base) hash.push(`base=${encodeURIComponent(state.base)}`);
  if (state.only?.size) hash.push(`only=${[...state.only].join(",")}`);
  if (state.selected) hash.push(`sel=${encodeURIComponent(`${state.selected.kind}:${state.selected.id}`)}`);
  const text = queryOf().toString();
  return window.location.pathname + (text ? `?${text}` : "") + (hash.length ? `#${hash.join("&")}` : "");
}

/** Address of the list of what is shown. It counts by day of knowledge, the map by day of visit: the day stays here. */
export function listAddress() {
  const text = queryOf("day").toString();
  return text ? `/coverage?${text}` : "/coverage";
}

/** Address of the list of renovations of the area in hand, with its filters; a village is named by its number. */
export function sitesAddress(filters = {}) {
  const query = new URLSearchParams(filters);
  if (state.area && !filters.village) query.set("area", state.area);
  const text = query.toString();
  return text ? `/sites?${text}` : "/sites";
}

/** Address of the list of houses by their appraisals, of the area in hand. */
export function appraisalsAddress(area = state.area) {
  return area ? `/appraisals?${new URLSearchParams({ area })}` : "/appraisals";
}

/** Write the state into the address; `step` makes it a step that Back returns from. */
export function writeAddress(step = false) {
  const to = address();
  if (to === window.location.pathname + window.location.search + window.location.hash) return;
  if (step) window.history.pushState(null, "", to);
  else window.history.replaceState(null, "", to);
}

/** Change the state and tell everyone which names changed. */
export function change(patch, { step = false } = {}) {
  const names = Object.keys(patch).filter((name) => patch[name] !== state[name]);
  if (!names.length) return;
  Object.assign(state, patch);
  // To write it takes some milliseconds: another theme is shown first.
  if (names.includes("theme")) later(writeAddress);
  else writeAddress(step);
  for (const listener of listeners) listener(new Set(names));
}

export function onChange(listener) {
  listeners.add(listener);
}

/** What every request about the data carries. */
export function dataParams() {
  return { campaign: state.campaign, round: state.round };
}
