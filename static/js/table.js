/* Sorting the rows that are here; the page comes sorted with the most urgent first. */

const collator = new Intl.Collator(document.documentElement.lang);

function valueOf(row, key) {
  const text = row.dataset[key] ?? "";
  if (key === "name") return text;
  return text === "" ? null : Number(text);
}

/** Unknown stays at the end, whichever way the known go. */
function compare(a, b, down) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? collator.compare(a, b) : a - b;
  return down ? -order : order;
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest(".sort");
    if (!button) return;
    const head = button.closest("th");
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const { key } = button.dataset;
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => compare(valueOf(a, key), valueOf(b, key), down)));
    const say = document.getElementById("say");
    if (say) say.textContent = `${button.textContent} ${down ? "↓" : "↑"}`;
  });
}
