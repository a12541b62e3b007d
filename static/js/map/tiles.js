/* Vector tiles: fetched once, decoded once (in the queue), kept while the cache has room. */

import { getBytes, UNATTENDED, withParams } from "./api.js";
import { later } from "./queue.js";
import { layersOf } from "./reader.js";

export class TileSource {
  /**
   * @param {object} options
   * @param {string} options.url address with {z} {x} {y}
   * @param {(layers: object, z: number, x: number, y: number) => object} options.decode what is kept of a tile
   * @param {number} [options.maxZoom] deepest level the server draws; deeper views enlarge it
   * @param {number} [options.keep] decoded tiles held
   * @param {(reason: Error|null) => void} [options.onTrouble] a tile failed; null = all is well again
   */
  constructor({ url, decode, maxZoom = 17, keep = 160, onTrouble = () => {} }) {
    Object.assign(this, { url, decode, maxZoom, keep, onTrouble });
    this.params = {};
    this.cache = new Map();
    this.wanted = new Map();
    this.failed = false;
  }

  /** Other parameters mean other tiles: what is under way is dropped. */
  setParams(params) {
    if (JSON.stringify(params) === JSON.stringify(this.params)) return false;
    this.params = params;
    this.clear();
    return true;
  }

  clear() {
    for (const entry of this.cache.values()) entry.abort.abort();
    this.cache.clear();
    this.failed = false;
  }

  /** The decoded tile if it is here, else undefined; asks for nothing. */
  peek(z, x, y) {
    return this.cache.get(`${z}/${x}/${y}`)?.tile;
  }

  /** The decoded tile (null where nothing lies), fetched if need be. */
  load(z, x, y) {
    const key = `${z}/${x}/${y}`;
    let entry = this.cache.get(key);
    if (entry) {
      this.cache.delete(key); // put it at the young end
      this.cache.set(key, entry);
      return entry.promise;
    }
    const abort = new AbortController();
    entry = { abort, tile: undefined };
    this.cache.set(key, entry);
    entry.promise = this.fetchTile(z, x, y, abort.signal).then(
      (tile) => {
        entry.tile = tile;
        this.tell(null);
        return tile;
      },
      (reason) => {
        if (this.cache.get(key) === entry) this.cache.delete(key);
        if (reason.name !== "AbortError") this.tell(reason);
        throw reason;
      },
    );
    this.trim();
    return entry.promise;
  }

  tell(reason) {
    if (reason || this.failed) this.onTrouble(reason);
    this.failed = Boolean(reason);
  }

  /** Say which tiles a drawing shows now; fetches that no drawing waits for any more are dropped. */
  want(drawing, keys) {
    this.wanted.set(drawing, keys);
    for (const [key, entry] of this.cache) {
      if (entry.tile === undefined && !this.isWanted(key)) {
        this.cache.delete(key);
        entry.abort.abort();
      }
    }
  }

  isWanted(key) {
    return [...this.wanted.values()].some((keys) => keys.has(key));
  }

  /**
   * Fetch anew what may have changed; what is on the screen stays until it comes, what is not is forgotten.
   * @param {(z: number, x: number, y: number) => boolean} touches whether a tile may have changed
   */
  async renew(touches) {
    const coming = [];
    for (const [key, entry] of [...this.cache]) {
      const [z, x, y] = key.split("/").map(Number);
      if (!touches(z, x, y)) continue;
      if (this.isWanted(key)) coming.push(this.renewOne(key, entry, z, x, y));
      else {
        this.cache.delete(key);
        entry.abort.abort();
      }
    }
    await Promise.all(coming);
  }

  async renewOne(key, entry, z, x, y) {
    try {
      await entry.promise; // an answer under way may be from before the change
      const tile = await this.fetchTile(z, x, y, entry.abort.signal, UNATTENDED);
      if (this.cache.get(key) !== entry) return;
      entry.tile = tile;
      entry.promise = Promise.resolve(tile);
    } catch (reason) {
      if (reason.name !== "AbortError") throw reason;
    }
  }

  async fetchTile(z, x, y, signal, headers = {}) {
    const side = 2 ** z;
    if (x < 0 || y < 0 || x >= side || y >= side) return null;
    const bytes = await this.bytesOf(z, x, y, signal, headers);
    if (!bytes.byteLength) return null;
    return new Promise((resolve, reject) => {
      later(() => {
        if (signal.aborted) {
          reject(new DOMException("dropped", "AbortError"));
          return;
        }
        try {
          resolve(this.decode(layersOf(new Uint8Array(bytes)), z, x, y));
        } catch (reason) {
          reject(reason);
        }
      });
    });
  }

  bytesOf(z, x, y, signal, headers) {
    const address = this.url.replace("{z}", z).replace("{x}", x).replace("{y}", y);
    return getBytes(withParams(address, this.params), signal, headers);
  }

  trim() {
    for (const [key, entry] of this.cache) {
      if (this.cache.size <= this.keep) break;
      if (entry.tile !== undefined) this.cache.delete(key);
    }
  }
}

/** Numbers `[z, x, y]` of the tiles of a level that a view touches. */
export function tilesOf(view, z) {
  const side = view.scale / 2 ** z;
  const tiles = [];
  for (let x = Math.floor(view.left / side); x <= (view.left + view.width) / side; x += 1) {
    for (let y = Math.floor(view.top / side); y <= (view.top + view.height) / side; y += 1) tiles.push([z, x, y]);
  }
  return tiles;
}
