/*
 * Borders of areas, each drawn once: what two areas share belongs to the larger one, so that it is seen as long as any
 * of the two is large enough for a border, and its dashes do not fill each other's gaps.
 */

import { boxOf } from "./areas-data.js";

const AHEAD_MS = 8; // of work at a stretch: whoever clicks meanwhile does not notice
const known = new WeakMap(); // of an area: its lines, and beside which others

/** A number that an edge has in either direction: its middle, both ways weighed so that no two places have the same. */
const nameOf = (ring, i) => ring[i] + ring[i + 2] + (ring[i + 1] + ring[i + 3]) * Math.SQRT2;

const extent = ({ box: [west, north, east, south] }) => Math.max(east - west, south - north);

function comesFirst(one, other) {
  const more = extent(one) - extent(other);
  return more > 0 || (more === 0 && one.code < other.code);
}

/** The areas that lines of this one may be drawn with. */
function ownersBeside(area, areas) {
  const [west, north, east, south] = area.box;
  const beside = [];
  for (const other of areas) {
    const { box } = other;
    if (box[0] > east || box[2] < west || box[1] > south || box[3] < north) continue;
    // An estimated border looks different from a surveyed one.
    if (other !== area && other.derived === area.derived && comesFirst(other, area)) beside.push(other);
  }
  return beside;
}

/** Names of what edges other areas have near this one. */
function edgesOf(others, { box: [west, north, east, south] }) {
  const names = new Set();
  for (const ring of others.flatMap(({ rings }) => rings)) {
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const x = ring[i];
      const y = ring[i + 1];
      if (x >= west && x <= east && y >= north && y <= south) names.add(nameOf(ring, i));
    }
  }
  return names;
}

/** What is left of a ring without some of its edges, as lines; a ring that keeps all of them stays one. */
function linesOf(ring, without) {
  const edges = ring.length / 2 - 1; // the last corner is the first one
  const isKept = (edge) => !without.has(nameOf(ring, edge * 2));
  let gap = 0;
  while (gap < edges && isKept(gap)) gap += 1;
  if (gap === edges) return [ring];
  const lines = [];
  let line = null;
  for (let n = 1; n <= edges; n += 1) {
    const edge = (gap + n) % edges;
    if (!isKept(edge)) line = null;
    else {
      if (!line) lines.push(line = [ring[edge * 2], ring[edge * 2 + 1]]);
      line.push(ring[edge * 2 + 2], ring[edge * 2 + 3]);
    }
  }
  return lines.map((corners) => Float64Array.from(corners));
}

/**
 * The lines that are drawn with one of several areas; found once, until a shape beside it changes.
 * @returns {{corners: Float64Array, box: number[]}[]} a closed line ends where it begins
 */
export function bordersOf(area, areas) {
  let found = known.get(area);
  if (found?.areas === areas) return found.lines;
  const beside = ownersBeside(area, areas);
  const marks = beside.map(({ mark }) => mark).join(" ");
  if (found?.marks === marks) found.areas = areas;
  else {
    const without = edgesOf(beside, area);
    const lines = area.rings.flatMap((ring) => linesOf(ring, without)).map((corners) => ({ corners, box: boxOf([corners]) }));
    known.set(area, found = { areas, marks, lines });
  }
  return found.lines;
}

const begun = new WeakSet();

/** Find the lines of all areas while the page has nothing else to do, so that moving the map need not wait for them. */
export function findAhead(areas) {
  if (begun.has(areas) || !window.requestIdleCallback) return;
  begun.add(areas);
  let next = 0;
  const some = (left) => {
    const until = performance.now() + Math.min(AHEAD_MS, left.timeRemaining() - 1);
    while (next < areas.length && performance.now() < until) bordersOf(areas[next++], areas);
    if (next < areas.length) window.requestIdleCallback(some);
  };
  window.requestIdleCallback(some);
}
