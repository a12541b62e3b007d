/* Who goes: inspectors with a tick each, and what differs from the others for one of them: start, way of going, hours. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { fill, h, icon } from "../map/dom.js";
import { dayWords } from "./clock.js";

const MODES = [["", () => t("同上")], ["ebike", () => t("电动车")], ["walk", () => t("步行")], ["car", () => t("汽车")]];
const TICKED = 12;

/**
 * @param {object[]} people `{id, name, role, start: [lon, lat]|null}`
 * @param {object} on `changed()`, `days()` (those chosen), `pickStart(mate, done, isEnd)` (asks for a place on the map)
 */
export function createTeam(place, people, on) {
  const mates = people.map((one, at) => {
    const mate = { ...one, chosen: one.role === "inspector" && at < TICKED, own: null, end: null, mode: "", from: "", to: "", most: "", absent: [] };
    mate.tick = h("input", { type: "checkbox", checked: mate.chosen, onchange: () => { mate.chosen = mate.tick.checked; on.changed(); } });
    mate.note = h("span", { class: "quiet" });
    const open = h("button", { type: "button", class: "rt-more", "aria-expanded": "false", "aria-label": t("%(name)s 的出发点和时间", { name: one.name }), onclick: () => toggle(mate, open) }, icon("gear"));
    mate.more = h("div", { hidden: true });
    mate.node = h("div", { class: "rt-mate" }, h("div", { class: "rt-mate-head" }, h("label", {}, mate.tick, h("span", {}, one.name), mate.note), open), mate.more);
    say(mate);
    return mate;
  });

  function say(mate) {
    const end = mate.end ? t("，到另选的点收工") : "";
    mate.note.textContent = (mate.own ? t("从图上选的点出发") : mate.start ? t("从辖区中心出发") : t("没有出发点，请在图上选")) + end;
  }

  // What belongs to one person is made when it is asked for: most never are.
  function toggle(mate, open) {
    const shown = mate.more.hidden;
    mate.more.hidden = !shown;
    open.setAttribute("aria-expanded", String(shown));
    if (!shown || mate.more.firstChild) return;
    const field = (label, name, attributes) => h("label", {}, label, h("input", { class: "form-control", value: mate[name] || null, ...attributes, onchange: (event) => { mate[name] = event.target.value; on.changed(); } }));
    fill(mate.more, h("div", { class: "rt-line" },
      h("label", {}, t("出行"), h("select", { class: "form-select", onchange: (event) => { mate.mode = event.target.value; on.changed(); } }, MODES.map(([value, word]) => h("option", { value, selected: value === mate.mode }, word())))),
      field(t("上班"), "from", { size: "5", placeholder: "8:30" }), field(t("下班"), "to", { size: "5", placeholder: "17:30" }),
      field(t("每天最多户"), "most", { type: "number", min: "1", max: "100" })),
    h("div", { class: "rt-line" },
      h("button", { type: "button", class: "btn btn-small", onclick: () => on.pickStart(mate, (spot) => { mate.own = spot; say(mate); on.changed(); }) }, icon("pin"), t("在图上选出发点")),
      mate.start ? h("button", { type: "button", class: "btn btn-small", onclick: () => { mate.own = null; say(mate); on.changed(); } }, t("用辖区中心")) : null,
      h("button", { type: "button", class: "btn btn-small", onclick: () => on.pickStart(mate, (spot) => { mate.end = spot; say(mate); on.changed(); }, true) }, icon("pin"), t("在图上选收工点")),
      h("button", { type: "button", class: "btn btn-small", onclick: () => { mate.end = null; say(mate); on.changed(); } }, t("回出发点收工"))),
    h("div", { class: "rt-line rt-away", role: "group", "aria-label": t("%(name)s 哪天不上班", { name: mate.name }) }));
    drawAway(mate, on.days());
  }

  function drawAway(mate, days) {
    const box = mate.more.querySelector(".rt-away");
    if (!box) return;
    mate.absent = mate.absent.filter((day) => days.includes(day));
    fill(box, h("span", { class: "quiet" }, t("不上班")), days.map((day) => h("label", { class: "check" }, h("input", { type: "checkbox", checked: mate.absent.includes(day), onchange: (event) => {
      mate.absent = event.target.checked ? [...mate.absent, day] : mate.absent.filter((one) => one !== day);
      on.changed();
    } }), h("span", {}, dayWords(day)))));
  }

  fill(place, mates.length ? mates.map((mate) => mate.node) : h("p", { class: "empty" }, t("没有可以派的走访员。请管理员在“账号”里添加。")));

  return {
    chosen: () => mates.filter((mate) => mate.chosen),
    all: (ticked) => {
      for (const mate of mates) {
        mate.chosen = ticked;
        mate.tick.checked = ticked;
      }
      on.changed();
    },
    days: (days) => mates.forEach((mate) => drawAway(mate, days)),
    words: () => t("已选 %(n)s / %(m)s 人", { n: count(mates.filter((mate) => mate.chosen).length), m: count(mates.length) }),
    /** Take over who went, and how, from a form of before: `{id, start, end, mode, from, to, most_visits, absent}` each. */
    take: (wanted, common) => {
      for (const mate of mates) {
        const asked = wanted.find((one) => one.id === mate.id);
        mate.chosen = Boolean(asked);
        mate.tick.checked = mate.chosen;
        if (!asked) continue;
        mate.own = asked.start || null;
        mate.end = asked.end || null;
        for (const name of ["mode", "from", "to"]) mate[name] = asked[name] && asked[name] !== common[name] ? asked[name] : "";
        mate.most = asked.most_visits && asked.most_visits !== common.most_visits ? String(asked.most_visits) : "";
        mate.absent = asked.absent || [];
        say(mate);
      }
      on.changed();
    },
    isFull: () => mates.length > 0 && mates.every((mate) => mate.chosen),
  };
}
