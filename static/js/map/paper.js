/* For paper the pieces of a drawing are put together on one canvas: it shows the edges of pieces otherwise. */

/** Draw all that is here of a mosaic at once, and show it as one picture until the map is used again. */
export function paintForPaper(mosaic) {
  const found = mosaic.drawnNow();
  if (!found) return;
  const { level, pieces } = found;
  const [left, top] = ["left", "top"].map((side) => Math.min(...pieces.map((piece) => piece[side])));
  const whole = document.createElement("canvas");
  whole.width = Math.max(...pieces.map((piece) => piece.left + piece.width)) - left;
  whole.height = Math.max(...pieces.map((piece) => piece.top + piece.height)) - top;
  const ctx = whole.getContext("2d");
  for (const piece of pieces) {
    const at = [piece.left - left, piece.top - top];
    if (piece.flat) {
      ctx.fillStyle = piece.flat;
      ctx.fillRect(...at, piece.width, piece.height);
    } else if (piece.shown) ctx.drawImage(piece.shown, ...at);
  }
  mosaic.put(whole, { left, top, width: whole.width, height: whole.height }, level);
  level.whole = whole;
  level.box.style.visibility = "hidden";
  whole.style.visibility = "visible";
}
