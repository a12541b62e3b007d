/* The legend of a heatmap: per hectare or per household, the radius in metres, and its fixed classes with numbers. */

import { t } from "../i18n.js";
import { classButton, legendChoice, legendHead } from "./legend.js";
import { state } from "./state.js";

const TITLES = {
  density: {
    unvisited: () => t("未访户密度"), visited: () => t("已访户密度"), dilapidated: () => t("C、D级危房密度"), demands: () => t("未办结诉求密度"),
  },
  share: {
    unvisited: () => t("未访户占比"), visited: () => t("已访户占比"), dilapidated: () => t("每百户C、D级危房"), demands: () => t("每百户未办结诉求"),
  },
};
const DENSITY = {
  dilapidated: (n) => t("栋/公顷，半径 %(n)s 米；各级固定，可与他日相比", { n }),
  demands: (n) => t("件/公顷，半径 %(n)s 米；各级固定，可与他日相比", { n }),
};
// What is no part of the households is told for every hundred of them.
const HUNDREDS = {
  dilapidated: (n) => t("半径 %(n)s 米内每百户农户的危房栋数", { n }),
  demands: (n) => t("半径 %(n)s 米内每百户农户的未办结诉求件数", { n }),
};

/** 0.15 -> "15" */
const hundredths = (share) => String(Number((share * 100).toFixed(1)));

/** Classes as drawn: key of the class, its colour, its range. */
export function heatClasses(kind, { breaks: general, breaks_of: own, shares }) {
  if (state.per === "household") {
    const unit = HUNDREDS[kind] ? "" : "%";
    return shares[kind].map((low, i, all) => ({
      key: `h${i + 1}`,
      swatch: `heat-${kind}-${i + 1}`,
      range: i + 1 < all.length ? `${hundredths(low)} – ${hundredths(all[i + 1])}${unit}` : `≥ ${hundredths(low)}${unit}`,
    }));
  }
  const breaks = own?.[kind] || general;
  return breaks.slice(1).map((low, i) => ({
    key: `h${i + 1}`,
    swatch: `heat-${kind}-${Math.min(4, i + 1)}`,
    range: breaks[i + 2] === undefined ? `≥ ${low}` : `${low} – ${breaks[i + 2]}`,
  }));
}

/** @param {string} kind `unvisited`, `visited`, `dilapidated` or `demands`; `past` = a past day is shown */
export function heatLegend(kind, setup, past) {
  const { bandwidth_m: n, least_households: least } = setup.heat;
  const share = state.per === "household";
  const per = legendChoice("per", t("按面积或按户数"), [[null, t("绝对数")], ["household", t("按户数")]]);
  const density = DENSITY[kind]?.(n) || t("户/公顷，半径 %(n)s 米；各级固定，可与他日相比", { n });
  const words = share
    ? [
      HUNDREDS[kind]?.(n) || t("半径 %(n)s 米内的农户中所占比例，近处权重大", { n }),
      t("不足 %(n)s 户的地方不计算，不着色", { n: least }),
      past ? t("分母为今日户数") : "",
      t("各级固定"),
    ].filter(Boolean).join(t("；"))
    : density;
  return [
    legendHead(TITLES[share ? "share" : "density"][kind](), words, [per]),
    heatClasses(kind, setup.heat).map((one) => classButton(one.key, one.swatch, one.range, "")),
  ];
}
