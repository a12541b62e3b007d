/* Everything unsent as one ZIP, which a supervisor can hand in: the frozen bytes themselves, and their photos. */

import { photoBytes } from "./drafts.js";
import { listRows, rowBytes } from "./outbox.js";
import { zipParts } from "./zip.js";

const encoder = new TextEncoder();

/**
 * Parts of the ZIP.
 * @param {object} options `device`, `account` id, `madeAt` ISO time, `ids` to take only these
 * @returns {Promise<{parts: Uint8Array[], items: number, photos: number}>}
 */
export async function outboxParts(db, key, { device, account, madeAt, ids = null }) {
  const rows = (await listRows(db)).filter((row) => row.state !== "done" && (!ids || ids.includes(row.id)));
  const files = [];
  const items = [];
  const photos = [];
  for (const row of rows) {
    const file = `${row.kind}s/${row.id}.json`;
    files.push([file, await rowBytes(key, row)]);
    items.push({ kind: row.kind, id: row.id, file });
    for (const photo of row.photos.filter((one) => one.state !== "done")) {
      const bytes = await photoBytes(db, key, photo.id);
      if (!bytes) continue;
      files.push([`photos/${photo.id}`, bytes]);
      photos.push({ id: photo.id, of: row.id, file: `photos/${photo.id}`, sha256: photo.sha256 });
    }
  }
  const listing = { schema: 1, device, account, made_at: madeAt, items, photos };
  return { parts: zipParts([["outbox.json", encoder.encode(JSON.stringify(listing))], ...files]), items: items.length, photos: photos.length };
}
