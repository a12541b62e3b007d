/*
 * The overview page: what its map shows comes by the addresses of the map page and of the gaps, everything else stands
 * in the page already. Each act of the map has its row in the page's lists.
 */

import { ageHours } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { getJson, withParams } from "../map/api.js";
import { fill, h, say, toast } from "../map/dom.js";
import { createOverviewMap } from "./map.js";
import { drawLegend } from "./legend.js";
import { peopleOf } from "./people.js";

const byId = (id) => document.getElementById(id);
const registry = {};

window.fangtu = {
  addLayer: (map, kind, options) => { registry[kind] = options; },
  start: async (map) => {
    await loadWords();
    await createPage(map).open();
    document.body.dataset.ready = "true";
  },
};

function createPage(map) {
  const stage = byId("overview");
  const params = Object.fromEntries(new URLSearchParams(stage.dataset.query));
  const target = Number(stage.dataset.target);
  const page = { gaps: [], areas: [] };
  window.fangtu.page = page; // for tests and the console
  const brief = document.body.classList.contains("is-brief");

  function rowOf(number) {
    return stage.querySelector(`tr[data-gap="${number}"]`);
  }

  function light(number) {
    for (const row of stage.querySelectorAll("tr.is-lit")) row.classList.remove("is-lit");
    if (number !== null) rowOf(number)?.classList.add("is-lit");
    page.view.light(number);
  }

  function pick(number) {
    const row = rowOf(number);
    if (!row) return;
    const fold = row.closest("details");
    if (fold) fold.open = true;
    light(number);
    row.scrollIntoView({ block: "nearest" });
    const gap = page.gaps.find((one) => one.number === number);
    page.view.tell(number);
    say(`${t("缺口 %(number)s：%(name)s，未访 %(n)s 户", { number, name: gap.name, n: gap.unvisited })}${t("；")}${t("责任人：%(names)s", { names: peopleOf(gap.responsible) })}`);
  }

  function drill(area) {
    const row = [...stage.querySelectorAll(".over-bars th a")].find((link) => new URL(link.href).searchParams.get("area") === area.code);
    if (row) window.location.assign(row.href);
    else window.location.assign(withParams("/map", { ...params, area: area.code }));
  }

  page.open = async () => {
    drawEdges();
    if (!byId("map-frame")) return; // nobody is to be visited yet
    page.view = createOverviewMap(map, {
      frame: byId("map-frame"), base: registry.base, target, onGap: pick, onArea: drill,
      label: t("地图：各片缺口和覆盖率。方向键移动，加减键缩放；同样的内容在旁边的列表中。"),
    });
    try {
      const ask = { ...params, brief: null };
      const [areas, duty, gaps] = await Promise.all([
        getJson(withParams("/map/areas.json", { ...ask, by: stage.dataset.level })),
        getJson(withParams("/map/outlines.json", { by: "township" })),
        Number(stage.dataset.gaps) ? getJson(withParams("/api/v1/gaps", ask)) : { gaps: [] },
      ]);
      page.gaps = gaps.gaps;
      page.areas = page.view.show(areas, duty, gaps.gaps, params.area || null);
      drawLegend(byId("over-legend"), page.areas, page.view.classes, stage.dataset.level, page.gaps.length > 0);
    } catch (reason) {
      const box = byId("map-trouble");
      fill(box, reason.message || String(reason));
      box.hidden = false;
    }
    for (const row of stage.querySelectorAll("tr[data-gap]")) {
      const number = Number(row.dataset.gap);
      for (const kind of ["pointerenter", "focusin"]) row.addEventListener(kind, () => light(number));
      for (const kind of ["pointerleave", "focusout"]) row.addEventListener(kind, () => light(null));
    }
    startPaper();
  };

  function drawEdges() {
    const fresh = byId("fresh");
    const age = ageHours(fresh?.dataset.asOf);
    if (fresh) fresh.dataset.age = age === null ? "unknown" : age > 24 ? "days" : age > 1 ? "hours" : "now";
    const copy = byId("copy-link");
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(window.location.href);
        toast(t("链接已复制，打开即恢复当前视图。"));
      } catch (refused) {
        toast(t("没有复制：浏览器没有允许。可从地址栏复制。"));
      }
    });
    const print = byId("print");
    if (print) {
      print.hidden = false;
      print.addEventListener("click", () => window.print());
    }
  }

  // Paper, and the brief on the screen, are light; the map is drawn at the size it has there.
  function startPaper() {
    const root = document.documentElement;
    let theme = null;
    const before = () => {
      if (theme === null) theme = root.dataset.bsTheme;
      root.dataset.bsTheme = "light";
      page.view.paper();
    };
    if (brief) {
      before();
      return;
    }
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", () => {
      root.dataset.bsTheme = theme;
      theme = null;
      page.view.settle();
    });
  }
  return page;
}

// Without a map nothing else begins the page.
if (!byId("map-frame")) window.fangtu.start(null);
