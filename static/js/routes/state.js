/* What the page shows: the plan, and of it a day, an inspector, a stop. The address keeps the choice, so that it can be shared. */

import { toWorld } from "../map/world.js";
import { dayWords } from "./clock.js";
import { lookOf } from "./signs.js";

export function createState() {
  const state = {
    plan: null, day: 0, who: null, stop: null, lit: null, drawn: 0, routes: [], legs: new Map(), before: null, balance: 0, busy: false, mayChange: false, dayWords: "",
  };

  /** Take a plan; what is held (day, inspector, stop) stays as far as it is still there. */
  state.take = (plan) => {
    state.plan = plan;
    state.drawn += 1;
    state.day = Math.min(state.day, Math.max(0, plan.days.length - 1));
    if (state.who && !plan.inspectors.some((one) => one.id === state.who)) state.who = null;
    state.pick();
  };

  /** Routes of the day: one for each inspector, empty where there is none. */
  state.pick = () => {
    const { plan } = state;
    state.dayWords = plan.days.length ? dayWords(plan.days[state.day]) : "";
    state.routes = plan.inspectors.map((one, at) => {
      const found = plan.routes.find((route) => route.inspector === one.id && route.day === state.day);
      const empty = { inspector: one.id, day: state.day, stops: [], breaks: [], companions: [], travel_s: 0, travel_m: 0, estimated: false };
      return { ...(found || empty), name: one.name, look: lookOf(at), locked: plan.locks.inspectors.has(one.id) || plan.locks.days.has(state.day), absent: one.absent.has(state.day), start: one.start };
    });
  };

  /** The stop of a household with its route, on any day; null where it is not planned. */
  state.find = (household) => {
    for (const route of state.plan?.routes || []) {
      const stop = route.stops.find((one) => one.household === household);
      if (stop) {
        const at = state.plan.inspectors.findIndex((one) => one.id === route.inspector);
        return { stop, route: { ...route, name: state.plan.inspectors[at]?.name || "" } };
      }
    }
    return null;
  };

  state.findLeft = (household) => state.plan?.leftOut.find((one) => one.household === household) || null;

  /** Pieces of the way of a route in world points: along the roads once they have come, straight until then. */
  state.legsOf = (route) => {
    const known = state.legs.get(`${route.inspector}/${route.day}`);
    if (known) return known;
    const points = [route.start, ...route.stops.map((stop) => stop.at)].filter(Boolean);
    return points.length > 1 ? [{ points, estimated: true }] : [];
  };

  state.takeLegs = (features) => {
    state.legs = new Map();
    for (const { geometry, properties } of features) {
      const key = `${properties.inspector}/${properties.day}`;
      const lines = geometry?.type === "MultiLineString" ? geometry.coordinates : [geometry?.coordinates || []];
      for (const line of lines) {
        if (line.length < 2) continue;
        state.legs.set(key, [...(state.legs.get(key) || []), { points: line.map(([lon, lat]) => toWorld(lon, lat)), estimated: Boolean(properties.estimated) }]);
      }
    }
  };

  state.readAddress = () => {
    const hash = new URLSearchParams(window.location.hash.slice(1));
    // The code on a route sheet names an inspector and a day.
    const asked = new URLSearchParams(window.location.search);
    state.day = Math.max(0, hash.has("day") ? Number(hash.get("day")) - 1 || 0 : Number(asked.get("day")) || 0);
    state.who = hash.get("who") || asked.get("inspector");
    state.stop = hash.get("stop");
  };

  state.writeAddress = () => {
    const hash = new URLSearchParams();
    if (state.day) hash.set("day", String(state.day + 1));
    if (state.who) hash.set("who", state.who);
    if (state.stop) hash.set("stop", state.stop);
    const text = hash.toString();
    window.history.replaceState(null, "", window.location.pathname + window.location.search + (text ? `#${text}` : ""));
  };
  return state;
}
