/*
 * Marking (标房): the crosshair stays, the map moves below it. A new house, a moved point, an impression of the grade, a site
 * of concern, a correction: all of it goes to the server as a proposal.
 */

import { t } from "../i18n.js";
import { distance } from "../format.js";
import { fill, h, icon, say } from "../map/dom.js";
import { colour, withAlpha } from "../map/palette.js";
import { toWorld } from "../map/world.js";
import { metresBetween, ROUGH_M } from "./evidence.js";
import { begin, tool } from "./map.js";
import { addressOf, hasPlace } from "./nearby.js";
import { button, chip, focusOn, wordOf } from "./parts.js";
import { photoRow } from "./sheet-photos.js";
import { createStage } from "./stage.js";
import { drawHere, drawHouseholds } from "./strip.js";
import { isoAt, SCHEMA } from "./visit.js";
import { fixReasonWord, FIX_REASON_KEYS } from "./words.js";

const KEY = "m:new"; // one mark is made at a time
const NEAR_M = 300; // households offered for what belongs to one
const OFFERED = 6;
const CORNERS = 100;
const GRADES = ["A", "B", "C", "D"];
const OF_HOUSEHOLD = new Set(["moved", "impression", "correction"]);
const WITH_GRADE = new Set(["new_house", "impression"]);
const WITH_OUTLINE = new Set(["new_house", "ruin", "abandoned", "illegal", "waste"]);

const KINDS = {
  new_house: () => t("新房"),
  moved: () => t("移动位置"),
  impression: () => t("疑似 C、D 级"),
  ruin: () => t("残垣断壁"),
  abandoned: () => t("废弃宅基地"),
  illegal: () => t("私搭乱建"),
  waste: () => t("垃圾"),
  correction: () => t("信息更正"),
};
const FIELDS = { house_no: () => t("门牌号"), address: () => t("地址"), people: () => t("人口") };
export const markWord = (kind) => KINDS[kind]();

/** A new draft of a mark. */
export function newMark() {
  return { key: KEY, kind: "mark", id: crypto.randomUUID(), mark: null, household: null, place: null, accuracy_m: null, reason: null, outline: [], grade: null, parts: {}, changes: {}, remark: "", photos: [], at: Date.now(), revision: null };
}

/** What stands in the way of saving, as a code; null if nothing does. */
export function markLacks(draft) {
  if (!draft.mark) return "kind";
  if (OF_HOUSEHOLD.has(draft.mark) && draft.household === null) return "household";
  if (draft.mark === "impression" && !draft.grade && !Object.keys(draft.parts).length) return "grade";
  if (draft.mark === "correction" && !Object.keys(draft.changes).length) return "changes";
  return null;
}

/** The body of a mark; `offset` to the server's clock in ms or null. */
export function markBody(draft, { offset }) {
  const ring = draft.outline.length >= 3 ? [...draft.outline, draft.outline[0]] : null;
  const graded = WITH_GRADE.has(draft.mark);
  const suspected = graded && (draft.grade === "C" || draft.grade === "D" || Object.values(draft.parts).some((one) => one === "c" || one === "d"));
  return {
    schema: SCHEMA,
    kind: draft.mark,
    household_id: OF_HOUSEHOLD.has(draft.mark) ? draft.household : null,
    house_id: null,
    at: isoAt(draft.at),
    clock_offset_ms: offset,
    lon: draft.place?.lon ?? null,
    lat: draft.place?.lat ?? null,
    accuracy_m: draft.accuracy_m,
    accuracy_reason: draft.reason,
    outline: ring && WITH_OUTLINE.has(draft.mark) ? { type: "Polygon", coordinates: [ring.map(({ lon, lat }) => [lon, lat])] } : null,
    grade: graded ? draft.grade : null,
    parts: draft.mark === "impression" ? draft.parts : {},
    suspected,
    changes: draft.mark === "correction" ? draft.changes : {},
    base_revision: draft.mark === "correction" ? draft.revision : null,
    remark: draft.remark.trim() || null,
    photos: draft.photos.map(({ id, sha256, size, taken_at }) => ({ id, sha256, size, taken_at, kind: "house" })),
    practice: false,
  };
}

/** The screen for marking; `show(box)` opens it, `close()` leaves it with its draft kept. */
export function createMarking(app) {
  const canvas = h("canvas", { class: "stage", tabindex: 0, role: "img", "aria-label": t("标记位置的地图。用方向键移动，加减号缩放。") });
  const panel = h("div", { class: "mark-panel" });
  const placeLine = h("p", { class: "place", role: "status" });
  const marking = { app, told: null };
  let draft = null;
  let begun = false;
  let waiting = 0;
  let saving = Promise.resolve();

  const stage = createStage(canvas, {
    draw: (view) => {
      drawHouseholds(view, app.phone.households(), draft?.household ?? null);
      drawOutline(view, draft?.outline || []);
      drawHere(view, app.here);
    },
    onMove: () => {
      if (!draft || !begun) return;
      draft = { ...draft, ...placed() };
      drawPlace();
      store(true);
    },
  });

  /** The place below the crosshair. At the own place the fix says how well it is known; by eye there is no such number. */
  function placed() {
    const place = stage.centre();
    const own = app.here && metresBetween(app.here, place) < 1;
    return { place, accuracy_m: own ? app.here.accuracy_m : null };
  }

  function store(soon) {
    clearTimeout(waiting);
    const write = () => {
      waiting = 0;
      const now = draft;
      if (now?.mark) saving = saving.then(() => app.phone.putDraft(now)).catch(app.trouble);
    };
    if (soon) waiting = setTimeout(write, 500);
    else write();
  }

  marking.draft = () => draft;
  marking.set = (change, { quiet = false } = {}) => {
    draft = { ...draft, ...change };
    marking.told = null;
    store(quiet);
    if (quiet) return;
    draw();
    stage.redraw();
  };
  marking.flush = () => {
    if (waiting) store(false);
    return saving;
  };
  marking.redraw = () => draw();

  function drawPlace() {
    const rough = draft.accuracy_m !== null && draft.accuracy_m > ROUGH_M;
    placeLine.className = rough ? "place is-bad" : "place";
    fill(placeLine, icon("pin"), draft.accuracy_m === null ? t("位置由您在地图上指定") : t("我的位置，误差 %(error)s", { error: distance(draft.accuracy_m) }));
  }

  function draw() {
    const kinds = Object.keys(KINDS);
    if (!draft.mark) {
      fill(panel, placeLine, h("div", { class: "tiles", role: "group", "aria-label": t("标记什么") }, kinds.map((kind) => h("button", { type: "button", class: "tile", onclick: () => marking.set({ mark: kind, at: Date.now() }) }, KINDS[kind]()))), app.workDoor());
      drawPlace();
      return;
    }
    const rough = draft.accuracy_m !== null && draft.accuracy_m > ROUGH_M;
    const title = h("h3", {}, KINDS[draft.mark]());
    fill(panel, placeLine, h("div", { class: "sheet-name" }, title, h("button", { type: "button", class: "round", "aria-label": t("放弃这个标记"), onclick: discard }, icon("x"))),
      rough && h("div", { class: "chips", role: "group", "aria-label": t("定位欠佳的原因") }, FIX_REASON_KEYS.map((key) => chip(fixReasonWord(key), draft.reason === key, () => marking.set({ reason: key })))),
      OF_HOUSEHOLD.has(draft.mark) && households(),
      WITH_GRADE.has(draft.mark) && grades(),
      draft.mark === "impression" && parts(),
      draft.mark === "correction" && draft.household !== null && corrections(),
      photoRow(marking, { kind: "house" }),
      WITH_OUTLINE.has(draft.mark) && outline(),
      h("label", { class: "field" }, h("span", {}, t("备注")), h("textarea", { class: "input", rows: 2, maxlength: 2000, oninput: (event) => marking.set({ remark: event.target.value }, { quiet: true }) }, draft.remark)),
      marking.told && h("p", { class: "lack", role: "alert" }, marking.told),
      button(t("保存标记"), save, { class: "main" }), h("p", { class: "sheet-note" }, t("保存后待主管确认")));
    drawPlace();
  }

  function households() {
    const near = app.phone.households().filter(hasPlace).map((one) => ({ ...one, metres: metresBetween(draft.place, one) }))
      .filter((one) => one.metres < NEAR_M || one.id === draft.household).sort((a, b) => a.metres - b.metres).slice(0, OFFERED);
    return h("fieldset", { class: "block" }, h("legend", {}, t("哪一户")),
      near.length ? h("div", { class: "chips" }, near.map((one) => chip(`${one.head || one.code} ${distance(one.metres)}`, draft.household === one.id, () => marking.set({ household: one.id, revision: one.revision, changes: {} })))) : h("p", { class: "note" }, t("附近没有农户。把十字移到房屋上。")));
  }

  function grades() {
    return h("fieldset", { class: "block" }, h("legend", {}, t("等级印象（可选）")), h("div", { class: "chips" }, GRADES.map((grade) => chip(t("%(grade)s级", { grade }), draft.grade === grade, () => marking.set({ grade: draft.grade === grade ? null : grade })))));
  }

  function parts() {
    const set = (part, level) => {
      const next = { ...draft.parts };
      if (next[part] === level) delete next[part];
      else next[part] = level;
      marking.set({ parts: next });
    };
    // Parts and levels are those of an appraisal, as the server sent them.
    const { parts: known = [], grade_of: levels = [] } = app.phone.book.form?.appraising || {};
    return known.map((part) => h("fieldset", { class: "block" }, h("legend", {}, wordOf(part)), h("div", { class: "chips" }, levels.map(([level]) => chip(level, draft.parts[part.key] === level, () => set(part.key, level))))));
  }

  function corrections() {
    const home = app.phone.book.households[draft.household];
    const change = (name) => (event) => {
      const words = event.target.value.trim();
      const value = name === "people" ? Number.parseInt(words, 10) : words;
      const changes = { ...draft.changes };
      if (!words || Number.isNaN(value) || value === home[name]) delete changes[name];
      else changes[name] = { base: home[name] ?? null, value };
      marking.set({ changes }, { quiet: true });
    };
    return h("fieldset", { class: "block" }, h("legend", {}, t("更正为")), h("p", {}, addressOf(home)),
      Object.entries(FIELDS).map(([name, words]) => h("label", { class: "field" }, h("span", {}, words()), h("input", { class: "input", inputmode: name === "people" ? "numeric" : null, maxlength: name === "people" ? 3 : 100, value: String(draft.changes[name]?.value ?? home[name] ?? ""), oninput: change(name) }))));
  }

  function outline() {
    const add = (place) => draft.outline.length < CORNERS && marking.set({ outline: [...draft.outline, place] });
    return h("fieldset", { class: "block" }, h("legend", {}, t("轮廓（可选）：%(n)s 个角", { n: draft.outline.length })),
      h("div", { class: "halves" },
        button(t("十字处加一角"), () => add(stage.centre()), { name: "plus" }),
        button(t("在我的位置加一角"), () => app.here && add({ lon: app.here.lon, lat: app.here.lat }), { name: "target", disabled: !app.here })),
      draft.outline.length > 0 && button(t("去掉上一角"), () => marking.set({ outline: draft.outline.slice(0, -1) }), { class: "link" }));
  }

  async function save() {
    const lack = markLacks(draft);
    if (lack) {
      marking.told = { household: t("请选择是哪一户。"), grade: t("请选择等级或部位。"), changes: t("请至少改一项。") }[lack];
      draw();
      return;
    }
    clearTimeout(waiting);
    waiting = 0;
    try {
      await saving;
      await app.phone.saveMark(draft, markBody(draft, { offset: app.phone.offset }));
      app.said = null;
      say(t("标记已保存，待主管确认。"));
      start(newMark());
      panel.prepend(h("p", { class: "notice is-ok" }, t("标记已保存，待主管确认。")));
    } catch (reason) {
      app.trouble(reason);
    }
  }

  async function discard() {
    clearTimeout(waiting);
    waiting = 0;
    await saving;
    await app.phone.dropDraft(draft);
    start(newMark());
  }

  function start(next) {
    draft = next.place ? next : { ...next, ...placed() };
    draw();
    stage.redraw();
  }

  marking.show = async (box) => {
    const title = h("h2", { class: "unseen" }, t("标房"));
    fill(box, title, app.notices(), h("div", { class: "map-frame is-marking" }, canvas, h("span", { class: "cross", "aria-hidden": "true" }, icon("target")),
      h("div", { class: "map-tools" }, tool("plus", t("放大"), () => stage.zoomBy(1)), tool("minus", t("缩小"), () => stage.zoomBy(-1)), tool("pin", t("用我的位置"), () => app.here && stage.show(app.here.lon, app.here.lat, Math.max(stage.zoom, 18))))), panel);
    const kept = await app.phone.draftOf(KEY);
    if (!begun) {
      if (kept?.place) stage.show(kept.place.lon, kept.place.lat, 18);
      else begin(app, stage);
      begun = true;
    }
    start(kept || newMark());
    focusOn(title);
  };
  marking.draw = () => canvas.isConnected && stage.redraw();
  return marking;
}

function drawOutline({ ctx, scale, left, top }, corners) {
  if (!corners.length) return;
  ctx.beginPath();
  corners.forEach(({ lon, lat }, n) => {
    const [x, y] = toWorld(lon, lat);
    const [px, py] = [x * scale - left, y * scale - top];
    if (n) ctx.lineTo(px, py);
    else ctx.moveTo(px, py);
  });
  ctx.closePath();
  ctx.fillStyle = withAlpha("vio-solid", 0.18);
  ctx.fill();
  ctx.lineWidth = 2.4;
  ctx.strokeStyle = colour("vio-solid");
  ctx.stroke();
  for (const { lon, lat } of corners) {
    const [x, y] = toWorld(lon, lat);
    ctx.beginPath();
    ctx.arc(x * scale - left, y * scale - top, 4, 0, Math.PI * 2);
    ctx.fillStyle = colour("vio-solid");
    ctx.fill();
  }
}
