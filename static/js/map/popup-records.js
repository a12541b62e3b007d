/* What the popups of a household, house, renovation site, visit, area and of households without a dot say. */

import { count, dayAndTime, day, distance, NONE, of, percent, rate, share, yuan } from "../format.js";
import { t } from "../i18n.js";
import { h } from "./dom.js";
import { actions, facts, tag, tags } from "./popup.js";
import { photosPart } from "./popup-photos.js";
import { reservePart } from "./popup-reserve.js";
import { masked } from "./reveal.js";
import { appraisalsAddress } from "./state.js";
import { signElement, statusSign } from "./symbols.js";
import { dangerSentence, dangerWords } from "./danger.js";
import { standingWord } from "./site-signs.js";
import { gradeWord, methodWord, stageWord, statusWord } from "./themes.js";
import { aidWord, groupWord, levelWord, modeWord, outcomeWord, qualityWord, suspicionWord, verdictWord } from "./words.js";

const GRADE_TONES = { A: "ok", B: "inf", C: "wrn", D: "dan" };
const STANDARDS = {
  guideline_2019: () => t("导则 2019"), jgjt363: () => "JGJ/T 363-2014", jgj125: () => "JGJ 125-2016",
  guideline_2009: () => t("导则 2009（试行）"), provincial_levels: () => t("省定等级"),
};
const STATUS_TONES = { 0: "gap", 1: "ok", 2: "ok", 3: "gap", 4: "", 5: "", 6: "vio", 7: "" };

function minutesWord(minutes) {
  return minutes === null || minutes === undefined ? null : t("%(n)s 分钟", { n: Math.round(minutes) });
}

function placeWord(quality, accuracy) {
  if (!quality) return null;
  const word = qualityWord(quality);
  return accuracy ? t("%(quality)s，误差 %(distance)s", { quality: word, distance: distance(accuracy) }) : word;
}

function gradeTag(grade) {
  const key = grade || "none";
  return tag(gradeWord(key), GRADE_TONES[key] || "", signElement(`grade:${key}`));
}

// A ledger's address often begins with the village already.
function addressWord(record) {
  const address = record.address || "";
  const names = [record.village, record.natural_village].filter((name) => name && !address.includes(name));
  return [...names, address].filter(Boolean).join(" ");
}

function visitLine(visit) {
  return [day(visit.at), visit.mode && visit.mode !== "home" ? modeWord(visit.mode) : outcomeWord(visit.outcome), minutesWord(visit.minutes), visit.visitor, visit.companions && t("陪同：%(names)s", { names: visit.companions })]
    .filter(Boolean).join(" · ");
}

/** `view` = {zoom(), zoomTo(latlng, zoom), open(kind, id, latlng), reader()} */
export function householdPopup(data, view) {
  const status = tag(
    data.status === 0 && data.days_unvisited ? t("未走访 %(n)s 天", { n: data.days_unvisited }) : statusWord(data.status),
    STATUS_TONES[data.status], signElement(statusSign(data.status)),
  );
  const worst = (data.houses || []).map((house) => house.grade).filter(Boolean).sort().at(-1);
  const visits = data.visits || [];
  const last = visits[0];
  const suspicions = visits.flatMap((visit) => visit.suspect || []);
  const parts = [
    tags(status, worst && gradeTag(worst), (data.key_groups || []).map((group) => tag(groupWord(group)))),
    facts([
      [t("人口"), data.people === null || data.people === undefined ? null : t("%(n)s 人", { n: data.people })],
      [t("电话"), masked(data, "phone", data.phone)],
      [t("身份证号"), masked(data, "id_number", data.id_number)],
      [t("银行卡"), masked(data, "bank_card", data.bank_card)],
      data.aid_group ? [t("低收入类型"), aidWord(data.aid_group)] : null,
      [t("住址"), addressWord(data)],
      [t("最近走访"), last ? visitLine(last) : t("还没有走访记录")],
      [t("由谁走访"), (data.owners || []).map((one) => one.owner).join("、")],
      last && last.verdict && last.verdict !== "valid" ? [t("是否计入"), verdictWord(last.verdict)] : null,
      suspicions.length ? [t("存疑"), suspicions.map(suspicionWord).join("、")] : null,
      (data.sites || []).length ? [t("改造"), data.sites.map((site) => `${methodWord(site.method)}，${stageWord(site.stage)}`).join("；")] : null,
      [t("位置"), placeWord(data.quality, data.accuracy_m)],
    ]),
  ];
  if (data.lon !== null && data.lon !== undefined && view.zoom() < 17) {
    parts.push(actions(h("button", { type: "button", class: "btn", onclick: () => view.zoomTo([data.lat, data.lon], 18) }, t("放大到此处"))));
  }
  if (last) parts.splice(2, 0, photosPart(last.photos, t("走访 %(when)s", { when: dayAndTime(last.at) })));
  parts.push(reservePart(data, view.reader()));
  return {
    title: revealedName(data),
    code: t("户号 %(code)s", { code: data.code }),
    parts,
    spoken: t("%(name)s，%(status)s", { name: data.head_name || data.code, status: statusWord(data.status) }),
  };
}

function revealedName(data) {
  return (data.can_reveal || []).includes("head_name") ? masked(data, "head_name", data.head_name) : data.head_name || NONE;
}

function householdLink(data, view) {
  if (!data.household_id) return data.household_code;
  return h("button", { type: "button", class: "link", onclick: () => view.open("household", data.household_id) }, data.household_code || t("查看农户"));
}

/** A ledger names its standard in its own words. */
function standardWord(standard) {
  return Object.hasOwn(STANDARDS, standard || "") ? STANDARDS[standard]() : standard;
}

export function housePopup(data, view) {
  return {
    title: t("农房 %(code)s", { code: data.code || data.id }),
    parts: [
      tags(gradeTag(data.grade)),
      facts([
        [t("农户"), householdLink(data, view)],
        [t("鉴定"), [day(data.appraised_on), standardWord(data.standard)].filter((word) => word && word !== NONE).join(" · ")],
        [t("结构"), data.structure],
        [t("建成"), data.built_year ? t("%(n)s 年", { n: data.built_year }) : null],
        [t("面积"), data.area_m2 ? t("%(n)s 平方米", { n: count(data.area_m2) }) : null],
        [t("层数"), data.storeys],
        [t("住址"), addressWord(data)],
        [t("备注"), data.remark],
      ]),
      actions(h("a", { class: "btn", href: `/houses/${data.id}` }, t("鉴定记录"))),
    ],
    spoken: gradeWord(data.grade || "none"),
  };
}

/** How a site stands: ended, late with its money, stalled, or nothing to say. */
function standingTag(data) {
  if (data.state !== "open") return tag(standingWord("ended"));
  if (data.late) return tag(t("超期 %(n)s 天未付", { n: count(data.overdue) }), "dan");
  return data.stalled && tag(t("停滞：在此环节 %(n)s 天", { n: count(data.days) }), "wrn");
}

export function sitePopup(data, view) {
  const money = view.reader()?.role !== "inspector";
  const alike = (filters) => `/sites?${new URLSearchParams({ ...filters, ...(data.village_id ? { village: data.village_id } : {}) })}`;
  const steps = [["approved_on", t("批准")], ["started_on", t("开工")], ["completed_on", t("竣工")], ["accepted_on", t("验收")], ["paid_on", t("发放")]];
  const dated = steps.filter(([name]) => data[name]).map(([name, word]) => [word, day(data[name])]);
  return {
    title: t("改造点 %(code)s", { code: data.code || data.id }),
    parts: [
      tags(tag(stageWord(data.stage), data.stage === "paid" ? "ok" : "inf", signElement(`stage:${data.stage}`)), tag(methodWord(data.method)), standingTag(data)),
      facts([
        [t("农户"), householdLink(data, view)],
        [t("房屋"), data.house_id ? h("a", { href: `/houses/${data.house_id}` }, data.house_code || t("鉴定记录")) : null],
        [t("到此环节"), data.stage_on && day(data.stage_on)],
        money && data.due_on ? [t("付款期限"), day(data.due_on)] : null,
        money && data.paid_after !== null && data.paid_after !== undefined ? [t("验收到发放"), t("%(n)s 天", { n: count(data.paid_after) })] : null,
        [t("改造前"), data.grade_before ? gradeWord(data.grade_before) : null],
        [t("补助资金"), yuan(data.subsidy_yuan)],
        ...dated,
      ]),
      actions(
        h("a", { class: "btn btn-primary", href: `/sites/${data.id}` }, t("打开改造")),
        data.stalled && h("a", { class: "btn", href: alike({ stalled: 1, stage: data.stage }) }, t("同村同环节停滞的")),
        money && data.late && h("a", { class: "btn", href: alike({ late: 1 }) }, t("同村超期未付的")),
      ),
    ],
    spoken: stageWord(data.stage),
  };
}

export function visitPopup(data, view) {
  const suspect = data.suspect || [];
  return {
    title: t("走访 %(when)s", { when: dayAndTime(data.at || data.started_at) }),
    parts: [
      tags(
        tag(verdictWord(data.verdict), data.verdict === "valid" ? "ok" : "wrn"),
        suspect.length && tag(t("存疑：%(why)s", { why: suspect.map(suspicionWord).join("、") }), "vio", signElement("suspect")),
      ),
      facts([
        [t("农户"), householdLink(data, view)],
        [t("方式"), modeWord(data.mode)],
        [t("结果"), outcomeWord(data.outcome)],
        [t("时长"), minutesWord(data.minutes)],
        [t("走访员"), data.visitor],
        [t("陪同"), data.companions],
        [t("轮次"), data.round ? t("第 %(n)s 轮", { n: data.round }) : null],
      ]),
      photosPart(data.photos, t("走访 %(when)s", { when: dayAndTime(data.at || data.started_at) })),
    ],
    spoken: verdictWord(data.verdict),
  };
}

const KNOWN_TO = { natural_village: () => t("只定位到本自然村"), group: () => t("只定位到本村民小组"), village: () => t("只定位到本村") };

/** Households known only to a settlement. `mayPlace`: the reader may give them a place. */
export function settledPopup(one, { mayPlace }) {
  const list = (anchor) => `/worklists?area=${encodeURIComponent(one.code)}#${anchor}`;
  return {
    title: one.name,
    code: levelWord(one.level),
    parts: [
      tags(tag((KNOWN_TO[one.level] || KNOWN_TO.village)(), "dash")),
      facts([
        [t("户数"), t("%(n)s 户", { n: count(one.n) })],
        [t("已走访"), share(one.visited, one.n)],
      ]),
      h("p", { class: "popup-note" }, t("还不知道各户的房屋在哪里，所以不逐户标点，只在中心记数。")),
      actions(
        mayPlace && one.unplaced > 0 && h("a", { class: "btn btn-primary", href: list("unplaced_page") }, t("去定位")),
        h("a", { class: "btn", href: list("approximate_page") }, t("以列表查看")),
      ),
    ],
    spoken: t("%(name)s，%(n)s 户只有约略位置", { name: one.name, n: count(one.n) }),
  };
}

/** Houses of an area: of grade C or D of those appraised, and those nobody has appraised. */
function dangerPopup(area, { drill, asOf }) {
  const { danger, appraised, houses } = area.danger || { danger: 0, appraised: 0, houses: 0 };
  return {
    title: area.name,
    code: levelWord(area.level),
    parts: [
      h("div", { class: "popup-figure" }, h("strong", {}, dangerWords(area)), h("span", {}, dangerSentence(area))),
      facts([
        [t("未鉴定"), t("%(share)s 栋，情况未知", { share: of(houses - appraised, houses) })],
        [t("截至"), asOf],
      ]),
      actions(
        h("button", { type: "button", class: "btn btn-primary", onclick: () => drill(area) }, t("进入 %(name)s", { name: area.name })),
        h("a", { class: "btn", href: appraisalsAddress(area.code) }, t("鉴定台账")),
      ),
    ],
    spoken: `${area.name}，${dangerSentence(area)}`,
  };
}

/** Renovations of a village with the lists behind the numbers. */
function sitesPopup(area, { drill, sites, money, asOf }) {
  const one = sites || { sites: 0, stalled: 0, waiting: 0, late: 0, days: [0, 0] };
  const to = (filters) => `/sites?${new URLSearchParams({ village: area.id, ...filters })}`;
  const [sum, paid] = one.days;
  return {
    title: area.name,
    code: levelWord(area.level),
    parts: [
      h("div", { class: "popup-figure" }, h("strong", {}, count(one.sites)), h("span", {}, t("处改造", { n: count(one.sites) }))),
      facts([
        [t("停滞"), h("a", { href: to({ stalled: 1 }) }, t("%(share)s 处", { share: of(one.stalled, one.sites) }))],
        money ? [t("超期未付"), h("a", { href: to({ late: 1 }) }, t("%(share)s 处待付", { share: of(one.late, one.waiting) }))] : null,
        money ? [t("验收到发放"), paid ? t("平均 %(days)s 天（%(n)s 处）", { days: count(Math.round(sum / paid)), n: count(paid) }) : t("还没有发放")] : null,
        [t("截至"), asOf],
      ]),
      actions(
        h("button", { type: "button", class: "btn btn-primary", onclick: () => drill(area) }, t("进入 %(name)s", { name: area.name })),
        h("a", { class: "btn", href: to({}) }, t("以列表查看")),
      ),
    ],
    spoken: t("%(name)s，%(words)s", { name: area.name, words: t("停滞 %(share)s", { share: of(one.stalled, one.sites) }) }),
  };
}

/** The answer for an area is on the map already, so nothing is asked. */
export function areaPopup(area, { target, drill, list, theme, sites, money, asOf }) {
  if (theme === "danger") return dangerPopup(area, { drill, asOf });
  if (theme === "sites" || theme === "payments") return sitesPopup(area, { drill, sites, money, asOf });
  const toTarget = area.eligible ? Math.max(0, Math.ceil(area.eligible * target - 1e-9) - area.visited) : null;
  const over = area.ratio > 1;
  const statuses = Object.entries(area.counts || {}).map(([n, many]) => [Number(n), many]).filter(([, many]) => many > 0)
    .sort((a, b) => b[1] - a[1]).slice(0, 6);
  return {
    title: area.name,
    code: levelWord(area.level),
    parts: [
      h("div", { class: "popup-figure" },
        h("strong", {}, rate(area.ratio, target)),
        h("span", {}, area.eligible ? share(area.visited, area.eligible) : t("0 户应访"))),
      tags(
        area.ratio >= target && tag(t("已达标"), "ok"),
        area.ratio < target && toTarget !== null && tag(t("还差 %(n)s 户达标", { n: count(toTarget) }), "gap"),
        over && tag(t("多于应访户数，请核对"), "wrn"),
        area.derived && tag(t("边界为推算"), "dash"),
      ),
      facts([
        [t("未走访"), t("%(n)s 户", { n: count(area.remaining) })],
        [t("目标"), percent(target)],
        statuses.length ? [t("走访状态"), h("ul", { class: "mini-list" }, statuses.map(([n, many]) => h("li", {},
          signElement(statusSign(n)), h("span", {}, statusWord(n)), h("b", {}, count(many)))))] : null,
      ]),
      actions(
        h("button", { type: "button", class: "btn btn-primary", onclick: () => drill(area) }, t("进入 %(name)s", { name: area.name })),
        h("a", { class: "btn", href: list(area) }, t("以列表查看")),
      ),
    ],
    spoken: t("%(name)s，覆盖率 %(rate)s，%(share)s", { name: area.name, rate: rate(area.ratio, target), share: share(area.visited, area.eligible) }),
  };
}
