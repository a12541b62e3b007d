/*
 * The import wizard. The fixed map script calls `fangtu.addLayer` and `fangtu.start(map)`; everything the page shows comes
 * from the upload's own address. Nothing is written before the last step, and each step says so.
 */

import { loadWords, t } from "../i18n.js";
import { fill, h, icon, say } from "../map/dom.js";
import { createPlainMap } from "../map/plain.js";
import { drawChecks, sumLine, totalsOf } from "./checks.js";
import { createColumns } from "./columns.js";
import { createProgress, isRunning } from "./jobs.js";
import { createMore } from "./more.js";
import { drawGone, drawImported, drawTrial } from "./outcome.js";
import { chosenReading, drawReadings, isSettled, shortLabel } from "./readings.js";
import { createReadingsMap } from "./readings-map.js";
import { drawSteps, stepNamed, STEPS } from "./steps.js";
import { createUpload } from "./upload.js";
import { rows, rowsOf } from "./words.js";

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
  const upload = createUpload(wizard.dataset.url, { change: draw, step: drawJob, trouble });
  const columns = createColumns(byId("columns"), {
    choose: (heading, field) => upload.choose({ mapping: { ...upload.choices.mapping, [heading]: field } }),
    sheet: (sheet) => upload.choose({ sheet }),
  });
  const more = createMore(byId("more"), { choose: upload.choose, set: upload.set });
  const progress = createProgress(byId("progress"), () => upload.cancel().catch(trouble));
  const page = { step: null, faults: { conflicts: 0, missing: [] }, plain: null, picture: null };
  window.fangtu.page = page; // for tests and the console

  page.open = async () => {
    page.step = stepNamed(window.location.hash);
    byId("back").addEventListener("click", () => go(stepBefore()));
    byId("next").addEventListener("click", () => forward());
    byId("leave").addEventListener("click", askToLeave);
    window.addEventListener("popstate", () => {
      page.step = stepNamed(window.location.hash) || page.step;
      draw();
    });
    try {
      await upload.load();
      if (page.step) window.history.replaceState(null, "", `#${page.step}`); // Back comes to this step again
    } catch (reason) {
      trouble(reason);
    }
    document.body.dataset.ready = "true";
  };

  /* ---- where the work stands ---- */

  const has = () => ({
    preview: Boolean(upload.data?.preview), coordinates: Boolean(upload.data?.preview?.coordinates),
    // A choice made since makes an earlier trial speak of something else.
    trial: Boolean(upload.data?.trial) && !upload.changed, imported: upload.data?.state === "imported",
  });

  function running(kind) {
    return isRunning(upload.data?.job) && upload.data.job.kind === kind;
  }

  function settleStep() {
    const there = has();
    if (there.imported || running("import")) page.step = "import";
    else if (running("trial")) page.step = "trial";
    else if (page.step === "import") page.step = there.trial ? "trial" : null;
    if (page.step === "trial" && !there.trial && !running("trial")) page.step = there.coordinates ? "coordinates" : "columns";
    if (page.step === "coordinates" && there.preview && !there.coordinates) page.step = "columns";
    if (!page.step || page.step === "upload") page.step = there.trial ? "trial" : "columns";
  }

  function openSteps() {
    const there = has();
    if (!there.preview || there.imported || running("import")) return new Set();
    const open = new Set(["columns"]);
    if (there.coordinates) open.add("coordinates");
    if (there.trial) open.add("trial");
    return open;
  }

  function stepBefore() {
    const open = openSteps();
    return STEPS.slice(0, STEPS.indexOf(page.step)).reverse().find((step) => open.has(step)) || null;
  }

  function go(step) {
    if (!step || step === page.step) return;
    page.step = step;
    window.history.pushState(null, "", `#${step}`);
    draw();
    focusStep();
  }

  // The heading of the step takes the focus, so that whoever hears the page hears where it went.
  function focusStep() {
    const heading = { columns: byId("columns-title"), coordinates: byId("coordinates-title") }[page.step] || byId("outcome-title");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    heading?.closest("section")?.scrollIntoView({ block: "nearest" });
  }

  /* ---- acts ---- */

  async function forward() {
    const there = has();
    try {
      if (page.step === "columns" && there.coordinates) go("coordinates");
      else if (page.step === "trial" && there.trial) await run();
      else await tryIt();
    } catch (reason) {
      trouble(reason);
    }
  }

  async function tryIt() {
    hush();
    const { coordinates } = upload.data.preview;
    // What is tried is what the page shows: the reading goes with it even where nobody had to choose it.
    if (coordinates?.readings.length && !upload.choices.crs) {
      const reading = chosenReading(coordinates, upload.choices);
      upload.choose({ crs: reading.crs, swapped: Boolean(reading.swapped) });
    }
    byId("next").disabled = true;
    await upload.settle();
    await upload.start("trial");
    page.step = "trial";
    window.history.pushState(null, "", "#trial");
    draw();
    focusStep();
  }

  async function run() {
    hush();
    byId("next").disabled = true;
    await upload.start("run");
    page.step = "import";
    window.history.pushState(null, "", "#import");
    draw();
  }

  function askToLeave() {
    const box = h("dialog", { class: "dialog", "aria-labelledby": "leave-title" },
      h("div", { class: "dialog-head" }, h("h2", { id: "leave-title" }, t("不导入这个文件了")),
        h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => box.close() }, icon("x"))),
      h("div", { class: "dialog-body" }, h("p", {}, t("库里没有写入任何数据。删除后要重新上传；留着的话，上传后 24 小时内可以接着做。")),
        h("div", { class: "dialog-acts" },
          h("a", { class: "btn", href: "/imports" }, t("留着，稍后接着做")),
          h("button", { type: "button", class: "btn btn-danger", onclick: async () => {
            box.close();
            try {
              await upload.discard();
              window.location.assign("/imports");
            } catch (reason) {
              trouble(reason);
            }
          } }, t("删除文件")))));
    box.addEventListener("close", () => { box.remove(); byId("leave").focus(); });
    document.body.append(box);
    box.showModal();
  }

  /* ---- what is said when something does not go ---- */

  function trouble(reason) {
    const box = byId("trouble");
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)),
      reason.status === 401
        ? h("a", { class: "btn btn-small", href: `/sign-in?next=${encodeURIComponent(window.location.pathname + window.location.hash)}` }, t("重新登录"))
        : h("button", { type: "button", class: "btn btn-small", onclick: again }, t("重试")));
    box.hidden = false;
    say(reason.message || String(reason));
    if (upload.data) draw();
  }

  function hush() {
    byId("trouble").hidden = true;
  }

  async function again() {
    hush();
    try {
      await upload.settle();
      await upload.load();
    } catch (reason) {
      trouble(reason);
    }
  }

  /* ---- drawing ---- */

  function drawJob(job, away) {
    const quiet = job.kind === "preview" && has().preview;
    progress.show(quiet && !away ? { ...job, state: "done" } : job, away);
    if (quiet) byId("checks").classList.add("is-stale");
  }

  function draw() {
    const { data, choices } = upload;
    if (!data) return;
    if (GONE.has(data.state)) {
      drawOutcome(() => drawGone(byId("outcome"), data.state), "gone");
      byId("wizard-foot").hidden = true;
      drawSteps(byId("steps"), { current: "upload", done: new Set(), open: new Set(), skipped: new Set() }, go);
      return;
    }
    settleStep();
    wizard.dataset.step = page.step;
    const there = has();
    drawHead();
    if (there.preview && !there.imported) drawPreview(data.preview, choices);
    else if (!there.imported) byId("checks").hidden = true;
    byId("columns").hidden = there.imported || page.step === "trial" || page.step === "import" || (there.preview && !data.preview.columns.length);
    if (there.imported) drawOutcome(() => drawImported(byId("outcome"), data), `imported ${data.batch?.id}`);
    else if (page.step === "trial" && there.trial) drawOutcome(() => drawTrial(byId("outcome"), data), `trial ${data.trial.at}`);
    else byId("outcome").hidden = true;
    if (isRunning(data.job)) drawJob(data.job, false);
    else progress.show(data.job || { id: "", state: "done" });
    if (data.job?.state === "failed" && data.job.error) failedJob(data.job);
    drawSteps(byId("steps"), { current: page.step, done: doneSteps(), open: openSteps(), skipped: there.preview && !there.coordinates ? new Set(["coordinates"]) : new Set() }, go);
    drawFoot();
  }

  let drawn = "";
  function drawOutcome(paint, key) {
    byId("outcome").hidden = false;
    if (key === "gone" || key.startsWith("imported")) for (const id of ["columns", "checks", "coordinates", "progress"]) byId(id).hidden = true;
    wizard.classList.toggle("is-single", key === "gone" || key.startsWith("imported"));
    if (drawn === key) return;
    drawn = key;
    paint();
    if (key.startsWith("imported")) {
      say(byId("outcome-title").textContent);
      focusStep();
    }
  }

  function failedJob(job) {
    const box = byId("trouble");
    fill(box, icon("warn"), h("span", {}, job.error.message), h("span", { class: "quiet" }, job.error.code));
    box.hidden = false;
  }

  function doneSteps() {
    const there = has();
    const done = new Set(["upload"]);
    for (const step of STEPS.slice(0, STEPS.indexOf(page.step))) done.add(step);
    if (there.trial) for (const step of ["columns", "coordinates", "trial"]) done.add(step);
    if (there.imported) done.add("import");
    return done;
  }

  function drawHead() {
    const { data } = upload;
    const named = data.preview?.kinds.find((one) => one.kind === data.kind)?.label || data.preview?.kinds[0]?.label;
    byId("kind-title").textContent = named ? t("导入：%(kind)s", { kind: named }) : t("导入");
    const facts = [data.file_name];
    const sheets = data.preview?.sheets || [];
    if (upload.choices.sheet) facts.push(upload.choices.sheet);
    else if (sheets.length > 1) facts.push(t("%(n)s 张表", { n: sheets.length }));
    if (data.preview?.summary) facts.push(rows(data.preview.summary.rows));
    fill(byId("file-facts"), facts.flatMap((fact, i) => [i ? " · " : "", fact]));
    document.title = [named ? t("导入：%(kind)s", { kind: named }) : t("导入"), data.file_name, t("访图")].join(" · ");
  }

  function drawPreview(preview, choices) {
    page.faults = columns.show(preview, choices);
    const stale = upload.changed || running("preview");
    const checks = byId("checks");
    checks.hidden = page.step === "trial" || page.step === "import";
    checks.classList.toggle("is-stale", stale);
    byId("checks-busy").hidden = !stale;
    if (preview.summary) drawChecks(byId("checks-body"), totalsOf(preview.summary));
    else fill(byId("checks-body"));
    const missing = byId("missing");
    let words = page.faults.missing.length ? t("缺少必填列：%(names)s。请在上面选出是哪一列。", { names: page.faults.missing.join(t("、")) }) : "";
    if (!preview.summary) {
      words = t("看不出这是哪种文件。请在下面选文件种类。");
      byId("more").open = true;
    }
    missing.hidden = !words;
    missing.textContent = words;
    more.show(upload.data, choices);
    drawCoordinates(preview, choices);
  }

  function drawCoordinates(preview, choices) {
    const { coordinates } = preview;
    byId("coordinates").hidden = false;
    byId("no-coordinates").hidden = Boolean(coordinates);
    byId("with-coordinates").hidden = !coordinates;
    if (!coordinates) return;
    const chosen = drawReadings({ alarm: byId("finding"), choice: byId("readings"), note: byId("coordinates-note") }, coordinates, choices, {
      choose: (reading) => upload.choose({ crs: reading.crs, swapped: Boolean(reading.swapped) }),
    });
    showMap(coordinates, chosen);
  }

  function showMap(coordinates, chosen) {
    if (!page.plain) {
      map.invalidateSize({ animate: false, pan: false });
      page.plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：按各坐标系读取的位置") });
      page.picture = createReadingsMap(page.plain);
      page.plain.load().then(() => {
        const extent = page.plain.extent();
        if (!page.picture.sets.length && extent) map.fitBounds(extent, { padding: [20, 20], animate: false });
      }, () => {}); // without outlines the points still stand on the base map
    }
    if (chosen) page.picture.show(coordinates, chosen);
  }

  function drawFoot() {
    const there = has();
    const { data } = upload;
    const next = byId("next");
    const busy = running("trial") || running("import");
    byId("wizard-foot").hidden = there.imported;
    byId("back").hidden = !stepBefore() || busy;
    byId("leave").hidden = busy;
    next.hidden = busy;
    next.disabled = !data.preview?.summary || page.faults.conflicts > 0 || page.faults.missing.length > 0;
    const trying = page.step === "trial" && there.trial;
    const { coordinates } = data.preview || {};
    const unsettled = page.step !== "columns" && !trying && coordinates && !isSettled(coordinates, upload.choices);
    byId("choose-first").hidden = !unsettled || busy;
    const totals = trying ? totalsOf(data.trial) : data.preview?.summary ? totalsOf(data.preview.summary) : null;
    if (trying) {
      next.textContent = t("导入 %(rows)s", { rows: rowsOf(data.kind, totals.accepted) });
      next.disabled = !totals.accepted;
    } else if (page.step === "columns" && coordinates) next.textContent = t("下一步：检查坐标");
    else {
      const reading = coordinates ? chosenReading(coordinates, upload.choices) : null;
      next.textContent = reading && !unsettled ? t("按 %(system)s 试算", { system: shortLabel(reading) }) : t("试算");
      next.disabled ||= Boolean(unsettled);
    }
    byId("sum").textContent = totals ? sumLine(totals) : "";
    byId("unwritten").textContent = running("import") ? t("正在写入；中途取消就全部退回。") : t("尚未写入任何数据。");
  }
  return page;
}
