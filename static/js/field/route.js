/*
 * The day's route (今日路线) as a supervisor gave it out: which household when. In which order it is gone the inspector may say;
 * that is kept sealed until the server has it.
 */

import { sealJson, unsealJson } from "./seal.js";
import { getMeta, putMeta } from "./store.js";

const NAME = "orders";
const PLACE = "meta/orders";

/** Orders that the server has not confirmed: `{plan, revision, day, households}`. */
export async function readOrders(db, key) {
  const sealed = await getMeta(db, NAME);
  return sealed ? unsealJson(key, sealed, PLACE) : [];
}

async function putOrders(db, key, orders) {
  await putMeta(db, NAME, await sealJson(key, orders, PLACE));
  return orders;
}

const isOf = (one, other) => one.plan === other.plan && one.day === other.day;

/** Stops of a day in the order they are gone: as said on this phone, else as said to the server, else as planned. Pure. */
export function stopsOf(book, orders, day) {
  const place = (stop) => {
    const said = stop.lead && orders.find((one) => isOf(one, stop) && one.revision === stop.revision);
    const at = said ? said.households.indexOf(stop.household) : -1;
    return at >= 0 ? at : stop.reported ?? stop.position;
  };
  return (book.route || [])
    .filter((stop) => stop.day === day)
    .map((stop) => ({ ...stop, place: place(stop) }))
    .sort((a, b) => a.place - b.place || a.start - b.start);
}

/** The orders with those added that these stops, put in order, are; a companion's route is its leader's to order. Pure. */
export function withOrder(orders, stops) {
  const said = [];
  for (const { plan, revision, day, household, lead } of stops) {
    if (!lead) continue;
    let one = said.find((other) => isOf(other, { plan, day }));
    if (!one) said.push((one = { plan, revision, day, households: [] }));
    one.households.push(household);
  }
  return [...orders.filter((one) => !said.some((other) => isOf(one, other))), ...said];
}

/** Keep the order in which these stops are gone. */
export async function sayOrder(db, key, stops) {
  return putOrders(db, key, withOrder(await readOrders(db, key), stops));
}

/**
 * Tell the server the orders it has not confirmed.
 * @returns {Promise<{told: object[], refused: object[]}>} what it took, and what it did not since the route was changed
 */
export async function tellOrders(db, key, { ask, headers }) {
  const [told, refused] = [[], []];
  for (const one of await readOrders(db, key)) {
    const { plan, ...body } = one;
    const { status } = await ask("PUT", `/api/v1/routes/${plan}/order`, { body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } });
    if (status === 200) told.push(one);
    else if ([404, 409, 422].includes(status)) refused.push(one);
  }
  return { told, refused };
}

/** Forget orders that are settled, unless another was said meanwhile. */
export async function forgetOrders(db, key, settled) {
  const now = await readOrders(db, key);
  const same = (one) => settled.some((other) => isOf(one, other) && String(one.households) === String(other.households) && one.revision === other.revision);
  return putOrders(db, key, now.filter((one) => !same(one)));
}

/** A second of the day as a clock shows it. */
export function clockAt(second) {
  const minute = Math.round(second / 60);
  return `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
}
