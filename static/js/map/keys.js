/* Keys of the map page, their list under "?", and the switch that turns them off. */

import { t } from "../i18n.js";
import { h, icon } from "./dom.js";

const OFF = "fangtu.keys";

function keysOff() {
  try {
    return window.localStorage.getItem(OFF) === "off";
  } catch (refused) {
    return false;
  }
}

function setKeys(on) {
  try {
    window.localStorage.setItem(OFF, on ? "on" : "off");
  } catch (refused) {
    document.documentElement.dataset.storage = "off";
  }
}

export function showKeys() {
  const rows = [
    ["/", t("搜索")],
      ["1 – 9, 0", t("换主题")],
    ["[  ]", t("前一天、后一天")],
    [t("空格"), t("按天播放、暂停")],
    ["+  −", t("放大、缩小")],
    ["← ↑ → ↓", t("移动地图（先点地图）")],
    ["Tab", t("逐个走过地图上的村")],
    ["Enter", t("打开；在地图上为正中的村")],
    ["Esc", t("关闭最上面一层；再按上移一级")],
    ["?", t("本表")],
  ];
  const on = h("input", { type: "checkbox", checked: !keysOff(), onchange: () => setKeys(on.checked) });
  const box = h("dialog", { class: "dialog", "aria-labelledby": "keys-title" },
    h("div", { class: "dialog-head" }, h("h2", { id: "keys-title" }, t("键盘")),
      h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => box.close() }, icon("x"))),
    h("div", { class: "dialog-body" },
      h("dl", { class: "keys" }, rows.map(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)])),
      h("p", {}, h("label", { class: "check" }, on, h("span", {}, t("启用单键快捷键"))))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

/** `acts` = {theme(n), zoom(step), day(step) -> bool, play() -> bool, escape(), measure(key) -> bool} */
export function startKeys(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, dialog");
    if (typing) return;
    const handled = () => event.preventDefault();
    if (!event.target.closest?.("button, a") || event.key !== "Enter") {
      if (acts.measure(event.key)) {
        handled();
        return;
      }
    }
    if (event.key === "Escape") {
      if (acts.escape()) handled();
      return;
    }
    if (keysOff()) return;
    if (/^[0-9]$/.test(event.key)) acts.theme(Number(event.key) || 10);
    else if (event.key === "?") showKeys();
    else if (event.key === "[" || event.key === "]") {
      if (!acts.day(event.key === "]" ? 1 : -1)) return;
    } else if (event.key === " ") {
      // On what a space presses, it presses that.
      if (event.target.closest?.("button, a, summary, input[type=checkbox]") || !acts.play()) return;
    } else if ((event.key === "+" || event.key === "=") && !inMap(event)) acts.zoom(1);
    else if (event.key === "-" && !inMap(event)) acts.zoom(-1);
    else return;
    handled();
  });
}

// Leaflet has its own keys for zoom while the map holds the focus.
function inMap(event) {
  return event.target.classList?.contains("leaflet-container");
}
