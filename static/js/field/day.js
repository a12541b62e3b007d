/* The end of the day: what the server has confirmed, what is on its way, what needs a word. */

import { t } from "../i18n.js";
import { count, dayAndTime } from "../format.js";
import { fill, h } from "../map/dom.js";
import { outboxParts } from "./export.js";
import { release, tryAgain } from "./outbox.js";
import { button, group } from "./parts.js";
import { askAbout, drawSaved, nameOfRow } from "./day-visits.js";
import { dayAt, isoAt } from "./visit.js";
import { flagWord, phaseWord } from "./words.js";

const NOTABLE = new Set(["not_assigned", "household_gone"]);

/** How many households rows are about; those at none count one by one. */
function homesIn(rows) {
  return new Set(rows.map((row) => row.household ?? row.id)).size;
}

/** Today's visits and marks, and older ones that are still open, by how they stand. */
function groupsOf({ phone }) {
  const today = dayAt(Date.now());
  const rows = phone.rows.filter((row) => !row.practice);
  const ofToday = rows.filter((row) => row.day === today);
  const left = rows.filter((row) => row.day !== today && row.state !== "done");
  const open = [...left, ...ofToday];
  // What was corrected is on its way as well, but counts no more.
  const mine = ofToday.filter((row) => row.kind === "visit" && !phone.replaced.has(row.id));
  const waiting = new Set(mine.filter((row) => row.state !== "done").map((row) => row.household ?? row.id));
  return {
    mine,
    left,
    homes: homesIn(mine),
    confirmed: homesIn(mine) - waiting.size,
    done: mine.filter((row) => row.state === "done"),
    marks: ofToday.filter((row) => row.kind === "mark"),
    houses: ofToday.filter((row) => row.about),
    refused: open.filter((row) => row.state === "refused"),
    going: open.filter((row) => row.state === "queued" || row.state === "sent"),
    asked: rows.filter((row) => phone.conflicts.has(row.id)),
    notable: mine.filter((row) => row.flags.some((flag) => NOTABLE.has(flag))),
    all: ofToday.length > 0 && ofToday.every((row) => row.state === "done") && !left.length,
  };
}

export function drawDay(app, box) {
  const { phone } = app;
  const { mine, left, homes, confirmed, done, marks, houses, refused, going, asked, notable, all } = groupsOf(app);
  const state = phone.sender.state;
  const photos = going.reduce((sum, row) => sum + row.photos.filter((photo) => photo.state === "here").length, 0);
  const last = done.map((row) => row.received_at).filter(Boolean).sort().at(-1);
  const later = phone.households().filter((one) => one.status === 3 && (one.return_at || one.here));

  const first = !mine.length ? t("今日还没有走访。") : all ? t("今日 %(n)s 户，服务器已全部确认。可以放心收工。", { n: count(homes) }) : t("今日 %(n)s 户，服务器已确认 %(done)s 户", { n: count(homes), done: count(confirmed) });
  const second = [
    going.length && (photos ? t("%(n)s 条和 %(photos)s 张照片待上传", { n: count(going.length), photos: count(photos) }) : t("%(n)s 条待上传", { n: count(going.length) })),
    refused.length && t("%(n)s 条被退回", { n: count(refused.length) }),
    asked.length && t("%(n)s 户需您确认", { n: count(asked.length) }),
    left.length && t("其中 %(n)s 条是前几天的", { n: count(left.length) }),
  ].filter(Boolean).join(t("；"));

  fill(box, h("h2", { class: "unseen" }, t("今日收工")), app.notices(), app.saved?.correct && app.savedBar(),
    h("section", { class: `day-card ${all ? "is-done" : mine.length || going.length || refused.length ? "is-open" : ""}` },
      h("p", { class: "day-first" }, first), second && h("p", { class: "day-second" }, second),
      mine.length > 0 && h("div", { class: "segments", "aria-hidden": "true" }, mine.map((row) => h("span", { class: `segment-${row.state}` })))),
    h("ul", { class: "groups" },
      mine.length > 0 && group("check", "ok", t("已确认 %(n)s 户", { n: count(confirmed) }), last ? t("最后确认 %(when)s", { when: dayAndTime(last) }) : t("尚无确认")),
      marks.length > 0 && group("flag", "inf", t("标记 %(n)s 个，已确认 %(done)s 个", { n: count(marks.length), done: count(marks.filter((row) => row.state === "done").length) })),
      houses.length > 0 && group("house", "inf", t("农房任务 %(n)s 项，已确认 %(done)s 项", { n: count(houses.length), done: count(houses.filter((row) => row.state === "done").length) })),
      going.length > 0 && group("up", "wrn", photos ? t("待上传 %(n)s 条、%(photos)s 张照片", { n: count(going.length), photos: count(photos) }) : t("待上传 %(n)s 条", { n: count(going.length) }), phaseWord(state), state.percent === null ? null : `${state.percent}%`),
      refused.map((row) => group("warn", "dan", t("被退回：%(name)s", { name: nameOfRow(app, row) }), row.error?.message || row.error?.code || "", null, h("div", { class: "halves" },
        button(t("再试一次"), () => sendAgain(app, row).catch(app.trouble)),
        button(t("导出"), () => exportUnsent(app, [row.id]), { name: "download" })))),
      asked.map((row) => askAbout(app, row)),
      notable.map((row) => group("info", "vio", t("请留意：%(name)s", { name: nameOfRow(app, row) }), row.flags.filter((flag) => flag !== "duplicate").map(flagWord).join(" "))),
      later.length > 0 && group("clock", "inf", t("待再访 %(n)s 户", { n: count(later.length) }), later.slice(0, 6).map((one) => one.head).join("、"))),
    drawSaved(app, mine),
    h("div", { class: "foot-buttons" },
      button(t("立即上传"), () => sendNow(app, going).catch(app.trouble), { class: "main", name: "upload" }),
      button(t("导出未上传"), () => exportUnsent(app), { name: "download", disabled: phone.unsent().items === 0 }),
      app.workDoor(),
      button(t("设置"), () => app.show("settings"), { name: "gear" })));
}

async function sendNow({ phone }, rows) {
  phone.sender.hurry();
  await Promise.all(rows.map((row) => release(phone.db, row.id)));
  await phone.sync({ fresh: true });
  await phone.compare();
}

async function sendAgain({ phone }, row) {
  await tryAgain(phone.db, row.id);
  await phone.reload();
  phone.sender.hurry();
  await phone.sync();
}

/** Give everything unsent out as one file, which a supervisor can hand in. */
export async function exportUnsent(app, ids = null) {
  const { phone } = app;
  const madeAt = isoAt(Date.now());
  const { parts } = await outboxParts(phone.db, phone.key, { device: phone.device, account: phone.account.id, madeAt, ids });
  const name = `fangtu-${phone.account.id}-${madeAt.slice(0, 16).replace(/[-:T]/g, "")}.zip`;
  const url = URL.createObjectURL(new Blob(parts, { type: "application/zip" }));
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
