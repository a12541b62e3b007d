/* Words of the field app for codes that records carry. */

import { t } from "../i18n.js";
import { count } from "../format.js";

const STATUSES = [
  () => t("未走访"), () => t("已入户"), () => t("远程走访"), () => t("无人在家"),
  () => t("拒访"), () => t("长期外出"), () => t("存疑走访"), () => t("有走访但不计入"),
];
export const statusWord = (status) => (status === null ? t("不在本轮") : (STATUSES[status] || STATUSES[7])());

const CASES = {
  refused: () => t("拒访"),
  long_away: () => t("长期外出"),
  demolished: () => t("房屋已拆"),
  moved: () => t("已搬走"),
  not_found: () => t("查无此户"),
  phone: () => t("改为电话走访"),
  wechat: () => t("改为微信走访"),
  sms: () => t("改为短信走访"),
};
export const caseWord = (key) => CASES[key]();

const WHENS = {
  tonight: () => t("今晚 18:30 后"),
  tomorrow: () => t("明天"),
  weekend: () => t("周末"),
  phone: () => t("电话联系"),
};
/** When to come again; once the evening has begun, the next one is meant. */
export const whenWord = (key, late) => (key === "tonight" && late ? t("明晚 18:30 后") : WHENS[key]());

// What is kept is the Chinese, whatever language the phone speaks.
const REASONS = {
  refused: [["不愿接待", () => t("不愿接待")], ["对政策有意见", () => t("对政策有意见")], ["只愿改日再谈", () => t("只愿改日再谈")]],
  long_away: [["外出务工", () => t("外出务工")], ["随子女居住", () => t("随子女居住")], ["住院或养老", () => t("住院或养老")]],
  demolished: [["已拆除未重建", () => t("已拆除未重建")], ["原址重建中", () => t("原址重建中")], ["征收拆迁", () => t("征收拆迁")]],
  moved: [["迁往城镇", () => t("迁往城镇")], ["迁往外村", () => t("迁往外村")], ["户口已迁出", () => t("户口已迁出")]],
  not_found: [["地址不对", () => t("地址不对")], ["名单有误", () => t("名单有误")], ["重复登记", () => t("重复登记")]],
  remote: [["外出务工", () => t("外出务工")], ["本人要求", () => t("本人要求")], ["道路不通", () => t("道路不通")], ["传染病防护", () => t("传染病防护")]],
};
/** Reasons offered for a case: `[what is kept, () => what is shown]`. */
export const reasonsOf = (key) => REASONS[key] || REASONS.remote;

const FIX_REASONS = {
  weak: () => t("信号弱，定位不准"),
  wrong_point: () => t("房屋点位不准"),
  elsewhere: () => t("在别处见面"),
};
export const FIX_REASON_KEYS = Object.keys(FIX_REASONS);
export const fixReasonWord = (key) => FIX_REASONS[key]();

/** What is lacking before a visit can be saved. */
export function lackingWord(code) {
  return {
    choice: t("请先选择一种情况。"),
    demand: t("请选择诉求类别。"),
    other: t("请选择是哪种情况。"),
    reason: t("远程走访须注明原因，请选择。"),
  }[code];
}

const FLAGS = {
  not_assigned: () => t("该户现已指派给他人，记录已保留。"),
  household_gone: () => t("该户已不在名单，记录已保留。"),
  clock_off: () => t("手机时间与服务器相差较大。"),
  order: () => t("起止时间先后不对。"),
  far: () => t("定位离房屋较远。"),
  rough: () => t("定位误差较大。"),
  outside_round: () => t("走访时间不在本轮次内。"),
};
export const flagWord = (key) => FLAGS[key]?.() || key;

/** What the sender is doing, in words. */
export function phaseWord({ phase }) {
  return {
    asking: t("正在联系服务器"),
    sending: t("正在上传记录"),
    photos: t("正在上传照片"),
    waiting: t("无网络，会自动再试"),
    "sign-in": t("登录已过期，请重新登录"),
    other: t("现在登录的是另一个账号"),
    revoked: t("本机已被停用，请联系主管"),
    idle: t("稍后自动上传"),
  }[phase];
}

/** That the browser has deleted what the phone held: so many things for good, or none that was saved. */
export function emptiedWords(gone) {
  if (gone) return t("浏览器清除了本机数据：%(n)s 条没有上传的记录或没写完的走访不在了。请回想后重新填写，并告诉主管。", { n: count(gone) });
  return t("手机空间不足，浏览器清除了本机数据。未上传的记录已恢复；没有上传的照片和没写完的走访可能丢失，请查看。");
}
