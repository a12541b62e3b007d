/* Prints a ZIP of three small files as hex digits: `node zip.mjs FIELD`. */

import { pathToFileURL } from "node:url";

const { zipParts } = await import(pathToFileURL(`${process.argv[2]}/zip.js`));
const bytes = (text) => new TextEncoder().encode(text);
const parts = zipParts([["outbox.json", bytes('{"schema":1}')], ["visits/户.json", bytes("走访")], ["empty", bytes("")]]);
console.log(Buffer.concat(parts.map((part) => Buffer.from(part))).toString("hex"));
