/* The walk all renderers take: six zooms, each animated, then two pans. Frames and long tasks are counted on the way. */

const STEP_MS = 1667;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

window.walk = async (map, [lat, lon], zooms) => {
  const frames = [];
  const long = [];
  const watcher = new PerformanceObserver((list) => list.getEntries().forEach((entry) => long.push(entry.duration)));
  map.setView([lat, lon], zooms[0] + 1, { animate: false });
  await wait(2500);
  watcher.observe({ entryTypes: ["longtask"] });
  let going = true;
  const tick = (now) => {
    frames.push(now);
    if (going) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  for (const zoom of zooms) {
    map.setView([lat, lon], zoom, { animate: true });
    await wait(STEP_MS * 0.5);
    const { x, y } = map.getSize();
    map.panBy([x * 0.4, 0], { animate: true });
    await wait(STEP_MS * 0.25);
    map.panBy([0, y * 0.25], { animate: true });
    await wait(STEP_MS * 0.25);
  }
  going = false;
  watcher.disconnect();
  const gaps = frames.slice(1).map((at, i) => at - frames[i]).sort((a, b) => a - b);
  return {
    frames: gaps.length,
    fps: (gaps.length / (frames.at(-1) - frames[0])) * 1000,
    p95: gaps[Math.floor(gaps.length * 0.95)],
    long: long.length,
    longMs: long.reduce((sum, ms) => sum + ms, 0),
    tiles: performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/tiles/")).length,
  };
};

const nextTask = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done(performance.now());
  port2.postMessage(null);
});

/*
 * Milliseconds of the main thread until a change is painted: what the change does at once, with the promises that are
 * fulfilled already, and the whole next frame with its layout. Waiting for that frame is not counted.
 */
window.timed = async (act) => {
  let frameAt = Infinity;
  const painted = new Promise((done) => requestAnimationFrame(() => {
    frameAt = performance.now();
    nextTask().then(done);
  }));
  const begun = performance.now();
  act();
  const own = Math.min(await nextTask(), frameAt) - begun;
  return own + (await painted - frameAt);
};
/** Milliseconds since `begun` when nothing of ours is left to be drawn; a frame that follows is waited for. */
window.restAfter = async (begun) => {
  do await new Promise((done) => requestAnimationFrame(done)); while (!window.fangtu.page.idle());
  return await nextTask() - begun;
};
window.tilesAsked = () => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/tiles/")).length;
performance.setResourceTimingBufferSize(100000);
