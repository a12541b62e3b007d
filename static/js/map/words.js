/* Words for the fixed terms that records carry. */

import { t } from "../i18n.js";

const pick = (table, key) => (key === null || key === undefined || key === "" ? "—" : table[key]?.() || String(key));

const GROUPS = {
  party_veteran: () => t("老党员"),
  hardship: () => t("困难群众"),
  lone_elder: () => t("孤寡老人"),
  left_behind_child: () => t("留守儿童"),
  petitioner: () => t("上访老户"),
};
export const groupWord = (key) => pick(GROUPS, key);

const MODES = { home: () => t("入户"), phone: () => t("电话"), wechat: () => t("微信"), sms: () => t("短信") };
export const modeWord = (key) => pick(MODES, key);

const OUTCOMES = {
  done: () => t("在家，已走访"),
  nobody_home: () => t("无人在家"),
  refused: () => t("拒访"),
  long_away: () => t("长期外出"),
  demolished: () => t("房屋已拆"),
  moved: () => t("已搬走"),
  not_found: () => t("查无此户"),
  other: () => t("其他"),
};
export const outcomeWord = (key) => pick(OUTCOMES, key);

const VERDICTS = {
  valid: () => t("有效"),
  too_short: () => t("时间不足，不计入"),
  no_reason: () => t("远程未写原因，不计入"),
  not_done: () => t("未见到人，不计入"),
  no_household: () => t("对不上农户，不计入"),
  ruled_false: () => t("虚假入户（已判定）"),
  void: () => t("已作废"),
};
export const verdictWord = (key) => pick(VERDICTS, key);

const SUSPICIONS = {
  far: () => t("离房屋较远"),
  short: () => t("停留很短"),
  clash: () => t("时间重叠"),
  night: () => t("时间反常"),
};
export const suspicionWord = (key) => pick(SUSPICIONS, key);

const QUALITIES = {
  1: () => t("现场定位"),
  2: () => t("影像上点选"),
  3: () => t("随台账导入"),
  4: () => t("按门牌推算"),
  5: () => t("自然村中心"),
  6: () => t("村中心"),
  7: () => t("待定位"),
};
export const qualityWord = (key) => pick(QUALITIES, key);

const LEVELS = {
  province: () => t("省"),
  city: () => t("市"),
  county: () => t("县"),
  township: () => t("乡镇"),
  village: () => t("村"),
  natural_village: () => t("自然村"),
  group: () => t("自然村"),
  grid: () => t("网格"),
};
export const levelWord = (key) => pick(LEVELS, key);
