/*
 * A round day by day, by day of visit and with today's denominators: how many had been visited by the end of a day, for
 * areas and for the cells of the heatmap. Everything is here after one answer; nothing below asks or draws.
 */

import { unpack } from "./cells.js";
import { numbersOf } from "./letters.js";

const DAY_MS = 86400000;
const UNDATED = -1;
const NOT_VISITED = -2;

/** "2026-11-12" as a number of days; NaN if it is no day. */
function serial(day) {
  if (!/^\d{4}-\d\d-\d\d$/.test(day || "")) return NaN;
  const moment = Date.parse(`${day}T00:00:00Z`);
  return new Date(moment).toISOString().slice(0, 10) === day ? moment / DAY_MS : NaN;
}

/** Numbers of single days -> sums up to each day; those of no known day are in from the beginning. */
function running({ undated, days }, length) {
  const sums = new Int32Array(length);
  for (let i = 0; i < days.length; i += 2) sums[days[i]] += days[i + 1];
  return summed(sums, undated);
}

function summed(sums, undated) {
  let sum = undated;
  for (let i = 0; i < sums.length; i += 1) {
    sum += sums[i];
    sums[i] = sum;
  }
  return sums;
}

/** Areas of a level as they are sent in columns: [id, sums up to each day] of each. */
function* levelOf(told, length) {
  const [areas, undated, lengths, days, counts] = ["areas", "undated", "lengths", "days", "counts"].map((name) => numbersOf(told[name]));
  let id = 0;
  let at = 0;
  for (let i = 0; i < areas.length; i += 1) {
    const sums = new Int32Array(length);
    id += areas[i];
    for (const end = at + lengths[i]; at < end; at += 1) sums[days[at]] += counts[at];
    yield [id, summed(sums, undated[i])];
  }
}

/** Cells in the order of their days, so that those visited by a day are one piece and the others the rest. */
function ordered({ zoom, cells }, length) {
  const order = [];
  for (let i = 0; i < cells.length; i += 4) order.push(i);
  const key = (i) => (cells[i + 2] === NOT_VISITED ? length : cells[i + 2]); // UNDATED comes before all days
  order.sort((a, b) => key(a) - key(b));
  const flat = new Int32Array(order.length * 3);
  const ends = new Int32Array(length);
  order.forEach((i, at) => {
    flat.set([cells[i], cells[i + 1], cells[i + 3]], at * 3);
    const day = key(i);
    if (day < length) ends[Math.max(UNDATED + 1, day)] = (at + 1) * 3;
  });
  for (let day = 1; day < length; day += 1) ends[day] ||= ends[day - 1];
  return { zoom, flat, ends };
}

/** What `/map/days.json` told. Days are numbered from 0; `last` is the present. */
export class Timeline {
  constructor(answer) {
    this.first = serial(answer.first);
    this.length = Number.isNaN(this.first) ? 0 : serial(answer.last) - this.first + 1;
    this.undated = answer.total.undated;
    this.total = running(answer.total, this.length);
    this.daily = new Int32Array(this.length);
    for (let i = 0; i < answer.total.days.length; i += 2) this.daily[answer.total.days[i]] += answer.total.days[i + 1];
    this.levels = new Map(Object.entries(answer.levels).map(([by, told]) => [by, new Map(levelOf(told, this.length))]));
    this.heat = answer.heat ? ordered(unpack(answer.heat), this.length) : null;
  }

  get last() {
    return this.length - 1;
  }

  /** 3 -> "2026-11-15" */
  dayAt(n) {
    return new Date((this.first + n) * DAY_MS).toISOString().slice(0, 10);
  }

  /** Number of a day, within what can be played; null if it is no day. */
  numberOf(day) {
    const n = serial(day) - this.first;
    return Number.isNaN(n) || !this.length ? null : Math.max(0, Math.min(this.last, n));
  }

  /** Households of an area visited by the end of day n; null if the level was not told. */
  visitedBy(by, id, n) {
    const level = this.levels.get(by);
    if (!level) return null;
    return level.get(id)?.[n] ?? 0;
  }

  /** Cells `{zoom, cells}` of a heat theme at the end of day n; null if they were not told. */
  cellsBy(kind, n) {
    if (!this.heat) return null;
    const { zoom, flat, ends } = this.heat;
    return { zoom, cells: kind === "visited" ? flat.subarray(0, ends[n]) : flat.subarray(ends[n]) };
  }
}

/**
 * Give areas the figures of the end of day n, or of the present for null. Where the days are not here yet the figures
 * are unknown, which is drawn as such; they never stay those of another day.
 */
export function setFigures(areas, by, timeline, n) {
  for (const area of areas) {
    area.now ||= { visited: area.visited, remaining: area.remaining, ratio: area.ratio, counts: area.counts };
    if (n === null) {
      Object.assign(area, area.now);
      continue;
    }
    const visited = timeline ? timeline.visitedBy(by, area.id, n) : null;
    area.visited = visited;
    area.remaining = visited === null ? null : area.eligible - visited;
    area.ratio = visited === null || !area.eligible ? null : visited / area.eligible;
    area.counts = {}; // statuses are those of the present only
  }
}
