/*
 * Room on the phone. What the browser says is free is not: on a full disk even a small visit is refused. So some megabytes
 * are written for real and kept as ballast; when a write is refused, first the ballast goes, then the offline maps, and each
 * time the write is tried again. At last a visit goes where the browser keeps a few kilobytes of another kind.
 */

import { isFree } from "./drafts.js";
import { append } from "./outbox.js";
import { strictly } from "./store.js";

const BALLAST = "fangtu-ballast";
export const BALLAST_BYTES = 20 * 1024 * 1024;
export const MAPS = "fangtu-map";
const RESCUE = "fangtu.rescue.";
const ROOM_TRIES = 8;
const ROOM_MS = 250;

/** Was there no room? A database the browser has closed under us is, as far as has been seen, one it could not write to. */
export function isFull(reason) {
  return reason?.name === "QuotaExceededError" || reason?.name === "StoreClosed";
}

/** Fill the ballast; false if there is no room for it. */
export async function layBallast(bytes = BALLAST_BYTES) {
  if (!globalThis.caches) return false;
  if (await caches.has(BALLAST)) return true;
  const piece = new Uint8Array(1024 * 1024);
  for (let at = 0; at < piece.length; at += 65536) crypto.getRandomValues(piece.subarray(at, at + 65536));
  const parts = Array.from({ length: Math.ceil(bytes / piece.length) }, () => piece);
  try {
    await (await caches.open(BALLAST)).put("/field/ballast", new Response(new Blob(parts)));
    return true;
  } catch (reason) {
    await caches.delete(BALLAST);
    if (isFull(reason)) return false;
    throw reason;
  }
}

/** Delete the offline maps; whether there were any. */
export async function dropMaps() {
  if (!globalThis.caches) return false;
  let any = false;
  for (const name of await caches.keys()) if (name.startsWith(MAPS)) any = (await caches.delete(name)) || any;
  return any;
}

/** Ways to make room, in order; each says whether it freed anything. */
export const WAYS = globalThis.caches ? [() => caches.delete(BALLAST), dropMaps] : [];

/**
 * Do a write; when the disk is full make room and do it again.
 * @param {() => Promise<any>} work must do nothing, or everything, each time
 * @param {(() => Promise<boolean>)[]} ways
 */
export async function withRoom(work, ways = WAYS) {
  let tries = 1;
  for (const free of [...ways, null]) {
    for (let n = 1; ; n += 1) {
      try {
        return await work();
      } catch (reason) {
        if (!isFull(reason) || (!free && n >= tries)) throw reason;
        if (n >= tries) break;
        await new Promise((done) => setTimeout(done, ROOM_MS));
      }
    }
    // A browser gives back what was deleted only a moment later.
    tries = (await free()) ? ROOM_TRIES : 1;
  }
  return undefined;
}

function asText(value) {
  if (value instanceof ArrayBuffer) return { $b: btoa(String.fromCharCode(...new Uint8Array(value))) };
  if (value instanceof Uint8Array) return { $b: btoa(String.fromCharCode(...value)), u: 1 };
  if (Array.isArray(value)) return value.map(asText);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asText(one)]));
  return value;
}

function asValue(text) {
  if (Array.isArray(text)) return text.map(asValue);
  if (!text || typeof text !== "object") return text;
  if ("$b" in text) {
    const bytes = Uint8Array.from(atob(text.$b), (letter) => letter.charCodeAt(0));
    return text.u ? bytes : bytes.buffer;
  }
  return Object.fromEntries(Object.entries(text).map(([name, one]) => [name, asValue(one)]));
}

/** Last resort: keep an outbox row (sealed as it is) in the browser's small store; throws if that is full too. */
export function rescue(account, row, storage = localStorage) {
  storage.setItem(`${RESCUE}${account}.${row.id}`, JSON.stringify(asText(row)));
}

function rescuedNames(account, storage) {
  return Array.from({ length: storage.length }, (_, n) => storage.key(n)).filter((name) => name?.startsWith(`${RESCUE}${account}.`));
}

/** The rows that wait outside the outbox. */
export function rescued(account, storage = localStorage) {
  return rescuedNames(account, storage).map((name) => asValue(JSON.parse(storage.getItem(name))));
}

/** Bring rescued rows back into the outbox; how many came. */
export async function bringBack(db, account, storage = localStorage) {
  const names = rescuedNames(account, storage);
  for (const name of names) {
    const row = asValue(JSON.parse(storage.getItem(name)));
    await strictly(db, ["outbox", "drafts"], async ({ outbox, drafts }) => {
      if (!(await outbox.get(row.id))) await append(outbox, row);
      if (isFree(await drafts.get(row.draft.key), row.id)) await drafts.delete(row.draft.key);
    });
    storage.removeItem(name);
  }
  return names.length;
}

/** Ask that the browser never clears this site by itself; true, false, or null where it cannot be asked. */
export async function askToPersist() {
  if (!navigator.storage?.persist) return null;
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
