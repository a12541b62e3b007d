/* Photographs and papers of a site: chosen together, sent one after the other, each with how far it is and why not. */

import { loadWords, t } from "../i18n.js";
import { formToken } from "../map/api.js";
import { h } from "../map/dom.js";

function send(url, file, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(Math.floor((event.loaded / event.total) * 100));
    });
    request.addEventListener("load", () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch (notJson) {
        body = {};
      }
      if (request.status < 300) resolve("");
      else if (request.status === 401) resolve(t("没有上传：登录已过期。请重新登录后再传。"));
      else resolve(body.message || t("没有上传：服务器出了问题（%(code)s），请稍后重试。", { code: request.status }));
    });
    request.addEventListener("error", () => resolve(t("没有上传：服务器无回应。请检查网络后重试，选好的文件还在。")));
    request.open("PUT", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", formToken());
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.send(file);
  });
}

function start(form) {
  const list = form.querySelector("[data-list]");
  const most = Number(form.dataset.most);
  const button = form.querySelector("button");
  // What was sent already is not sent again when the rest is tried anew; its id makes that harmless besides.
  const ids = new Map();
  const sent = new Set();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [kind, value] = form.elements.what.value.split("=");
    const files = [...form.elements.files.files];
    list.replaceChildren();
    if (!files.length) list.append(h("li", { class: "file-no" }, t("请先选择文件。")));
    button.disabled = true;
    let refused = files.length ? 0 : 1;
    for (const file of files) {
      if (sent.has(file)) continue;
      const bar = h("progress", { max: "100", value: "0", "aria-label": file.name });
      const told = h("span", {}, "");
      list.append(h("li", {}, h("span", { class: "file-name" }, file.name), " ", bar, " ", told));
      let why = "";
      if (file.size > most) why = t("没有上传：文件太大，最多 %(n)s MB。", { n: most >> 20 });
      else {
        if (!ids.has(file)) ids.set(file, crypto.randomUUID ? crypto.randomUUID() : made());
        const query = new URLSearchParams({ [kind]: value, name: file.name, taken_on: form.elements.taken_on.value });
        why = await send(`${form.dataset.url}${ids.get(file)}?${query}`, file, (done) => { bar.value = done; });
      }
      bar.remove();
      told.textContent = why || t("已上传");
      told.className = why ? "file-no" : "file-yes";
      if (why) refused += 1;
      else sent.add(file);
    }
    button.disabled = false;
    if (!refused) window.location.reload();
    else if (sent.size) list.append(h("li", {}, h("a", { href: "" }, t("刷新页面，查看已上传的文件"))));
  });
  form.hidden = false;
}

/** A UUID where the page is not in a secure context, as in an office's own net. */
function made() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

await loadWords();
for (const form of document.querySelectorAll("form[data-files]")) start(form);
