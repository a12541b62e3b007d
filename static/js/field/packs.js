/*
 * Offline maps: PMTiles files of villages, fetched whole and kept in a cache of their own, since a cache takes no parts. Read
 * by the published layout (PMTiles version 3): header, directories of tile numbers along a Hilbert curve, then the tiles.
 */

import { ask } from "./net.js";
import { MAPS } from "./space.js";

const CACHE = `${MAPS}-1`;
const PART_BYTES = 256 * 1024;
const GZIP = 2;

/** Number of a tile along the Hilbert curve over all zooms, as PMTiles counts them; exact below zoom 26. */
export function tileId(z, x, y) {
  let [tx, ty] = [x, y];
  let d = 0;
  for (let s = 2 ** (z - 1); s >= 1; s /= 2) {
    const rx = tx & s ? 1 : 0;
    const ry = ty & s ? 1 : 0;
    d += s * s * ((3 * rx) ^ ry);
    if (!ry) {
      if (rx) [tx, ty] = [s - 1 - (tx & (s - 1)), s - 1 - (ty & (s - 1))];
      [tx, ty] = [ty, tx];
    }
  }
  return (4 ** z - 1) / 3 + d;
}

/** Entries of a directory: `{id, run, offset, length}`. */
export function readDirectory(bytes) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let step = 1; ; step *= 128) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 127) * step;
      if (byte < 128) return value;
    }
  };
  const entries = Array.from({ length: number() }, () => ({ id: 0, run: 0, offset: 0, length: 0 }));
  let id = 0;
  for (const entry of entries) {
    id += number();
    entry.id = id;
  }
  for (const entry of entries) entry.run = number();
  for (const entry of entries) entry.length = number();
  entries.forEach((entry, n) => {
    const value = number();
    entry.offset = value === 0 && n ? entries[n - 1].offset + entries[n - 1].length : value - 1;
  });
  return entries;
}

/** The entry that holds a tile or the directory it is in; null if none does. */
export function findEntry(entries, id) {
  let [low, high] = [0, entries.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (entries[middle].id <= id) low = middle + 1;
    else high = middle - 1;
  }
  const found = entries[high];
  if (!found) return null;
  return found.run === 0 || id < found.id + found.run ? found : null;
}

async function unzip(blob, compression) {
  if (compression !== GZIP) return new Uint8Array(await blob.arrayBuffer());
  return new Uint8Array(await new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/** A pack as it lies on the phone. */
export class Pack {
  constructor(blob) {
    this.blob = blob;
    this.leaves = new Map();
  }

  async open() {
    const head = new DataView(await this.blob.slice(0, 127).arrayBuffer());
    const far = (at) => Number(head.getBigUint64(at, true));
    if (head.getUint16(0, true) !== 0x4d50 || head.getUint8(7) !== 3) throw new Error("not a PMTiles file of version 3");
    this.leafAt = far(40);
    this.dataAt = far(56);
    this.inner = head.getUint8(97);
    this.tiles = head.getUint8(98);
    this.zooms = [head.getUint8(100), head.getUint8(101)];
    this.box = [102, 106, 110, 114].map((at) => head.getInt32(at, true) / 1e7);
    this.root = readDirectory(await unzip(this.blob.slice(far(8), far(8) + far(16)), this.inner));
    return this;
  }

  /** Bytes of a tile, or null. */
  async tile(z, x, y) {
    if (z < this.zooms[0] || z > this.zooms[1]) return null;
    const id = tileId(z, x, y);
    let entries = this.root;
    for (let depth = 0; depth < 4; depth += 1) {
      const entry = findEntry(entries, id);
      if (!entry) return null;
      if (entry.run) {
        const from = this.dataAt + entry.offset;
        return (await unzip(this.blob.slice(from, from + entry.length), this.tiles)).buffer;
      }
      entries = await this.leaf(entry);
    }
    return null;
  }

  async leaf({ offset, length }) {
    if (!this.leaves.has(offset)) {
      const from = this.leafAt + offset;
      this.leaves.set(offset, readDirectory(await unzip(this.blob.slice(from, from + length), this.inner)));
    }
    return this.leaves.get(offset);
  }
}

const pathOf = (code) => `/api/v1/packs/${code}.pmtiles`;
let opened = null;

async function openAll() {
  if (!globalThis.caches) return [];
  const cache = await caches.open(CACHE);
  const packs = [];
  for (const request of await cache.keys()) {
    if (request.url.includes("part=")) continue;
    try {
      packs.push(await new Pack(await (await cache.match(request)).blob()).open());
    } catch (broken) {
      await cache.delete(request); // fetched anew when asked for
    }
  }
  return packs;
}

/** Bytes of a tile from the packs on the phone; undefined where no pack has it. */
export async function packTile(z, x, y) {
  opened ||= openAll();
  for (const pack of await opened) {
    const bytes = await pack.tile(z, x, y);
    if (bytes) return bytes;
  }
  return undefined;
}

const partOf = (pack, at) => `${pathOf(pack.code)}?part=${at}&of=${pack.sha256}`;

/** Which packs there are, which are here, and how many bytes of the others: `[{code, name, size, sha256, here, held}]`. */
export async function listPacks(headers) {
  const answer = await ask("GET", "/api/v1/packs", { headers });
  if (answer.status !== 200 || !Array.isArray(answer.body?.packs)) return null;
  const cache = await caches.open(CACHE);
  // Those taken from a tile file of somebody else's are for other programs: the field draws the own map.
  const own = answer.body.packs.filter((pack) => !pack.base);
  const kept = new Set((await cache.keys()).map(({ url }) => url.slice(url.indexOf("/api/"))));
  return Promise.all(own.map(async (pack) => {
    const whole = await cache.match(pathOf(pack.code));
    let held = 0;
    for (let at = 0; at < pack.size; at += PART_BYTES) if (kept.has(partOf(pack, at))) held += Math.min(PART_BYTES, pack.size - at);
    return { ...pack, here: whole?.headers.get("X-Checksum") === pack.sha256, held };
  }));
}

/**
 * Fetch a pack in parts that are kept as they come, so that it goes on where it stopped; whole, it takes their place.
 * @param {(done: number) => void} onBytes bytes held so far
 * @param {AbortSignal} signal to pause
 */
export async function fetchPack(pack, onBytes, signal) {
  const cache = await caches.open(CACHE);
  const path = pack.address || pathOf(pack.code);
  for (const request of await cache.keys()) {
    // Parts of an older make are of no use.
    if (request.url.includes(`${pathOf(pack.code)}?part=`) && !request.url.endsWith(pack.sha256)) await cache.delete(request);
  }
  const parts = [];
  for (let at = 0; at < pack.size; at += PART_BYTES) {
    let part = await cache.match(partOf(pack, at));
    if (!part) {
      const until = Math.min(pack.size, at + PART_BYTES) - 1;
      const answer = await fetch(path, { headers: { Range: `bytes=${at}-${until}` }, signal, cache: "no-store" });
      if (answer.status !== 206 && !(answer.status === 200 && pack.size <= PART_BYTES)) throw new Error(`pack: ${answer.status}`);
      // A cache refuses the status of a part.
      part = new Response(await answer.blob());
      await cache.put(partOf(pack, at), part.clone());
    }
    parts.push(await part.blob());
    onBytes(Math.min(pack.size, at + PART_BYTES));
  }
  const whole = new Blob(parts);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await whole.arrayBuffer()));
  const found = [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== pack.sha256) {
    await dropParts(cache, pack);
    throw new Error("pack: checksum");
  }
  await cache.put(pathOf(pack.code), new Response(whole, { headers: { "X-Checksum": pack.sha256 } }));
  await dropParts(cache, pack);
  opened = null;
}

async function dropParts(cache, pack) {
  for (const request of await cache.keys()) if (request.url.includes(`${pathOf(pack.code)}?part=`)) await cache.delete(request);
}
