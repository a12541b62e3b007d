/* Grids made from households: the fields, what is asked for, and how even and compact they would be, in words. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { h } from "../map/dom.js";

const byId = (id) => document.getElementById(id);

/** Whether grids of what is chosen can be made: a village, or a new grid of one, with a boundary. */
export function canMake({ target, village, level }) {
  return village ? level === "grid" && Boolean(target.parent.geometry) : target.level === "village" && Boolean(target.geometry);
}

/** Ask anew when a field changes. */
export function onMaking(ask) {
  byId("edit-size").addEventListener("input", () => ask());
  byId("edit-along").addEventListener("change", () => ask(0));
}

/** What is asked for; null while the number is none. */
export function makingWish({ target, village }) {
  const size = Number(byId("edit-size").value);
  return Number.isInteger(size) && size > 0 ? { act: "grids", areas: [village || target.code], size, along: byId("edit-along").value } : null;
}

/** The sentence of a preview: how many, how even, how compact. */
export function makingWords({ grids }) {
  const size = grids.least === grids.most ? count(grids.most) : `${count(grids.least)}–${count(grids.most)}`;
  return t("%(n)s 个网格，每格 %(size)s 户，紧凑度 %(shape)s。", { n: count(grids.count), size, shape: grids.compactness.toFixed(1) });
}

/** Each grid with its households, and whose area of duty goes to which. */
export function makingLists({ grids, duties }) {
  const rows = grids.rows.map((row) => h("li", { class: "editing-shift" }, h("span", {}, row.name), h("span", { class: "nowrap" }, t("%(n)s 户", { n: count(row.households) }))));
  const people = duties.map((duty) => h("li", {}, t("%(name)s：%(from)s → %(to)s，看到 %(before)s → %(after)s 户，其中 %(kept)s 户不变", {
    name: duty.name, from: duty.from.slice(-3), to: duty.to.slice(-3), before: count(duty.before), after: count(duty.after), kept: count(duty.kept),
  })));
  return [
    [t("新网格"), rows],
    [t("辖区随之改变"), people],
  ];
}
