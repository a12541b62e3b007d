/*
 * What comes in from the field, while the page is open (实时): the stream of the map says that something changed in the area
 * of duty, and the list is asked for again. Without a stream it is asked for every quarter of a minute.
 */

import { loadWords, t } from "../i18n.js";
import { getJson, UNATTENDED } from "../map/api.js";

const AREA = new URLSearchParams(window.location.search).get("area");
const ADDRESS = AREA ? `/field-work/arrivals.json?${new URLSearchParams({ area: AREA })}` : "/field-work/arrivals.json";
const GATHER_MS = 400;
const ASK_EVERY_MS = 15_000;
const AGAIN_MS = [10_000, 30_000, 60_000];

const list = document.getElementById("arrivals");
const empty = document.getElementById("arrivals-empty");
const light = document.getElementById("arrivals-live");
const answer = document.getElementById("answer");
const timers = { ask: 0, connect: 0 };
let source = null;
let known = null;
let failures = 0;

function part(tag, text, more = {}) {
  const made = Object.assign(document.createElement(tag), more);
  made.textContent = text;
  return made;
}

function rowOf(one) {
  const row = document.createElement("li");
  const time = part("time", one.at.slice(0, 16).replace("T", " "));
  time.dateTime = one.at;
  row.append(time, part("span", one.label, { className: one.what === "mark" ? "tag tag-wrn" : "tag tag-inf" }), part("span", one.said));
  if (one.address) row.append(part("a", one.household || "—", { href: one.address }));
  else if (one.household) row.append(part("span", one.household));
  row.append(part("span", [one.village, one.who].filter(Boolean).join(" "), { className: "quiet" }));
  return row;
}

function show({ rows, today, waiting }) {
  const keys = new Set(rows.map((one) => `${one.what}:${one.no}`));
  list.replaceChildren(...rows.map((one) => {
    const row = rowOf(one);
    row.classList.toggle("is-new", known !== null && !known.has(`${one.what}:${one.no}`));
    return row;
  }));
  known = keys;
  empty.hidden = rows.length > 0;
  answer.textContent = t("今天从现场收到走访 %(visits)s 条、标注 %(marks)s 条、农房任务 %(houses)s 条；%(open)s 条标注待处理。", { visits: today.visits.toLocaleString("en"), marks: today.marks.toLocaleString("en"), houses: today.houses.toLocaleString("en"), open: waiting.toLocaleString("en") });
}

function setLive(isOn) {
  light.hidden = false;
  light.textContent = isOn ? t("实时") : t("每 15 秒更新");
  light.dataset.age = isOn ? "minutes" : "unknown";
}

async function ask() {
  window.clearTimeout(timers.ask);
  try {
    show(await getJson(ADDRESS, undefined, { headers: UNATTENDED, cache: "no-cache" }));
  } catch (reason) {
    if (reason.status === 401) {
      source?.close();
      light.hidden = true;
      return;
    }
  }
  if (!source) timers.ask = window.setTimeout(ask, ASK_EVERY_MS);
}

function soon() {
  window.clearTimeout(timers.ask);
  timers.ask = window.setTimeout(ask, GATHER_MS);
}

function connect() {
  window.clearTimeout(timers.connect);
  const opened = new EventSource("/map/live");
  opened.addEventListener("hello", () => {
    source = opened;
    failures = 0;
    setLive(true);
    soon();
  });
  opened.addEventListener("changed", soon);
  const lost = () => {
    opened.close();
    source = null;
    setLive(false);
    soon();
    timers.connect = window.setTimeout(connect, AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]);
    failures += 1;
  };
  opened.addEventListener("bye", lost);
  opened.addEventListener("error", lost);
}

await loadWords();
connect();
await ask();
document.body.dataset.ready = "true";
