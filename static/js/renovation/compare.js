/* Two photographs of a site one over the other: the range shows more of the later or of the earlier one. */

for (const box of document.querySelectorAll("[data-compare]")) {
  const range = box.querySelector("input");
  const top = box.querySelector(".compare-top");
  const show = () => top.style.setProperty("clip-path", `inset(0 0 0 ${range.value}%)`);
  range.addEventListener("input", show);
  show();
}
