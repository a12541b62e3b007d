/* The tools at the map's edge: zoom, place of the device, measuring, full screen, print. And the scale bar. */

import { distance } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon, say, toast } from "./dom.js";
import { CanvasOverlay } from "./overlay.js";
import { colour, withAlpha } from "./palette.js";
import { metresPerPixel, toWorld } from "./world.js";

function tool(name, label, act, extra = {}) {
  return h("button", { type: "button", class: `tool tool-${name}`, "aria-label": label, title: label, onclick: act, ...extra }, icon(extra.icon || name));
}

/** One step in or out; a step asked for while another is under way follows it instead of being lost. */
export function zoomStep(map, step) {
  if (map._animatingZoom) map.once("zoomend", () => window.setTimeout(() => map.zoomIn(step), 0));
  else map.zoomIn(step);
}

/** Build the tool column. `actions` = {measure, print}. */
export function buildTools(map, place, actions) {
  const full = tool("full", t("全屏"), () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => toast(t("浏览器没有允许全屏。")));
  }, { "aria-pressed": "false" });
  document.addEventListener("fullscreenchange", () => full.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))));
  if (!document.fullscreenEnabled) full.hidden = true;
  const measure = tool("ruler", t("测量"), () => actions.measure(measure), { "aria-pressed": "false" });
  const locator = createLocator(map);
  fill(place,
    tool("plus", t("放大"), () => zoomStep(map, 1)),
    tool("minus", t("缩小"), () => zoomStep(map, -1)),
    tool("target", t("定位"), () => locator()),
    measure,
    tool("print", t("打印"), () => actions.print()),
    full);
  const [plus, minus] = place.children;
  const limits = () => {
    plus.disabled = map.getZoom() >= map.getMaxZoom();
    minus.disabled = map.getZoom() <= map.getMinZoom();
  };
  map.on("zoomend", limits);
  limits();
}

/** Where the device is: a dot, and a ring as wide as the device is unsure. */
function createLocator(map) {
  let found = null;
  const sheet = new CanvasOverlay(({ ctx, ...view }) => {
    const x = found.x * view.scale - view.left;
    const y = found.y * view.scale - view.top;
    ctx.beginPath();
    ctx.arc(x, y, found.accuracy / metresPerPixel(found.y, view.zoom), 0, Math.PI * 2);
    ctx.fillStyle = withAlpha("focus", 0.12);
    ctx.fill();
    ctx.lineWidth = 1;
    ctx.strokeStyle = colour("focus");
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, y, 6, 0, Math.PI * 2);
    ctx.fillStyle = colour("focus");
    ctx.fill();
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour("symbol-ground");
    ctx.stroke();
  }, { pane: "fangtu-select", needed: () => Boolean(found) }).addTo(map);

  return () => {
    if (!navigator.geolocation || !window.isSecureContext) {
      toast(t("这台设备不能定位：需要加密连接（https）。"));
      return;
    }
    say(t("正在定位…"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const [x, y] = toWorld(coords.longitude, coords.latitude);
        found = { x, y, accuracy: coords.accuracy };
        sheet.redraw();
        map.setView([coords.latitude, coords.longitude], Math.max(map.getZoom(), 16));
        const sentence = t("我的位置，误差 %(distance)s", { distance: distance(coords.accuracy) });
        say(sentence);
        toast(sentence);
      },
      (reason) => toast(reason.code === 1 ? t("没有定位：浏览器未允许使用位置。") : t("没有定位：暂时收不到位置，请稍后再试。")),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
  };
}

const STEPS = [1, 2, 5];

/** The longest round length that fits into `most` pixels: [metres, pixels]. */
export function scaleLength(metresPerPx, most) {
  const limit = metresPerPx * most;
  const power = 10 ** Math.floor(Math.log10(limit));
  const metres = Math.max(...STEPS.map((step) => step * power).filter((length) => length <= limit), power);
  return [metres, metres / metresPerPx];
}

/** Scale bar, bottom right. */
export function buildScale(map, place) {
  const word = h("span", { class: "scale-word" });
  const bar = h("span", { class: "scale-bar" });
  fill(place, word, bar);
  const update = () => {
    const { lat, lng } = map.getCenter();
    const [metres, pixels] = scaleLength(metresPerPixel(toWorld(lng, lat)[1], map.getZoom()), map.getSize().x < 500 ? 80 : 130);
    word.textContent = metres < 1000 ? t("%(n)s 米", { n: metres }) : t("%(n)s 公里", { n: metres / 1000 });
    bar.style.width = `${Math.round(pixels)}px`;
  };
  map.on("zoomend moveend", update);
  update();
}
