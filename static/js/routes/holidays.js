/*
 * Public holidays (《全国年节及纪念日放假办法》, as of 2025): the days of the feasts themselves. Days moved around them are
 * announced each autumn and known to no rule; who plans is told so.
 */

import { t } from "../i18n.js";

const DAY_MS = 86400000;
// First day of the lunar year, fifth of the fifth month, fifteenth of the eighth (GB/T 33661). A table, since browsers
// work the new moon out roughly: in 2027 and 2030 it falls within minutes of midnight, and they are a day out.
const LUNAR = {
  2026: ["02-17", "06-19", "09-25"],
  2027: ["02-06", "06-09", "09-15"],
  2028: ["01-26", "05-28", "10-03"],
  2029: ["02-13", "06-16", "09-22"],
  2030: ["02-03", "06-05", "09-12"],
  2031: ["01-23", "06-24", "10-01"],
  2032: ["02-11", "06-12", "09-19"],
  2033: ["01-31", "06-01", "09-08"],
  2034: ["02-19", "06-20", "09-27"],
  2035: ["02-08", "06-10", "09-16"],
};

/** Day of April on which Qingming falls, for 2000 to 2099. */
function qingming(year) {
  const y = year % 100;
  return Math.floor(y * 0.2422 + 4.81) - Math.floor(y / 4);
}

/** Name of the public holiday on a day "2027-02-06", or null. */
export function holidayOf(day) {
  const [year, month, date] = day.split("-").map(Number);
  if (month === 1 && date === 1) return t("元旦");
  if (month === 4 && date === qingming(year)) return t("清明");
  if (month === 5 && date <= 2) return t("劳动节");
  if (month === 10 && date <= 3) return t("国庆节");
  const [spring, boats, moon] = (LUNAR[year] || []).map((feast) => `${year}-${feast}`);
  if (day === boats) return t("端午");
  if (day === moon) return t("中秋");
  if (!spring) return null;
  const after = Math.round((new Date(day) - new Date(spring)) / DAY_MS);
  if (after === -1) return t("除夕");
  return after >= 0 && after < 3 ? t("春节") : null;
}
