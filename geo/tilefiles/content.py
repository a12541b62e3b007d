"""What a tile holds: which kind of picture or vector tile, whether it is whole, and how large it is when unpacked."""

from __future__ import annotations

import struct
import zlib

from geo.errors import FangtuError, Text

MOST_STORED_BYTES = 4 * 1024 * 1024
MOST_UNPACKED_BYTES = 16 * 1024 * 1024
# A tile is 256 or 512 pixels wide; anything far beyond is meant to fill the reader's memory.
MOST_PIXELS = 2048
VECTOR = "application/vnd.mapbox-vector-tile"
GZIP = b"\x1f\x8b"


class TileFileError(FangtuError):
    """A file is no base map that can be read; the sentence says why."""

    code = "tile_file"


def unpack(packed: bytes, most: int = MOST_UNPACKED_BYTES) -> bytes:
    """Unpack gzip without ever holding more than allowed.

    Parameters
    ----------
    packed : bytes
        One gzip member.
    most : int
        Largest result in bytes.

    Raises
    ------
    TileFileError
        If it is cut off, broken, or larger than ``most``.
    """
    reader = zlib.decompressobj(31)
    try:
        plain = reader.decompress(packed, most + 1)
    except zlib.error as error:
        raise TileFileError(Text("压缩的内容已损坏", "the compressed content is broken")) from error
    if len(plain) > most:
        raise TileFileError(
            Text(
                f"解压后超过 {most // 1024} KB，不像是地图瓦片",
                f"unpacked it exceeds {most // 1024} kB, which no map tile does",
            ),
            most_bytes=most,
        )
    if not reader.eof:
        raise TileFileError(Text("压缩的内容不完整", "the compressed content is cut off"))
    return plain


def picture_type(tile: bytes) -> str | None:
    """Media type of a picture by its first bytes; None for anything that is not PNG, JPEG, WebP or AVIF."""
    if tile.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if tile.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if tile[:4] == b"RIFF" and tile[8:12] == b"WEBP":
        return "image/webp"
    if tile[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return None


def check_picture(tile: bytes) -> str:
    """Give the media type of a picture tile.

    Raises
    ------
    TileFileError
        If it is no picture of a kind browsers draw, or one with more pixels than a tile has.
    """
    found = picture_type(tile)
    if found is None:
        raise TileFileError(
            Text("瓦片不是 PNG、JPEG、WebP 或 AVIF 图片", "the tile is no PNG, JPEG, WebP or AVIF picture")
        )
    size = _pixels(found, tile)
    if size is not None and not 0 < max(size) <= MOST_PIXELS:
        raise TileFileError(
            Text(
                f"瓦片为 {size[0]}×{size[1]} 像素，最多 {MOST_PIXELS}",
                f"the tile is {size[0]}×{size[1]} pixels, at most {MOST_PIXELS}",
            ),
            found=list(size),
        )
    return found


def _pixels(kind: str, tile: bytes) -> tuple[int, int] | None:
    """Width and height by the head of a picture; None where the head does not say."""
    try:
        if kind == "image/png":
            width, height = struct.unpack_from(">II", tile, 16)
            return width, height
        if kind == "image/jpeg":
            return _jpeg_pixels(tile)
        if kind == "image/webp":
            return _webp_pixels(tile)
        at = tile.find(b"ispe", 0, 4096)
        if at >= 0:
            width, height = struct.unpack_from(">II", tile, at + 8)
            return width, height
    except struct.error as error:
        raise TileFileError(Text("瓦片图片不完整", "the picture of the tile is cut off")) from error
    return None


def _jpeg_pixels(tile: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(tile):
        marker, length = struct.unpack_from(">HH", tile, at)
        if marker >> 8 != 0xFF or length < 2:
            return None
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", tile, at + 5)
            return width, height
        at += 2 + length
    return None


def _webp_pixels(tile: bytes) -> tuple[int, int] | None:
    form = tile[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(tile[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if form == b"VP8L":
        bits = struct.unpack_from("<I", tile, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", tile, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
