/*
 * A form of the work at houses: its draft is kept at once, frozen when it is saved, and taken back within ten seconds. What
 * stands in it each kind says itself.
 */

import { t } from "../i18n.js";
import { fill, h, icon, say } from "../map/dom.js";
import { button, chip, focusOn } from "./parts.js";

const TYPED_MS = 400;

/** A row of choices, one of which may be taken; taken again it is given up where `again` allows it. */
export function picks(sheet, name, title, options, { value = sheet.draft()[name], pick = (key) => sheet.set({ [name]: key }), again = false, more = null } = {}) {
  const chips = options.map(([key, words]) => {
    const one = chip(words, value === key, () => pick(again && value === key ? null : key));
    one.dataset.focus = `${name}:${key}`;
    return one;
  });
  return h("fieldset", { class: "block" }, h("legend", {}, title), h("div", { class: "chips" }, chips), more);
}

/**
 * Open a form in `box`.
 * @param {object} form `title`, `facts`, `begin()` the new draft, `lacks(draft)` a sentence or null, `body(draft, clocks)`,
 *   `button`, `note`, `draw(sheet)` its fields, `typed(sheet)` what follows quiet changes
 * @param {object} ways `saved(id, draft)` and `closed()`
 */
export async function openForm(app, box, form, { saved: onSaved, closed }) {
  const { phone } = app;
  const first = form.begin();
  let draft = (await phone.draftOf(first.key)) || first;
  let saving = Promise.resolve();
  let waiting = 0;
  let over = false;
  const sheet = { app, told: null };
  const body = h("div", { class: "sheet-body" });
  const foot = h("div", { class: "sheet-foot" });
  const title = h("h2", { class: "sheet-title", dataset: { form: first.key } }, form.title);

  function store(soon) {
    clearTimeout(waiting);
    const write = () => {
      waiting = 0;
      const now = draft;
      if (!over) saving = saving.then(() => phone.putDraft(now)).catch(app.trouble);
    };
    if (soon) waiting = setTimeout(write, TYPED_MS);
    else write();
  }

  sheet.draft = () => draft;
  sheet.set = (change, { quiet = false } = {}) => {
    draft = { ...draft, ...change };
    sheet.told = null;
    store(quiet);
    if (quiet) form.typed?.(sheet);
    else draw();
  };
  sheet.flush = () => {
    if (waiting) store(false);
    return saving;
  };
  sheet.redraw = () => draw();

  function draw() {
    const focused = document.activeElement?.dataset?.focus;
    fill(body, form.draw(sheet));
    if (focused) body.querySelector(`[data-focus="${focused}"]`)?.focus();
    drawFoot();
  }

  function drawFoot() {
    fill(foot, sheet.told && h("p", { class: "lack", role: "alert" }, sheet.told), button(form.button, save, { class: "main" }), h("p", { class: "sheet-note" }, form.note), h("p", { class: "sheet-note" }, t("无信号也能保存，有网后自动上传")));
  }

  async function save() {
    if (over) return;
    sheet.told = form.lacks(draft);
    if (sheet.told) {
      drawFoot();
      return;
    }
    over = true;
    clearTimeout(waiting);
    try {
      await saving;
      const id = await phone.saveAs(draft.kind, draft, form.body(draft, { now: Date.now(), offset: phone.offset }));
      say(t("已保存：%(name)s", { name: form.title }));
      onSaved(id, draft);
    } catch (reason) {
      over = false;
      app.trouble(reason);
    }
  }

  async function discard() {
    over = true;
    clearTimeout(waiting);
    await saving;
    try {
      await phone.dropDraft(draft);
    } catch (reason) {
      app.trouble(reason);
    }
    closed();
  }

  sheet.close = async () => {
    if (!over) await sheet.flush();
  };
  fill(box, app.notices(), h("section", { class: "sheet", "aria-label": form.title },
    h("div", { class: "sheet-head" }, h("div", { class: "sheet-name" }, title, h("button", { type: "button", class: "round", "aria-label": t("关闭"), onclick: () => closed() }, icon("x"))),
      h("p", { class: "sheet-facts" }, form.facts.filter(Boolean).join(" · "))),
    body, foot, button(t("放弃填写"), discard, { class: "link" })));
  draw();
  focusOn(title);
  return sheet;
}
