/*
 * What the phone keeps is sealed with a key that only the PIN opens: AES-GCM under a random key, which stands on the phone
 * wrapped under one made of the PIN by PBKDF2. Each sealed thing is bound to its place, so that none stands for another.
 */

const ITERATIONS = 600000; // OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const PIN = /^\d{6}$/;

/** The PIN does not open the key. */
export class WrongPin extends Error {
  constructor() {
    super("the PIN does not open the key");
    this.name = "WrongPin";
  }
}

function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

async function wrappingKey(pin, salt, iterations) {
  const stretched = await crypto.subtle.importKey("raw", encoder.encode(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations }, stretched,
    { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"],
  );
}

async function wrap(key, pin, iterations) {
  const [salt, iv] = [random(16), random(12)];
  const wrapped = await crypto.subtle.wrapKey("raw", key, await wrappingKey(pin, salt, iterations), { name: "AES-GCM", iv });
  return { salt, iv, iterations, wrapped };
}

async function unwrap(kept, pin, extractable) {
  const outer = await wrappingKey(pin, kept.salt, kept.iterations);
  try {
    return await crypto.subtle.unwrapKey("raw", kept.wrapped, outer, { name: "AES-GCM", iv: kept.iv }, "AES-GCM", extractable, ["encrypt", "decrypt"]);
  } catch (reason) {
    if (reason.name === "OperationError") throw new WrongPin();
    throw reason;
  }
}

/** A new key: `{kept, key}`; `kept` is stored, `key` stays in memory and cannot be read out of it. */
export async function makeKey(pin, iterations = ITERATIONS) {
  const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  const kept = await wrap(fresh, pin, iterations);
  // The same key once more, such that it cannot be read out; to unwrap it would stretch the PIN a second time.
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", fresh));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return { kept, key };
}

/** The key a PIN opens; WrongPin if it does not. */
export function openKey(kept, pin) {
  return unwrap(kept, pin, false);
}

/** The same key under another PIN. */
export async function changePin(kept, oldPin, newPin) {
  return wrap(await unwrap(kept, oldPin, true), newPin, kept.iterations);
}

/** Seal bytes for a place such as "outbox/<id>". */
export async function seal(key, bytes, place) {
  const iv = random(12);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(place) }, key, bytes) };
}

/** The bytes sealed for that place; OperationError if they are not of it. */
export async function unseal(key, { iv, data }, place) {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: encoder.encode(place) }, key, data));
}

export function sealJson(key, value, place) {
  return seal(key, encoder.encode(JSON.stringify(value)), place);
}

export async function unsealJson(key, sealed, place) {
  return JSON.parse(decoder.decode(await unseal(key, sealed, place)));
}

/** SHA-256 as hex digits. */
export async function sha256(bytes) {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
