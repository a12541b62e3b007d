/* The routes of a day on the map: lines, numbered stops, starts, households left out. Hover and click go by the nearest stop. */

import { t } from "../i18n.js";
import { h } from "../map/dom.js";
import { CanvasOverlay } from "../map/overlay.js";
import { onPalette } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { stopSentence } from "./people.js";
import { LETTERED, drawBefore, drawLeftOut, drawLine, drawRest, drawStart, drawStop, letterOf } from "./signs.js";

const NEAR_PX = 14;
const APART_PX = 3;
const HOVER_MS = 120;

/** Lines of several routes on one road are drawn side by side: this many pixels to the right of the way. */
export function beside(points, offset) {
  if (!offset || points.length < 2) return points;
  return points.map(([x, y], at) => {
    const [ax, ay] = points[Math.max(0, at - 1)];
    const [bx, by] = points[Math.min(points.length - 1, at + 1)];
    const long = Math.hypot(bx - ax, by - ay) || 1;
    return [x - ((by - ay) / long) * offset, y + ((bx - ax) / long) * offset];
  });
}

/**
 * @param {object} plain the plain map
 * @param {object} on `stop(household)`, `menu(household, anchor)`, `hover(household|null)`
 */
export function createPicture(plain, on) {
  const { map } = plain;
  const picture = { state: null };
  const frame = map.getContainer().parentElement;
  const tip = h("div", { class: "rt-tip", "aria-hidden": "true", hidden: true });
  frame.append(tip);
  let timer = 0;

  function marks() {
    const { state } = picture;
    if (!state) return [];
    const some = [];
    for (const route of state.routes) {
      const faint = Boolean(state.who) && state.who !== route.inspector;
      if (faint && state.alone) continue;
      for (const stop of route.stops) if (stop.at) some.push({ household: stop.household, at: stop.at, route, stop, faint });
    }
    state.plan.leftOut.forEach((one, at) => {
      if (one.at) some.push({ household: one.household, at: one.at, text: at < LETTERED ? letterOf(at) : null, one });
    });
    return some;
  }

  const place = (view, [x, y]) => [x * view.scale - view.left, y * view.scale - view.top];

  function drawRoutes({ ctx, ...view }) {
    const { state } = picture;
    if (!state) return;
    // The routes before a planning anew, grey and below the new ones.
    for (const route of state.before?.routes.filter((one) => one.day === state.day) || []) {
      drawBefore(ctx, [route.start, ...route.stops.map((stop) => stop.at), route.start].filter(Boolean).map((point) => place(view, point)));
    }
    const shown = state.routes.filter((route) => route.stops.length && !(state.alone && state.who && state.who !== route.inspector));
    const ordered = [...shown].sort((one, two) => Number(one.inspector === state.who) - Number(two.inspector === state.who));
    ordered.forEach((route) => {
      const offset = shown.length > 1 ? ((shown.indexOf(route) % 5) - 2) * APART_PX : 0;
      for (const leg of state.legsOf(route)) {
        const points = beside(leg.points.map((point) => place(view, point)), offset);
        drawLine(ctx, points, route.look, { wide: route.inspector === state.who, faint: Boolean(state.who) && route.inspector !== state.who, estimated: leg.estimated });
      }
    });
    for (const route of ordered) if (route.start) drawStart(ctx, ...place(view, route.start));
    const all = marks();
    // What is chosen or looked at lies on top of the others.
    const weight = (mark) => (mark.household === state.stop ? 2 : 0) + (mark.household === state.lit ? 1 : 0) - (mark.faint ? 1 : 0) - (mark.text === null ? 2 : 0);
    for (const mark of all.sort((one, two) => weight(one) - weight(two))) {
      const [x, y] = place(view, mark.at);
      if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20) continue;
      const chosen = mark.household === state.stop || mark.household === state.lit;
      if (mark.one && mark.text === null && !chosen) drawRest(ctx, x, y);
      else if (mark.one) drawLeftOut(ctx, x, y, mark.text || "", { chosen });
      else drawStop(ctx, x, y, String(mark.stop.no), mark.route.look, { chosen, faint: mark.faint, done: mark.stop.done });
    }
  }

  // Above the names of places, which must not lie on the numbers.
  const sheet = new CanvasOverlay(drawRoutes, { pane: "fangtu-select" });
  sheet.addTo(map);
  onPalette(() => sheet.redraw());
  plain.obstacles(() => {
    if (!picture.state) return [];
    const origin = map.getPixelOrigin().add(map.containerPointToLayerPoint([0, 0]).round());
    const scale = 256 * 2 ** map.getZoom();
    return marks().filter((mark) => mark.text !== null).map(({ at }) => {
      const [x, y] = [at[0] * scale - origin.x, at[1] * scale - origin.y];
      return [x - 12, y - 12, x + 12, y + 12];
    });
  });

  /** Show a state; the view stays where it is. */
  picture.show = (state) => {
    picture.state = state;
    sheet.redraw();
  };

  /** World points of what is planned that day; of those left out where nothing is. */
  picture.extent = () => {
    const stops = marks().filter((mark) => mark.stop);
    const points = (stops.length ? stops : marks()).map((mark) => mark.at);
    for (const route of picture.state?.routes || []) if (route.start && route.stops.length) points.push(route.start);
    return points;
  };

  function nearest(event) {
    const box = map.getContainer().getBoundingClientRect();
    const { lat, lng } = map.containerPointToLatLng([event.clientX - box.left, event.clientY - box.top]);
    const [x, y] = toWorld(lng, lat);
    const scale = 256 * 2 ** map.getZoom();
    let [best, least] = [null, NEAR_PX];
    for (const mark of marks()) {
      const away = Math.hypot(mark.at[0] - x, mark.at[1] - y) * scale;
      if (away < least) [best, least] = [mark, away];
    }
    return best;
  }

  function sayAt(mark, event) {
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.stop ? stopSentence(mark.stop, mark.route.name) : t("未排入：%(name)s，%(reason)s", { name: mark.one.name, reason: mark.one.reason });
    const box = frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    tip.style.left = `${Math.min(x + 14, box.width - tip.offsetWidth - 8)}px`;
    tip.style.top = `${y > box.height / 2 ? y - tip.offsetHeight - 12 : y + 16}px`;
  }

  map.getContainer().addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const mark = nearest(event);
    map.getContainer().style.cursor = mark ? "pointer" : "";
    on.hover(mark ? mark.household : null);
    window.clearTimeout(timer);
    if (mark) timer = window.setTimeout(() => sayAt(mark, event), tip.hidden ? HOVER_MS : 0);
    else sayAt(null);
  });
  map.getContainer().addEventListener("pointerleave", () => {
    window.clearTimeout(timer);
    sayAt(null);
    on.hover(null);
  });
  map.on("click", ({ originalEvent }) => {
    const mark = nearest(originalEvent);
    on.stop(mark ? mark.household : null);
    // The menu hangs at the pointer: on a canvas there is nothing else to hang it at.
    if (mark) on.menu(mark.household, { getBoundingClientRect: () => new DOMRect(originalEvent.clientX - 6, originalEvent.clientY - 6, 12, 12) });
  });
  return picture;
}
