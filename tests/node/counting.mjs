/* What the scripts' translator makes of sentences and values given as JSON, one answer for each. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

globalThis.document = { documentElement: { dataset: { lang: "en" } } };
const [module, cases] = process.argv.slice(2);
const { fill } = await import(pathToFileURL(module));
console.log(JSON.stringify(JSON.parse(readFileSync(cases, "utf-8")).map(([sentence, values]) => fill(sentence, values))));
