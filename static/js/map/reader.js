/*
 * Mapbox vector tiles, read where they lie: a feature is a place in the bytes, and its corners are told to a pen. Nothing
 * is made for each of them, since a tile has thousands and the thread that reads them also moves the map.
 */

const TEXT = new TextDecoder();
const WHOLE = new Set([4, 5, 7]); // ways to write a value that need no more than a number

/** Fields of a protocol buffer, one after another: `next` sets `field` and either `value` or `from`, with `at` its end. */
class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** A whole number from 0; exact below 2^53. */
  number() {
    const { bytes } = this;
    let byte = bytes[this.at++];
    let value = byte & 127;
    for (let place = 128; byte > 127; place *= 128) {
      byte = bytes[this.at++];
      value += (byte & 127) * place;
    }
    return value;
  }

  next(end) {
    if (this.at >= end) return false;
    const head = this.number();
    const kind = head & 7;
    this.field = head >> 3;
    if (kind === 0) this.value = this.number();
    else {
      const length = kind === 2 ? this.number() : { 1: 8, 5: 4 }[kind];
      this.from = this.at;
      this.at += length;
    }
    if (!(this.at <= end)) throw new RangeError("no vector tile, or one that was cut short");
    return true;
  }

  text() {
    return TEXT.decode(this.bytes.subarray(this.from, this.at));
  }

  /**
   * The value that lies in the field gone to: text, or a whole number from 0, as which a boolean comes too. Nothing that is
   * drawn goes by numbers with a sign or a fraction: they are undefined.
   */
  given() {
    const end = this.at;
    let value;
    this.at = this.from;
    while (this.next(end)) value = this.field === 1 ? this.text() : WHOLE.has(this.field) ? this.value : undefined;
    return value;
  }
}

/** A number whose last bit is its sign. */
function signed(n) {
  return n % 2 ? -(n + 1) / 2 : n / 2;
}

/** One layer, and the feature of it gone to: `id`, `type` (1 point, 2 line, 3 surface), `get`, `walk`, `rings`. */
class Layer {
  constructor(cursor, end) {
    Object.assign(this, { cursor, extent: 4096, name: "", keys: [], values: [], places: [] });
    while (cursor.next(end)) {
      const { field } = cursor;
      if (field === 1) this.name = cursor.text();
      else if (field === 2) this.places.push(cursor.from, cursor.at);
      else if (field === 3) this.keys.push(cursor.text());
      else if (field === 4) this.values.push(cursor.given());
      else if (field === 5) this.extent = cursor.value;
    }
  }

  /** Go from feature to feature, and call `visit(layer, n)` at each. */
  each(visit) {
    const { cursor, places } = this;
    for (let n = 0; n < places.length / 2; n += 1) {
      const end = places[n * 2 + 1];
      cursor.at = places[n * 2];
      this.id = undefined;
      this.type = this.tags = this.tagsEnd = this.shape = this.shapeEnd = 0;
      while (cursor.next(end)) {
        const { field } = cursor;
        if (field === 1) this.id = cursor.value;
        else if (field === 3) this.type = cursor.value;
        else if (field === 2) [this.tags, this.tagsEnd] = [cursor.from, cursor.at];
        else if (field === 4) [this.shape, this.shapeEnd] = [cursor.from, cursor.at];
      }
      visit(this, n);
    }
  }

  /** Value of one property of the feature. */
  get(name) {
    const { cursor } = this;
    const wanted = this.keys.indexOf(name);
    cursor.at = this.tags;
    while (cursor.at < this.tagsEnd) {
      const key = cursor.number();
      const value = cursor.number();
      if (key === wanted) return this.values[value];
    }
    return undefined;
  }

  /** Draw the shape with a pen that has `moveTo`, `lineTo` and `closePath`, in units of the tile. */
  walk(pen) {
    const { cursor, shapeEnd } = this;
    let [x, y] = [0, 0];
    cursor.at = this.shape;
    while (cursor.at < shapeEnd) {
      const word = cursor.number();
      const what = word & 7;
      if (what === 7) pen.closePath();
      else {
        for (let left = word >> 3; left && cursor.at < shapeEnd; left -= 1) {
          x += signed(cursor.number());
          y += signed(cursor.number());
          if (what === 1) pen.moveTo(x, y);
          else pen.lineTo(x, y);
        }
      }
    }
  }

  /** The shape as flat rings or lines `[x, y, x, y, …]`; a ring ends where it began. */
  get rings() {
    const rings = [];
    this.walk({
      moveTo: (x, y) => rings.push([x, y]),
      lineTo: (x, y) => rings.at(-1).push(x, y),
      closePath: () => rings.at(-1).push(...rings.at(-1).slice(0, 2)),
    });
    return rings;
  }
}

/** All properties of the feature gone to, where many are asked for. */
export function propertiesOf({ cursor, keys, values, tags, tagsEnd }) {
  const found = {};
  cursor.at = tags;
  while (cursor.at < tagsEnd) found[keys[cursor.number()]] = values[cursor.number()];
  return found;
}

/**
 * Layers of a tile by name.
 * @param {Uint8Array} bytes
 * @throws {RangeError} if they are no tile
 */
export function layersOf(bytes) {
  const cursor = new Cursor(bytes);
  const layers = Object.create(null); // whatever a maker calls them
  while (cursor.next(bytes.length)) {
    if (cursor.field !== 3) continue;
    const end = cursor.at;
    cursor.at = cursor.from;
    const layer = new Layer(cursor, end);
    if (layer.places.length) layers[layer.name] = layer;
  }
  return layers;
}
