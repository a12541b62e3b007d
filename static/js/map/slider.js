/* The time slider beside the legend: daily bars over a line, a day in words, two days a second when played. */

import { count, day as dayWords, rate, share } from "../format.js";
import { t } from "../i18n.js";
import { getJson, withParams } from "./api.js";
import { Timeline } from "./days.js";
import { fill, h, icon, say } from "./dom.js";
import { colour, onPalette } from "./palette.js";
import { state, writeAddress } from "./state.js";

const STEP_MS = 500;
const SETTLE_MS = 300;
const THUMB_PX = 16; // as in the style sheet; the line runs from the middle of the thumb to its middle
const PLAYED = new Set(["coverage", "unvisited", "visited"]);

export function isPlayed(theme) {
  return PLAYED.has(theme);
}

/**
 * @param {HTMLElement} place
 * @param {{wanted: () => object, figures: () => {eligible: number, target: number}, apply: () => void, settled: () => void, failed: (reason) => void}} acts
 * `wanted` gives the parameters of the request, `apply` draws the day in the state, `settled` follows what need not keep pace.
 */
export function createSlider(place, acts) {
  const slider = { timeline: null, playing: false };
  const known = new Map();
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  let settling = 0;
  let asked = "";
  let room = [0, 0]; // of the bars; asking for it between two changes of the page would lay it out twice
  const names = new Map(); // days in words, each made once

  const label = h("strong", { class: "days-label" });
  const value = h("span", { class: "days-value" });
  const what = h("span", { class: "days-what" });
  const bars = h("canvas", { class: "days-bars", "aria-hidden": "true" });
  const range = h("input", {
    type: "range", class: "days-range", min: "0", max: "0", step: "1", "aria-label": t("日期，按走访日"), "aria-keyshortcuts": "[ ]",
    oninput: () => {
      slider.pause();
      slider.go(Number(range.value));
    },
  });
  const button = (name, words, act) => h("button", { type: "button", class: "days-button", "aria-label": words, title: words, onclick: act }, icon(name));
  const play = button("play", t("播放"), () => slider.toggle());
  const back = button("left", t("前一天"), () => slider.step(-1));
  const on = button("right", t("后一天"), () => slider.step(1));
  const present = h("button", { type: "button", class: "btn btn-small days-now", onclick: () => { slider.pause(); slider.go(slider.timeline.last); } }, t("回到今天"));
  fill(place,
    h("div", { class: "days-head" }, label, value),
    h("div", { class: "days-row" }, play, back, h("div", { class: "days-track" }, bars, range), on, present),
    what);
  new ResizeObserver(() => {
    room = [bars.clientWidth, bars.clientHeight];
    drawBars();
  }).observe(bars);
  onPalette(drawBars);

  /** Number of the day shown; null = the present, -1 = a day whose figures are not here yet. */
  slider.at = () => {
    if (!state.day || !isPlayed(state.theme)) return null;
    if (!slider.timeline) return -1;
    const n = slider.timeline.numberOf(state.day);
    return n === null || n === slider.timeline.last ? null : n;
  };

  /** The past day shown, as "2026-11-12"; null for the present. */
  slider.day = () => {
    const n = slider.at();
    return n === null ? null : n < 0 ? state.day : slider.timeline.dayAt(n);
  };

  slider.go = (n) => {
    const { timeline } = slider;
    if (!timeline?.length) return;
    const to = Math.max(0, Math.min(timeline.last, n));
    state.day = to === timeline.last ? null : timeline.dayAt(to);
    acts.apply();
    slider.draw();
    // Browsers refuse an address that changes many times a second; lists and voices need not keep pace either.
    window.clearTimeout(settling);
    settling = window.setTimeout(() => {
      writeAddress();
      if (slider.playing) return;
      acts.settled();
      say(range.getAttribute("aria-valuetext"));
    }, SETTLE_MS);
  };

  slider.step = (by) => {
    if (place.hidden || !slider.timeline?.length) return false;
    slider.pause();
    slider.go((slider.at() ?? slider.timeline.last) + by);
    return true;
  };

  slider.toggle = () => {
    if (place.hidden || !slider.timeline?.length || calm.matches) return false;
    if (slider.playing) {
      slider.pause();
      return true;
    }
    slider.playing = true;
    if (slider.at() === null) slider.go(0);
    timer = window.setInterval(() => {
      slider.go(slider.at() + 1);
      if (slider.at() === null) slider.pause();
    }, STEP_MS);
    slider.draw();
    return true;
  };

  slider.pause = () => {
    if (!slider.playing) return;
    window.clearInterval(timer);
    slider.playing = false;
    slider.draw();
    slider.settle();
  };

  slider.settle = () => {
    writeAddress();
    acts.settled();
    say(range.getAttribute("aria-valuetext") || "");
  };

  /** Fetch the days of what is shown unless they are here; the day in the address is then applied. */
  slider.load = async () => {
    place.hidden = !isPlayed(state.theme);
    if (place.hidden) {
      slider.pause();
      return;
    }
    const address = withParams("/map/days.json", { ...acts.wanted(), form: "steps" });
    asked = address;
    slider.timeline = known.get(address) || null;
    if (!slider.timeline) {
      slider.draw();
      try {
        known.set(address, new Timeline(await getJson(address)));
      } catch (reason) {
        acts.failed(reason);
        return;
      }
      if (asked !== address) return; // something else is shown by now
      slider.timeline = known.get(address);
    }
    const { timeline } = slider;
    const n = state.day ? timeline.numberOf(state.day) : null;
    // A day that is none, or lies outside the round, is put right in the address as well.
    const day = n === null || n === timeline.last ? null : timeline.dayAt(n);
    if (day !== state.day) {
      state.day = day;
      writeAddress();
    }
    slider.draw();
  };

  /** Fetch the days anew, since records changed; what is shown stays until they are here. */
  slider.renew = async () => {
    known.clear();
    if (place.hidden || !asked) return;
    const address = asked;
    const fresh = new Timeline(await getJson(address));
    known.set(address, fresh);
    if (asked !== address) return;
    slider.timeline = fresh;
    slider.draw();
  };

  /** Households visited at the day shown, of the area in hand; null if not known yet. */
  slider.visited = () => {
    const n = slider.at();
    return n === null || n < 0 ? null : slider.timeline.total[n];
  };

  slider.draw = () => {
    const { timeline } = slider;
    const ready = Boolean(timeline?.length);
    place.dataset.state = ready ? "ready" : timeline ? "empty" : "loading";
    for (const control of [play, back, on, present, range]) control.disabled = !ready;
    play.hidden = calm.matches;
    const [sign, words] = slider.playing ? ["pause", t("暂停")] : ["play", t("播放")];
    if (play.title !== words) {
      play.setAttribute("aria-label", words);
      play.title = words;
      fill(play, icon(sign));
    }
    if (!ready) {
      fill(label, timeline ? t("还没有有日期的走访") : t("正在读取…"));
      fill(value);
      fill(what, t("按走访日，今日口径"));
      drawBars();
      return;
    }
    const n = slider.at();
    const at = n === null ? timeline.last : n;
    const { eligible, target } = acts.figures();
    const visited = timeline.total[at];
    range.max = String(timeline.last);
    range.value = String(at);
    back.disabled = at === 0;
    on.disabled = n === null;
    present.disabled = n === null;
    const figures = `${share(visited, eligible)} · ${rate(eligible ? visited / eligible : null, target)}`;
    const added = t("当日 +%(n)s 户", { n: count(timeline.daily[at]) });
    const name = wordsOf(timeline.dayAt(at));
    fill(label, name);
    fill(value, `${figures} · ${added}`);
    fill(what, [t("按走访日，今日口径"), timeline.undated ? t("另有 %(n)s 户走访日不明，各日都计入", { n: count(timeline.undated) }) : "",
      n === null ? "" : t("逐户点位只有今日的，此日不画")].filter(Boolean).join(t("；")));
    what.title = what.textContent;
    range.setAttribute("aria-valuetext", t("%(day)s，已访 %(figures)s，%(added)s", { day: name, figures, added }));
    drawBars();
  };

  function wordsOf(day) {
    if (!names.has(day)) names.set(day, dayWords(day));
    return names.get(day);
  }

  function drawBars() {
    const { timeline } = slider;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = room;
    if (!width) return;
    if (bars.width !== Math.round(width * ratio) || bars.height !== Math.round(height * ratio)) {
      bars.width = Math.round(width * ratio);
      bars.height = Math.round(height * ratio);
    }
    const ctx = bars.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    if (!timeline?.length) return;
    const at = slider.at() ?? timeline.last;
    const most = Math.max(1, ...timeline.daily);
    const pace = (width - THUMB_PX) / Math.max(1, timeline.last);
    const thick = Math.max(1, Math.min(12, pace * 0.72));
    timeline.daily.forEach((n, i) => {
      if (!n) return;
      const high = Math.max(1.5, (n / most) * (height - 1));
      ctx.fillStyle = colour(i <= at ? "p" : "line2");
      ctx.globalAlpha = i === at ? 1 : i < at ? 0.62 : 0.5;
      ctx.fillRect(THUMB_PX / 2 + i * pace - thick / 2, height - high, thick, high);
    });
    ctx.globalAlpha = 1;
  }

  document.addEventListener("visibilitychange", () => document.hidden && slider.pause());
  calm.addEventListener("change", () => {
    if (calm.matches) slider.pause();
    slider.draw();
  });
  return slider;
}
