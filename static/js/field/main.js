/* The field app: what is open, what stands in the head, and the way from one screen to the next. */

import { loadWords, t } from "../i18n.js";
import { count, distance } from "../format.js";
import { fill, h, icon, say } from "../map/dom.js";
import { correctionKey } from "./corrections.js";
import { askNewPin, askPin, missing, showSignIn, showTrouble } from "./gate.js";
import { elsewhere, inChatApp } from "./elsewhere.js";
import { register, removeShell } from "./install.js";
import { askKey, forgetKey, keepKey } from "./keeper.js";
import { drawList, nextOf, prepareList, progressOf } from "./list.js";
import { signOut } from "./net.js";
import { UNDO_MS } from "./outbox.js";
import { button } from "./parts.js";
import { askAhead, openPhone } from "./phone.js";
import { askToPersist, dropMaps, isFull, rescued } from "./space.js";
import { dropStore, forgetAccount, getMeta, openStore, rememberAccount, rememberedAccount } from "./store.js";
import { watchPlace } from "./evidence.js";
import { forgetNotes } from "./restore.js";
import { emptiedWords, phaseWord } from "./words.js";

const HERE_MOVED_DEG = 0.0001; // about ten metres
const LOCK_AFTER_MS = 15 * 60 * 1000;
const PING_EVERY_MS = 60 * 1000;
const ASKED_MS = 20 * 1000;
const A_MOMENT_MS = 300;
const root = document.getElementById("app");

const app = { phone: null, current: null, here: null, placeTrouble: false, sheet: null, update: null, saved: null, said: null, late: false };

/* ---- the screens behind the list ---- */

let screens = null;

/** They come once the way to the list is free; who wants one before waits for it. Null where they have not come over the line. */
async function behindList() {
  try {
    screens ||= await import("./screens.js");
    app.late = false;
  } catch (unreachable) {
    app.late = true;
    app.draw();
  }
  return screens;
}

/** Have them come once what is drawn just now can be seen, without anybody waiting. */
function fetchBehind() {
  const come = () => import("./screens.js").then((all) => { screens ||= all; return app.phone && comeToWork(); }).catch(() => {});
  requestAnimationFrame(() => setTimeout(come));
}

let work = null;

/** The work at houses comes last of all; from then on what there is to do is fetched with the rest. */
async function comeToWork() {
  work ||= import("./tasks.js").then((all) => all.createTasks(app));
  try {
    app.tasks = await work;
  } catch (unreachable) {
    work = null;
    throw unreachable;
  }
  app.workCame();
  app.tasks.attach();
}

/** The work at houses, or null where it has not come over the line. */
async function workAtHouses() {
  if (!(await behindList())) return null;
  try {
    if (!app.tasks) await comeToWork();
  } catch (unreachable) {
    app.late = true;
    app.draw();
    return null;
  }
  return app.tasks;
}

/** What there is to do has come: the button that leads to it appears where one is, unless something is being marked. The list has none. */
app.workCame = () => {
  if (app.current !== "mark" && app.current !== "list") app.draw();
  else if (app.current === "mark" && app.marking && !app.marking.draft()?.mark) app.marking.redraw();
};

/** A button that leads to the work at houses, with how much of it is left; nothing where there is none. */
app.workDoor = () => {
  if (!app.tasks?.any()) return null;
  const left = Object.values(app.tasks.open()).reduce((sum, n) => sum + n, 0);
  return button(left ? t("农房任务：%(n)s 项待办", { n: count(left) }) : t("农房任务"), () => app.show("tasks"), { name: "house" });
};

const give = async () => (await behindList())?.exportUnsent(app);

/* ---- what stands round every screen ---- */

const heading = h("h1", { class: "bar-title" });
const pill = h("button", { type: "button", class: "pill", onclick: () => app.show("day") });
const progress = h("div", { class: "bar-progress" });
const head = h("header", { class: "bar" }, h("div", { class: "bar-line" }, heading, pill));
const main = h("main", { class: "screen", id: "main" });
const screen = (name, look = "view") => h("div", { class: look, dataset: { screen: name } });
const views = { list: screen("list"), map: screen("map", "view view-map"), mark: screen("mark", "view view-map"), day: screen("day"), tasks: screen("tasks"), settings: screen("settings"), visit: screen("visit", "view view-visit") };
const TABS = [["list", "list", () => t("走访")], ["map", "map", () => t("地图")], ["mark", "plus", () => t("标房")], ["day", "clock", () => t("今日")]];
const tabs = h("nav", { class: "tabs" });
const TITLES = { list: () => t("今天的走访"), map: () => t("地图"), mark: () => t("标房"), day: () => t("今日收工"), tasks: () => t("农房任务"), settings: () => t("设置"), visit: () => t("走访") };

function drawHead() {
  heading.textContent = TITLES[app.current]();
  document.title = `${TITLES[app.current]()} · ${t("访图")}`;
  const { items } = app.phone.unsent();
  pill.className = items ? "pill" : "pill is-done";
  fill(pill, icon(items ? "cloud" : "check"), items ? t("待上传 %(n)s", { n: count(items) }) : t("已全部上传"));
  progress.hidden = app.current !== "list";
  if (app.current === "list") {
    const { own, done } = progressOf(app);
    const names = [...new Set(own.map((one) => one.village?.name).filter(Boolean))];
    const left = t("还有 %(n)s 户", { n: count(own.length - done) });
    fill(progress,
      h("p", { class: "bar-figures" }, h("span", {}, h("strong", {}, count(done)), t(" / %(n)s 户已走访", { n: count(own.length) })), h("span", {}, names.length === 1 ? `${names[0]} · ${left}` : left)),
      h("progress", { class: "progress", max: Math.max(1, own.length), value: done, "aria-label": t("走访进度") }));
  }
  fill(tabs, TABS.map(([name, sign, words]) => h("button", { type: "button", "aria-current": app.current === name ? "page" : null, onclick: () => app.show(name) }, icon(sign), h("span", {}, words()))));
  tabs.hidden = app.current === "visit";
}

/** What everybody has to know at once, as lines above a screen. */
app.notices = () => {
  const { phase, trouble } = app.phone.sender.state;
  const line = (kind, ...parts) => h("div", { class: `notice is-${kind}` }, ...parts);
  const shut = (act) => h("button", { type: "button", class: "round", "aria-label": t("关闭"), onclick: () => { act(); app.draw(); } }, icon("x"));
  return [
    app.update && !app.sheet && line("inf", h("span", {}, t("有新版本")), button(t("立即更新"), app.update)),
    inChatApp() && elsewhere(),
    app.late && line("wrn", h("span", {}, t("这一页还没有下载完，请连网后再点一次。")), shut(() => { app.late = false; })),
    phase === "sign-in" && line("wrn", h("span", {}, t("登录已过期，记录都在。登录后继续上传。")), h("a", { class: "button", href: "/sign-in?next=/field/" }, t("登录"))),
    (phase === "other" || phase === "revoked") && line("dan", h("span", {}, phaseWord({ phase })), button(t("导出未上传"), give)),
    (app.said || trouble) && line("dan", h("span", {}, app.said || t("手机存储出了问题：%(why)s", { why: trouble.name })), button(t("导出未上传"), give), shut(() => { app.said = null; app.phone.sender.state.trouble = null; })),
    app.phone.emptied !== null && line("dan", h("span", {}, emptiedWords(app.phone.emptied)), shut(app.phone.emptiedRead)),
    app.phone.apart > 0 && line("dan", h("span", {}, t("手机存储已满：%(n)s 条记录只是暂存，关闭浏览器可能丢失。请先导出，再清理手机。", { n: count(app.phone.apart) })), button(t("导出未上传"), give)),
    app.phone.routeChanged && line("inf", h("span", {}, t("主管改过路线，您的顺序没有采用。")), button(t("知道了"), () => { app.phone.routeChanged = false; app.draw(); })),
    app.phone.noCampaign && line("inf", h("span", {}, t("还没有走访行动，请联系主管。"))),
    app.phone.book.at === null && !app.phone.noCampaign && line("inf", h("span", {}, t("还没有名单。")), button(t("立即更新"), () => app.phone.sync({ fresh: true }))),
  ];
};

/** After saving: undo, and the next house. */
app.savedBar = () => {
  const { saved } = app;
  if (!saved) return null;
  const next = saved.correct ? null : nextOf(app, saved.home.id);
  const far = next && next.metres !== null && next.metres !== undefined ? ` ${distance(next.metres)}` : "";
  return h("section", { class: "saved", "aria-label": t("已保存") },
    h("p", {}, icon("check"), h("span", {}, saved.isApart ? t("已暂存：%(name)s", { name: saved.home.head }) : t("已保存：%(name)s", { name: saved.home.head })), saved.undo && h("button", { type: "button", class: "link", onclick: undo }, t("撤销"))),
    next && h("button", { type: "button", class: "saved-next", onclick: () => app.openVisit(next.id) }, h("span", {}, t("下一户：%(name)s", { name: next.head }), far), icon("right")),
    next && h("div", { class: "halves" }, button(t("在家 · 一切正常"), () => app.openVisit(next.id, { choose: "well" })), button(t("无人在家"), () => app.openVisit(next.id, { choose: "nobody" }))));
};

async function undo() {
  const { id, home, correct } = app.saved;
  try {
    await app.phone.undo(id);
    app.saved = null;
    await app.openVisit(home.id, { correct });
    say(t("已撤销，请继续填写。"));
  } catch (reason) {
    app.saved = { ...app.saved, undo: false };
    if (reason.name !== "OnItsWay") app.trouble(reason);
    app.draw();
  }
}

/* ---- screens ---- */

app.draw = () => {
  if (!app.phone || !app.current) return;
  said = toldOf(app.phone.sender.state);
  drawHead();
  if (app.current === "list") drawList(app, views.list);
  else if (app.current === "day") screens.drawDay(app, views.day);
  else if (app.current === "map") app.map?.draw();
  else if (app.current === "mark") app.marking?.draw();
  else if (app.current === "tasks") app.tasks?.draw();
};
app.redrawAll = () => {
  views.list.replaceChildren();
  app.draw();
};

app.show = async (name) => {
  if (app.sheet) await app.leaveSheet();
  if (app.current === "mark") await app.marking?.flush();
  if (app.current === "tasks") await app.tasks?.leave();
  if (name !== "list" && !(await (name === "tasks" ? workAtHouses() : behindList()))) {
    if (app.current === null) await app.show("list");
    return;
  }
  app.current = name;
  fill(main, views[name]);
  window.scrollTo(0, 0);
  const hash = `#${name}`;
  if (window.location.hash !== hash) window.history.replaceState(null, "", hash);
  if (name === "settings") screens.drawSettings(app, views.settings);
  app.draw();
  if (name === "day") app.phone.compare();
  if (name === "map") {
    app.map ||= screens.createMap(app);
    app.map.show(views.map);
  } else if (name === "mark") {
    app.marking ||= screens.createMarking(app);
    await app.marking.show(views.mark);
  } else if (name === "tasks") await app.tasks.show(views.tasks);
};

app.openVisit = async (id, more = {}) => {
  if (app.sheet) await app.leaveSheet();
  if (!(await behindList())) {
    await app.show("list");
    return;
  }
  app.saved = null;
  app.back = app.current === "visit" ? "list" : app.current;
  app.current = "visit";
  fill(main, views.visit);
  window.scrollTo(0, 0);
  window.history.replaceState(null, "", more.correct ? `#c=${more.correct}` : `#h=${id}`);
  drawHead();
  app.sheet = await screens.openSheet(app, views.visit, id, more);
  app.follow();
  if (!app.sheet) await app.show("list");
};

/** Open a saved visit to correct it. */
app.openSaved = async (id, more = {}) => {
  const home = app.phone.rows.find((row) => row.id === id)?.household ?? (await app.phone.draftOf(correctionKey(id)))?.household;
  if (home === undefined) await app.show("day");
  else await app.openVisit(home, { correct: id, ...more });
};

app.leaveSheet = async () => {
  const { sheet } = app;
  app.sheet = null;
  await sheet.close();
};

app.closeVisit = async () => {
  const { id, correct } = app.sheet || {};
  await app.show(correct ? "day" : app.back || "list");
  main.querySelector(correct ? `[data-visit="${correct}"]` : `[data-household="${id}"]`)?.focus({ preventScroll: true });
};

app.visitSaved = async (id, home, correct = null) => {
  app.sheet = null;
  // What could not be kept on the way here is kept now.
  app.said = null;
  const isApart = app.phone.apart > 0 && rescued(app.phone.account.id).some((one) => one.id === id);
  app.saved = { id, home, correct, isApart, undo: !isApart };
  setTimeout(() => {
    if (app.saved?.id !== id) return;
    app.saved = { ...app.saved, undo: false };
    app.draw();
  }, UNDO_MS);
  await app.show(correct ? "day" : "list");
  main.querySelector(".saved-next")?.focus({ preventScroll: true });
  app.phone.persisted = await askToPersist();
};

/** Something could not be kept: say what it means, and that it can be given out. */
app.trouble = (reason) => {
  if (reason.name === "AlreadySaved") {
    app.said = t("这次走访已在另一个页面上保存，这里后来的改动没有保存。");
    app.closeVisit();
    return;
  }
  if (reason.name === "DraftChanged" && app.sheet) {
    app.said = t("照片已在另一个页面上改动，请看过后再保存。");
    app.openVisit(app.sheet.id, { correct: app.sheet.correct });
    return;
  }
  app.said = isFull(reason) ? t("手机存储已满，没有保存。请先导出未上传的记录，再清理手机。") : t("没有保存：%(why)s。您填的内容还在，请重试。", { why: reason.name });
  const box = app.current === "visit" ? views.visit : views[app.current];
  box.querySelector(".notice.is-dan")?.remove();
  box.prepend(h("div", { class: "notice is-dan", role: "alert" }, h("span", {}, app.said), button(t("导出未上传"), give)));
};

/** A reading of the position: the order of the list follows it, not more often than one notices. */
app.placed = (fix) => {
  const before = app.here;
  app.here = fix;
  app.placeTrouble = false;
  app.sheet?.placed(fix);
  if (!before || Math.abs(fix.lat - before.lat) + Math.abs(fix.lon - before.lon) > HERE_MOVED_DEG) app.draw();
  else if (app.current === "map") app.map?.draw();
  else if (app.current === "mark") app.marking?.draw();
};

let unwatch = () => {};
/** Follow the position anew: at a house a fresh reading is wanted, not one from the way there. */
app.follow = () => {
  unwatch();
  unwatch = watchPlace(app.placed, () => {
    app.placeTrouble = true;
    app.draw();
  });
};

app.lock = async () => {
  if (app.sheet) await app.leaveSheet();
  forgetKey();
  app.phone.close();
  window.location.reload();
};

/** Delete what the phone holds of this account and end its session; only when nothing is unsent. False without a network. */
app.leave = async () => {
  await app.phone.reload();
  if (app.phone.unsent().items) return true;
  try {
    await signOut();
  } catch (unreachable) {
    return false;
  }
  forgetKey();
  app.phone.close();
  await wipe(app.phone.account.id);
  window.location.href = "/sign-in?next=/field/";
  return true;
};

async function wipe(account) {
  await dropStore(account);
  forgetNotes(account);
  await dropMaps();
  await forgetAccount();
}

/* ---- the start ---- */

/** What the server said when the page asked it first of all; null without an answer, or with one that is not the server's. */
async function whoIsThere() {
  const answer = await Promise.race([window.fangtuAsked, new Promise((done) => setTimeout(done, ASKED_MS, null))]);
  const body = answer?.ok ? await answer.json().catch(() => null) : null;
  return body?.fangtu === "field" ? body : null;
}

/** Begin to open what is kept for an account: the database, the key if the worker still has it, and with both the phone. */
function opening(account) {
  const [store, key] = [openStore(account.id, { onBlocking: () => window.location.reload() }), askKey(account.id)];
  const phone = Promise.all([store, key]).then(async ([db, held]) => {
    // The key may be that of a database which the browser has deleted since.
    return held && (await getMeta(db, "key")) ? makePhone(db, held, account) : null;
  });
  phone.catch(() => {}); // whoever takes it is told
  return { store, key, phone };
}

async function start() {
  const asked = whoIsThere();
  await loadWords();
  const lack = missing();
  if (lack) {
    showTrouble(root, lack);
    return;
  }
  const known = await window.fangtuPhone;
  let account = known ? known.account : await rememberedAccount();
  let remembered = null;
  // Opened while the server is asked; nothing of it is shown before it is known who is there.
  let begun = account && opening(account);
  if (!account) {
    const ping = await asked;
    if (!ping) {
      showTrouble(root, t("第一次使用需要网络。请连网后重试。"), () => window.location.reload());
      return;
    }
    account = ping.account;
    if (!account) {
      showSignIn(root);
      return;
    }
    remembered = rememberAccount(account);
  } else {
    // Somebody else signed in on this phone: their data is their own.
    const ping = await Promise.race([asked, new Promise((done) => setTimeout(done, 1500, null))]);
    if (ping?.account && ping.account.id !== account.id) {
      (await begun.phone.catch(() => null))?.close();
      (await begun.store).close();
      account = ping.account;
      begun = null;
      remembered = rememberAccount(account);
    }
    if (ping?.kill) await removeShell();
  }
  begun ||= opening(account);
  const db = await begun.store;
  const isNew = !(await getMeta(db, "key"));
  const ahead = isNew ? askAhead(db, account.id) : null;
  ahead?.catch(() => {}); // told below, once the PIN is there
  if (isNew) requestAnimationFrame(() => setTimeout(prepareList));
  begun.key.then((held) => { if (isNew || !held) fetchBehind(); });
  // What the worker still holds is the key of a database that the browser may have deleted since.
  const key = isNew ? await askNewPin(root, db, account) : (await begun.key) || (await openLock(db, account));
  keepKey(account.id, key);
  await remembered;
  const first = await ahead;
  await openApp((!isNew && (await begun.phone)) || (await makePhone(db, key, account, first)), first);
}

async function openLock(db, account) {
  const rows = await db.getAll("outbox");
  return askPin(root, db, { name: account.name, unsent: rows.filter((row) => row.state !== "done").length + rescued(account.id).length });
}

let drawing = 0;
let hasBook = () => {};
let said = "";

/** What the screens but that of the day show of the sender; it speaks far more often. */
function toldOf({ phase, trouble }) {
  return `${["sign-in", "other", "revoked"].includes(phase) ? phase : ""} ${trouble?.name ?? ""}`;
}

function makePhone(db, key, account, first = null) {
  const onChange = (what) => {
    if (what === "book") hasBook();
    if (drawing || !app.phone) return;
    if (what === "sender" && app.current === "list" && toldOf(app.phone.sender.state) === said) {
      afterSync();
      return;
    }
    drawing = requestAnimationFrame(() => {
      drawing = 0;
      if (app.current === "visit") drawHead();
      else app.draw();
      afterSync();
    });
  };
  return openPhone({ db, key, account, version: document.documentElement.dataset.version, onChange, first });
}

async function openApp(phone, first) {
  const { key, account } = phone;
  app.phone = phone;
  if (first) {
    // The answer has mostly come while the PIN was typed: then the screen is drawn once, with the list in it.
    const booked = new Promise((done) => { hasBook = done; });
    app.phone.sync({ fresh: true });
    await Promise.race([booked, new Promise((done) => setTimeout(done, A_MOMENT_MS))]);
  }
  tabs.setAttribute("aria-label", t("主导航"));
  fill(root, head, progress, main, tabs);
  const wanted = window.location.hash.slice(1);
  const visit = wanted.match(/^h=(\d+)$/);
  const saved = wanted.match(/^c=([\da-f-]{36})$/);
  if (visit || saved) app.current = "list";
  if (visit) await app.openVisit(Number(visit[1]));
  else if (saved) await app.openSaved(saved[1]);
  else await app.show(["map", "mark", "day", "settings", "tasks"].includes(wanted) ? wanted : "list");
  document.body.dataset.ready = "true";
  fetchBehind();
  app.follow();
  register((update) => {
    app.update = async () => {
      if (app.sheet) await app.sheet.flush();
      update();
    };
    app.draw();
  });
  navigator.serviceWorker?.ready.then(() => keepKey(account.id, key));
  navigator.serviceWorker?.addEventListener("controllerchange", () => keepKey(account.id, key));
  if (!first) app.phone.sync({ fresh: true });
  follow();
}

/** A phone that was revoked gives up what it holds, once nothing on it is unsent. */
async function afterSync() {
  const { phone } = app;
  if (!phone) return;
  const { ping, phase } = phone.sender.state;
  if (phase !== "revoked" || !ping?.device?.wipe || phone.unsent().items) return;
  // Nothing is drawn of it any more, and it is wiped once.
  app.phone = null;
  phone.close();
  forgetKey();
  await wipe(phone.account.id);
  showTrouble(root, t("本机已被停用，本机数据已清除。请联系主管。"));
}

function follow() {
  const hurry = () => {
    app.phone?.sender.hurry();
    app.phone?.sync();
  };
  let hidden = 0;
  window.addEventListener("online", hurry);
  window.addEventListener("offline", () => app.draw());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hidden = Date.now();
      app.sheet?.flush();
      app.marking?.flush();
      app.tasks?.flush();
    } else if (hidden && Date.now() - hidden > LOCK_AFTER_MS) app.lock();
    else hurry();
  });
  window.addEventListener("pagehide", () => {
    app.sheet?.flush();
    app.marking?.flush();
    app.tasks?.flush();
  });
  window.addEventListener("hashchange", () => {
    const name = window.location.hash.slice(1);
    if (name !== app.current && views[name] && name !== "visit") app.show(name);
  });
  // The worker forgets when it is left alone.
  setInterval(() => app.phone && !document.hidden && keepKey(app.phone.account.id, app.phone.key), PING_EVERY_MS / 3);
}

start().catch((reason) => showTrouble(root, t("打不开：%(why)s", { why: `${reason.name} ${reason.message}` }), () => window.location.reload()));
