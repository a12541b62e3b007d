"""Photographs as they are shown to somebody: encoded anew, so that of what was sent only the picture itself is left."""

from __future__ import annotations

import io

from geo.errors import FangtuError, Text

LONG_EDGE = 1280
# Beside other words, several at once.
SMALL_EDGE = 320
_QUALITY = 80


class PhotoBroken(FangtuError):
    """A stored photograph does not open any more."""

    code = "photo_broken"


def shown_photo(content: bytes, *, long_edge: int = LONG_EDGE) -> bytes:
    """A photograph as JPEG, its long edge at most so many pixels, without anything but its pixels.

    Raises
    ------
    PhotoBroken
        If it does not open.
    """
    from PIL import Image, ImageOps  # here: pages without pictures do without

    try:
        with Image.open(io.BytesIO(content)) as picture:
            # A JPEG is decoded no larger than needed, and whoever holds the camera upright sees it upright.
            picture.draft("RGB", (long_edge, long_edge))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((long_edge, long_edge))
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    except (OSError, ValueError) as error:
        raise PhotoBroken(Text("照片打不开。", "The photograph does not open.")) from error
    return out.getvalue()
