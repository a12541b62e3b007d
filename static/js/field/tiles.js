/* Tiles of the base map for the field: from the packs on the phone, else from the server. */

import { decodeBase } from "../map/base-draw.js";
import { TileSource } from "../map/tiles.js";
import { packTile } from "./packs.js";

class FieldTiles extends TileSource {
  async bytesOf(z, x, y, signal, headers) {
    return (await packTile(z, x, y)) ?? super.bytesOf(z, x, y, signal, headers);
  }
}

export const fieldTiles = new FieldTiles({ url: "/api/v1/tiles/base/{z}/{x}/{y}.mvt", decode: decodeBase, maxZoom: 15 });
