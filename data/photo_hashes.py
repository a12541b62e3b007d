"""The difference hash of a photograph: nearly the same number for nearly the same picture, however it was saved."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

# A picture of more pixels is none of a phone's; opening it could fill the memory.
MOST_PIXELS = 80_000_000
# What an opened picture may fail with: Pillow's own errors, and what its decoders let through.
_BROKEN = (OSError, ValueError, SyntaxError, IndexError, EOFError)


@dataclass(frozen=True)
class Picture:
    """A picture that opens: its format as Pillow calls it, pixels across and down, and its difference hash."""

    kind: str
    width: int
    height: int
    hash: int | None


def open_picture(
    content: bytes, *, kinds: tuple[str, ...] | None = None, most_pixels: int = MOST_PIXELS
) -> Picture | None:
    """Open a picture to its last pixel.

    Parameters
    ----------
    content : bytes
        The file.
    kinds : tuple of str, optional
        Formats that are opened at all, as Pillow calls them; any by default.
    most_pixels : int
        A larger one is not decoded.

    Returns
    -------
    Picture or None
        None if it is no picture, a broken or a huge one. ``hash`` is None where the picture has no difference to speak
        of (one colour).

    Notes
    -----
    dHash after N. Krawetz, “Kind of Like That” (2013): which of two neighbouring spots is brighter, in a grid of
    9 by 8. Turned pictures are set upright by their EXIF first.
    """
    from PIL import Image, ImageFile, ImageOps  # only those who take photographs in need it

    # The library that makes PDFs has half a picture pass for a whole one, for all of the process.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=kinds) as opened:
                kind, width, height = opened.format or "", opened.width, opened.height
                if width * height > most_pixels:
                    return None
                upright = ImageOps.exif_transpose(opened).convert("L")
                small = upright.resize((9, 8), Image.Resampling.LANCZOS)
    except (*_BROKEN, Image.DecompressionBombError, Warning):
        return None
    return Picture(kind, width, height, _hash(small.tobytes()))


def difference_hash(content: bytes) -> int | None:
    """The hash of a picture: 64 bits as a signed number, as the database keeps it; None if there is none.

    See :func:`open_picture`.
    """
    found = open_picture(content)
    return found.hash if found else None


def _hash(pixels: bytes) -> int | None:
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (pixels[at] < pixels[at + 1])
    if bits == 0:
        return None
    return bits - (1 << 64) if bits >= 1 << 63 else bits
