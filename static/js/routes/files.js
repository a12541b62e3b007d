/* Taking routes away: a sheet on paper, a table, tracks and maps for other programs, appointments. */

import { t } from "../i18n.js";
import { withParams } from "../map/api.js";
import { h, icon } from "../map/dom.js";

const FORMS = [
  ["sheet.pdf", () => t("路线单（PDF，A4）")],
  ["xlsx", () => t("表格（xlsx）")],
  ["gpx", () => t("轨迹（GPX）")],
  ["geojson", () => t("地图数据（GeoJSON）")],
  ["kml", () => t("地图数据（KML）")],
  ["ics", () => t("日历（ICS）")],
];

/** Address of one form of a plan; of one inspector or day where they are given. */
export function fileUrl(url, form, { who = null, day = null } = {}) {
  return withParams(`${url.replace("/api/v1", "")}/${form.includes(".") ? form : `routes.${form}`}`, { inspector: who, day });
}

export function filesMenu(url, state) {
  const scope = state.who ? state.plan.inspectors.find((one) => one.id === state.who)?.name : t("全部走访员");
  const entry = (form, label, only) => h("a", { href: fileUrl(url, form, only), download: true }, icon(form === "sheet.pdf" ? "print" : "download"), label);
  return h("details", { class: "menu rt-take" },
    h("summary", { class: "btn menu-button" }, icon("download"), t("带走")),
    h("div", { class: "menu-sheet rt-files" },
      h("div", { class: "menu-links" }, h("span", { class: "menu-group menu-label" }, `${scope} · ${state.dayWords}`), FORMS.map(([form, label]) => entry(form, label(), { who: state.who, day: state.day })))));
}
