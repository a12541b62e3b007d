/* In the web view of a chat app nothing is kept for long: the way out of it, as an address to copy and as a code to scan. */

import { t } from "../i18n.js";
import { h, icon, say } from "../map/dom.js";
import { button } from "./parts.js";

const CHAT = /MicroMessenger|wxwork|DingTalk/i;

/** Is this the web view of a chat app, where nothing is kept? */
export function inChatApp() {
  return CHAT.test(navigator.userAgent) || !navigator.serviceWorker;
}

/** The address under which the app opens in any browser. */
export function ownAddress() {
  return `${window.location.origin}/field/`;
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch (refused) {
    // Web views often have no clipboard of the new kind.
    field.select();
    if (!document.execCommand("copy")) return false;
  }
  return true;
}

let made = null;

/** The notice, made once, so that what is unfolded in it stays so. */
export function elsewhere() {
  if (made) return made;
  const address = h("input", { class: "input", readonly: true, value: ownAddress(), "aria-label": t("本页地址") });
  const told = h("span", { role: "status" });
  const code = h("details", {}, h("summary", {}, t("显示二维码")), h("img", { class: "code", src: "/field/code.svg", loading: "lazy", width: 222, height: 222, alt: t("本页地址的二维码") }));
  const take = button(t("复制地址"), async () => {
    told.textContent = (await copy(address)) ? t("已复制。") : t("请长按地址复制。");
    say(told.textContent);
  }, { name: "link" });
  made = h("section", { class: "notice is-wrn elsewhere", "aria-label": t("用系统浏览器打开") },
    h("p", {}, icon("warn"), h("span", {}, t("在聊天软件里打开不能离线使用。请用系统浏览器打开本页。"))), address, h("div", { class: "chips" }, take, told), code);
  return made;
}
