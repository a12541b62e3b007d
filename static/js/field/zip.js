/* A ZIP file of whole files, stored and not compressed: photos are compressed already. Pure. */

const encoder = new TextEncoder();

let table = null;

function makeTable() {
  return new Uint32Array(256).map((_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
}

/** CRC-32 as ZIP wants it. */
export function crc32(bytes) {
  table ||= makeTable();
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function record(signature, fields, name) {
  const size = fields.reduce((sum, [bytes]) => sum + bytes, 4);
  const head = new DataView(new ArrayBuffer(size));
  head.setUint32(0, signature, true);
  let at = 4;
  for (const [bytes, value] of fields) {
    if (bytes === 2) head.setUint16(at, value, true);
    else head.setUint32(at, value, true);
    at += bytes;
  }
  return name ? [new Uint8Array(head.buffer), name] : [new Uint8Array(head.buffer)];
}

/** Parts of a ZIP of `[name, bytes]`, for a Blob. */
export function zipParts(files, when = new Date()) {
  const time = (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1);
  const date = ((when.getFullYear() - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  const parts = [];
  const listing = [];
  let at = 0;
  const add = (pieces, to) => {
    to.push(...pieces);
    return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  };
  for (const [path, bytes] of files) {
    const name = encoder.encode(path);
    const same = [[2, 0x0800], [2, 0], [2, time], [2, date], [4, crc32(bytes)], [4, bytes.byteLength], [4, bytes.byteLength], [2, name.byteLength], [2, 0]];
    listing.push(record(0x02014b50, [[2, 20], [2, 20], ...same, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]], name));
    at += add([...record(0x04034b50, [[2, 20], ...same], name), bytes], parts);
  }
  let size = 0;
  for (const pieces of listing) size += add(pieces, parts);
  add(record(0x06054b50, [[2, 0], [2, 0], [2, listing.length], [2, listing.length], [4, size], [4, at], [2, 0]]), parts);
  return parts;
}
