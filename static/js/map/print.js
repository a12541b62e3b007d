/* Printing: light colours whatever the screen shows, everything drawn before the paper is taken, the map scaled to it. */

import { t } from "../i18n.js";
import { day, dayAndTime } from "../format.js";
import { flush } from "./queue.js";
import { state } from "./state.js";
import { themeOf } from "./themes.js";

// A4 across without its margins, in CSS pixels; the height leaves room for title and legend.
const PAPER_PX = 1030;
const PAPER_HIGH_PX = 560;

export function startPrint(map, { redrawAll, setup, past }) {
  const root = document.documentElement;
  let theme = null;

  function before() {
    if (theme !== null) return;
    theme = root.dataset.bsTheme;
    const size = map.getSize();
    root.style.setProperty("--print-zoom", String(Math.min(1, PAPER_PX / size.x, PAPER_HIGH_PX / size.y)));
    root.style.setProperty("--print-width", `${size.x}px`);
    root.style.setProperty("--print-height", `${size.y}px`);
    const head = document.getElementById("print-head");
    const { campaigns = [], area, as_of: asOf } = setup() || {};
    const campaign = campaigns.find((one) => String(one.id) === String(state.campaign));
    head.textContent = [campaign?.name, area?.name, themeOf(state.theme).label(),
      past() ? t("截至 %(when)s，历史，按走访日，今日口径", { when: day(past()) }) : t("数据截至 %(when)s", { when: dayAndTime(asOf) }), t("内部资料")]
      .filter(Boolean).join(" · ");
    root.dataset.bsTheme = "light";
    redrawAll();
    flush();
  }

  function after() {
    if (theme === null) return;
    root.dataset.bsTheme = theme;
    theme = null; // the colours follow by themselves
  }

  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  return () => {
    before();
    // Two frames, so that the page has its paper colours before the dialog stops it.
    window.requestAnimationFrame(() => window.requestAnimationFrame(() => window.print()));
  };
}
