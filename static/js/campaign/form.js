/* The numbers of a plan as a form; each is sent to be set in the text, and the focus stays where it is. */

import { t } from "../i18n.js";
import { fill, h } from "../map/dom.js";

const TYPES = { number: "number", day: "date", clock: "time" };

function read(input, kind) {
  if (kind === "flag") return input.checked;
  if (input.value === "") return null;
  return kind === "number" ? Number(input.value) : input.value;
}

function clause(one) {
  if (!one.clause) return null;
  const words = `“${one.clause}”${one.clause_ref ? ` ${one.clause_ref}` : ""}`;
  return h("details", { class: "clause" }, h("summary", {}, t("条款")), h("p", { class: "clause-words" }, words));
}

function control(one, onChange) {
  const id = `f-${one.field}`;
  const input = one.kind === "flag"
    ? h("input", { type: "checkbox", id, checked: one.value === true })
    : h("input", { class: "form-control", type: TYPES[one.kind], id, value: one.value ?? "", step: one.kind === "number" ? "any" : null });
  input.addEventListener("change", () => onChange(one.field, read(input, one.kind)));
  return h("div", { class: "plan-field" },
    h("label", { class: "form-label", for: id }, one.words), input,
    clause(one));
}

/** Show the form; `onChange(field, value)` for each number that is changed. */
export function showForm(place, parts, onChange) {
  const held = document.activeElement?.id;
  const scroll = place.scrollTop;
  fill(place, parts.map((part) => h("fieldset", { class: "plan-part" },
    h("legend", {}, part.name ? `${part.table} · ${part.name}` : part.table),
    part.fields.map((one) => control(one, onChange)), clause(part))));
  place.scrollTop = scroll;
  if (held?.startsWith("f-")) document.getElementById(held)?.focus();
}
