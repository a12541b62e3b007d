/* What the page asks for: the drawing and the fields as the server reads them. */

export function isSettlement(target) {
  return target.level === "natural_village" || target.level === "group";
}

/** Whether a tool lays edges, which neighbours' may be laid onto and which they may follow. */
export function laysEdges(tool) {
  return tool !== "merge" && tool !== "delete" && tool !== "grids";
}

/**
 * @param {object} state of the page: `tool`, `target`, `village` and `level` of a new area, `geometry`
 * @param {object} said fields: `name`, `code`, `snap`, `follow`, `merged` (codes that are ticked)
 * @returns {object|null} null while there is nothing to ask for
 */
export function wishOf({ tool, target, village, level, geometry }, { name, code, snap, follow, merged }) {
  const common = { name, snap, follow };
  if (tool === "merge") return merged.length ? { act: "merge", areas: [target.code, ...merged], ...common } : null;
  if (tool === "delete") return { act: "delete", areas: [target.code] };
  if (!tool || !geometry) return null;
  if (tool === "split") return { act: "split", areas: [target.code], geometry, ...common, code: target.level === "village" ? code : null };
  return village
    ? { act: "draw", areas: [village], geometry, ...common, level }
    : { act: "change", areas: [target.code], geometry, ...common, name: null };
}
