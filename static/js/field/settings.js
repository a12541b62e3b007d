/* Settings of this phone: offline maps, room, PIN, language and colours, practice, signing out. */

import { lang, t } from "../i18n.js";
import { count } from "../format.js";
import { fill, h } from "../map/dom.js";
import { install, isInstalled } from "./install.js";
import { fetchPack, listPacks } from "./packs.js";
import { button, chip, focusOn } from "./parts.js";
import { changePin, PIN, WrongPin } from "./seal.js";
import { askToPersist, layBallast } from "./space.js";
import { getMeta, putMeta } from "./store.js";
import { PRACTICE } from "./visit.js";

const state = { packs: undefined, done: null, moved: () => {}, told: null, pausing: null, byHand: false };
const size = (bytes) => (bytes < 1048576 ? t("%(n)s KB", { n: Math.ceil(bytes / 1024) }) : t("%(n)s MB", { n: (bytes / 1048576).toFixed(1) }));

function kept(name, value) {
  localStorage.setItem(name, value);
  window.location.reload();
}

export function drawSettings(app, box) {
  const { phone } = app;
  const title = h("h2", { class: "unseen" }, t("设置"));
  const redraw = () => app.current === "settings" && drawSettings(app, box);
  const section = (name, ...parts) => h("section", { class: "block" }, h("h3", {}, name), ...parts);
  const dark = document.documentElement.dataset.bsTheme === "dark";
  const large = document.documentElement.dataset.type === "large";
  fill(box, title,
    section(t("离线包"), packPart(app, redraw), phone.persisted !== null && h("p", { class: "note" }, phone.persisted ? t("浏览器已答应保留本机数据。") : t("浏览器没有答应保留本机数据：手机空间不足时可能全部清除。请添加到桌面，并每天上传。"))),
    !isInstalled() && section(t("添加到桌面"), h("p", {}, state.byHand ? t("请在浏览器菜单里选“添加到主屏幕”。") : t("从桌面打开，浏览器不会自动清除数据。")), button(t("添加到桌面"), async () => { state.byHand = !(await install()); redraw(); }, { name: "home" })),
    section(t("练习"), h("p", {}, t("在练习户走一遍，不计入走访。")), button(t("练习一次"), () => app.openVisit(PRACTICE), { name: "edit" })),
    section(t("本机密码"), pinPart(app, redraw), button(t("锁定"), () => app.lock(), { name: "lock" })),
    section(t("显示"),
      h("div", { class: "chips" }, chip("中文", lang === "zh", () => kept("fangtu.lang", "zh")), chip("English", lang === "en", () => kept("fangtu.lang", "en"))),
      h("div", { class: "chips" }, chip(t("浅色"), !dark, () => kept("fangtu.theme", "light")), chip(t("深色"), dark, () => kept("fangtu.theme", "dark"))),
      h("div", { class: "chips" }, chip(t("大字"), large, () => kept("fangtu.type", large ? "normal" : "large")))),
    section(t("登录的账号"), h("p", {}, phone.account.name), h("p", { class: "note" }, t("版本 %(version)s · 设备 %(device)s", { version: phone.version, device: phone.device.slice(0, 8) })), leavePart(app, redraw)),
    state.told && h("p", { class: "lack", role: "alert" }, state.told));
  if (state.packs === undefined) load(app, redraw);
  if (!box.contains(document.activeElement)) focusOn(title);
}

async function load(app, redraw) {
  state.packs = null;
  try {
    state.packs = globalThis.caches ? await listPacks({ "X-Fangtu-Device": app.phone.device }) : null;
  } catch (unreachable) {
    state.packs = null;
  }
  redraw();
}

function packPart(app, redraw) {
  if (!state.packs) return h("p", { class: "note" }, t("连网后可以下载辖区的离线地图。"));
  const wanted = state.packs.filter((pack) => !pack.here);
  if (!wanted.length) return h("p", { class: "note" }, state.packs.length ? t("离线地图已下载。") : t("还没有离线地图。"));
  const bytes = wanted.reduce((sum, pack) => sum + pack.size, 0);
  if (state.pausing) {
    const bar = h("progress", { class: "progress", max: bytes, "aria-label": t("下载离线包") });
    const told = h("p", { role: "status" });
    // Only these two move: a button that is made anew under a finger does nothing.
    state.moved = () => {
      bar.value = state.done;
      told.textContent = t("%(done)s / %(all)s", { done: size(state.done), all: size(bytes) });
    };
    state.moved();
    return [bar, told, button(t("暂停"), () => state.pausing.abort(), { name: "pause" })];
  }
  const held = wanted.reduce((sum, pack) => sum + pack.held, 0);
  return [
    h("p", {}, t("%(n)s 个村，共 %(size)s。建议连无线网下载。", { n: count(wanted.length), size: size(bytes) })),
    held > 0 && h("p", {}, t("已下载 %(done)s，还差 %(left)s。", { done: size(held), left: size(bytes - held) })),
    button(held ? t("继续下载") : t("下载离线包"), () => download(app, wanted, redraw), { class: "main", name: "download" }),
  ];
}

async function download(app, packs, redraw) {
  state.pausing = new AbortController();
  state.done = 0;
  state.told = null;
  redraw();
  try {
    app.phone.persisted = await askToPersist();
    if (!(await layBallast())) state.told = t("手机空间不足，请先清理。记录仍可保存。");
    let before = 0;
    for (const pack of packs) {
      await fetchPack(pack, (bytes) => {
        state.done = before + bytes;
        state.moved();
      }, state.pausing.signal);
      before += pack.size;
    }
  } catch (reason) {
    if (reason.name !== "AbortError") state.told = t("下载中断，已下载的部分会保留，可继续。");
  }
  state.pausing = null;
  await load(app, redraw);
}

function pinPart(app, redraw) {
  const field = (words, name) => h("label", { class: "field" }, h("span", {}, words), h("input", { class: "input pin", name, type: "password", inputmode: "numeric", maxlength: 6, autocomplete: "off" }));
  const form = h("form", { novalidate: true }, field(t("现在的密码"), "old"), field(t("新密码"), "fresh"), h("button", { class: "button" }, t("更改本机密码")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { old, fresh } = form.elements;
    if (!PIN.test(fresh.value)) state.told = t("请输入六位数字。");
    else {
      try {
        await putMeta(app.phone.db, "key", await changePin(await getMeta(app.phone.db, "key"), old.value, fresh.value));
        state.told = t("密码已更改。");
      } catch (reason) {
        if (!(reason instanceof WrongPin)) throw reason;
        state.told = t("密码不对，请再试。");
      }
    }
    redraw();
  });
  return h("details", {}, h("summary", {}, t("更改本机密码")), form);
}

function leavePart(app, redraw) {
  const { items } = app.phone.unsent();
  if (items) return h("p", { class: "note" }, t("还有 %(n)s 条未上传，上传或导出后才能清除本机数据。", { n: count(items) }));
  return button(t("清除本机数据并退出"), async () => {
    if (await app.leave()) return;
    state.told = t("连网后才能退出。");
    redraw();
  }, { class: "danger" });
}
