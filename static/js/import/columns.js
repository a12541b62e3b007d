/* Which column becomes which field: heading, choice, how it was recognised, and what its first cell holds. */

import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { howOf, rows } from "./words.js";

export const LEFT_OUT = "-";
const USED_FROM = 0.7; // as in data/imports/headings.py

/** Headings once each, in the order of the file; the same heading on several sheets is one choice. */
export function headingsOf(columns, sheet) {
  const seen = new Map();
  for (const column of columns) {
    if (sheet && column.sheet !== sheet) continue;
    if (!seen.has(column.heading)) seen.set(column.heading, { ...column, sheets: [column.sheet] });
    else seen.get(column.heading).sheets.push(column.sheet);
  }
  return [...seen.values()];
}

/** What the server takes a column for without being told; below this confidence it only proposes. */
function foundField(column) {
  return column.confidence >= USED_FROM ? column.field ?? LEFT_OUT : LEFT_OUT;
}

/** Field a heading stands for as things are: the fresh choice, else what the server takes it for. */
export function fieldOf(column, mapping) {
  return mapping[column.heading] ?? foundField(column);
}

/** Heading -> heading that has the same field already; fields that may repeat are no conflict. */
export function conflictsOf(columns, mapping, fields) {
  const repeats = new Set(fields.filter((field) => field.repeats).map((field) => field.name));
  const first = new Map();
  const conflicts = new Map();
  for (const column of columns) {
    const field = fieldOf(column, mapping);
    if (field === LEFT_OUT || repeats.has(field)) continue;
    if (first.has(field)) conflicts.set(column.heading, first.get(field));
    else first.set(field, column.heading);
  }
  return conflicts;
}

/** The table of columns in `place`; `on.choose(heading, field)`, `on.sheet(name|null)`. */
export function createColumns(place, on) {
  const head = h("div", { class: "card-head" });
  const body = h("tbody");
  const foot = h("div", { class: "card-foot" });
  const table = h("table", { class: "table columns", "aria-labelledby": "columns-title" },
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, t("表中列名")), h("th", { scope: "col" }, t("导入为")),
      h("th", { scope: "col" }, t("识别")), h("th", { scope: "col" }, t("第 1 行示例")))), body);
  const lines = new Map();
  let shape = "";

  function select(column, fields) {
    const options = [h("option", { value: LEFT_OUT }, t("不导入")), ...fields.map((field) => h("option", { value: field.name }, field.required ? t("%(field)s（必填）", { field: field.label }) : field.label))];
    const node = h("select", { class: "form-select column-field", "aria-label": t("“%(heading)s”导入为", { heading: column.heading }) }, options);
    node.addEventListener("change", () => on.choose(column.heading, node.value));
    return node;
  }

  function build(columns, fields) {
    lines.clear();
    const several = new Set(columns.map((column) => column.sheets.join("\n"))).size > 1;
    let sheets = null;
    fill(body, columns.flatMap((column, i) => {
      const line = { select: select(column, fields), tag: h("td"), sample: h("td", { class: "column-sample" }), why: h("p", { class: "column-why", id: `why-${i}` }), error: h("p", { class: "field-error", id: `conflict-${i}` }) };
      line.select.setAttribute("aria-describedby", `why-${i} conflict-${i}`);
      lines.set(column.heading, line);
      const row = h("tr", {}, h("th", { scope: "row" }, h("span", { class: "column-heading" }, column.heading || t("（无列名）")), line.why),
        h("td", { class: "column-choice" }, line.select, line.error), line.tag, line.sample);
      const named = column.sheets.join("\n");
      if (!several || named === sheets) return [row];
      sheets = named;
      return [h("tr", { class: "column-sheet" }, h("th", { scope: "rowgroup", colspan: "4" }, t("工作表：%(names)s", { names: column.sheets.join(t("、")) }))), row];
    }));
  }

  // What is only likely can be said to be right, so that it is known the next time.
  function confirmation(column, fresh, proposed, fields) {
    if (fresh || column.how !== "likely" || !column.field) return null;
    const label = fields.find((field) => field.name === column.field)?.label || column.field;
    const confirm = () => {
      lines.get(column.heading).select.focus(); // the button goes, the focus stays in its row
      on.choose(column.heading, column.field);
    };
    return h("button", { type: "button", class: "link column-yes", onclick: confirm,
      "aria-label": t("“%(heading)s”是“%(field)s”", { heading: column.heading, field: label }) }, proposed ? t("是“%(field)s”", { field: label }) : t("确认"));
  }

  function update(columns, mapping, fields) {
    const conflicts = conflictsOf(columns, mapping, fields);
    for (const column of columns) {
      const line = lines.get(column.heading);
      const chosen = fieldOf(column, mapping);
      const fresh = column.heading in mapping && column.how !== "told";
      const proposed = !(column.heading in mapping) && column.field && chosen === LEFT_OUT ? column.field : null;
      if (line.select.value !== chosen) line.select.value = chosen;
      line.select.classList.toggle("is-quiet", chosen === LEFT_OUT);
      const conflict = conflicts.get(column.heading);
      line.select.setAttribute("aria-invalid", String(Boolean(conflict)));
      line.error.textContent = conflict ? t("“%(other)s”也选了这一项。一项只取一列，请改其中一个。", { other: conflict }) : "";
      const isOut = chosen === LEFT_OUT && !proposed && column.how !== "unknown";
      const how = howOf(fresh && !isOut ? "told" : isOut ? "left_out" : column.how);
      fill(line.tag, h("span", { class: how.tag }, how.word), confirmation(column, fresh, proposed, fields));
      line.why.textContent = fresh ? "" : column.why || "";
      line.sample.textContent = chosen === LEFT_OUT ? t("（不读取）") : column.sample ?? "";
    }
    return conflicts;
  }

  /** Show a preview; the focus stays where it is. @returns {{conflicts: number, missing: string[]}} */
  function show(preview, choices) {
    const { sheets, fields } = preview;
    const columns = headingsOf(preview.columns, choices.sheet);
    const now = JSON.stringify([columns.map((column) => [column.heading, column.sheets]), fields.map((field) => [field.name, field.label])]);
    if (!place.contains(table)) fill(place, head, h("div", { class: "table-wrap" }, table), foot);
    if (now !== shape) {
      const held = [...lines].find(([, line]) => line.select === document.activeElement)?.[0];
      build(columns, fields);
      shape = now;
      lines.get(held)?.select.focus();
    }
    const conflicts = update(columns, choices.mapping, fields);
    const taken = new Set(columns.map((column) => fieldOf(column, choices.mapping)));
    const missing = fields.filter((field) => field.required && !taken.has(field.name)).map((field) => field.label);
    drawHead(preview, choices, columns);
    fill(foot, sheetNotes(sheets.filter((sheet) => !choices.sheet || sheet.name === choices.sheet)));
    return { conflicts: conflicts.size, missing };
  }

  function drawHead(preview, choices, columns) {
    const taken = columns.filter((column) => fieldOf(column, choices.mapping) !== LEFT_OUT).length;
    const { remembered, sheets } = preview;
    const chooser = sheets.length > 1 ? h("label", { class: "sheet-choice" }, h("span", {}, t("工作表")),
      h("select", { class: "form-select", onchange: (event) => on.sheet(event.target.value || null) },
        h("option", { value: "", selected: !choices.sheet }, t("全部（%(n)s 张）", { n: sheets.length })),
        sheets.map((sheet) => h("option", { value: sheet.name, selected: sheet.name === choices.sheet }, `${sheet.name} · ${rows(sheet.rows)}`)))) : null;
    const focused = head.querySelector("select") === document.activeElement;
    fill(head, h("h2", { id: "columns-title" }, t("列对应")),
      h("span", { class: "quiet" }, t("认出 %(taken)s 列，略去 %(left)s 列", { taken, left: columns.length - taken })),
      remembered ? h("span", { class: "quiet column-memory" }, icon("clock"), t("沿用“%(sender)s”上次的对应（%(n)s 列）", { sender: remembered.sender, n: remembered.n })) : null, chooser);
    if (focused) head.querySelector("select")?.focus();
  }

  function sheetNotes(sheets) {
    return sheets.map((sheet) => {
      const notes = sheet.notes || [];
      if (!sheet.ignored_n && !notes.length) return null;
      const said = [sheet.header_row ? t("表头在第 %(n)s 行", { n: sheet.header_row }) : null, t("%(rows)s数据", { rows: rows(sheet.rows) }),
        sheet.ignored_n ? t("另有 %(rows)s不是数据", { rows: rows(sheet.ignored_n) }) : null].filter(Boolean).join(t("，"));
      return h("details", { class: "sheet-notes" }, h("summary", {}, sheets.length > 1 ? t("%(sheet)s：%(text)s", { sheet: sheet.name, text: said }) : said),
        h("ul", {}, notes.map((note) => h("li", {}, note.row ? t("第 %(row)s 行：%(text)s", { row: note.row, text: note.text }) : note.text)),
          (sheet.ignored || []).map((one) => h("li", {}, t("第 %(row)s 行：%(text)s", { row: one.row, text: one.why })))));
    });
  }

  return { show };
}
