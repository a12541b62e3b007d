/* Reads tiles of a pack as the phone does: `node pack.mjs FIELD FILE z/x/y…` prints each as hex digits, or null, as JSON. */

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [field, file, ...places] = process.argv.slice(2);
const { Pack } = await import(pathToFileURL(`${field}/packs.js`));
const pack = await new Pack(new Blob([await readFile(file)])).open();
const told = {};
for (const place of places) {
  const bytes = await pack.tile(...place.split("/").map(Number));
  told[place] = bytes && Buffer.from(bytes).toString("hex");
}
console.log(JSON.stringify(told));
