/* Sending a file: what it is and how big is told before it leaves; the progress can be watched and stopped. */

import { count } from "../format.js";
import { loadWords, t } from "../i18n.js";
import { formToken } from "../map/api.js";
import { fill, h, icon, say } from "../map/dom.js";
import { size } from "./words.js";

const TYPES = [
  [/\.(xlsx|xlsm|xls|et)$/i, () => t("电子表格")],
  [/\.(csv|tsv|txt)$/i, () => t("文本表格")],
  [/\.(geojson|json)$/i, () => "GeoJSON"],
  [/\.gpkg$/i, () => "GeoPackage"],
  [/\.(zip|shp)$/i, () => t("Shapefile（压缩包）")],
  [/\.(osm|pbf)$/i, () => "OpenStreetMap"],
  [/\.km[lz]$/i, () => "KML"],
  [/\.gpx$/i, () => "GPX"],
  [/\.toml$/i, () => t("实施方案")],
];
const UNREADABLE = /\.(pdf|docx?|wps|pptx?|ods|xlsb|jpe?g|png|bmp|tiff?|heic|rar|7z|mdb|accdb|dwg|dxf)$/i;

/** What a file is by its name, or null if its kind is not known. */
export function typeOf(name) {
  return TYPES.find(([pattern]) => pattern.test(name))?.[1]() || null;
}

/** Why a file should not be sent, in words; null if it may. */
export function refusalOf(file, mostBytes) {
  if (UNREADABLE.test(file.name)) return t("“%(name)s”不是表格或地图文件，读不了。请在原来的软件里另存为 xlsx 或 csv 再传。", { name: file.name });
  if (!file.size) return t("“%(name)s”是空的。请核对后重选。", { name: file.name });
  if (file.size > mostBytes) return t("“%(name)s”有 %(size)s，最多 %(most)s。请按村拆成几个文件。", { name: file.name, size: size(file.size), most: size(mostBytes) });
  return null;
}

function start(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const chosen = form.querySelector("[data-chosen]");
  const error = form.querySelector("[data-error]");
  const button = form.querySelector("[data-send]");
  const progress = form.querySelector("[data-progress]");
  const most = Number(form.dataset.mostBytes);
  let sending = null;

  function look() {
    const file = input.files[0];
    const refused = file ? refusalOf(file, most) : null;
    error.textContent = refused || "";
    error.hidden = !refused;
    input.setAttribute("aria-invalid", String(Boolean(refused)));
    button.disabled = !file || Boolean(refused);
    fill(chosen, file ? [icon("doc"), h("strong", {}, file.name), h("span", { class: "quiet nowrap" }, [typeOf(file.name), size(file.size)].filter(Boolean).join(" · "))] : t("还没有选文件"));
    if (file) say(refused || [file.name, typeOf(file.name), size(file.size)].filter(Boolean).join(t("，")));
  }

  input.addEventListener("change", look);
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (!files.length) return;
    if (files.length > 1) say(t("一次传一个文件；取第一个。"));
    const one = new DataTransfer();
    one.items.add(files[0]);
    input.files = one.files;
    look();
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending && !button.disabled) send();
  });

  function failed(words) {
    sending = null;
    progress.hidden = true;
    form.classList.remove("is-sending");
    button.disabled = false;
    error.textContent = words;
    error.hidden = false;
    say(words);
    error.focus();
  }

  function send() {
    const request = new XMLHttpRequest();
    sending = request;
    const bar = h("progress", { class: "job-bar", max: 100, "aria-label": t("上传进度") });
    const words = h("span", { class: "progress-words" }, t("正在上传"));
    const figures = h("span", { class: "progress-count quiet nowrap" });
    const cancel = h("button", { type: "button", class: "btn btn-small", onclick: () => request.abort() }, t("取消"));
    fill(progress, h("div", { class: "progress-line" }, words, figures, cancel), bar);
    progress.hidden = false;
    error.hidden = true;
    button.disabled = true;
    form.classList.add("is-sending");
    say(t("正在上传"));
    request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => {
      if (!lengthComputable) return;
      bar.value = Math.floor((loaded / total) * 100);
      figures.textContent = t("%(done)s / %(all)s", { done: size(loaded), all: size(total) });
    });
    request.upload.addEventListener("load", () => { words.textContent = t("已传完，等服务器确认"); });
    request.addEventListener("load", () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch (notJson) {
        body = {};
      }
      const to = body.href || (request.status < 300 && request.responseURL ? new URL(request.responseURL).pathname : "");
      if (request.status < 300 && to.startsWith("/imports/")) window.location.assign(to);
      else if (request.status === 401 || to.startsWith("/sign-in")) failed(t("没有上传：登录已过期。请重新登录后再传。"));
      else failed(body.message || t("没有上传：服务器出了问题（%(code)s），请稍后重试。", { code: count(request.status) }));
    });
    request.addEventListener("error", () => failed(t("没有上传：服务器无回应。请检查网络后重试，选好的文件还在。")));
    request.addEventListener("abort", () => failed(t("已取消上传。服务器上没有留下这个文件。")));
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", formToken());
    request.send(new FormData(form));
  }
  look();
}

await loadWords();
for (const form of document.querySelectorAll("form[data-upload]")) start(form);
document.body.dataset.ready = "true";
