/* The work at houses: houses to appraise, sites of concern to look at, households of the monthly monitoring. */

import { t } from "../i18n.js";
import { count, day, distance } from "../format.js";
import { fill, h, icon, say } from "../map/dom.js";
import { concernWord } from "../map/mark-words.js";
import { appraisalForm, whyWord } from "./appraise.js";
import { houseKey } from "./appraising.js";
import { metresBetween } from "./evidence.js";
import { checkForm, lookForm } from "./look.js";
import { checkKey, siteKey } from "./looks.js";
import { markWord } from "./marks.js";
import { ask, headersOf } from "./net.js";
import { UNDO_MS } from "./outbox.js";
import { button, chip, tagsOf } from "./parts.js";
import { isFull } from "./space.js";
import { openForm } from "./task-form.js";
import { dayAt } from "./visit.js";
import { fetchWork, isDone, isLookDue, keepWork, NO_WORK, openWork, placeOf, readWork, savedHere } from "./work.js";

const EVERY_MS = 15 * 60 * 1000;
const FIRST = 60;
const KINDS = {
  houses: { word: () => t("房屋鉴定"), key: (one) => houseKey(one.id), name: (one) => one.head || one.code || String(one.id) },
  concerns: { word: () => t("整治观测"), key: (one) => siteKey(one.no), name: (one) => `${markWord(one.kind)} #${one.no}` },
  monitored: { word: () => t("动态监测"), key: (one) => checkKey(one.id), name: (one) => one.head || one.code },
};

/** The work of the opened phone; `show(box)` opens its list, `attach()` has it fetched with the rest. */
export async function createTasks(app) {
  const { phone } = app;
  let work = await readWork(phone.db, phone.key).catch(() => NO_WORK);
  let fetchedAt = 0;
  let confirmed = "";
  let box = null;
  let form = null;
  let saved = null;
  const look = { kind: null, words: "", rows: FIRST };
  const tasks = {};

  const rules = () => phone.book.form?.appraising ?? null;
  const today = () => dayAt(Date.now());
  tasks.any = () => kinds().length > 0;
  tasks.open = () => openWork(work, phone.rows, today());

  /** Fetch what there is to do when it is due, or when the server has confirmed some of it since. */
  async function refresh() {
    const done = phone.rows.filter((row) => row.about && row.state === "done").map((row) => row.id).join();
    if (Date.now() - fetchedAt < EVERY_MS && done === confirmed) return;
    const found = await fetchWork({ ask, headers: headersOf(phone.device, phone.account.id), before: work });
    if (!found) return;
    [fetchedAt, confirmed] = [Date.now(), done];
    // On a full phone it is there until the page dies: the room is for what is unsent.
    work = await keepWork(phone.db, phone.key, found).catch((reason) => {
      if (!isFull(reason)) throw reason;
      return found;
    });
    app.workCame();
  }
  tasks.attach = () => {
    phone.also = refresh;
    return phone.sync();
  };

  tasks.flush = () => form?.flush();
  tasks.leave = async () => {
    await form?.close();
    form = null;
  };

  tasks.show = async (into) => {
    box = into;
    await tasks.leave();
    draw();
  };
  tasks.draw = () => box?.isConnected && !form && draw();

  async function open(kind, one) {
    const made = { houses: () => appraisalForm(one, rules(), work.appraiser), concerns: () => lookForm(one), monitored: () => checkForm(one) }[kind]();
    saved = null;
    form = await openForm(app, box, made, {
      saved: async (id, draft) => {
        form = null;
        if (draft.kind === "appraisal") work = await keepWork(phone.db, phone.key, { ...work, appraiser: draft.appraiser.trim() }).catch(() => work);
        saved = { id, kind, one, name: KINDS[kind].name(one) };
        setTimeout(() => {
          if (saved?.id !== id) return;
          saved = null;
          tasks.draw();
        }, UNDO_MS);
        draw();
        window.scrollTo(0, 0);
      },
      closed: async () => {
        await tasks.leave();
        draw();
        box.querySelector(`[data-task="${KINDS[kind].key(one)}"]`)?.focus({ preventScroll: true });
      },
    });
    window.scrollTo(0, 0);
  }

  async function undo() {
    const { id, kind, one } = saved;
    try {
      await phone.undo(id);
      await open(kind, one);
      say(t("已撤销，请继续填写。"));
    } catch (reason) {
      saved = null;
      if (reason.name !== "OnItsWay") app.trouble(reason);
      draw();
    }
  }

  function kinds() {
    return Object.keys(KINDS).filter((kind) => work[kind].length || (kind === "houses" && work.total));
  }

  function draw() {
    const offered = kinds();
    if (!offered.includes(look.kind)) look.kind = offered[0] ?? null;
    const left = tasks.open();
    const pick = (change) => () => {
      Object.assign(look, { rows: FIRST }, change);
      draw();
    };
    const keep = box.querySelector("input[type=search]");
    const search = keep || h("input", { type: "search", class: "input", placeholder: t("姓名、门牌"), "aria-label": t("查找"), autocomplete: "off", value: look.words });
    if (!keep) {
      let timer = 0;
      search.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(pick({ words: search.value }), 200);
      });
    }
    const focused = document.activeElement === search;
    const rows = look.kind ? arranged() : [];
    const shown = rows.slice(0, look.rows);
    fill(box, h("h2", { class: "unseen" }, t("农房任务")), app.notices(), savedLine(),
      offered.length > 0 && h("div", { class: "chips", role: "group", "aria-label": t("农房任务") }, offered.map((kind) => chip(`${KINDS[kind].word()} ${count(left[kind])}`, kind === look.kind, pick({ kind })))),
      offered.length > 0 && h("div", { class: "find" }, search),
      aside(),
      h("ul", { class: "rows" }, shown.map((one) => row(one))),
      rows.length > shown.length && button(t("再显示 %(n)s 条", { n: Math.min(FIRST, rows.length - shown.length) }), pick({ rows: look.rows + FIRST }), { class: "quiet wide" }),
      !rows.length && h("p", { class: "note" }, empty(offered)));
    if (focused) search.focus();
  }

  function savedLine() {
    return saved && h("section", { class: "saved", "aria-label": t("已保存") }, h("p", {}, icon("check"), h("span", {}, t("已保存：%(name)s", { name: saved.name })), h("button", { type: "button", class: "link", onclick: undo }, t("撤销"))));
  }

  /** As of when, and where there is more than the phone holds. */
  function aside() {
    if (!look.kind) return null;
    const more = look.kind === "houses" && work.total > work.houses.length;
    return h("p", { class: "note" }, [
      t("截至 %(day)s", { day: day(work.as_of) }),
      more && t("待鉴定共 %(m)s 栋，手机上列出 %(n)s 栋", { m: count(work.total), n: count(work.houses.length) }),
      look.kind === "houses" && !rules() && t("还没有下载鉴定标准，请连网后再试。"),
    ].filter(Boolean).join(" · "));
  }

  function empty(offered) {
    if (work.at === null) return t("还没有下载农房任务，请连网后再看。");
    return offered.length ? t("没有“%(words)s”。", { words: look.words }) : t("没有您要做的农房任务。");
  }

  function arranged() {
    const done = savedHere(phone.rows);
    const wanted = look.words.trim().toLowerCase();
    const { key, name } = KINDS[look.kind];
    const far = (one) => (app.here && one.lon !== null ? metresBetween(app.here, one) : null);
    return work[look.kind].map((one) => ({ ...one, metres: far(one), row: done.get(key(one)) })).map((one) => ({ ...one, done: isDone(one.row, work) }))
      .filter((one) => !wanted || `${name(one)} ${one.village || ""} ${one.address || ""} ${one.code || ""}`.toLowerCase().includes(wanted))
      .sort((a, b) => a.done - b.done || isLater(a) - isLater(b) || (a.metres ?? Infinity) - (b.metres ?? Infinity) || 0);
  }

  /** What is less pressing: a house of which nothing is known but that nobody appraised it, a site seen this week, a household found safe. */
  function isLater(one) {
    if (look.kind === "houses") return Number(one.why[0] === "never");
    if (look.kind === "concerns") return Number(!isLookDue(one, today()));
    return Number(look.kind === "monitored" && one.stage === "safe");
  }

  function stateOf(one) {
    const key = KINDS[look.kind].key(one);
    if (phone.drafts.has(key)) return t("正在填写");
    if (one.done) return one.row.state === "done" ? t("已上传") : t("已填写，待上传");
    if (look.kind === "houses") return one.why.map(whyWord).join("、");
    if (look.kind === "concerns") return [concernWord(one.state), isLookDue(one, today()) ? t("该观测了") : t("下次观测 %(day)s 前", { day: day(one.look_by) })].join(" · ");
    return one.stage === "safe" ? t("已排查为安全") : t("待排查，%(day)s 前", { day: day(one.due_on) });
  }

  function row(one) {
    const { key, name } = KINDS[look.kind];
    const place = placeOf(one);
    const isShut = look.kind === "houses" && !rules();
    return h("li", { class: "row" },
      h("button", { type: "button", class: "row-button", disabled: isShut, dataset: { task: key(one) }, onclick: () => open(look.kind, one).catch(app.trouble) },
        h("span", { class: "row-words" },
          h("span", { class: "row-name" }, h("strong", {}, name(one)), look.kind === "houses" && tagsOf({ grade: one.grade })),
          h("span", { class: "row-place" }, [place, stateOf(one)].filter(Boolean).join(" · "))),
        h("span", { class: "row-far" }, one.metres !== null && h("strong", {}, distance(one.metres))), icon("right")));
  }

  return tasks;
}
