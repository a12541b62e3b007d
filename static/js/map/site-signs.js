/*
 * How a renovation stands, and how its money does: classes, words and signs. Classes go by today, which the server tells:
 * a tile is kept over days and holds only the day after which something is late.
 */

import { t } from "../i18n.js";
import { colour } from "./palette.js";
import { addSigns, FULL, STAGES } from "./symbols.js";

// Twins of LATE_DAYS and PAID_DAYS in data/rules/gates.py: the last day each class holds.
export const LATE_DAYS = [30, 90];
export const PAID_DAYS = [15, 30, 60];

/** Today as a number of days from 1970; set before the first tile comes. */
export const calendar = { today: Math.floor(Date.now() / 864e5) };

export function setToday(iso) {
  if (iso) calendar.today = Math.floor(Date.parse(`${iso}T00:00:00Z`) / 864e5);
}

// Bottom to top: what has to be looked at lies on top.
export const STANDINGS = ["ended", "open", "stalled"];
export const PAYMENTS = [
  "paid_0", "paid_1", "paid_2", "paid_3", "paid_undated", "due", "undated", "late_0", "late_1", "late_2",
];

const isOver = (day) => day !== undefined && day !== null && day < calendar.today;

/** How a site of a tile stands. */
export function standingOf({ ended, stallsAfter }) {
  if (ended) return "ended";
  return isOver(stallsAfter) ? "stalled" : "open";
}

/** Class of a site's payment: null before it is accepted, and for those who may not see money. */
export function paymentOf({ stage, ended, dueOn, paidDays }, paid = STAGES.indexOf("paid")) {
  const at = STAGES.indexOf(stage);
  if (at >= paid) return !(paidDays >= 0) ? "paid_undated" : `paid_${PAID_DAYS.filter((last) => paidDays > last).length}`;
  if (ended || stage !== "accepted") return null;
  if (dueOn === undefined || dueOn === null) return "undated";
  const over = calendar.today - dueOn;
  return over <= 0 ? "due" : `late_${LATE_DAYS.filter((last) => over > last).length}`;
}

/** Rows of the legend: how sites stand. */
export const STANDING_ROWS = [
  ["open", () => t("办理中、已办结")],
  ["stalled", () => t("停滞")],
  ["ended", () => t("已终止")],
];

/** Rows of the legend of payments, the worst first. */
export const PAYMENT_ROWS = [
  ["late_2", () => t("超期 %(n)s 天以上未付", { n: LATE_DAYS[1] })],
  ["late_1", () => t("超期 %(from)s–%(to)s 天未付", { from: LATE_DAYS[0] + 1, to: LATE_DAYS[1] })],
  ["late_0", () => t("超期 %(n)s 天以内未付", { n: LATE_DAYS[0] })],
  ["due", () => t("已验收，期限内待付")],
  ["undated", () => t("已验收待付，验收日期不详")],
  ["paid_3", () => t("验收后 %(n)s 天以上发放", { n: PAID_DAYS[2] })],
  ["paid_2", () => t("验收后 %(from)s–%(to)s 天发放", { from: PAID_DAYS[1] + 1, to: PAID_DAYS[2] })],
  ["paid_1", () => t("验收后 %(from)s–%(to)s 天发放", { from: PAID_DAYS[0] + 1, to: PAID_DAYS[1] })],
  ["paid_0", () => t("验收后 %(n)s 天内发放", { n: PAID_DAYS[0] })],
  ["paid_undated", () => t("已发放，天数不详")],
];

const wordOf = (rows, key) => rows.find(([known]) => known === key)?.[1]() || "—";
export const standingWord = (key) => wordOf(STANDING_ROWS, key);
export const paymentWord = (key) => wordOf(PAYMENT_ROWS, key);

function disc(ctx, r) {
  ctx.beginPath();
  ctx.arc(0, 0, r, 0, FULL);
}

function diamond(ctx, r) {
  ctx.beginPath();
  ctx.moveTo(0, -r * 1.2);
  ctx.lineTo(r * 1.2, 0);
  ctx.lineTo(0, r * 1.2);
  ctx.lineTo(-r * 1.2, 0);
  ctx.closePath();
}

function words(ctx, text, size, ink) {
  ctx.font = `700 ${size}px ${colour("font")}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = ink;
  ctx.fillText(text, 0, size * 0.05);
}

// Larger and darker, the longer it takes; the money that is late is a diamond, the paid a disc with its class.
const LATE_SIZES = [0.82, 1, 1.2];
const LATE_TOKENS = ["dil-3", "dil-2", "dil-1"];
const PAID_TOKENS = ["cov-5", "cov-4", "cov-3", "cov-2"];

function lateOf(kind) {
  return kind.startsWith("late") ? Number(kind.at(-1)) : -1;
}

function drawPayment(ctx, kind, r) {
  const late = lateOf(kind);
  const n = Number(kind.at(-1));
  if (late >= 0) {
    diamond(ctx, r * LATE_SIZES[late]);
    ctx.fillStyle = colour(LATE_TOKENS[late]);
    ctx.fill();
    words(ctx, "¥", r * 1.25 * LATE_SIZES[late], colour(`${LATE_TOKENS[late]}-ink`));
    return;
  }
  if (kind.startsWith("paid") && Number.isFinite(n)) {
    disc(ctx, r * 0.92);
    ctx.fillStyle = colour(PAID_TOKENS[n]);
    ctx.fill();
    ctx.lineWidth = 1;
    ctx.strokeStyle = colour("grade-edge");
    ctx.stroke();
    if (r >= 6) words(ctx, String(n + 1), r * 1.2, colour(`${PAID_TOKENS[n]}-ink`));
    return;
  }
  // Nothing to say of it yet, or not known: hollow; dashed where a day is missing.
  disc(ctx, r * 0.85);
  ctx.fillStyle = colour("symbol-ground");
  ctx.fill();
  if (kind !== "due") ctx.setLineDash([2, 1.6]);
  ctx.lineWidth = r * 0.26;
  ctx.strokeStyle = colour(kind === "paid_undated" ? "st-other" : "gap");
  ctx.stroke();
  ctx.setLineDash([]);
  if (r >= 6 && kind !== "due") words(ctx, "?", r * 1.1, colour("t"));
}

addSigns("pay", {
  outline: (ctx, r, kind) => (lateOf(kind) >= 0 ? diamond(ctx, r * LATE_SIZES[lateOf(kind)]) : disc(ctx, r * 0.92)),
  draw: (ctx, r, kind) => drawPayment(ctx, kind, r),
});
