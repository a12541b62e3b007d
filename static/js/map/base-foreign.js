/*
 * Vector tiles of other makers, painted as our own: names of layers and kinds as OpenMapTiles, Protomaps and Shortbread
 * have them, else our own. Boundaries of others are not drawn: only those of the own store are.
 */

import { nameIn } from "./base-names.js";
import { propertiesOf } from "./reader.js";

const LAYERS = {
  water: /^(water|waterway|ocean|water_polygons|water_lines)$/,
  building: /^(building|buildings)$/,
  road: /^(transportation|roads|streets|road|highway)$/,
  land: /^(landcover|landuse|natural|land|park|parks|sites)$/,
  roadName: /^(transportation_name|street_labels|road_names)$/,
  place: /^(place|places|place_labels)$/,
};
const OWN = new Set(["water", "woods", "settlement", "building", "road_lane", "road_main", "road_highway"]);
const HIGHWAY = /^(motorway|trunk|highway)/;
const MAIN = /^(primary|secondary|tertiary|major_road|medium_road|major|medium)/;
const NO_ROAD = /rail|tram|subway|ferry|aerialway|cable|pier|runway|taxiway|transit|monorail|funicular|construction/;
const WOODS = /^(wood|forest|scrub|grass|park|meadow|orchard|nature_reserve|garden|cemetery|heath|national_park|golf_course|village_green|protected_area|recreation_ground)/;
const FARM = /^(farm|crop|vineyard|allotments|greenhouse|plant_nursery)/;
const TOWN = /^(residential|commercial|industrial|retail|suburb|neighbourhood|quarter|urban|school|university|college|hospital|built)/;

function kindsOf(properties) {
  return ["pmap:kind", "kind", "class", "subclass", "pmap:kind_detail", "kind_detail", "type", "highway", "landuse", "natural"]
    .map((name) => properties[name]).filter((value) => typeof value === "string");
}

/** Our kind of a feature, or null for what is not drawn. `type` 1 point, 2 line, 3 surface. */
export function kindOf(layer, properties, type, n = 0) {
  if (type === 1) return null;
  const kinds = kindsOf(properties);
  const some = (pattern) => kinds.some((kind) => pattern.test(kind));
  if (LAYERS.water.test(layer)) return type === 3 ? "water" : "stream";
  if (LAYERS.building.test(layer)) return type === 3 ? "building" : null;
  if (LAYERS.road.test(layer)) {
    if (type !== 2 || some(NO_ROAD)) return null;
    return some(HIGHWAY) ? "road_highway" : some(MAIN) ? "road_main" : "road_lane";
  }
  if (LAYERS.land.test(layer)) {
    if (type !== 3) return null;
    if (some(FARM)) return `farm_${n % 3}`;
    if (some(WOODS) || /^parks?$/.test(layer)) return "woods";
    return some(TOWN) ? "settlement" : null;
  }
  if (layer === "farmland") return `farm_${n % 3}`;
  return OWN.has(layer) ? layer : null;
}

/** Which of our sizes a named place has, or null. */
export function placeOf(layer, properties) {
  if (!LAYERS.place.test(layer)) return null;
  // The finer word first: Protomaps calls every town a locality and says the rest in its detail.
  const kind = [properties.kind_detail, properties["pmap:kind_detail"], ...kindsOf(properties)].find((one) => one && one !== "locality");
  if (/^(city|capital|state_capital)$/.test(kind)) return "city";
  if (/^town$/.test(kind)) return "town";
  if (/^village$/.test(kind)) return "village";
  return /^(hamlet|isolated_dwelling|farm|suburb|neighbourhood|quarter)$/.test(kind) || !kind ? "hamlet" : null;
}

/** As decodeBase, for tiles of other makers. */
export function decodeForeign(layers, z, x, y) {
  const paths = { names: [], at: { z, x, y } };
  const named = new Set(Object.keys(layers).filter((name) => LAYERS.roadName.test(name)));
  for (const [name, layer] of Object.entries(layers)) {
    const road = named.has(name);
    layer.each((feature, i) => {
      const properties = propertiesOf(feature);
      const key = road ? kindOf("road", properties, feature.type) : kindOf(name, properties, feature.type, feature.id || i);
      const place = feature.type === 1 ? placeOf(name, properties) : null;
      if (!key && !place) return;
      // Where road names have a layer of their own, the roads' would stand there twice.
      const own = key?.startsWith("road_") && named.size && !road;
      const found = own ? null : nameIn(feature, place || key, layer.extent, z, x, y);
      if (found) paths.names.push(found);
      if (key && !road) {
        paths[key] ||= { path: new Path2D(), extent: layer.extent };
        feature.walk(paths[key].path);
      }
    });
  }
  return paths;
}
