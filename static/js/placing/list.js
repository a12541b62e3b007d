/* Households without a place, as rows: who, what the ledger says of where, and what can be done about it without the map. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";

const METHODS = {
  house_number: () => t("按门牌推算"),
  building: () => t("附近房屋"),
  house: () => t("名下农房"),
  hamlet: () => t("自然村"),
  village: () => t("村"),
};

/** A proposal's way in a word or two. */
export function methodWord(proposal) {
  return proposal.label || METHODS[proposal.method]?.() || proposal.method;
}

function tagOf(row) {
  if (row.candidates.length) return h("span", { class: "tag tag-wrn" }, t("有歧义"));
  if (row.proposals.length) return h("span", { class: "tag tag-ok" }, t("有建议"));
  return null;
}

/**
 * Rows in `place`.
 * @param {object} on `select(row)`, `propose(row, proposal)`, `choose(row, candidate)`, `check()`
 */
export function createList(place, on) {
  const list = { rows: [], selected: null, checked: new Set() };
  const lines = new Map();

  function detail(row) {
    const acts = [
      ...row.proposals.map((proposal) => h("li", {}, h("button", { type: "button", class: "btn btn-small", onclick: () => on.propose(row, proposal) }, icon("pin"), methodWord(proposal)),
        proposal.why ? h("span", { class: "quiet" }, proposal.why) : null)),
      ...row.candidates.map((candidate) => h("li", {}, h("button", { type: "button", class: "btn btn-small", onclick: () => on.choose(row, candidate) }, icon("pin"),
        candidate.township ? t("%(name)s（%(township)s）", { name: candidate.name, township: candidate.township }) : candidate.name))),
    ];
    return h("div", { class: "placing-detail" },
      row.why ? h("p", { class: "quiet" }, row.why) : null,
      acts.length ? h("ul", { class: "placing-ways" }, acts) : null,
      h("p", { class: "field-error", role: "alert" }));
  }

  function facts(row) {
    return [row.address, row.stated_hamlet, row.stated_area].filter(Boolean).join(" · ") || t("台账没有写住址");
  }

  function line(row) {
    const tick = row.proposals.length
      ? h("input", { type: "checkbox", checked: list.checked.has(row.id), "aria-label": t("选中 %(name)s", { name: row.head_name || row.code || row.id }), onchange: (event) => {
        if (event.target.checked) list.checked.add(row.id);
        else list.checked.delete(row.id);
        on.check();
      } })
      : h("span", { class: "placing-tick", "aria-hidden": "true" });
    const opener = h("button", { type: "button", class: "placing-open", "aria-expanded": "false", onclick: () => on.select(row) },
      h("span", { class: "placing-who" }, h("strong", {}, row.head_name || "—"), row.code ? h("span", { class: "quiet" }, row.code) : null, tagOf(row)),
      h("span", { class: "placing-where" }, facts(row)),
      row.quality_label && row.quality < 7 ? h("span", { class: "hint" }, t("现在：%(quality)s", { quality: row.quality_label })) : null);
    const node = h("li", { class: "placing-row", dataset: { id: row.id } }, tick, opener);
    lines.set(row.id, { node, opener, tick });
    return node;
  }

  list.show = (rows) => {
    list.rows = rows;
    lines.clear();
    list.selected = null;
    list.checked = new Set(rows.filter((row) => list.checked.has(row.id)).map((row) => row.id));
    fill(place, rows.map(line));
  };

  /** Open one row, close the other. */
  list.select = (row) => {
    const before = list.selected && lines.get(list.selected.id);
    if (before) {
      before.node.classList.remove("is-selected");
      before.node.querySelector(".placing-detail")?.remove();
      before.opener.setAttribute("aria-expanded", "false");
    }
    list.selected = row;
    const now = row && lines.get(row.id);
    if (!now) return;
    now.node.classList.add("is-selected");
    now.opener.setAttribute("aria-expanded", "true");
    now.node.append(detail(row));
    // Only the list moves, not the page around it.
    const box = place.parentElement;
    const top = now.node.offsetTop - place.offsetTop;
    if (top < box.scrollTop || top + now.node.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - 8;
  };

  /** The row to go on with when these are done: the one after the first of them. */
  list.after = (ids) => {
    const done = new Set(ids);
    const at = list.rows.findIndex((row) => done.has(row.id));
    return list.rows.slice(Math.max(0, at)).find((row) => !done.has(row.id)) || list.rows.find((row) => !done.has(row.id)) || null;
  };

  list.complain = (row, words) => {
    const alert = lines.get(row.id)?.node.querySelector(".field-error");
    if (alert) alert.textContent = words;
  };

  list.focus = (row) => lines.get(row.id)?.opener.focus({ preventScroll: true });
  list.tick = (all) => {
    for (const row of list.rows) {
      const { tick } = lines.get(row.id);
      if (tick.type !== "checkbox") continue;
      tick.checked = all;
      if (all) list.checked.add(row.id);
      else list.checked.delete(row.id);
    }
  };
  return list;
}
