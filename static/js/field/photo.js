/* Photos as they are sent: turned upright, long edge 1280 pixels, without what the camera writes beside the picture. */

const EDGE = 1280;
const QUALITIES = [0.75, 0.6, 0.45];
const AIM_BYTES = 250 * 1024;
export const MOST_BYTES = 600 * 1024;

/** The picture cannot be read, or not be made small enough. */
export class PhotoUnfit extends Error {
  constructor(why) {
    super(why);
    this.name = "PhotoUnfit";
  }
}

function encode(canvas, quality) {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
}

/** Bytes of the picture in a chosen file. */
export async function shrink(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (unreadable) {
    throw new PhotoUnfit("unreadable");
  }
  let scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  let blob = null;
  for (let round = 0; round < 3; round += 1) {
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const ctx = canvas.getContext("2d");
    ctx.fillStyle = "#FFFFFF"; // a transparent picture has no black ground
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      blob = await encode(canvas, quality);
      if (blob && blob.size <= AIM_BYTES) break;
    }
    if (blob && blob.size <= MOST_BYTES) break;
    scale *= 0.7;
  }
  picture.close();
  if (!blob || blob.size > MOST_BYTES) throw new PhotoUnfit("too large");
  return new Uint8Array(await blob.arrayBuffer());
}
