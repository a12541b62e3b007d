/* Assigning (指派): by rule, by grid, or what is chosen on the map; each act is done at once and can be taken back. */

import { count, dayAndTime } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { createProgress, followJob } from "../import/jobs.js";
import { signInLink } from "../import/trouble.js";
import { getJson, postJson, withParams } from "../map/api.js";
import { fill, h, icon, say, toast, withdrawToast } from "../map/dom.js";
import { colour, onPalette } from "../map/palette.js";
import { createPlainMap } from "../map/plain.js";
import { statusWord } from "../map/themes.js";
import { toWorld } from "../map/world.js";
import { createSelecting } from "./select.js";
import { drawSign, signOf } from "./signs.js";

const byId = (id) => document.getElementById(id);
const VISITED = [1, 2, 6];
const registry = {};
const HOW = { rule: () => t("按方案"), grid: () => t("按网格"), drawn: () => t("圈选") };

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
  },
};

function createPage(map) {
  const { campaign, round, area } = byId("assign").dataset;
  const where = { campaign, round, area };
  const state = { rows: [], owners: [], kinds: [], chosen: new Set(), ring: [], lasso: false, busy: false, by: null, list: null };
  const page = { state };
  window.fangtu.page = page; // for tests and the console
  const plain = createPlainMap(map, { frame: byId("map-frame"), base: registry.base, label: t("地图：按住 Shift 拖框选择农户") });
  plain.add(draw);
  const selecting = createSelecting(map, state, chosenChanged);

  page.open = async () => {
    byId("assign-rule").addEventListener("click", () => preview("rule"));
    byId("assign-grid").addEventListener("click", () => preview("grid"));
    byId("assign-lasso").addEventListener("click", () => lasso(!state.lasso));
    byId("assign-bare").addEventListener("click", () => choose((row) => row.owner < 0 && !row.visited));
    byId("assign-clear").addEventListener("click", () => { state.chosen.clear(); chosenChanged(); });
    byId("assign-kind").addEventListener("change", () => { kindChanged(); load().catch(trouble); });
    byId("assign-who").addEventListener("change", whoChanged);
    byId("assign-do").addEventListener("click", () => drawn(false));
    byId("assign-away").addEventListener("click", () => drawn(true));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.lasso) lasso(false); });
    map.getContainer().addEventListener("pointermove", over);
    onPalette(() => drawOwners());
    const outlines = plain.load().catch(() => {}); // without outlines the households are drawn all the same
    await load().catch(trouble);
    await outlines;
    map.invalidateSize({ animate: false, pan: false });
    if (plain.extent(area)) map.fitBounds(plain.extent(area), { padding: [20, 20], animate: false });
    fromMap();
    kindChanged();
    chosenChanged();
    document.body.dataset.ready = "true";
  };

  // Whoever comes from a household on the map finds it here in the same place, and chosen.
  function fromMap() {
    const asked = new URLSearchParams(window.location.hash.slice(1));
    const [zoom, lat, lon] = (asked.get("map") || "").split("/").map(Number);
    if ([zoom, lat, lon].every(Number.isFinite) && Math.abs(lat) < 86) map.setView([lat, lon], zoom, { animate: false });
    const wanted = Number(asked.get("sel"));
    if (state.rows.some((row) => row.id === wanted)) state.chosen.add(wanted);
  }

  async function load() {
    const kind = byId("assign-kind").value;
    const [list, found] = await Promise.all([
      getJson(withParams("/api/v1/assignments", where)),
      getJson(withParams("/api/v1/assignments/households", { ...where, kind })).catch(tooMany),
    ]);
    state.list = list;
    state.kinds = list.kinds;
    state.owners = found.owners;
    state.rows = found.rows.map(([id, lon, lat, owner, status]) => {
      const [x, y] = toWorld(lon, lat);
      return { id, x, y, owner, status, visited: VISITED.includes(status) };
    });
    state.vague = found.vague;
    byId("assign-trouble").hidden = true;
    if (found.trouble) trouble(found.trouble);
    fill(byId("assign-answer"), t("共 %(n)s 户，还剩 %(left)s 户没有走访、别的单位也没有领走，其中 %(bare)s 户没有指派给人。",
      { n: count(list.households), left: count(list.left), bare: count(list.unassigned) }));
    drawOwners();
    drawActs();
    chosenChanged();
  }

  // Too many to be drawn one by one are still assigned by rule or by grid.
  function tooMany(reason) {
    if (reason.status !== 422) throw reason;
    return { owners: [], rows: [], vague: 0, trouble: reason };
  }

  /* ---- choosing ---- */

  const kindOf = (key) => state.kinds.find((one) => one.kind === key);

  function choose(test) {
    for (const row of state.rows) if (test(row)) state.chosen.add(row.id);
    chosenChanged();
  }

  function lasso(on) {
    selecting.lasso(on);
    byId("assign-lasso").setAttribute("aria-pressed", String(on));
    document.querySelector(".assign-map").classList.toggle("is-drawing", on);
  }

  function chosenChanged() {
    const n = state.chosen.size;
    const repeats = kindOf(byId("assign-kind").value)?.repeats;
    const done = repeats ? 0 : state.rows.filter((row) => row.visited && state.chosen.has(row.id)).length;
    byId("assign-chosen").textContent = n ? t("已选 %(n)s 户", { n: count(n) }) + (done ? t("，其中 %(n)s 户已走访，不会指派", { n: count(done) }) : "") : t("还没有选。");
    byId("assign-clear").disabled = !n;
    byId("assign-do").disabled = byId("assign-away").disabled = state.busy || n <= done;
    byId("assign-do").textContent = n > done ? t("指派 %(n)s 户", { n: count(n - done) }) : t("指派");
    byId("assign").dataset.chosen = n;
    plain.redraw();
  }

  // Units of one kind are offered with that kind.
  function kindChanged() {
    for (const group of byId("assign-who").querySelectorAll("optgroup[data-kind]")) {
      group.hidden = group.disabled = group.dataset.kind !== byId("assign-kind").value;
    }
    const select = byId("assign-who");
    if (select.selectedOptions[0]?.closest("optgroup")?.disabled || select.selectedIndex < 0) {
      select.value = [...select.options].find((option) => !option.closest("optgroup")?.disabled).value;
    }
    whoChanged();
  }

  function whoChanged() {
    byId("assign-name-field").hidden = byId("assign-who").value !== "other";
  }

  function over(event) {
    const row = event.buttons ? null : selecting.near(event);
    const owner = row && state.owners[row.owner];
    byId("assign-over").hidden = !row;
    if (row) byId("assign-over").textContent = `${owner ? owner.owner : t("没有指派")} · ${statusWord(row.status)}`;
  }

  /* ---- acts ---- */

  async function act(send) {
    if (state.busy) return;
    state.busy = true;
    withdrawToast();
    chosenChanged();
    try {
      await send();
    } catch (reason) {
      trouble(reason);
    } finally {
      state.busy = false;
      chosenChanged();
    }
  }

  function drawn(away) {
    const [what, ...rest] = byId("assign-who").value.split(":");
    const name = what === "other" ? byId("assign-name").value.trim() : rest.join(":");
    if (!away && what === "other" && !name) {
      byId("assign-name").focus();
      return;
    }
    const body = { by: "drawn", kind: byId("assign-kind").value, households: [...state.chosen], account_id: null, owner: null };
    if (!away && what === "account") body.account_id = Number(name);
    else if (!away) body.owner = name;
    act(async () => {
      const answer = await postJson(withParams("/api/v1/assignments", where), body);
      state.chosen.clear();
      lasso(false);
      await told(answer);
    });
  }

  function preview(by) {
    act(async () => {
      const answer = await ended(await postJson(withParams("/api/v1/assignments/preview", where), { by, kind: by === "grid" ? byId("assign-kind").value : null }));
      if (!answer) return;
      state.by = by;
      const box = byId("assign-preview");
      box.hidden = false;
      fill(box, h("strong", {}, HOW[by]()), h("p", {}, answer.message),
        answer.unmet.length ? h("ul", {}, answer.unmet.slice(0, 20).map((one) => h("li", {}, one.message))) : null,
        h("div", { class: "assign-row" },
          h("button", { type: "button", class: "btn btn-primary", id: "assign-apply", disabled: !answer.changes, onclick: () => apply(by) }, answer.changes ? t("应用 %(n)s 处变化", { n: count(answer.changes) }) : t("没有变化")),
          h("button", { type: "button", class: "btn", onclick: hidePreview }, t("放弃"))));
      say(answer.message);
    });
  }

  // A large round is shared out in the background: what came of it, or null where it was stopped.
  async function ended(answer) {
    if (!answer.job) return answer;
    const place = byId("assign-job");
    const progress = createProgress(place, () => postJson(`/api/v1/jobs/${answer.job.id}/cancel`, {}).catch(trouble));
    progress.show(answer.job);
    let job;
    let away = false;
    try {
      job = await followJob(answer.job, (next) => progress.show(next, away), (now) => { away = now; progress.show(answer.job, away); }).ended;
    } finally {
      progress.show(null);
    }
    if (job.state === "failed") throw new Error(job.error.message);
    return job.state === "done" ? job.result : null;
  }

  function hidePreview() {
    byId("assign-preview").hidden = true;
    fill(byId("assign-preview"));
  }

  function apply(by) {
    const kind = by === "grid" ? byId("assign-kind").value : null;
    act(async () => {
      hidePreview();
      const answer = await ended(await postJson(withParams("/api/v1/assignments", where), { by, kind }));
      if (!answer) return;
      await told(answer);
    });
  }

  async function told(answer) {
    await load();
    const left = (answer.left_out || []).map((one) => t("%(n)s 户没有指派：%(why)s", { n: count(one.n), why: one.why })).join(t("；"));
    const words = left ? t("%(message)s。%(left)s", { message: answer.message, left }) : answer.message;
    say(words);
    toast(words, answer.act ? { label: t("撤销"), act: () => undo(answer.act) } : null);
  }

  function undo(id) {
    act(async () => {
      const answer = await postJson(`/api/v1/assignments/acts/${id}/undo`, {});
      await load();
      toast(answer.message);
    });
  }

  /* ---- drawing ---- */

  function draw({ ctx, ...view }) {
    const r = view.zoom >= 16 ? 5.5 : view.zoom >= 14 ? 4 : 3;
    ctx.lineJoin = "round";
    for (const row of state.rows) {
      const [x, y] = [row.x * view.scale - view.left, row.y * view.scale - view.top];
      if (x < -10 || y < -10 || x > view.width + 10 || y > view.height + 10) continue;
      drawSign(ctx, x, y, r, row.owner, row.visited);
      if (!state.chosen.has(row.id)) continue;
      for (const [width, style] of [[5, colour("map-select-halo")], [2.4, colour("map-select")]]) {
        ctx.beginPath();
        ctx.arc(x, y, r + 3.5, 0, Math.PI * 2);
        ctx.lineWidth = width;
        ctx.strokeStyle = style;
        ctx.stroke();
      }
    }
    if (state.ring.length < 2) return;
    ctx.beginPath();
    state.ring.forEach(([x, y], at) => ctx[at ? "lineTo" : "moveTo"](x * view.scale - view.left, y * view.scale - view.top));
    ctx.closePath();
    ctx.setLineDash([6, 4]);
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour("p");
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function drawOwners() {
    if (!state.list) return;
    const numbers = new Map(state.owners.map((one, at) => [`${one.kind}:${one.account_id}:${one.owner}`, at]));
    const rows = state.list.owners.map((one) => {
      const at = numbers.get(`${one.kind}:${one.account_id}:${one.owner}`);
      return h("li", {}, at === undefined ? h("span") : signOf(at),
        h("span", { class: "own-name" }, one.owner, h("span", { class: "own-kind" }, kindOf(one.kind)?.name || one.kind)),
        h("span", { class: "num nowrap" }, `${count(one.visited)} / ${count(one.households)}`),
        at === undefined ? h("span") : h("button", { type: "button", class: "btn btn-small", "aria-label": t("选 %(name)s 的农户", { name: one.owner }), onclick: () => choose((row) => row.owner === at) }, t("选")));
    });
    const bare = state.list.unassigned;
    fill(byId("assign-owners"), h("li", {}, signOf(-1), h("span", { class: "own-name" }, t("没有指派")), h("span", { class: "num nowrap" }, count(bare)), h("span")), rows,
      state.vague ? h("li", {}, h("span"), h("span", { class: "own-name" }, t("没有单户位置，图上不显示")), h("span", { class: "num nowrap" }, count(state.vague)), h("span")) : null);
  }

  function drawActs() {
    const { acts } = state.list;
    fill(byId("assign-acts"), acts.length ? acts.map((one) => h("li", {},
      h("strong", {}, (HOW[one.how] || HOW.drawn)()),
      h("span", { class: "nowrap" }, dayAndTime(one.at)),
      h("span", {}, actWords(one.counts)),
      one.who ? h("span", { class: "quiet" }, one.who) : null,
      one.undone_at ? h("span", { class: "tag" }, t("已撤销")) : h("button", { type: "button", class: "btn btn-small", onclick: () => undo(one.id) }, t("撤销")))) : h("li", {}, t("还没有指派过。")));
  }

  const WORDS = {
    added: (n) => t("新指派 %(n)s 户", { n }),
    moved: (n) => t("换人 %(n)s 户", { n }),
    removed: (n) => t("取消 %(n)s 户", { n }),
    assigned: (n) => t("指派 %(n)s 户", { n }),
    left_out: (n) => t("没有指派 %(n)s 户", { n }),
  };

  function actWords(counts) {
    return Object.entries(WORDS).filter(([name]) => counts[name] > 0).map(([name, words]) => words(count(counts[name]))).join(t("，"));
  }

  function trouble(reason) {
    const box = byId("assign-trouble");
    fill(box, icon("warn"), h("span", {}, reason.message || String(reason)), reason.status === 401 ? signInLink() : null);
    box.hidden = false;
    say(reason.message || String(reason));
  }
  return page;
}
