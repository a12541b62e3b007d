/* The ZIP of what a phone could not send, handed in by a supervisor for the person whose it is. */

import { loadWords, t } from "../i18n.js";
import { refusal } from "../map/api.js";

const ADDRESS = "/api/v1/outbox";
// The archive itself says which phone it is from; the header only says that no form of another site sends it.
const DESK = { "X-Fangtu-Device": "00000000-0000-0000-0000-000000000000", "Content-Type": "application/zip" };

const form = document.getElementById("outbox-form");
const result = document.getElementById("outbox-result");

function line(text, className = "") {
  return Object.assign(document.createElement("p"), { textContent: text, className });
}

function show({ items, photos }) {
  const count = (state) => items.filter((one) => one.state === state).length.toLocaleString("en");
  const refused = [...items, ...photos].filter((one) => one.state === "refused");
  result.replaceChildren(
    line(t("新收下 %(n)s 条，此前已收下 %(m)s 条，缺照片 %(p)s 条，没有收下 %(r)s 条。", { n: count("applied"), m: count("already"), p: count("missing_photos"), r: count("refused") }), refused.length ? "" : "flash flash-success"),
    ...refused.map((one) => line(`${one.id} ${one.message || ""}`, "quiet")),
  );
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = document.getElementById("outbox-file").files[0];
  if (!file) {
    result.replaceChildren(line(t("请先选择 ZIP 文件。"), "flash flash-error"));
    document.getElementById("outbox-file").focus();
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  result.replaceChildren(line(t("正在上传 %(name)s…", { name: file.name })));
  try {
    const answer = await fetch(ADDRESS, { method: "POST", body: file, headers: DESK, credentials: "same-origin" });
    if (!answer.ok) throw await refusal(answer);
    show(await answer.json());
  } catch (reason) {
    result.replaceChildren(line(reason.status ? reason.message : t("服务器无回应。请检查网络后重试。"), "flash flash-error"));
  } finally {
    button.disabled = false;
  }
});

await loadWords();
document.body.dataset.ready = "true";
