/* A visit being written down: three taps when all is well. Everything chosen is kept at once as a draft. */

import { t } from "../i18n.js";
import { count, day, dayAndTime, distance } from "../format.js";
import { fill, h, icon, say } from "../map/dom.js";
import { outcomeWord } from "../map/words.js";
import { correctionKey } from "./corrections.js";
import { betterFix, judgeFix } from "./evidence.js";
import { draftKey } from "./drafts.js";
import { addressOf, hasPlace } from "./nearby.js";
import { button, chip, choice, focusOn, tagsOf } from "./parts.js";
import { drawDemands } from "./sheet-demands.js";
import { drawMore } from "./sheet-more.js";
import { drawStrip } from "./strip.js";
import { isLate, lacking, newDraft, OTHERS, PRACTICE, REMOTE, WHEN } from "./visit.js";
import { caseWord, FIX_REASON_KEYS, fixReasonWord, lackingWord, reasonsOf, whenWord } from "./words.js";

/** The household to practise on; it is in no list and its visit counts nowhere. */
const FRESH_MS = 60000; // a reading that old still says where one stands

function practiceHome() {
  return { id: PRACTICE, code: null, head: t("练习户"), address: t("不计入走访"), status: 0, lon: null, lat: null, quality: 7, key_groups: [] };
}

/** A household that went to somebody else while its visit was being written down: what was written stays and can be sent. */
function goneHome({ household, code, head }) {
  return { id: household, code, head, address: t("已不在名单"), status: null, lon: null, lat: null, quality: 7, key_groups: [] };
}

/**
 * Open the sheet of a household in `box`. Resolves with what the page needs of it: `close()`, `flush()`.
 * @param {object} options `choose` what is chosen already; `correct` id of the saved visit that is to be corrected; `more` the
 *   optional part that stands open
 */
export async function openSheet(app, box, id, { choose = null, correct = null, more = null } = {}) {
  const { phone } = app;
  const before = await phone.draftOf(correct ? correctionKey(correct) : draftKey(id));
  const listed = id === PRACTICE ? practiceHome() : phone.households().find((one) => one.id === id);
  const home = listed || (before && goneHome(before)) || (correct && goneHome({ household: id, code: null, head: t("不在名单的户") }));
  if (!home) return null;
  let draft = before || (correct ? await phone.correct(correct) : newDraft(home, phone.book, { practice: id === PRACTICE }));
  if (choose && !draft.choice) draft = { ...draft, choice: choose, return_when: choose === "nobody" ? "tonight" : null };
  const sheet = { id, correct, open: { more }, told: null };
  let saving = Promise.resolve();
  let waiting = 0;
  let saved = false;

  /** Keep the draft; what is typed waits a moment for more. */
  function store(soon) {
    clearTimeout(waiting);
    const write = () => {
      if (saved) return;
      const now = draft;
      saving = saving.then(() => phone.putDraft(now)).catch((reason) => {
        // A photo came in between: what the draft is now is kept at once.
        if (reason.name !== "DraftChanged" || now === draft) app.trouble(reason);
      });
    };
    if (soon) waiting = setTimeout(write, 400);
    else write();
  }

  sheet.draft = () => draft;
  /** Change the draft; `quiet` leaves the screen as it is (somebody types in it). */
  sheet.set = (change, { quiet = false } = {}) => {
    draft = { ...draft, ...change };
    sheet.told = null;
    store(quiet);
    if (!quiet) draw();
  };
  sheet.flush = () => {
    if (waiting) store(false);
    return saving;
  };
  sheet.redraw = () => draw();
  sheet.app = app;

  /** A reading of the position: the best one is kept. A correction keeps that of the visit. */
  sheet.placed = (fix) => {
    if (draft.corrects) return;
    const best = betterFix(draft.fix, fix);
    if (best === draft.fix) return;
    draft = { ...draft, fix: best };
    if (draft.choice) store(true);
    drawPlace();
  };

  const strip = h("canvas", { class: "strip", "aria-hidden": "true" });
  const placeLine = h("p", { class: "place" });
  const body = h("div", { class: "sheet-body" });
  const reasonBox = h("div", { class: "sheet-reason" });
  const foot = h("div", { class: "sheet-foot" });
  const title = h("h2", { class: "sheet-title" }, home.head || home.code);
  fill(box, hasPlace(home) && strip,
    h("section", { class: "sheet", "aria-label": t("走访 %(name)s", { name: home.head || home.code }) },
      h("div", { class: "sheet-head" },
        h("div", { class: "sheet-name" }, h("div", { class: "row-name" }, title, tagsOf(home)),
          h("button", { type: "button", class: "round", "aria-label": t("关闭"), onclick: () => app.closeVisit() }, icon("x"))),
        h("p", { class: "sheet-facts" }, facts(home)), placeLine),
      reasonBox, body, foot));

  function drawPlace() {
    if (draft.corrects) {
      fill(placeLine, icon("edit"), t("更正 %(when)s 的走访，时间和定位不变。", { when: dayAndTime(draft.corrects.started_at) }), draft.corrects.photos > 0 && t("原有 %(n)s 张照片保留。", { n: count(draft.corrects.photos) }));
      if (hasPlace(home)) drawStrip(strip, { home, households: phone.households(), here: null });
      return;
    }
    const judged = judgeFix(draft.fix, hasPlace(home) ? home : null);
    const bad = judged.rough || judged.far;
    placeLine.className = bad ? "place is-bad" : draft.fix ? "place" : "place is-none";
    let words = t("正在定位，不影响填写。");
    if (draft.fix && judged.distance_m !== null) {
      const numbers = { far: distance(judged.distance_m), error: distance(draft.fix.accuracy_m) };
      words = bad ? t("定位欠佳：距房屋 %(far)s，误差 %(error)s", numbers) : t("定位良好：距房屋 %(far)s，误差 %(error)s", numbers);
    }
    else if (draft.fix) words = t("已定位，误差 %(error)s", { error: distance(draft.fix.accuracy_m) });
    fill(placeLine, icon("pin"), words);
    if (hasPlace(home)) drawStrip(strip, { home, households: phone.households(), here: draft.fix || app.here });
    fill(reasonBox, bad && h("fieldset", { class: "block" }, h("legend", {}, t("定位欠佳的原因")),
      h("div", { class: "chips" }, FIX_REASON_KEYS.map((key) => chip(fixReasonWord(key), draft.fix_reason === key, () => { sheet.set({ fix_reason: key }); drawPlace(); })))));
  }

  function draw() {
    const pick = (value) => sheet.set({ choice: value, other: value === "other" ? draft.other : null, reason: value === "other" ? draft.reason : null, return_when: value === "nobody" ? draft.return_when || "tonight" : null });
    const card = (value, words) => choice("choice", value, words, { checked: draft.choice === value, onPick: pick });
    const focused = document.activeElement?.closest("[data-focus]")?.dataset.focus || (document.activeElement?.name === "choice" ? `choice:${document.activeElement.value}` : null);
    fill(body,
      h("fieldset", { class: "choices" }, h("legend", { class: "unseen" }, t("走访情况")),
        card("well", t("在家 · 一切正常")), card("issue", t("在家 · 有诉求或问题")),
        h("div", { class: "halves" }, card("nobody", t("无人在家")), card("other", t("其他情况")))),
      draft.choice === "nobody" && h("fieldset", { class: "block" }, h("legend", {}, t("何时再访")),
        h("div", { class: "chips" }, WHEN.map((key) => chip(whenWord(key, isLate(Date.now())), draft.return_when === key, () => sheet.set({ return_when: key }))))),
      draft.choice === "other" && drawOthers(),
      draft.choice === "issue" && drawDemands(sheet),
      drawMore(sheet, { spoken: draft.choice === "well" || draft.choice === "issue" || REMOTE.includes(draft.other) }));
    if (focused?.startsWith("choice:")) body.querySelector(`input[value="${focused.slice(7)}"]`)?.focus();
    else if (focused) body.querySelector(`[data-focus="${focused}"]`)?.focus();
    fill(foot,
      sheet.told && h("p", { class: "lack", role: "alert" }, sheet.told),
      button(correct ? t("保存更正") : t("保存走访"), save, { class: "main" }),
      h("p", { class: "sheet-note" }, t("无信号也能保存，有网后自动上传")));
  }

  function drawOthers() {
    const pickCase = (key) => sheet.set({ other: key, reason: null });
    const accepted = phone.book.campaign?.visit?.remote_reasons || [];
    const reasons = REMOTE.includes(draft.other) && accepted.length ? accepted.map((words) => [words, () => words]) : reasonsOf(draft.other);
    return h("fieldset", { class: "block" }, h("legend", {}, t("哪种情况")),
      h("div", { class: "chips" }, [...OTHERS, ...REMOTE].map((key) => chip(caseWord(key), draft.other === key, () => pickCase(key)))),
      draft.other && h("div", { class: "chips", role: "group", "aria-label": t("原因") }, reasons.map(([kept, words]) => chip(words(), draft.reason === kept, () => sheet.set({ reason: kept })))));
  }

  async function save() {
    if (saved) return;
    const lack = lacking(draft);
    if (lack) {
      sheet.told = lackingWord(lack);
      draw();
      return;
    }
    saved = true;
    clearTimeout(waiting);
    try {
      await saving;
      const sent = await phone.saveVisit(draft, hasPlace(home) ? home : null);
      say(t("已保存：%(name)s", { name: home.head }));
      app.visitSaved(sent, home, correct);
    } catch (reason) {
      saved = false;
      app.trouble(reason);
    }
  }

  sheet.close = async () => {
    if (!saved) await sheet.flush();
  };
  /** Throw away what was written. */
  sheet.discard = async () => {
    saved = true;
    clearTimeout(waiting);
    await saving;
    try {
      await phone.dropDraft(draft);
      app.closeVisit();
    } catch (reason) {
      app.trouble(reason);
    }
  };

  draw();
  drawPlace();
  if (app.here && !draft.corrects && draft.presence.started_at - app.here.at < FRESH_MS) sheet.placed(app.here);
  // The draft is there before anything else happens, the camera above all.
  if (choose && !before) store(false);
  focusOn(title);
  return sheet;
}

function facts(home) {
  return [
    addressOf(home),
    home.people ? t("家中 %(n)s 人", { n: count(home.people) }) : null,
    home.last ? t("上次 %(day)s %(outcome)s", { day: day(home.last.at), outcome: outcomeWord(home.last.outcome) }) : null,
    home.reserved ? t("%(who)s 已约", { who: home.reserved.who }) : null,
  ].filter(Boolean).join(" · ");
}
