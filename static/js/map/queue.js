/*
 * Decoding and drawing share the main thread with the user: a few milliseconds of work in each frame, never more. What is
 * drawn is there before the next job begins, so that the time it takes is counted. Until the map is first there, nobody
 * has anything to move: then it takes what a frame has, twice over, and is there sooner.
 */

const BUDGET_MS = 6;
const FIRST_MS = 30;
let budget = FIRST_MS;
const jobs = [];
let scheduled = false;
let held = false;

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // A hidden page gets no frames, but its tiles should still be ready when it comes back.
  if (document.hidden) window.setTimeout(work, 50);
  else window.requestAnimationFrame(work);
}

/** The map is there, or somebody begins to use the page. */
function share() {
  budget = BUDGET_MS;
}
for (const act of ["pointerdown", "wheel", "keydown"]) window.addEventListener(act, share, { once: true, passive: true });

function work() {
  scheduled = false;
  if (held) {
    held = false;
    schedule();
    return;
  }
  const until = performance.now() + budget;
  while (jobs.length) {
    jobs.shift()();
    if (performance.now() >= until) break;
  }
  if (jobs.length) schedule();
  else if (document.body.dataset.ready) share();
}

/** Do `job` in one of the next frames. */
export function later(job) {
  jobs.push(job);
  schedule();
}

/** Do `job` in the next frame, before what waits: what decides on other work. */
export function soon(job) {
  jobs.unshift(job);
  schedule();
}

/** Leave the next frame to what changed in the page itself: whoever acted sees that first. */
export function hold() {
  held = true;
}

/** Do everything now; only for print, which will not wait. */
export function flush() {
  while (jobs.length) jobs.shift()();
}

/** Is there nothing left to do? */
export function idle() {
  return !jobs.length;
}
