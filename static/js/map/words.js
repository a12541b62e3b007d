/* Words for the fixed terms that records carry. */

import { t } from "../i18n.js";

export const pick = (table, key) => (key === null || key === undefined || key === "" ? "—" : table[key]?.() || String(key));

const GROUPS = {
  party_veteran: () => t("老党员"),
  hardship: () => t("困难群众"),
  lone_elder: () => t("孤寡老人"),
  left_behind_child: () => t("留守儿童"),
  petitioner: () => t("上访老户"),
};
export const groupWord = (key) => pick(GROUPS, key);

const AIDS = {
  monitored: () => t("易返贫致贫户"),
  minimum_living: () => t("农村低保户"),
  dispersed_poor: () => t("分散供养特困人员"),
  hardship_sudden: () => t("突发严重困难户"),
  margin: () => t("低保边缘家庭"),
  other_out_of_poverty: () => t("其他脱贫户"),
  registered_poor: () => t("建档立卡贫困户"),
  disabled_poor: () => t("贫困残疾人家庭"),
  five_guarantee: () => t("五保户"),
};
export const aidWord = (key) => pick(AIDS, key);

const MODES = { home: () => t("入户"), phone: () => t("电话"), wechat: () => t("微信"), sms: () => t("短信") };
export const modeWord = (key) => pick(MODES, key);

const OUTCOMES = {
  done: () => t("完成走访"),
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
  valid: () => t("有效走访"),
  too_short: () => t("时间不足"),
  no_duration: () => t("没有起止时间"),
  no_reason: () => t("远程走访未注明原因"),
  other_reason: () => t("远程原因不在认可之列"),
  no_place: () => t("没有定位"),
  rough_fix: () => t("定位误差过大"),
  old_fix: () => t("定位时间过久"),
  too_far: () => t("离房屋过远"),
  off_hours: () => t("不在走访时段"),
  not_done: () => t("未完成走访"),
  ruled_false: () => t("虚假入户"),
  void: () => t("作废"),
};
export const verdictWord = (key) => pick(VERDICTS, key);

const SUSPICIONS = {
  far_from_house: () => t("位置离房屋过远"),
  two_places: () => t("同一时间在两处"),
  duplicate: () => t("别的单位已走访过"),
  too_short: () => t("时间过短"),
  off_hours: () => t("不在走访时段"),
  typed_later: () => t("事后集中补录"),
  at_minimum: () => t("时长正好是下限"),
  crowded_day: () => t("一天走访过多"),
  far_fix: () => t("定位离房屋远"),
  one_spot: () => t("多户在同一处记录"),
  impossible_travel: () => t("来不及赶到"),
  still_fix: () => t("定位一动不动"),
  on_the_house: () => t("定位与房屋坐标重合"),
  copied_photo: () => t("照片与另一户相同"),
  similar_photo: () => t("照片与另一户近似"),
  cloned_answers: () => t("答案与另一户雷同"),
  no_trace: () => t("没有定位或照片"),
  unlike_peers: () => t("习惯与同行不同"),
};
export const suspicionWord = (key) => pick(SUSPICIONS, key);

const QUALITIES = {
  1: () => t("现场定位"),
  2: () => t("影像上点选"),
  3: () => t("导入坐标"),
  4: () => t("门牌号推算"),
  5: () => t("自然村中心"),
  6: () => t("村中心"),
  7: () => t("未定位"),
};
export const qualityWord = (key) => pick(QUALITIES, key);

const LEVELS = {
  province: () => t("省"),
  city: () => t("市"),
  county: () => t("县"),
  township: () => t("乡镇"),
  village: () => t("村"),
  natural_village: () => t("自然村"),
  group: () => t("村民小组"),
  grid: () => t("网格"),
};
export const levelWord = (key) => pick(LEVELS, key);
