/*
 * The import wizard. The fixed map script calls `fangtu.addLayer` and `fangtu.start(map)`; everything the page shows comes
 * from the upload's own address. Nothing is written before the last step, and each step says so.
 */

import { loadWords, t } from "../i18n.js";
import { fill, say } from "../map/dom.js";
import { createPlainMap, tool } from "../map/plain.js";
import { drawChecks, totalsOf } from "./checks.js";
import { createColumns } from "./columns.js";
import { drawFoot } from "./foot.js";
import { createProgress, isRunning } from "./jobs.js";
import { askToLeave } from "./leave.js";
import { createMore } from "./more.js";
import { drawGone, drawImported, drawTrial } from "./outcome.js";
import { chosenReading, drawReadings } from "./readings.js";
import { createReadingsMap } from "./readings-map.js";
import { drawSteps, standingOn, stepBefore, stepNamed } from "./steps.js";
import { createTrouble } from "./trouble.js";
import { createUpload } from "./upload.js";
import { kindOf, rows } from "./words.js";

const byId = (id) => document.getElementById(id);
const registry = {};
const GONE = new Set(["discarded", "expired"]);

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const wizard = byId("wizard");
  const trouble = createTrouble(byId("trouble"), again);
  const upload = createUpload(wizard.dataset.url, { fresh, change: draw, step: drawJob, trouble: failed });
  const columns = createColumns(byId("columns"), {
    choose: (heading, field) => upload.choose({ mapping: { ...upload.choices.mapping, [heading]: field } }),
    sheet: (sheet) => upload.choose({ sheet }),
  });
  const more = createMore(byId("more"), { choose: upload.choose, set: upload.set });
  const progress = createProgress(byId("progress"), () => upload.cancel().catch(failed));
  const page = { step: null, faults: { conflicts: 0, missing: [] }, plain: null, picture: null, isGoing: false };
  window.fangtu.page = page; // for tests and the console

  page.open = async () => {
    page.step = stepNamed(window.location.hash);
    byId("back").addEventListener("click", () => go(stepBefore(page.step, there())));
    byId("next").addEventListener("click", forward);
    byId("leave").addEventListener("click", () => askToLeave(upload, byId("leave"), failed));
    window.addEventListener("popstate", () => {
      page.step = stepNamed(window.location.hash) || page.step;
      draw();
    });
    try {
      await upload.load();
      if (page.step) window.history.replaceState(null, "", `#${page.step}`); // Back comes to this step again
    } catch (reason) {
      failed(reason);
    }
    document.body.dataset.ready = "true";
  };

  /** Where the work stands. */
  function there() {
    const { data } = upload;
    return {
      preview: Boolean(data?.preview),
      coordinates: Boolean(data?.preview?.coordinates),
      trial: Boolean(data?.trial) && !upload.changed, // a choice made since makes an earlier trial speak of something else
      imported: data?.state === "imported",
      running: isRunning(data?.job) ? data.job.kind : null,
    };
  }

  /* ---- acts ---- */

  function go(step, focus = true) {
    if (!step || step === page.step) return;
    page.step = step;
    window.history.pushState(null, "", `#${step}`);
    draw();
    if (focus) focusStep();
  }

  // The heading of the step takes the focus, so that whoever hears the page hears where it went.
  function focusStep() {
    const heading = { columns: byId("columns-title"), coordinates: byId("coordinates-title") }[page.step] || byId("outcome-title");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    heading?.closest("section")?.scrollIntoView({ block: "nearest" });
  }

  async function forward() {
    const now = there();
    if (page.step === "columns" && now.coordinates) {
      go("coordinates");
      return;
    }
    const isTried = page.step === "trial" && now.trial;
    trouble.hush();
    page.isGoing = true;
    try {
      if (isTried) await upload.start("run");
      else await tryIt();
      page.isGoing = false;
      go(isTried ? "import" : "trial", !isTried);
    } catch (reason) {
      page.isGoing = false;
      failed(reason);
    }
    draw();
  }

  // What is tried is what the page shows: the reading goes with it even where nobody had to choose it.
  async function tryIt() {
    const { coordinates } = upload.data.preview;
    if (coordinates?.readings.length && !upload.choices.crs) chooseReading(chosenReading(coordinates, upload.choices));
    else draw();
    await upload.settle();
    await upload.start("trial");
  }

  function chooseReading(reading) {
    upload.choose({ crs: reading.crs, swapped: Boolean(reading.swapped) });
  }

  function fresh() {
    if (trouble.of === "act") trouble.hush(); // the server answers again
    draw();
  }

  function failed(reason) {
    trouble.act(reason);
    if (upload.data) draw();
  }

  async function again() {
    trouble.hush();
    try {
      await upload.settle();
      await upload.load();
    } catch (reason) {
      failed(reason);
    }
  }

  /* ---- drawing ---- */

  function drawJob(job, away) {
    // A preview that renews another is only hinted at, unless something waits for it.
    const isQuiet = job.kind === "preview" && there().preview && !page.isGoing && !away;
    progress.show(isQuiet ? null : job, away);
  }

  function draw() {
    const { data, choices } = upload;
    if (!data) return;
    if (GONE.has(data.state)) {
      drawEnd(`gone ${data.state}`, () => drawGone(byId("outcome"), data.state));
      byId("wizard-foot").hidden = true;
      drawSteps(byId("steps"), "upload", there(), go);
      return;
    }
    const now = there();
    page.step = standingOn(page.step, now);
    wizard.dataset.step = page.step;
    const isBusy = page.isGoing || now.running === "trial" || now.running === "import";
    drawHead(data, choices);
    if (now.imported) drawEnd(`batch ${data.batch?.id}`, () => drawImported(byId("outcome"), data));
    else drawWork(data, choices, now);
    drawJobState(data.job, now);
    drawSteps(byId("steps"), page.step, now, go);
    byId("readings").disabled = isBusy; // what runs now runs with the reading it began with
    drawFoot({
      foot: byId("wizard-foot"), back: byId("back"), next: byId("next"), leave: byId("leave"),
      sum: byId("sum"), unwritten: byId("unwritten"), chooseFirst: byId("choose-first"),
    }, { data, choices, step: page.step, there: now, before: stepBefore(page.step, now), faults: page.faults, isBusy });
  }

  function drawJobState(job, now) {
    if (isRunning(job)) drawJob(job, false);
    else progress.show(null);
    const isLost = job?.state === "failed" && !now.preview;
    if (job?.state === "failed" && job.error) trouble.job(job, isLost);
    else if (trouble.of !== "act") trouble.hush();
    if (isLost) byId("columns").hidden = true;
  }

  /** Everything before the end: columns, checks, coordinates, and the trial once there is one. */
  function drawWork(data, choices, now) {
    const isLooking = page.step === "columns" || page.step === "coordinates";
    byId("columns").hidden = !isLooking || (now.preview && !data.preview.columns.length);
    byId("checks").hidden = !isLooking || !now.preview;
    if (now.preview) drawPreview(data.preview, choices, upload.changed || now.running === "preview");
    if (page.step === "trial" && now.trial) drawOutcome(`trial ${data.trial.at}`, () => drawTrial(byId("outcome"), data));
    else byId("outcome").hidden = true;
  }

  /** The end of the way: the rest of the page gives way. */
  function drawEnd(key, paint) {
    for (const id of ["columns", "checks", "coordinates", "progress"]) byId(id).hidden = true;
    wizard.classList.add("is-single");
    if (!drawOutcome(key, paint)) return;
    say(byId("outcome-title").textContent);
    focusStep();
  }

  let drawn = "";
  function drawOutcome(key, paint) {
    byId("outcome").hidden = false;
    if (drawn === key) return false;
    drawn = key;
    paint();
    return true;
  }

  function drawHead(data, choices) {
    const named = data.preview?.kinds.find((one) => one.kind === kindOf(data))?.label;
    const title = named ? t("导入：%(kind)s", { kind: named }) : t("导入");
    byId("kind-title").textContent = title;
    const sheets = data.preview?.sheets || [];
    const sheet = choices.sheet || (sheets.length > 1 ? t("%(n)s 张表", { n: sheets.length }) : null);
    const facts = [data.file_name, sheet, data.preview?.summary ? rows(data.preview.summary.rows) : null].filter(Boolean);
    byId("file-facts").textContent = facts.join(" · ");
    document.title = [title, data.file_name, t("访图")].join(" · ");
  }

  function drawPreview(preview, choices, isStale) {
    page.faults = columns.show(preview, choices);
    byId("checks").classList.toggle("is-stale", isStale);
    byId("checks-busy").hidden = !isStale;
    if (preview.summary) drawChecks(byId("checks-body"), totalsOf(preview.summary));
    else {
      fill(byId("checks-body"));
      byId("more").open = true;
    }
    let missing = preview.summary ? "" : t("看不出这是哪种文件。请在下面选文件种类。");
    if (page.faults.missing.length) missing = t("缺少必填列：%(names)s。请在上面选出是哪一列。", { names: page.faults.missing.join(t("、")) });
    byId("missing").hidden = !missing;
    byId("missing").textContent = missing;
    more.show(upload.data, choices);
    byId("coordinates").hidden = !preview.summary;
    if (preview.summary) drawCoordinates(preview.coordinates, choices);
  }

  function drawCoordinates(coordinates, choices) {
    byId("no-coordinates").hidden = Boolean(coordinates);
    byId("with-coordinates").hidden = !coordinates;
    if (!coordinates) return;
    const parts = { alarm: byId("finding"), choice: byId("readings"), note: byId("coordinates-note") };
    const chosen = drawReadings(parts, coordinates, choices, { choose: chooseReading });
    page.plain ||= openMap();
    if (chosen) page.picture.show(coordinates, chosen);
  }

  function openMap() {
    map.invalidateSize({ animate: false, pan: false });
    const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：按各坐标系读取的位置") });
    page.picture = createReadingsMap(plain);
    byId("map-frame").querySelector(".map-tools").append(tool("full", t("看全部点"), () => page.picture.fit()));
    plain.load().then(() => {
      const extent = plain.extent();
      if (!page.picture.sets.length && extent) map.fitBounds(extent, { padding: [20, 20], animate: false });
    }, () => {}); // without outlines the points still stand on the base map
    return plain;
  }
  return page;
}
