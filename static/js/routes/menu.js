/* A menu at a stop, a mark on the map or a button; by mouse and keyboard the same. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";

const GAP_PX = 4;

/**
 * One menu at a time. An entry is `{label, note, sign, icon, act, off, more}`: `more` (list of entries, or a function that gives
 * one) opens in the same place; "-" is a line.
 */
export function createMenu() {
  let open = null;

  function close({ focus = true } = {}) {
    if (!open) return;
    const { box, anchor } = open;
    open = null;
    box.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (focus && anchor.isConnected) anchor.focus?.({ preventScroll: true });
  }

  function outside(event) {
    if (open && !open.box.contains(event.target)) close({ focus: false });
  }

  function keys(event) {
    const entries = [...open.box.querySelectorAll("[role=menuitem]:not(:disabled)")];
    const at = entries.indexOf(document.activeElement);
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (step !== undefined) entries[(step + entries.length) % entries.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function draw(entries, back) {
    const lines = entries.filter(Boolean).map((one) => {
      if (one === "-") return h("hr");
      const act = one.more ? () => draw(typeof one.more === "function" ? one.more() : one.more, entries) : () => { close(); one.act(); };
      return h("button", { type: "button", role: "menuitem", disabled: Boolean(one.off), "aria-haspopup": one.more ? "menu" : null, onclick: act },
        one.sign || (one.icon ? icon(one.icon) : null), h("span", {}, one.label), one.note ? h("span", { class: "rt-note" }, one.note) : null);
    });
    if (back) lines.unshift(h("button", { type: "button", role: "menuitem", onclick: () => draw(back, null) }, icon("left"), t("返回")));
    fill(open.list, lines);
    put();
    (open.list.querySelectorAll("[role=menuitem]:not(:disabled)")[back ? 1 : 0] || open.list.querySelector("[role=menuitem]:not(:disabled)"))?.focus({ preventScroll: true });
  }

  // Below what it hangs at, above where there is no room; never outside the window.
  function put() {
    const { box, anchor } = open;
    const at = anchor.getBoundingClientRect();
    const [width, height] = [box.offsetWidth, box.offsetHeight];
    const below = at.bottom + GAP_PX;
    const top = below + height <= window.innerHeight ? below : Math.max(GAP_PX, at.top - GAP_PX - height);
    box.style.left = `${Math.max(GAP_PX, Math.min(at.left, window.innerWidth - width - 2 * GAP_PX))}px`;
    box.style.top = `${Math.max(GAP_PX, Math.min(top, window.innerHeight - height - GAP_PX))}px`;
  }

  return {
    /** Open with a head of text lines at an element, or at anything that knows where it stands. */
    open(anchor, [title, ...facts], entries) {
      close({ focus: false });
      const list = h("div", { role: "menu", "aria-label": title });
      const box = h("div", { class: "rt-menu", onkeydown: keys },
        h("div", { class: "rt-menu-head" }, h("strong", {}, title), facts.filter(Boolean).map((fact) => h("span", { class: "quiet" }, fact))), list);
      // Within the page's main part, so that reading order and landmarks hold.
      document.getElementById("main").append(box);
      open = { box, list, anchor };
      draw(entries, null);
      document.addEventListener("pointerdown", outside, true);
    },
    close,
  };
}
