/* Moments and lengths of a plan in words. Moments are seconds of the day in China. */

import { NONE, distance } from "../format.js";
import { lang, t } from "../i18n.js";

/** 30600 -> "8:30" */
export function clock(second) {
  if (!Number.isFinite(second)) return NONE;
  const minutes = Math.round(second / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

/** "8:30" or "08:30" -> 30600; NaN where it is no moment of a day. */
export function secondOf(words) {
  const found = /^(\d{1,2}):(\d\d)$/.exec(words || "");
  return found && Number(found[1]) < 24 && Number(found[2]) < 60 ? Number(found[1]) * 3600 + Number(found[2]) * 60 : NaN;
}

/** "8:30" -> "08:30", as the server takes it. */
export function padded(words) {
  return words.padStart(5, "0");
}

/** Seconds as "35 分钟", from an hour on "2 小时 5 分". */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return NONE;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t("%(n)s 分钟", { n: minutes });
  return t("%(h)s 小时 %(m)s 分", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** A way: "约 2.4 公里" where part of it is no known road. */
export function way(metres, estimated) {
  const words = distance(metres);
  return estimated ? t("约 %(distance)s", { distance: words }) : words;
}

/** A number with its sign: 12 -> "+12", -1 -> "−1". */
export function signed(n) {
  if (n === 0) return "0";
  return n > 0 ? `+${n}` : `−${-n}`;
}

/** What a change costs: "路上 +12 分钟，走访 −1 户". */
export function priceWords({ minutes = 0, visits = 0 }) {
  const way_ = Math.round(minutes);
  return t("路上 %(minutes)s 分钟，走访 %(visits)s 户", { minutes: signed(way_), visits: signed(visits) });
}

const WEEKDAYS = [() => t("周日"), () => t("周一"), () => t("周二"), () => t("周三"), () => t("周四"), () => t("周五"), () => t("周六")];

/** Weekday of a day "2026-11-30": 0 = Sunday. */
export function weekday(day) {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

/** "周一" */
export function weekdayWord(day) {
  return WEEKDAYS[weekday(day)]();
}

/** "11月30日（周一）", "30 Nov (Mon)" */
export function dayWords(day) {
  const [, month, date] = day.split("-").map(Number);
  if (lang === "en") {
    const name = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
    return `${date} ${name} (${weekdayWord(day)})`;
  }
  return `${month}月${date}日（${weekdayWord(day)}）`;
}
