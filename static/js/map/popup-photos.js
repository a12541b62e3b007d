/* Photographs from the field in a popup: small ones that open whole; the server shows each to those who may see it. */

import { t } from "../i18n.js";
import { h } from "./dom.js";

const ADDRESS = "/field-work/photos/";

/** Photographs by their ids; null for none. `what` says of what they are. */
export function photosPart(ids, what) {
  if (!ids?.length) return null;
  return h("ul", { class: "popup-photos" }, ids.map((id, i) => {
    const label = t("%(what)s 的照片 %(n)s", { what, n: i + 1 });
    return h("li", {}, h("a", { href: ADDRESS + id, target: "_blank", rel: "noopener" },
      h("img", { src: `${ADDRESS}${id}?small`, alt: label, loading: "lazy", width: 96, height: 72 })));
  }));
}
