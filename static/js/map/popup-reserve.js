/* In a household's popup: who is on the way there, taking it and giving it back, and the way to the page for assigning. */

import { dayAndTime } from "../format.js";
import { t } from "../i18n.js";
import { postJson, withParams } from "./api.js";
import { h, say } from "./dom.js";
import { actions } from "./popup.js";

const RESERVES = new Set(["inspector", "supervisor", "admin"]);
const ASSIGNS = new Set(["supervisor", "admin"]);
const OPEN = [0, 3]; // not visited, nobody at home: somebody has to go

/** `reader` = {role, where: {campaign, round}}; nothing for a reader who may do neither, or outside of a round. */
export function reservePart(data, reader) {
  if (!reader || data.status === null || data.status === undefined || !RESERVES.has(reader.role)) return null;
  const box = h("div", { class: "popup-reserve" });
  const trouble = h("p", { class: "popup-error", role: "alert", hidden: true });

  async function send(act) {
    for (const button of box.querySelectorAll("button")) button.disabled = true;
    try {
      const { reservation } = await postJson(withParams("/api/v1/reservations", reader.where), { act, household_id: data.id });
      data.reservation = reservation && { ...reservation, mine: true };
      trouble.hidden = true;
      say(reservation ? t("已预约") : t("已取消预约"));
    } catch (reason) {
      trouble.textContent = reason.message;
      trouble.hidden = false;
    }
    show();
  }

  function show() {
    const held = data.reservation;
    const button = (act, words) => h("button", { type: "button", class: "btn", onclick: () => send(act) }, words);
    box.replaceChildren(...[
      held && h("p", { class: "popup-note" }, held.mine
        ? t("您已预约，到 %(when)s", { when: dayAndTime(held.until) })
        : t("%(who)s 已预约，到 %(when)s", { who: held.who, when: dayAndTime(held.until) })),
      actions(
        held ? (held.mine || ASSIGNS.has(reader.role)) && button("give_back", t("取消预约")) : OPEN.includes(data.status) && button("take", t("预约")),
        ASSIGNS.has(reader.role) && h("a", { class: "btn", href: assignAddress(data, reader.where) }, t("指派")),
      ),
      trouble,
    ].filter(Boolean));
  }
  show();
  return box;
}

/** The page for assigning, at this household and with it chosen. */
function assignAddress(data, where) {
  const place = data.lon === null || data.lon === undefined ? "" : `map=17/${data.lat}/${data.lon}&`;
  return `${withParams("/assign", where)}#${place}sel=${data.id}`;
}
