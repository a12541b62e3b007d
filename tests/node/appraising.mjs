/* The grade by the phone's reading of the rule: `node appraising.mjs FIELD CASES` prints one answer for each case as JSON. */

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [field, file] = process.argv.slice(2);
const { appraise } = await import(pathToFileURL(`${field}/appraising.js`));
const { rules, cases } = JSON.parse(await readFile(file, "utf-8"));
console.log(JSON.stringify(cases.map((one) => appraise(rules, one))));
