"""The difference hash of a photograph: nearly the same number for nearly the same picture, however it was saved."""

from __future__ import annotations

import io
import warnings

# A picture of more pixels is none of a phone's; opening it could fill the memory.
MOST_PIXELS = 80_000_000


def difference_hash(content: bytes) -> int | None:
    """Hash a picture by which of two neighbouring spots is brighter, in a grid of 9 by 8.

    Parameters
    ----------
    content : bytes
        A file in a format that Pillow reads.

    Returns
    -------
    int or None
        64 bits as a signed number, as the database keeps it; None if it is no picture, a broken or a huge one. A
        picture without any difference (one colour) has none to speak of, and gives None too.

    Notes
    -----
    dHash after N. Krawetz, “Kind of Like That” (2013). Turned pictures are set upright by their EXIF first.
    """
    from PIL import Image, ImageOps  # only those who take photographs in need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    return None
                upright = ImageOps.exif_transpose(opened).convert("L")
                small = upright.resize((9, 8), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        return None
    pixels = small.tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (pixels[at] < pixels[at + 1])
    if bits == 0:
        return None
    return bits - (1 << 64) if bits >= 1 << 63 else bits
