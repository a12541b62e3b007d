/*
 * Decoding and drawing share the main thread with the user: a few milliseconds of work in each frame, never more. What is
 * drawn is there before the next job begins, so that the time it takes is counted.
 */

const BUDGET_MS = 6;
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

function work() {
  scheduled = false;
  if (held) {
    held = false;
    schedule();
    return;
  }
  const until = performance.now() + BUDGET_MS;
  while (jobs.length) {
    jobs.shift()();
    if (performance.now() >= until) break;
  }
  if (jobs.length) schedule();
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
