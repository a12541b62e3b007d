/* Two photographs one over the other: the range shows more of the later or of the earlier one. Where they come side by
   side a button lays them over each other and back. */

import { loadWords, t } from "./i18n.js";

await loadWords();
for (const box of document.querySelectorAll("[data-compare]")) {
  const range = box.querySelector("input");
  const top = box.querySelector(".compare-top");
  const button = box.querySelector("[data-side]");
  const show = () => {
    const over = !button || button.getAttribute("aria-pressed") === "true";
    box.classList.toggle("is-over", over);
    range.closest("label").hidden = !over;
    top.style.setProperty("clip-path", over ? `inset(0 0 0 ${range.value}%)` : "none");
    // The number of the range alone would not say of which photograph it is the share.
    const share = { early: range.value, late: 100 - Number(range.value) };
    range.setAttribute("aria-valuetext", t("最早的照片 %(early)s／100，最近的照片 %(late)s／100", share));
  };
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      show();
    });
  }
  range.addEventListener("input", show);
  show();
}
