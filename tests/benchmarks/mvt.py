"""Features of a Mapbox vector tile, as far as comparing two tiles takes: layer, properties and the first point."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Feature:
    """One feature; ``x`` and ``y`` are its first point in units of the tile, of which 4096 make its side."""

    layer: str
    id: int | None
    properties: dict[str, Any]
    x: int
    y: int


def features(tile: bytes) -> list[Feature]:
    """All features of a tile, layer after layer; none of an empty one."""
    return [feature for number, content in _fields(tile) if number == 3 for feature in _layer(content)]


def _layer(content: bytes) -> Iterator[Feature]:
    name, keys, values, rows = "", [], [], []
    for number, value in _fields(content):
        if number == 1:
            name = value.decode()
        elif number == 2:
            rows.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
    for row in rows:
        key, tags, shape = None, [], []
        for number, value in _fields(row):
            if number == 1:
                key = value
            elif number == 2:
                tags = _numbers(value)
            elif number == 4:
                shape = _numbers(value)
        told = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
        yield Feature(name, key, told, _signed(shape[1]), _signed(shape[2]))


def _value(content: bytes) -> Any:
    number, value = next(_fields(content))
    if number == 1:
        return value.decode()
    if number in (2, 3):
        return struct.unpack("<f" if number == 2 else "<d", value)[0]
    return {4: value, 5: value, 6: _signed(value), 7: bool(value)}[number]


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _numbers(content: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(content):
        number, at = _varint(content, at)
        numbers.append(number)
    return numbers


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(content):
        head, at = _varint(content, at)
        kind = head & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield head >> 3, value
            continue
        size = {1: 8, 5: 4}.get(kind)
        if size is None:
            size, at = _varint(content, at)
        yield head >> 3, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
