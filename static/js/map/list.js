/* The areas in view as a list for keyboard and screen readers: reading order, the same popup as on the map. */

import { rate, share } from "../format.js";
import { t } from "../i18n.js";
import { differs, fill, h } from "./dom.js";

const MOST = 60;

export function drawAreaList(place, areas, bounds, target, { open, focus, words = null }) {
  const held = document.activeElement?.dataset?.area;
  const seen = areas
    .filter((area) => area.at[0] > bounds[0] && area.at[0] < bounds[2] && area.at[1] > bounds[1] && area.at[1] < bounds[3])
    .sort((a, b) => Math.round((a.at[1] - b.at[1]) * 1e5) || a.at[0] - b.at[0]) // top to bottom, then left to right
    .slice(0, MOST);
  if (!differs(place, seen.map(({ rings, now, ...told }) => [told, words?.(told)]), target)) return; // a row opens what it was drawn from
  fill(place, seen.map((area) => h("li", {}, h("button", {
    type: "button", dataset: { area: area.code },
    onclick: () => open(area),
    onfocus: () => focus(area),
    onblur: () => focus(null),
  }, words ? words(area) : t("%(name)s，%(rate)s，%(share)s", { name: area.name, rate: rate(area.ratio, target), share: share(area.visited, area.eligible) })))));
  if (held) place.querySelector(`[data-area="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}
