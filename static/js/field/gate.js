/* What stands before the app: a browser that can do it, a sign-in, and the PIN that opens what the phone keeps. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { elsewhere, inChatApp } from "./elsewhere.js";
import { button, focusOn } from "./parts.js";
import { makeKey, openKey, PIN, WrongPin } from "./seal.js";
import { getMeta, strictly } from "./store.js";

/** What the app cannot do without; the words for the first that is missing, or null. */
export function missing() {
  if (!globalThis.crypto?.subtle) return t("本页须经 https 打开，请联系管理员。");
  if (!globalThis.indexedDB) return t("这个浏览器不能保存数据，请用系统浏览器打开。");
  return null;
}

function card(box, title, ...parts) {
  const head = h("h1", {}, title);
  fill(box, h("div", { class: "gate" }, h("img", { src: "/static/img/favicon.svg", alt: "", width: 56, height: 56 }), head, ...parts, inChatApp() && elsewhere()));
  focusOn(head);
}

export function showTrouble(box, words, act = null) {
  card(box, t("访图外业"), h("p", {}, words), act && button(t("重试"), act, { class: "main" }));
}

export function showSignIn(box) {
  card(box, t("访图外业"), h("p", {}, t("登录一次，之后没有网络也能用。")), h("a", { class: "button main", href: "/sign-in?next=/field/" }, t("登录")));
}

function pinField(words, name) {
  return h("label", { class: "field" }, h("span", {}, words),
    h("input", { class: "input pin", name, type: "password", inputmode: "numeric", pattern: "\\d{6}", maxlength: 6, autocomplete: "off", required: true }));
}

/** Keep a new key and whose it is; false if another tab was faster: what it has sealed must stay readable, its key is the key. */
function keepFirst(db, kept, account) {
  return strictly(db, ["meta"], async ({ meta }) => {
    if (await meta.get("key")) return false;
    await meta.put(kept, "key");
    await meta.put(account, "account");
    return true;
  });
}

/** Ask for a new PIN and make the key under it. Resolves with the key. */
export function askNewPin(box, db, account) {
  return new Promise((resolve) => {
    const told = h("p", { class: "lack", role: "alert" });
    const form = h("form", { class: "gate-form", novalidate: true }, pinField(t("六位数字"), "pin"), pinField(t("再输一次"), "again"), told, h("button", { class: "button main" }, t("设定")));
    const { pin, again } = form.elements;
    let ahead = null;
    // To stretch a PIN takes a while on a slow phone: it begins when both are there, before somebody taps.
    form.addEventListener("input", () => {
      if (PIN.test(pin.value) && pin.value === again.value) ahead = { pin: pin.value, made: makeKey(pin.value) };
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!PIN.test(pin.value)) told.textContent = t("请输入六位数字。");
      else if (pin.value !== again.value) told.textContent = t("两次输入不一样。");
      else {
        told.textContent = t("正在设定…");
        const { kept, key } = await (ahead?.pin === pin.value ? ahead.made : makeKey(pin.value));
        if (await keepFirst(db, kept, account)) resolve(key);
        else resolve(await askPin(box, db, { name: account.name, unsent: 0 }));
      }
    });
    card(box, t("设定本机密码"), h("p", {}, t("手机上的农户资料用它加密，只有您能打开。忘记后，未上传的记录也打不开，请记牢。")), form);
  });
}

/** Ask for the PIN. Resolves with the key. */
export async function askPin(box, db, { name, unsent }) {
  const kept = await getMeta(db, "key");
  return new Promise((resolve) => {
    const told = h("p", { class: "lack", role: "alert" });
    const form = h("form", { class: "gate-form", novalidate: true }, pinField(t("本机密码"), "pin"), told, h("button", { class: "button main" }, icon("lock"), h("span", {}, t("打开"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { pin } = form.elements;
      told.textContent = t("正在打开…");
      try {
        resolve(await openKey(kept, pin.value));
      } catch (reason) {
        if (!(reason instanceof WrongPin)) throw reason;
        told.textContent = t("密码不对，请再试。");
        pin.value = "";
        pin.focus();
      }
    });
    card(box, name, unsent ? h("p", { class: "pill-note" }, t("待上传 %(n)s", { n: unsent })) : null, form);
    form.elements.pin.focus();
  });
}
