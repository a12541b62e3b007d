/* Search in the top bar: areas and households as one list box; arrows choose, Enter goes, Esc leaves. */

import { t } from "../i18n.js";
import { getJson, withParams } from "./api.js";
import { fill, h, icon, say } from "./dom.js";
import { levelWord } from "./words.js";

const WAIT_MS = 200;

/** `goArea(area)` and `goHousehold(household)` take what the server listed. */
export function startSearch({ goArea, goHousehold }) {
  const form = document.querySelector("form.search");
  const input = form?.querySelector(".search-input");
  if (!input) return;
  const list = h("ul", { class: "results", id: "search-results", role: "listbox", "aria-label": t("搜索结果"), hidden: true });
  form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": "search-results", "aria-autocomplete": "list",
  })) input.setAttribute(name, value);
  let options = [];
  let active = -1;
  let timer = 0;
  let abort = null;

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }

  function open() {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function mark(index) {
    active = index;
    options.forEach(({ node }, i) => node.setAttribute("aria-selected", String(i === index)));
    if (index >= 0) {
      input.setAttribute("aria-activedescendant", options[index].node.id);
      options[index].node.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    const option = options[index];
    if (!option) return;
    close();
    input.value = "";
    input.blur();
    option.act();
  }

  function option(name, words, symbol, act) {
    const node = h("li", { role: "option", id: `result-${options.length}`, class: "result", "aria-selected": "false" },
      icon(symbol), h("span", { class: "result-name" }, name), h("span", { class: "result-note" }, words));
    const at = options.length;
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // before the input loses the focus and the list closes
      choose(at);
    });
    options.push({ node, act });
    return node;
  }

  function head(words) {
    return h("li", { class: "result-head", role: "presentation" }, words);
  }

  function show(answer, asked) {
    options = [];
    const rows = [];
    if (answer.areas?.length) rows.push(head(t("村和网格")), answer.areas.map((area) => option(area.name, levelWord(area.level), "map", () => goArea(area))));
    if (answer.households?.length) {
      rows.push(head(t("农户")), answer.households.map((one) => option(
        one.head_name || one.code, [one.code, one.village, one.lon === null ? t("待定位") : ""].filter(Boolean).join(" · "), "house", () => goHousehold(one),
      )));
    }
    if (!options.length) rows.push(h("li", { class: "result-none", role: "presentation" }, t("没有找到“%(q)s”。可输入村名、户编号或门牌。", { q: asked })));
    fill(list, rows);
    open();
    mark(options.length ? 0 : -1);
    say(t("%(n)s 条结果", { n: options.length }));
  }

  async function ask() {
    const asked = input.value.trim();
    abort?.abort();
    if (!asked) {
      close();
      return;
    }
    abort = new AbortController();
    try {
      show(await getJson(withParams("/api/v1/search", { q: asked }), abort.signal), asked);
    } catch (reason) {
      if (reason.name === "AbortError") return;
      options = [];
      fill(list, h("li", { class: "result-none", role: "presentation" }, reason.message),
        h("li", { class: "result-none", role: "presentation" }, h("button", { type: "button", class: "btn btn-small", onclick: ask }, t("重试"))));
      open();
    }
  }

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("focus", () => input.value.trim() && ask());
  input.addEventListener("blur", () => window.setTimeout(() => !form.contains(document.activeElement) && close(), 150));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // the keys belong to the input method
    if (event.key === "ArrowDown" && options.length) mark((active + 1) % options.length);
    else if (event.key === "ArrowUp" && options.length) mark((active - 1 + options.length) % options.length);
    else if (event.key === "Escape") {
      if (list.hidden) input.blur();
      else close();
      event.stopPropagation();
    } else return;
    event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (active >= 0 && !list.hidden) choose(active);
    else ask();
  });
  const given = new URLSearchParams(window.location.search).get("q");
  if (given) {
    input.value = given;
    input.focus();
  }
}
