/* Words of the import pages: how a column was recognised, what a count counts. */

import { count } from "../format.js";
import { t } from "../i18n.js";

const HOW = {
  exact: { word: () => t("吻合"), tag: "tag-ok" },
  told: { word: () => t("已选定"), tag: "tag-ok" },
  remembered: { word: () => t("沿用"), tag: "tag-inf" },
  likely: { word: () => t("请核对"), tag: "tag-wrn" },
  left_out: { word: () => t("略去"), tag: "" },
  unknown: { word: () => t("不认识"), tag: "" },
};

/** How a column was recognised: word and class of its tag. */
export function howOf(how) {
  const found = HOW[how] || HOW.unknown;
  return { word: found.word(), tag: `tag ${found.tag}`.trim() };
}

/** The kind a file is read as: what was said, else the likeliest; null while nobody knows. */
export function kindOf(data) {
  if (data.kind) return data.kind;
  return data.preview?.summary ? data.preview.kinds[0]?.kind ?? null : null;
}

/** Households are counted as such; of anything else the rows are counted. */
export function rowsOf(kind, n) {
  return kind === "households" || kind === "ledger" ? t("%(n)s 户", { n: count(n) }) : t("%(n)s 行", { n: count(n) });
}

export function rows(n) {
  return t("%(n)s 行", { n: count(n) });
}

/** "2.3 MB" */
export function size(bytes) {
  if (bytes < 1000) return t("%(n)s 字节", { n: count(bytes) });
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Groups of a check as one line: "门牌重复 11、日期只有年份 7". */
export function groupsLine(groups) {
  return groups.map((group) => `${group.reason} ${count(group.n)}`).join(t("、"));
}
