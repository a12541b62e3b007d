/* Two photographs of a site one over the other: the range shows more of the later or of the earlier one. */

import { loadWords, t } from "../i18n.js";

await loadWords();
for (const box of document.querySelectorAll("[data-compare]")) {
  const range = box.querySelector("input");
  const top = box.querySelector(".compare-top");
  const show = () => {
    top.style.setProperty("clip-path", `inset(0 0 0 ${range.value}%)`);
    // The number of the range alone would not say of which photograph it is the share.
    const share = { early: range.value, late: 100 - Number(range.value) };
    range.setAttribute("aria-valuetext", t("最早的照片 %(early)s／100，最近的照片 %(late)s／100", share));
  };
  range.addEventListener("input", show);
  show();
}
