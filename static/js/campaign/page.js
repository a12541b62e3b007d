/* A campaign's page: a rule is explained and a version's text fetched when somebody opens it. */

import { count } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { getJson } from "../map/api.js";
import { fill, h } from "../map/dom.js";

const campaign = document.querySelector("[data-campaign]").dataset.campaign;
const base = `/api/v1/campaigns/${encodeURIComponent(campaign)}`;

function explained(rows) {
  const since = Math.max(...rows.map((row) => row.since));
  const newest = rows.find((row) => row.since === since);
  const judged = rows.find((row) => row.visits !== null);
  const counted = rows.find((row) => row.households !== null);
  return [
    h("p", {}, t("决定：%(what)s", { what: newest.decides })),
    h("p", { class: "quiet" }, t("自第 %(n)s 版（%(day)s）起", { n: since, day: newest.since_at.slice(0, 10) })),
    judged && h("p", {}, t("%(n)s 次走访因它而定", { n: count(judged.visits) })),
    counted && h("p", {}, t("对象 %(n)s 户", { n: count(counted.households) })),
  ];
}

async function open(details, place, ask) {
  if (!details.open || details.dataset.asked) return;
  details.dataset.asked = "true";
  try {
    fill(place, await ask());
  } catch (reason) {
    delete details.dataset.asked;
    fill(place, h("p", { class: "field-error" }, reason.message));
  }
}

await loadWords();
for (const details of document.querySelectorAll("details[data-rule]")) {
  details.addEventListener("toggle", () => open(details, details.querySelector("[data-explained]"), async () => {
    const { rows } = await getJson(`${base}/rules/${encodeURIComponent(details.dataset.rule)}`);
    return explained(rows);
  }));
}
for (const details of document.querySelectorAll("details[data-version]")) {
  details.addEventListener("toggle", () => open(details, details.querySelector("pre"), async () => {
    const { text } = await getJson(`${base}/versions/${encodeURIComponent(details.dataset.version)}`);
    return text;
  }));
}
document.body.dataset.ready = "true";
