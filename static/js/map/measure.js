/* Measuring on the map: click adds a point, double click or Enter ends, Backspace takes one back, Esc leaves. */

import { count, distance } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon, say } from "./dom.js";
import { CanvasOverlay } from "./overlay.js";
import { colour, fontOf, withAlpha } from "./palette.js";
import { toWorld } from "./world.js";

const EARTH = 6371008.8;
const radians = (degrees) => (degrees * Math.PI) / 180;

/** Great-circle metres between two `{lat, lng}` (haversine). */
export function haversine(a, b) {
  const dLat = radians(b.lat - a.lat);
  const dLng = radians(b.lng - a.lng);
  const q = Math.sin(dLat / 2) ** 2 + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(dLng / 2) ** 2;
  return 2 * EARTH * Math.asin(Math.sqrt(q));
}

export function lengthOf(points) {
  let metres = 0;
  for (let i = 1; i < points.length; i += 1) metres += haversine(points[i - 1], points[i]);
  return metres;
}

/** Square metres inside a ring of `{lat, lng}`, on the sphere. */
export function areaOf(points) {
  let sum = 0;
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length];
    sum += radians(b.lng - a.lng) * (2 + Math.sin(radians(a.lat)) + Math.sin(radians(b.lat)));
  });
  return Math.abs((sum * EARTH * EARTH) / 2);
}

function areaWord(square) {
  if (square >= 1e6) return t("%(n)s 平方公里", { n: (square / 1e6).toFixed(2) });
  if (square >= 1e4) return t("%(n)s 公顷", { n: (square / 1e4).toFixed(2) });
  return t("%(n)s 平方米", { n: count(Math.round(square)) });
}

export function createMeasure(map, bar) {
  const measure = { active: false, points: [], cursor: null, done: false, button: null };

  const sheet = new CanvasOverlay(({ ctx, ...view }) => {
    const all = measure.done || !measure.cursor ? measure.points : [...measure.points, measure.cursor];
    const at = all.map(({ lat, lng }) => {
      const [x, y] = toWorld(lng, lat);
      return [x * view.scale - view.left, y * view.scale - view.top];
    });
    if (!at.length) return;
    ctx.beginPath();
    at.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    if (all.length > 2) {
      ctx.save();
      ctx.closePath();
      ctx.fillStyle = withAlpha("focus", 0.08);
      ctx.fill();
      ctx.restore();
    }
    ctx.lineJoin = "round";
    for (const [width, style] of [[6, colour("symbol-halo")], [2.4, colour("focus")]]) {
      ctx.beginPath();
      at.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.lineWidth = width;
      ctx.strokeStyle = style;
      ctx.stroke();
    }
    at.forEach(([x, y], i) => {
      ctx.beginPath();
      ctx.arc(x, y, 4, 0, Math.PI * 2);
      ctx.fillStyle = colour("symbol-ground");
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = colour("focus");
      ctx.stroke();
      if (!i) return;
      ctx.font = fontOf(12, 600);
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      ctx.lineWidth = 3;
      ctx.strokeStyle = colour("map-label-halo");
      const word = distance(haversine(all[i - 1], all[i]));
      ctx.strokeText(word, x + 8, y - 8);
      ctx.fillStyle = colour("map-label");
      ctx.fillText(word, x + 8, y - 8);
    });
  }, { pane: "fangtu-select", needed: () => measure.active }).addTo(map);

  const words = h("span", { class: "measure-words", role: "status" });

  function show() {
    const { points, cursor, done } = measure;
    const all = done || !cursor ? points : [...points, cursor];
    let sentence = t("点地图加点，双击或回车结束，退格撤一点，Esc 退出");
    if (all.length > 1) {
      sentence = t("全长 %(length)s", { length: distance(lengthOf(all)) });
      if (all.length > 2) sentence += ` · ${t("围合 %(area)s", { area: areaWord(areaOf(all)) })}`;
    }
    words.textContent = sentence;
    sheet.redraw();
  }

  measure.start = (button) => {
    measure.active = true;
    measure.button = button;
    measure.points = [];
    measure.done = false;
    measure.cursor = null;
    button?.setAttribute("aria-pressed", "true");
    map.getContainer().classList.add("is-measuring");
    fill(bar, icon("ruler"), words,
      h("button", { type: "button", class: "btn btn-small", onclick: () => measure.start(button) }, t("重量")),
      h("button", { type: "button", class: "btn btn-small", onclick: () => measure.stop() }, t("退出")));
    bar.hidden = false;
    map.getContainer().focus();
    show();
  };
  measure.stop = () => {
    measure.active = false;
    measure.button?.setAttribute("aria-pressed", "false");
    map.getContainer().classList.remove("is-measuring");
    bar.hidden = true;
    sheet.redraw();
  };
  measure.toggle = (button) => (measure.active ? measure.stop() : measure.start(button));
  measure.end = () => {
    if (measure.points.length < 2) return;
    measure.done = true;
    show();
    say(words.textContent);
  };
  map.on("click", ({ latlng }) => {
    if (!measure.active || measure.done) return;
    const last = measure.points.at(-1);
    // The second click of a double click lands on the same spot.
    if (last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(latlng)) < 3) return;
    measure.points.push(latlng);
    show();
  });
  map.on("dblclick", () => measure.active && measure.end());
  map.on("mousemove", ({ latlng }) => {
    if (!measure.active || measure.done || !measure.points.length) return;
    measure.cursor = latlng;
    show();
  });
  /** @returns {boolean} true if the key was the measure's */
  measure.key = (key) => {
    if (!measure.active) return false;
    if (key === "Escape") measure.stop();
    else if (key === "Enter") measure.end();
    else if (key === "Backspace") {
      measure.points.pop();
      measure.done = false;
      show();
    } else return false;
    return true;
  };
  return measure;
}
