/* Leaving an import: what was sent can stay for a day, or go at once. */

import { t } from "../i18n.js";
import { h, icon } from "../map/dom.js";

/** Ask, since a deleted file must be sent again; the focus comes back to `opener`. */
export function askToLeave(upload, opener, trouble) {
  const discard = async () => {
    box.close();
    try {
      await upload.discard();
      window.location.assign("/imports");
    } catch (reason) {
      trouble(reason);
    }
  };
  const box = h("dialog", { class: "dialog", "aria-labelledby": "leave-title" },
    h("div", { class: "dialog-head" }, h("h2", { id: "leave-title" }, t("不导入这个文件了")),
      h("button", { type: "button", class: "popup-close", "aria-label": t("关闭"), onclick: () => box.close() }, icon("x"))),
    h("div", { class: "dialog-body" }, h("p", {}, t("库里没有写入任何数据。删除后要重新上传；留着的话，上传后 24 小时内可以接着做。")),
      h("div", { class: "dialog-acts" },
        h("a", { class: "btn", href: "/imports" }, t("留着，稍后接着做")),
        h("button", { type: "button", class: "btn btn-danger", onclick: discard }, t("删除文件")))));
  box.addEventListener("close", () => {
    box.remove();
    opener.focus();
  });
  document.body.append(box);
  box.showModal();
}
