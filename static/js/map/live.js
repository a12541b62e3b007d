/*
 * The live map (实时): the server says in which areas something changed, and only that is fetched anew. Without a stream
 * the page asks every few seconds whether anything changed. Nobody acts here, so nothing that is held moves: view,
 * selection, popup, focus; and these requests do not keep a session open.
 */

import { lang, t } from "../i18n.js";
import { getJson, UNATTENDED, withParams } from "./api.js";
import { say } from "./dom.js";
import { dataParams, onChange, state } from "./state.js";

const GATHER_MS = 300;
const BETWEEN_MS = 1500; // from one renewal to the next
const SAY_EVERY_MS = 10_000;
const ASK_EVERY_MS = 5000;
const SILENT_MS = 35_000; // the server speaks every ten seconds
const HIDDEN_MS = 30_000;
const BACKOFF_MS = [2000, 4000, 8000, 15_000, 30_000, 60_000];
const CROWDED_MS = 300_000;
const NAMES = 3;

/** `page` = {setup, renew(areas|null) -> names, failed(reason)}; returns `{mode}` for tests: on, off or paused. */
export function startLive(page) {
  const live = { mode: "paused", renewals: 0 };
  const place = document.getElementById("live");
  let source = null;
  let failures = 0;
  let heardAt = 0;
  let tickedAt = Date.now();
  let renewedAt = 0;
  let waiting = false; // something changed that is not fetched yet
  let changed = new Set(); // null = many
  let working = false;
  let ended = false; // the session is over: the page says so, and asks no more
  const timers = { connect: 0, ask: 0, renew: 0, hide: 0, speak: 0 };
  const speech = { at: 0, names: new Set() };

  function setMode(mode) {
    live.mode = mode;
    place.hidden = mode !== "off";
  }

  function stopTimers(...names) {
    for (const name of names) window.clearTimeout(timers[name]);
  }

  function close() {
    source?.close();
    source = null;
    stopTimers("connect");
  }

  function pause() {
    close();
    stopTimers("ask");
    setMode("paused");
  }

  /** Open the stream; what was missed meanwhile shows in the version it begins with. Until then asking goes on. */
  function connect() {
    close();
    if (ended || document.hidden || state.day) {
      pause();
      return;
    }
    const opened = new EventSource(withParams("/map/live", dataParams()));
    source = opened;
    heardAt = Date.now();
    const on = (name, act) => opened.addEventListener(name, (event) => {
      if (source !== opened) return;
      heardAt = Date.now();
      act(event.data ? JSON.parse(event.data) : {});
    });
    on("hello", ({ tag }) => {
      failures = 0;
      stopTimers("ask");
      setMode("on");
      if (tag !== page.setup?.tag) queue(null);
    });
    on("changed", ({ areas }) => queue(areas));
    on("beat", () => {});
    on("bye", ({ why }) => lost(why === "crowded" ? CROWDED_MS : null));
    opened.addEventListener("error", () => source === opened && lost());
  }

  /** The stream is gone or there is no room for it: ask instead, and try again later. */
  function lost(later = null) {
    close();
    if (live.mode !== "off") timers.ask = window.setTimeout(ask, ASK_EVERY_MS);
    setMode("off");
    const wait = later ?? BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    failures += 1;
    timers.connect = window.setTimeout(connect, wait * (0.8 + Math.random() * 0.4)); // not all pages at once
  }

  async function ask() {
    if (live.mode !== "off" || ended) return;
    const asked = JSON.stringify(dataParams());
    try {
      // The browser sends the tag it has and gets "unchanged" without content.
      const { tag } = await getJson(withParams("/map/changed.json", dataParams()), undefined, { headers: UNATTENDED, cache: "no-cache" });
      if (asked === JSON.stringify(dataParams()) && tag !== page.setup?.tag) queue(null);
    } catch (reason) {
      if (refused(reason)) return;
    }
    if (live.mode === "off") timers.ask = window.setTimeout(ask, ASK_EVERY_MS);
  }

  function refused(reason) {
    if (reason.status !== 401) return false;
    ended = true;
    pause();
    setMode("off");
    page.failed(reason);
    return true;
  }

  function queue(areas) {
    if (areas === null || changed === null) changed = null;
    else areas.forEach((area) => changed.add(area));
    waiting = true;
    stopTimers("renew");
    timers.renew = window.setTimeout(renew, Math.max(GATHER_MS, renewedAt + BETWEEN_MS - Date.now()));
  }

  async function renew() {
    if (working || !waiting || ended) return;
    const areas = changed;
    [changed, waiting, working] = [new Set(), false, true];
    try {
      const names = await page.renew(areas && [...areas]);
      live.renewals += 1;
      speak(names);
    } catch (reason) {
      if (!refused(reason)) {
        renewedAt = Date.now() + ASK_EVERY_MS; // once more, not at once
        queue(null);
      }
    } finally {
      working = false;
      renewedAt = Math.max(renewedAt, Date.now());
      if (waiting) queue(changed === null ? null : []);
    }
  }

  function speak(names) {
    names.forEach((name) => speech.names.add(name));
    stopTimers("speak");
    timers.speak = window.setTimeout(() => {
      const all = [...speech.names];
      speech.names.clear();
      speech.at = Date.now();
      if (!all.length) say(t("地图已更新"));
      else if (all.length > NAMES) say(t("地图已更新：%(n)s 个村有变化", { n: all.length }));
      else say(t("地图已更新：%(names)s", { names: all.join(lang === "en" ? ", " : "、") }));
    }, Math.max(0, speech.at + SAY_EVERY_MS - Date.now()));
  }

  document.addEventListener("visibilitychange", () => {
    stopTimers("hide");
    if (document.hidden) {
      // A browser has six connections for all its pages: one that nobody sees needs none.
      timers.hide = window.setTimeout(pause, HIDDEN_MS);
    } else if (!source) {
      failures = 0;
      connect();
    }
  });
  window.addEventListener("online", () => { failures = 0; connect(); });
  window.addEventListener("pagehide", pause);
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  // After a sleep the connection looks open and is not.
  window.setInterval(() => {
    const now = Date.now();
    const slept = now - tickedAt > SILENT_MS;
    tickedAt = now;
    if (document.hidden || ended) return;
    if (slept || (source && now - heardAt > SILENT_MS)) connect();
  }, ASK_EVERY_MS);
  onChange((names) => {
    if (names.has("campaign") || names.has("round") || names.has("day")) connect();
  });
  connect();
  return live;
}
