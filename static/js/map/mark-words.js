/* Words of marks from the field: kinds, states, doubts, fields that are corrected, parts of a house. */

import { t } from "../i18n.js";
import { pick } from "./words.js";

const MARKS = {
  new_house: () => t("新房"),
  moved: () => t("移动位置"),
  impression: () => t("等级印象"),
  ruin: () => t("残垣断壁"),
  abandoned: () => t("废弃宅基地"),
  illegal: () => t("私搭乱建"),
  waste: () => t("垃圾"),
  correction: () => t("信息更正"),
};
export const markWord = (key) => pick(MARKS, key);

const MARK_STATES = {
  proposed: () => t("待主管确认"),
  suspected: () => t("疑似危房，待鉴定"),
  accepted: () => t("已采纳"),
  refused: () => t("未采纳"),
};
const CONCERN_STATES = {
  untouched: () => t("未整治"),
  clearing: () => t("整治中"),
  cleared: () => t("已整治"),
  relapsed: () => t("反弹"),
};
export const concernWord = (key) => pick(CONCERN_STATES, key);

export const markStateWord = (key) => pick(MARK_STATES, key);

const MARK_FLAGS = {
  household_gone: () => t("该户已不在名册或不在辖区"),
  clock_off: () => t("手机时钟不准"),
  rough: () => t("定位误差较大"),
  elsewhere: () => t("位置不在辖区内"),
};
export const markFlagWord = (key) => pick(MARK_FLAGS, key);

const MARK_FIELDS = {
  address: () => t("地址"),
  house_no: () => t("门牌号"),
  people: () => t("人口"),
  key_groups: () => t("重点群体"),
  hamlet: () => t("自然村"),
  head_name: () => t("户主"),
};
export const markFieldWord = (key) => pick(MARK_FIELDS, key);

const MARK_PARTS = {
  foundation: () => t("地基基础"),
  walls: () => t("承重墙"),
  frame: () => t("木柱、梁、檩"),
  roof: () => t("楼（屋）盖"),
  enclosure: () => t("围护墙"),
};
export const markPartWord = (key) => pick(MARK_PARTS, key);
