/*
 * What there is to do at houses and sites, as the server told it last: kept sealed beside the book, so that it is there without a
 * network. What was saved here since is known from the outbox.
 */

import { checkKey, siteKey } from "./looks.js";
import { houseKey } from "./appraising.js";
import { addressOf } from "./nearby.js";
import { sealJson, unsealJson } from "./seal.js";
import { getMeta, putMeta } from "./store.js";

const NAME = "work";
const PLACE = "meta/work";
const PAGES = 6; // of 500 houses; where more are due the desk has the whole list
export const NO_WORK = { at: null, as_of: null, houses: [], total: 0, concerns: [], monitored: [], appraiser: "" };

/** Where it is, in words, as in the list of households. */
export function placeOf({ village, address, code }) {
  return addressOf({ village: village ? { name: village } : null, address, code });
}

/** What is kept, or nothing. */
export async function readWork(db, key) {
  const sealed = await getMeta(db, NAME);
  return sealed ? unsealJson(key, sealed, PLACE) : NO_WORK;
}

export async function keepWork(db, key, work) {
  await putMeta(db, NAME, await sealJson(key, work, PLACE));
  return work;
}

/**
 * Ask for all of it anew; null where the server does not answer with it, and what is kept stays.
 * @param {object} options `ask` see net.js, `headers`, `before` what is kept
 */
export async function fetchWork({ ask, headers, before }) {
  let found = null;
  for (let page = 0, after = null; page < PAGES && (page === 0 || after); page += 1) {
    const { status, body } = await ask("GET", `/api/v1/house-work${after ? `?after=${encodeURIComponent(after)}` : ""}`, { headers });
    if (status !== 200 || !Array.isArray(body?.houses)) return null;
    if (found) found.houses.push(...body.houses);
    else found = { ...before, at: Date.parse(body.at), as_of: body.as_of, houses: body.houses, total: body.total, concerns: body.concerns, monitored: body.monitored };
    after = body.more;
  }
  return found;
}

/** What was saved here by what it is about: the last row of each that the server does not refuse. */
export function savedHere(rows) {
  return new Map(rows.filter((row) => row.about && row.state !== "refused").map((row) => [row.about, row]));
}

/** Is something done as far as this phone knows? What the server confirmed before it last told of the work is in that already. */
export function isDone(row, work) {
  return Boolean(row) && !(row.state === "done" && row.received_at && Date.parse(row.received_at) < work.at);
}

/** What is still to do of each kind, as numbers: `{houses, concerns, monitored}`; a site once its look is due. */
export function openWork(work, rows, today) {
  const saved = savedHere(rows);
  const left = (list, keyOf) => list.filter((one) => !isDone(saved.get(keyOf(one)), work)).length;
  return {
    houses: left(work.houses, (one) => houseKey(one.id)),
    concerns: left(work.concerns.filter((one) => isLookDue(one, today)), (one) => siteKey(one.no)),
    monitored: left(work.monitored.filter((one) => one.stage === "to_check"), (one) => checkKey(one.id)),
  };
}

/** Is a site to be seen again by now? */
export const isLookDue = (site, today) => site.look_by <= today;
