"""Reading of Mapbox vector tiles, just enough to see what a tile holds: keys, properties and corners of features."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    """One feature; ``points`` are all its corners in units of the tile (extent 4096), whatever they are joined to."""

    id: int | None
    properties: dict[str, Any]
    points: list[tuple[int, int]]

    def is_inside(self) -> bool:
        """Whether a point lies in the tile itself and not in the rim that neighbours bring along."""
        return all(0 <= x < 4096 and 0 <= y < 4096 for x, y in self.points)


def read_tile(tile: bytes) -> dict[str, list[Feature]]:
    """Features by layer; a layer that stands in a tile twice is put together."""
    layers: dict[str, list[Feature]] = {}
    for number, body in _fields(tile):
        assert number == 3
        parts = list(_fields(body))
        name = next(part for at, part in parts if at == 1).decode()
        keys = [part.decode() for at, part in parts if at == 3]
        values = [_value(part) for at, part in parts if at == 4]
        layers.setdefault(name, []).extend(_feature(part, keys, values) for at, part in parts if at == 2)
    return layers


def _feature(body: bytes, keys: list[str], values: list[Any]) -> Feature:
    parts = dict(_fields(body))
    tags = list(_numbers(parts.get(2, b"")))
    properties = {keys[tags[i]]: values[tags[i + 1]] for i in range(0, len(tags), 2)}
    return Feature(parts.get(1), properties, _points(list(_numbers(parts.get(4, b"")))))


def _points(commands: list[int]) -> list[tuple[int, int]]:
    points, x, y, at = [], 0, 0, 0
    while at < len(commands):
        what, count = commands[at] & 7, commands[at] >> 3
        at += 1
        for _ in range(count if what in (1, 2) else 0):
            x, y = x + _zigzag(commands[at]), y + _zigzag(commands[at + 1])
            points.append((x, y))
            at += 2
    return points


def _value(body: bytes) -> Any:
    number, value = next(_fields(body))
    if number == 1:
        return value.decode()
    if number in (2, 3):
        return struct.unpack("<f" if number == 2 else "<d", value)[0]
    return _zigzag(value) if number == 6 else bool(value) if number == 7 else value


def _fields(body: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: whole numbers as such, all others as bytes."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(body, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(body, at)
        else:
            size = {1: 8, 5: 4}[kind]
        yield key >> 3, body[at : at + size]
        at += size


def _numbers(body: bytes) -> Iterator[int]:
    at = 0
    while at < len(body):
        value, at = _varint(body, at)
        yield value


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _zigzag(number: int) -> int:
    return number >> 1 ^ -(number & 1)
