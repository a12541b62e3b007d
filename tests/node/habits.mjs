/* What the browser of the games does: `node --experimental-vm-modules habits.mjs FIELD FAKE` prints it as JSON, see habits.js. */

import { readFileSync } from "node:fs";
import vm from "node:vm";

import { Handset } from "./browser.mjs";
import { Chance } from "./chance.mjs";

const began = Date.now();
const world = { now: () => began, reach() {} };
const handset = new Handset({ name: "phone", random: new Chance(1).random, world, ask: null });
const pages = new Map();
const habits = vm.runInThisContext(readFileSync(new URL("./habits.js", import.meta.url), "utf8").replace(/^\/\*[\s\S]*?\*\/\s*/, ""));

async function open() {
  const page = await handset.open(process.argv[2], []);
  pages.set(page.window, page);
  return page.window;
}
function fill() {
  Object.assign(handset.disk, { room: 0, full: "closed" });
}
function free() {
  handset.disk.room = Infinity;
}
const settled = () => new Promise((done) => setTimeout(done, 50));
console.log(JSON.stringify(await habits({ open, kill: (window) => pages.get(window).kill(), fill, free, settled })));
process.exit(0);
