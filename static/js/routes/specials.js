/* What holds for some of the households (特别安排): who has to go, when, two together, or one after the other. */

import { count } from "../format.js";
import { t } from "../i18n.js";
import { getJson, withParams } from "../map/api.js";
import { fill, h, icon } from "../map/dom.js";
import { padded, secondOf } from "./clock.js";

const DANGER = ["C", "D"];

/**
 * @param {object} on `people`, `groups` ([key, word] each), `draw(done)` (asks for a line on the map), `changed()`
 */
export function createSpecials(place, more, on) {
  const entries = [];

  const option = (value, word, selected) => h("option", { value, selected }, word);
  const moment = (label, value) => h("input", { class: "form-control", size: "5", maxlength: "5", inputmode: "numeric", autocomplete: "off", "aria-label": label, value: value ? value.replace(/^0/, "") : null, onchange: on.changed });
  const named = (first, chosen) => h("select", { class: "form-select", onchange: on.changed }, option("", first, !chosen), on.people.map((one) => option(String(one.id), one.name, one.id === chosen)));
  const tick = (word, checked) => {
    const box = h("input", { type: "checkbox", checked: Boolean(checked), onchange: on.changed });
    return { box, node: h("label", { class: "check" }, box, h("span", {}, word)) };
  };

  function add(wanted = null) {
    const homes = wanted?.households || {};
    const entry = { ids: homes.ids || [], polygon: homes.polygon || null };
    const kind = homes.ids?.length ? "one" : homes.polygon?.length ? "drawn" : homes.grades?.length ? "danger" : homes.key_groups?.[0] || null;
    entry.which = h("select", { class: "form-select", "aria-label": t("哪些户"), onchange: () => { showWhich(entry); on.changed(); } },
      option("one", t("某一户"), kind === "one"), option("drawn", t("图上圈的户"), kind === "drawn"), option("danger", t("C、D 级危房户"), kind === "danger"),
      on.groups.map(([key, word]) => option(key, word, key === kind)));
    entry.spot = h("span", { class: "rt-spot" });
    const [first, second] = wanted?.inspectors || [];
    entry.who = named(t("谁去都行"), first);
    entry.or = named(t("不再加人"), second);
    entry.from = moment(t("最早"), wanted?.hours?.from);
    entry.to = moment(t("最晚"), wanted?.hours?.to);
    entry.on = h("select", { class: "form-select", onchange: on.changed }, [["", t("哪天都行")], ["weekend", t("只在周末")], ["workdays", t("只在周末以外")]].map(([value, word]) => option(value, word, value === (wanted?.on || ""))));
    entry.pair = tick(t("要两人同去"), wanted?.pair);
    entry.together = tick(t("一户接一户，由同一人走完"), wanted?.together);
    entry.node = h("div", { class: "rt-special", role: "group", "aria-label": t("特别安排 %(n)s", { n: entries.length + 1 }) },
      h("div", { class: "rt-special-head" }, h("div", { class: "rt-line" }, entry.which, entry.spot), h("button", { type: "button", class: "rt-more", "aria-label": t("去掉这条特别安排"), onclick: () => {
        entries.splice(entries.indexOf(entry), 1);
        entry.node.remove();
        more.focus();
        on.changed();
      } }, icon("x"))),
      h("div", { class: "rt-special-terms" }, h("label", {}, t("由谁去"), entry.who), h("label", {}, t("或"), entry.or), h("label", {}, t("最早"), entry.from), h("label", {}, t("最晚"), entry.to), h("label", {}, t("日子"), entry.on)),
      h("div", { class: "rt-line" }, entry.pair.node, entry.together.node));
    entries.push(entry);
    place.append(entry.node);
    showWhich(entry);
    if (!wanted) entry.which.focus();
    on.changed();
  }

  // A household is looked for by code or head, those on the map are drawn around.
  function showWhich(entry) {
    const kind = entry.which.value;
    entry.together.node.hidden = kind === "one"; // a row takes at least two
    if (kind === "one") {
      const found = h("span", { class: "quiet", role: "status" }, entry.ids.length ? entry.name || t("已选 %(n)s 户", { n: count(entry.ids.length) }) : "");
      const input = h("input", { class: "form-control", type: "search", autocomplete: "off", placeholder: t("户编号或户主"), "aria-label": t("户编号或户主"), onchange: () => look(entry, input.value.trim(), found) });
      fill(entry.spot, input, found);
    } else if (kind === "drawn") {
      const words = h("span", { class: "quiet", role: "status" }, entry.polygon ? t("已圈好") : "");
      fill(entry.spot, h("button", { type: "button", class: "btn btn-small", onclick: () => on.draw((corners) => {
        entry.polygon = corners;
        words.textContent = t("已圈好");
        on.changed();
      }) }, icon("edit"), t("在图上圈这些户")), words);
    } else fill(entry.spot);
  }

  async function look(entry, words, found) {
    entry.ids = [];
    if (!words) {
      fill(found);
      on.changed();
      return;
    }
    try {
      const { households } = await getJson(withParams("/api/v1/search", { q: words }));
      const say = (one) => [one.head_name || one.code, one.village].filter(Boolean).join(" · ");
      const take = (one) => {
        entry.ids = [one.id];
        entry.name = say(one);
      };
      if (households.length) take(households[0]);
      fill(found, !households.length ? t("没有找到这一户") : households.length === 1 ? entry.name : h("select", { class: "form-select", "aria-label": t("是哪一户"), onchange: (event) => {
        take(households[Number(event.target.value)]);
        on.changed();
      } }, households.map((one, at) => option(String(at), `${say(one)} · ${one.code}`, at === 0))));
    } catch (reason) {
      fill(found, reason.message);
    }
    on.changed();
  }

  function homesOf(entry) {
    const kind = entry.which.value;
    if (kind === "one") return { ids: entry.ids };
    if (kind === "drawn") return { polygon: entry.polygon };
    return kind === "danger" ? { grades: DANGER } : { key_groups: [kind] };
  }

  function wantedOf(entry) {
    const wanted = { households: homesOf(entry) };
    const people = [...new Set([entry.who.value, entry.or.value].filter(Boolean))].map(Number);
    if (people.length) wanted.inspectors = people;
    if (entry.from.value || entry.to.value) wanted.hours = { from: padded(entry.from.value || "0:00"), to: entry.to.value ? padded(entry.to.value) : "24:00" };
    if (entry.on.value) wanted.on = entry.on.value;
    if (entry.pair.box.checked) wanted.pair = true;
    if (entry.together.box.checked && !entry.together.node.hidden) wanted.together = true;
    return wanted;
  }

  more.addEventListener("click", () => add());

  return {
    add,
    wanted: () => entries.map(wantedOf),
    /** The first thing that is missing or wrong: `[element, words]`; null if nothing is. */
    wrong: () => {
      for (const entry of entries) {
        const kind = entry.which.value;
        if (kind === "one" && !entry.ids.length) return [entry.spot.querySelector("input"), t("特别安排里还没有选是哪一户。")];
        if (kind === "drawn" && !entry.polygon) return [entry.spot.querySelector("button"), t("特别安排里还没有在图上圈户。")];
        for (const box of [entry.from, entry.to]) if (box.value && !Number.isFinite(secondOf(box.value))) return [box, t("特别安排的时间要写成 18:30 这样。")];
        if (entry.from.value && entry.to.value && secondOf(entry.from.value) >= secondOf(entry.to.value)) return [entry.to, t("特别安排的最晚时间要晚于最早时间。")];
        if (Object.keys(wantedOf(entry)).length < 2) return [entry.who, t("特别安排还没有写要怎么安排：由谁去、时间、日子、两人同去或一户接一户。")];
      }
      return null;
    },
  };
}
