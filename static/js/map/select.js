/* Selection and hover: an outline, never a fill. */

import { traceArea } from "./areas.js";
import { CanvasOverlay } from "./overlay.js";
import { colour, onPalette } from "./palette.js";

export function createSelection(map) {
  const selection = { area: null, hovered: null, point: null };

  function outline(ctx, trace, dark, light) {
    ctx.lineJoin = "round";
    for (const [width, token] of [[light, "map-select-halo"], [dark, "map-select"]]) {
      ctx.beginPath();
      trace();
      ctx.lineWidth = width;
      ctx.strokeStyle = colour(token);
      ctx.stroke();
    }
  }

  const sheet = new CanvasOverlay(({ ctx, ...view }) => {
    const { area, hovered, point } = selection;
    if (hovered && hovered !== area) outline(ctx, () => traceArea(ctx, hovered, view), 1.4, 3);
    if (area) outline(ctx, () => traceArea(ctx, area, view), 2.4, 5);
    if (point) {
      const x = point.x * view.scale - view.left;
      const y = point.y * view.scale - view.top;
      outline(ctx, () => ctx.arc(x, y, 12, 0, Math.PI * 2), 2.4, 5);
    }
  }, { pane: "fangtu-select", needed: () => Boolean(selection.area || selection.hovered || selection.point) }).addTo(map);

  selection.set = (patch) => {
    Object.assign(selection, patch);
    sheet.redraw();
  };
  onPalette(() => sheet.redraw());
  return selection;
}
