/* A masked value and its 查看: asks the reason, which the server writes into the log, then shows the value once. */

import { t } from "../i18n.js";
import { postJson } from "./api.js";
import { fill, h, say } from "./dom.js";

/** The value as given; with a button if this reader may see it whole. Null if there is none. */
export function masked(record, field, value) {
  if (value === null || value === undefined || value === "") return null;
  const box = h("span", { class: "masked" });
  if (!(record.can_reveal || []).includes(field)) return fill(box, value);
  const rest = () => {
    fill(box, h("span", { class: "nowrap" }, value),
      h("button", { type: "button", class: "link", onclick: ask }, t("查看")));
  };
  const ask = () => {
    const reason = h("input", { class: "form-control", required: true, maxlength: "200", autocomplete: "off", "aria-describedby": "reveal-why" });
    const trouble = h("p", { class: "field-error", role: "alert", hidden: true });
    const submit = h("button", { class: "btn btn-primary btn-small" }, t("查看"));
    const form = h("form", { class: "reveal" },
      h("label", {}, t("查看原因"), reason),
      h("p", { class: "hint", id: "reveal-why" }, t("原因和查看人会记入日志。")),
      trouble,
      h("div", { class: "reveal-actions" }, submit, h("button", { type: "button", class: "btn btn-small", onclick: () => { rest(); box.querySelector("button")?.focus(); } }, t("取消"))));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!reason.value.trim()) {
        trouble.textContent = t("请写明查看原因");
        trouble.hidden = false;
        reason.focus();
        return;
      }
      submit.disabled = true;
      try {
        const answer = await postJson(`/api/v1/households/${encodeURIComponent(record.id)}/reveal`, { field, reason: reason.value.trim() });
        fill(box, h("strong", { class: "nowrap", tabindex: "-1" }, answer.value), " ", h("span", { class: "hint" }, t("已记入日志")));
        box.querySelector("strong").focus();
        say(t("已显示，已记入日志"));
      } catch (refused) {
        trouble.textContent = refused.message; // what was typed stays
        trouble.hidden = false;
        submit.disabled = false;
      }
    });
    fill(box, form);
    reason.focus();
  };
  rest();
  return box;
}
