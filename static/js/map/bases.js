/* The base maps there are to choose from, as one: our own, files of tiles, sources elsewhere, or none. */

import { getJson } from "./api.js";
import { createBase } from "./base.js";
import { decodeForeign } from "./base-foreign.js";
import { createRaster } from "./base-raster.js";

export const OWN = "own";
export const NONE = "none";

/**
 * @param {object} options of the base layer: `url`, `others` (address of the list)
 * @param {object} told `onTrouble(reason|null)`, `onLost(entry)` a source elsewhere gives nothing, `onNames()` names came
 */
export function createBases(options, { onTrouble = () => {}, onLost = () => {}, onNames = () => {} } = {}) {
  const bases = { list: [], current: OWN, onLost, tinted: 0, map: null };
  const made = new Map([[OWN, createBase({ ...options, onTrouble, onNames })]]);
  const shown = () => made.get(bases.current);

  /** Fetch the list; without it there is our own map. */
  bases.load = async () => {
    if (!options.others) return bases.list;
    try {
      bases.list = (await getJson(options.others)).bases;
    } catch (unreachable) {
      bases.list = [];
    }
    return bases.list;
  };

  bases.entry = (id = bases.current) => bases.list.find((entry) => entry.id === id) || null;
  bases.known = (id) => id === OWN || id === NONE || Boolean(bases.entry(id) && !bases.entry(id).trouble);

  function make(entry) {
    if (entry.kind === "vector") {
      return createBase({ url: entry.urls[0], decode: decodeForeign, minZoom: entry.min_zoom, maxZoom: entry.max_zoom, onTrouble, onNames });
    }
    return createRaster(entry, { onTrouble, onLost: () => bases.onLost(entry) });
  }

  /** Show a base map; what is not known, or cannot be used, is our own. Gives what is shown now. */
  bases.choose = (wanted) => {
    const id = bases.known(wanted) ? wanted : OWN;
    if (id !== NONE && !made.has(id)) {
      const one = make(bases.entry(id));
      made.set(id, one);
      one.setTinted(bases.tinted);
      if (bases.map) one.addTo(bases.map);
    }
    bases.current = id;
    onTrouble(null); // of the one shown before
    for (const [key, one] of made) if (one.visible !== (key === id)) one.setVisible(key === id);
    onNames();
    return id;
  };

  bases.addTo = (map) => {
    bases.map = map;
    for (const one of made.values()) one.addTo(map);
    return bases;
  };
  bases.setTinted = (tinted) => {
    bases.tinted = tinted;
    for (const one of made.values()) one.setTinted(tinted);
  };
  bases.redraw = () => shown()?.redraw();
  bases.paintNow = () => shown()?.paintNow();
  /** Names in the tiles of the view. */
  bases.names = (view) => shown()?.names(view) || [];
  return bases;
}
