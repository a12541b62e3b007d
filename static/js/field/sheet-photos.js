/* Photos of a sheet: the draft is kept before the camera opens, and the photo at once after it. */

import { t } from "../i18n.js";
import { h, icon } from "../map/dom.js";
import { photoBytes } from "./drafts.js";
import { PhotoUnfit, shrink } from "./photo.js";
import { isoAt, PHOTOS } from "./visit.js";

/** Row of the photos taken for one thing, with the button that takes another. */
export function photoRow(sheet, { demand = null, kind = "visit", most = PHOTOS }) {
  const mine = sheet.draft().photos.filter((photo) => photo.demand === demand && photo.kind === kind);
  return h("div", { class: "photos" }, mine.map((photo, n) => thumb(sheet, photo, n)), sheet.draft().photos.length < most && taker(sheet, { demand, kind }));
}

function taker(sheet, { demand, kind }) {
  const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "unseen", onchange: () => taken(sheet, input, { demand, kind }) });
  // Kept before the camera opens: on a phone with little memory the page may not live to see the photo.
  return h("label", { class: "shot", onclick: () => sheet.flush() }, input, icon("camera"), h("span", {}, t("拍照")));
}

async function taken(sheet, input, { demand, kind }) {
  const file = input.files[0];
  if (!file) return;
  try {
    sheet.set({});
    await sheet.flush();
    const bytes = await shrink(file);
    const next = await sheet.app.phone.addPhoto(sheet.draft(), bytes, { kind, demand, takenAt: isoAt(Date.now()) });
    sheet.set({ photos: next.photos });
  } catch (reason) {
    if (reason instanceof PhotoUnfit) sheet.told = t("这张照片读不出来，请重拍。");
    else sheet.app.trouble(reason);
    sheet.redraw();
  }
}

function thumb(sheet, photo, n) {
  const img = h("img", { alt: t("照片 %(n)s", { n: n + 1 }), class: "thumb" });
  const { db, key } = sheet.app.phone;
  photoBytes(db, key, photo.id).then((bytes) => {
    if (!bytes) return;
    const url = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    img.onload = () => URL.revokeObjectURL(url);
    img.src = url;
  }).catch(sheet.app.trouble);
  const drop = async () => {
    try {
      const next = await sheet.app.phone.dropPhoto(sheet.draft(), photo.id);
      sheet.set({ photos: next.photos });
    } catch (reason) {
      sheet.app.trouble(reason);
    }
  };
  return h("span", { class: "photo" }, img, h("button", { type: "button", class: "round small", "aria-label": t("删去照片 %(n)s", { n: n + 1 }), onclick: drop }, icon("x")));
}
