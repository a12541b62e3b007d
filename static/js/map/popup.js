/* The popup of one thing: a labelled dialog whose words come by JSON and go in as text. Focus goes in and comes back. */

import { t } from "../i18n.js";
import { getJson } from "./api.js";
import { h, icon, say } from "./dom.js";

const L = window.L;
const GAP = 20; // between the thing and its popup
const EDGE = 12;
const TOOLS = 64; // the tools' column stays free

/** Leaflet's popup, but beside the thing on the emptier side instead of always above it. */
const SidePopup = L.Popup.extend({
  _updatePosition() {
    L.Popup.prototype._updatePosition.call(this);
    const map = this._map;
    const box = this._container;
    const size = map.getSize();
    const at = map.latLngToContainerPoint(this._latlng);
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    const gap = GAP + (this.options.reach || 0);
    const room = { right: size.x - TOOLS - at.x - gap - width, left: at.x - gap - EDGE - width };
    const side = room.right >= 0 || room.right >= room.left ? "right" : "left";
    const top = Math.max(EDGE, Math.min(at.y - height / 3, size.y - height - EDGE));
    this._containerBottom = at.y - top - height;
    this._containerLeft = side === "right" ? gap : -width - gap;
    box.style.bottom = `${this._containerBottom}px`;
    box.style.left = `${this._containerLeft}px`;
    box.dataset.side = side;
    box.style.setProperty("--tip", `${Math.max(16, Math.min(height - 16, at.y - top))}px`);
  },
});

/** On a phone a popup is a sheet at the bottom; elsewhere it points at its thing. */
function createHost(map) {
  const small = window.matchMedia("(max-width: 700px)");
  const sheet = h("div", { class: "popup-sheet", hidden: true });
  document.body.append(sheet);
  const popup = new SidePopup({
    className: "card-popup", closeButton: false, autoClose: false, closeOnClick: false, closeOnEscapeKey: false,
    maxWidth: 348, minWidth: 260,
    autoPanPaddingTopLeft: [EDGE, EDGE], autoPanPaddingBottomRight: [TOOLS, EDGE],
  });
  // What opens inside a popup makes it grow: it keeps pointing at its thing.
  const watch = new ResizeObserver(() => popup.isOpen() && popup._updatePosition());
  return {
    open(latlng, content, reach) {
      popup.options.reach = reach;
      this.put(content);
      if (!small.matches) {
        popup.setLatLng(latlng).openOn(map);
        return;
      }
      const at = map.latLngToContainerPoint(latlng);
      const seen = map.getSize().y * 0.3; // the sheet takes the rest
      if (at.y > seen * 1.2) map.panBy([0, at.y - seen]);
    },
    put(content) {
      sheet.hidden = !small.matches;
      if (small.matches) sheet.replaceChildren(content);
      else {
        popup.setContent(content);
        watch.disconnect();
        watch.observe(content);
      }
    },
    remove() {
      popup.remove();
      sheet.hidden = true;
      sheet.replaceChildren();
    },
    contains: (node) => sheet.contains(node) || Boolean(popup.getElement()?.contains(node)),
  };
}

export function createPopups(map, { onClose }) {
  const host = createHost(map);
  const popups = { current: null };
  let shown = null;
  let returnTo = null;
  let abort = null;

  function frame(title, code, parts) {
    const heading = h("h2", { class: "popup-title", id: "popup-title", tabindex: "-1" }, title || "—");
    const close = h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => popups.close() }, icon("x"));
    return h("div", { class: "popup", role: "dialog", "aria-labelledby": "popup-title" },
      h("div", { class: "popup-head" }, heading, code && h("span", { class: "popup-code" }, code), close), parts);
  }

  function put(content, { focus }) {
    host.put(content);
    L.DomEvent.disableClickPropagation(content);
    // Leaflet looks for the popup above the clicked node, and a button that has replaced itself is above nothing.
    content.addEventListener("click", (event) => event.stopPropagation());
    if (focus) content.querySelector(".popup-title")?.focus({ preventScroll: true });
  }

  /**
   * Open at a place.
   * @param {object} what `{key, latlng, url, build(data) -> {title, code, parts, spoken}, data, focus, reach}`; `data` given
   * = nothing is asked, `reach` = how far the thing extends to either side, in pixels
   */
  popups.open = async ({ key, latlng, url, build, data = null, focus = true, reach = 0 }) => {
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    if (!popups.current) returnTo = document.activeElement;
    popups.current = key;
    const show = (answer) => {
      const { title, code, parts, spoken } = build(answer);
      const content = frame(title, code, parts);
      shown = { key, build, content };
      put(content, { focus });
      say(spoken || title);
    };
    const waiting = frame(t("正在读取…"), "", h("div", { class: "popup-skeleton", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
    host.open(latlng, data ? frame("", "", null) : waiting, reach);
    try {
      const answer = data || (await getJson(url, signal));
      if (popups.current !== key || signal.aborted) return;
      show(answer);
    } catch (reason) {
      if (reason.name === "AbortError" || popups.current !== key) return;
      const again = () => popups.open({ key, latlng, url, build, data, focus, reach });
      put(frame(t("没有读到"), "", h("div", { class: "popup-body" },
        h("p", { class: "popup-error" }, reason.message),
        h("button", { type: "button", class: "btn", onclick: again }, t("重试")))), { focus });
    }
  };

  /** Newer figures for the popup of `key`, under its title: place and focus stay, nothing is said. */
  popups.renew = (key, data) => {
    if (popups.current !== key || shown?.key !== key) return;
    const [head, ...old] = shown.content.children;
    // Whoever is about to press a button or types is not disturbed.
    if (old.some((part) => part.contains(document.activeElement) || part.querySelector("input, textarea, form"))) return;
    const fresh = h("div", {}, shown.build(data).parts);
    // Pictures that are there are not asked for again: each look at one is noted.
    const [there, wanted] = [shown.content, fresh].map((part) => part.querySelector(".popup-photos"));
    if (there && wanted?.isEqualNode(there)) wanted.replaceWith(there);
    shown.content.replaceChildren(head, ...fresh.childNodes);
  };

  popups.close = () => {
    if (!popups.current) return false;
    const hadFocus = host.contains(document.activeElement);
    popups.current = null;
    abort?.abort();
    host.remove();
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

