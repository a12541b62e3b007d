/* The popup of one thing: a labelled dialog whose words come by JSON and go in as text. Focus goes in and comes back. */

import { t } from "../i18n.js";
import { getJson } from "./api.js";
import { h, icon, say } from "./dom.js";

const L = window.L;

export function createPopups(map, { onClose }) {
  const popup = L.popup({
    className: "card-popup",
    closeButton: false,
    autoClose: false,
    closeOnClick: false,
    closeOnEscapeKey: false,
    maxWidth: 348,
    minWidth: 260,
    offset: [0, -8],
    autoPanPaddingTopLeft: [16, 64],
    autoPanPaddingBottomRight: [64, 24],
  });
  const popups = { current: null };
  let returnTo = null;
  let abort = null;

  function frame(title, code, parts) {
    const heading = h("h2", { class: "popup-title", id: "popup-title", tabindex: "-1" }, title || "—");
    const close = h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => popups.close() }, icon("x"));
    return h("div", { class: "popup", role: "dialog", "aria-labelledby": "popup-title" },
      h("div", { class: "popup-head" }, heading, code && h("span", { class: "popup-code" }, code), close), parts);
  }

  function put(content, { focus }) {
    popup.setContent(content);
    L.DomEvent.disableClickPropagation(content);
    if (focus) content.querySelector(".popup-title")?.focus({ preventScroll: true });
  }

  /**
   * Open at a place.
   * @param {object} what `{key, latlng, url, build(data) -> {title, code, parts, spoken}, data, focus}`; `data` given = nothing is asked
   */
  popups.open = async ({ key, latlng, url, build, data = null, focus = true }) => {
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    if (!popups.current) returnTo = document.activeElement;
    popups.current = key;
    const show = (answer) => {
      const { title, code, parts, spoken } = build(answer);
      put(frame(title, code, parts), { focus });
      say(spoken || title);
    };
    if (data) popup.setContent(h("div"));
    else put(frame(t("正在读取…"), "", h("div", { class: "popup-skeleton", "aria-hidden": "true" }, h("i"), h("i"), h("i"))), { focus });
    popup.setLatLng(latlng).openOn(map);
    try {
      const answer = data || (await getJson(url, signal));
      if (popups.current !== key || signal.aborted) return;
      show(answer);
    } catch (reason) {
      if (reason.name === "AbortError" || popups.current !== key) return;
      const again = () => popups.open({ key, latlng, url, build, data, focus });
      put(frame(t("没有读到"), "", h("div", { class: "popup-body" },
        h("p", { class: "popup-error" }, reason.message),
        h("button", { type: "button", class: "btn", onclick: again }, t("重试")))), { focus });
    }
  };

  popups.close = () => {
    if (!popups.current) return false;
    const hadFocus = popup.getElement()?.contains(document.activeElement);
    popups.current = null;
    abort?.abort();
    popup.remove();
    onClose();
    if (hadFocus) {
      if (returnTo?.isConnected && returnTo !== document.body) returnTo.focus({ preventScroll: true });
      else map.getContainer().focus({ preventScroll: true });
    }
    return true;
  };
  return popups;
}

/** A list of facts; pairs without a value are left out. */
export function facts(pairs) {
  const rows = pairs.filter((pair) => pair && pair[1] !== null && pair[1] !== undefined && pair[1] !== "");
  if (!rows.length) return null;
  return h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** A state tag: sign and word together. */
export function tag(word, tone = "", sign = null) {
  return h("span", { class: `tag${tone ? ` tag-${tone}` : ""}` }, sign, word);
}

export function tags(...all) {
  const shown = all.flat().filter(Boolean);
  return shown.length ? h("div", { class: "popup-tags" }, shown) : null;
}

export function actions(...all) {
  const shown = all.filter(Boolean);
  return shown.length ? h("div", { class: "popup-actions" }, shown) : null;
}

