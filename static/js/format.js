/* Numbers and dates as people read them here. Asia/Shanghai everywhere, whatever the device's zone. */

import { lang, t } from "./i18n.js";

const ZONE = "Asia/Shanghai";

/** Made when first needed: on a slow phone each of them costs as much as a screen of the list. */
function once(make) {
  let made = null;
  return () => (made ||= make());
}

const grouped = once(() => new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }));
export const NONE = "—";

/** 12843 -> "12,843"; missing -> a dash, since unknown is not zero. */
export function count(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return NONE;
  return grouped().format(n).replace("-", "−");
}

const exact = once(() => new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 }));

/** An amount in yuan, to the fen: 35000.5 -> "35,000.5"; missing -> null. */
export function yuan(n) {
  return n === null || n === undefined ? null : t("%(n)s 元", { n: exact().format(n) });
}

/**
 * A ratio as percent with one decimal, half up, but it never looks as if it had reached `target`
 * (or 100 %) before it has: 94.96 -> "94.9%", 99.97 -> "99.9%".
 */
export function rate(ratio, target = null) {
  if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return NONE;
  const percent = ratio * 100;
  let tenths = Math.floor(percent * 10 + 0.5 + 1e-9);
  for (const line of [target, 1]) {
    if (line !== null && ratio < line && tenths >= line * 1000 - 1e-9) tenths = Math.ceil(line * 1000 - 1e-9) - 1;
  }
  return `${(tenths / 10).toFixed(1)}%`;
}

/** A target such as 0.95 -> "95%"; decimals only where it has some. */
export function percent(ratio) {
  return `${Number((ratio * 100).toFixed(1))}%`;
}

/** "10,714 / 12,843 户" */
export function of(n, m) {
  return `${count(n)} / ${count(m)}`;
}

export function share(n, m) {
  return t("%(n)s / %(m)s 户", { n: count(n), m: count(m) });
}

/** Metres as "45 米", "1.2 公里". */
export function distance(metres) {
  if (metres === null || metres === undefined) return NONE;
  if (metres < 1000) return t("%(n)s 米", { n: Math.round(metres) });
  return t("%(n)s 公里", { n: (metres / 1000).toFixed(metres < 100000 ? 1 : 0) });
}

const clock = once(() => new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE, year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
}));

function parts(moment) {
  const at = Object.fromEntries(clock().formatToParts(moment).map((piece) => [piece.type, piece.value]));
  return { ...at, day: Number(at.day), month: Number(at.month) };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function asMoment(value) {
  if (!value) return null;
  // A bare day is that day in China, not midnight in Greenwich.
  const moment = new Date(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00+08:00` : value);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** "11月20日", in another year "2027-02-05"; English "20 Nov 2026". */
export function day(value, now = new Date()) {
  const moment = asMoment(value);
  if (!moment) return NONE;
  const at = parts(moment);
  if (lang === "en") return `${at.day} ${MONTHS[at.month - 1]} ${at.year}`;
  if (at.year !== parts(now).year) return `${at.year}-${String(at.month).padStart(2, "0")}-${String(at.day).padStart(2, "0")}`;
  return `${at.month}月${at.day}日`;
}

/** "11月20日 18:00" */
export function dayAndTime(value, now = new Date()) {
  const moment = asMoment(value);
  if (!moment) return NONE;
  const at = parts(moment);
  return `${day(value, now)} ${at.hour}:${at.minute}`;
}

/** "18:00" */
export function timeOfDay(value) {
  const moment = asMoment(value);
  if (!moment) return NONE;
  const at = parts(moment);
  return `${at.hour}:${at.minute}`;
}

/** How old a moment is, in hours; null if unknown. */
export function ageHours(value, now = new Date()) {
  const moment = asMoment(value);
  return moment ? (now - moment) / 3600000 : null;
}

/** "36.4471° N，118.8652° E" */
export function coordinates(lat, lon) {
  return `${lat.toFixed(4)}° N${lang === "en" ? ", " : "，"}${lon.toFixed(4)}° E`;
}
