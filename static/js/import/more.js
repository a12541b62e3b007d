/* The less usual choices: kind of file, area, sender, a coordinate system by name, level of areas, campaign and round, source and
 * tolerance of roads. */

import { kindOf } from "./words.js";

/** Bind the form the page brings; `on.set(fields)` for the upload itself, `on.choose(choices)` for how it is read. */
export function createMore(place, on) {
  const part = (name) => place.querySelector(`[name="${name}"]`);
  for (const name of ["kind", "area", "sender"]) {
    part(name)?.addEventListener("change", (event) => on.set({ [name]: event.target.value || null }));
  }
  for (const name of ["level", "campaign", "crs", "source"]) {
    part(name)?.addEventListener("change", (event) => on.choose({ [name]: event.target.value.trim() || null }));
  }
  part("swapped").addEventListener("change", (event) => on.choose({ swapped: event.target.checked }));
  for (const name of ["round", "snap"]) {
    part(name)?.addEventListener("change", (event) => on.choose({ [name]: event.target.value ? Number(event.target.value) : null }));
  }

  function put(name, value) {
    const node = part(name);
    if (node && node !== document.activeElement) node.value = value ?? "";
  }

  /** Show what is in force; which parts are asked depends on the kind. */
  function show(data, choices) {
    const kind = kindOf(data);
    put("kind", kind);
    put("area", data.area?.code);
    put("sender", data.sender);
    put("level", choices.level);
    put("campaign", choices.campaign);
    put("round", choices.round);
    put("crs", choices.crs);
    put("source", choices.source);
    put("snap", choices.snap);
    part("swapped").checked = Boolean(choices.swapped);
    for (const node of place.querySelectorAll("[data-for]")) node.hidden = node.dataset.for !== kind;
  }
  return { show };
}
