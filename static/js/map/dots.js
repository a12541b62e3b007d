/*
 * Thousands of small signs as one picture. Without a GPU a canvas takes about ten times as long for each image drawn on
 * it as it takes to copy its few pixels here.
 */

const RIM = 48; // device pixels round the picture, wider than any sign: those on its edge are cut there, not left out

/** The pixels of a square picture that are not empty: where they are, and their colours, as whole numbers and in parts. */
export function pixelsOf(ctx, side) {
  const whole = new Uint32Array(ctx.getImageData(0, 0, side, side).data.buffer);
  const places = [...whole.keys()].filter((i) => whole[i]);
  const colours = Uint32Array.from(places, (i) => whole[i]);
  return { side, places, colours, parts: new Uint8Array(colours.buffer), width: 0 };
}

/** Draw with `stamp(pixels, x, y)` in device pixels, then put the picture on a canvas with `put`. */
export function createDots() {
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  let image = null;
  let to = null;
  let all = null;
  let used = false;
  const dots = {};

  dots.clear = (width, height) => {
    const [wide, high] = [width + 2 * RIM, height + 2 * RIM];
    if (image?.width !== wide || image.height !== high) {
      [canvas.width, canvas.height] = [wide, high];
      image = new ImageData(wide, high);
      to = image.data;
      all = new Uint32Array(to.buffer);
    } else if (used) all.fill(0);
    used = false;
  };

  /** Lay pixels over what is there, their middle at x, y; what lies outside altogether is left out. */
  dots.stamp = (pixels, x, y) => {
    const { side, places, colours, parts } = pixels;
    const { width, height } = image;
    const [left, top] = [Math.round(x - side / 2) + RIM, Math.round(y - side / 2) + RIM];
    if (left < 0 || top < 0 || left + side > width || top + side > height) return;
    if (pixels.width !== width) {
      Object.assign(pixels, { width, steps: Int32Array.from(places, (i) => Math.floor(i / side) * width + (i % side)) });
    }
    const { steps } = pixels;
    const corner = top * width + left;
    for (let n = 0; n < colours.length; n += 1) {
      const alpha = parts[n * 4 + 3];
      const spot = corner + steps[n];
      if (alpha === 255 || !all[spot]) {
        all[spot] = colours[n];
        continue;
      }
      const at = spot * 4;
      const below = (to[at + 3] * (255 - alpha)) / 255;
      const both = alpha + below;
      for (let part = 0; part < 3; part += 1) to[at + part] = (parts[n * 4 + part] * alpha + to[at + part] * below) / both;
      to[at + 3] = both;
    }
    used = true;
  };

  /** Put the picture on a canvas whose picture has `width` by `height` CSS pixels. */
  dots.put = (onto, width, height, ratio) => {
    if (!used) return;
    ctx.putImageData(image, 0, 0);
    const rim = RIM / ratio;
    onto.drawImage(canvas, -rim, -rim, width + 2 * rim, height + 2 * rim);
  };
  return dots;
}
