"""The map's reader of vector tiles reads what the other reader of this project reads, and refuses what is no tile."""

from __future__ import annotations

import base64
import struct
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenMap, OpenPage
from tests.tile_files import varint
from tests.vector_tiles import read_tile

_READ = """async (tiles) => {
    const { layersOf, propertiesOf } = await import("/static/js/map/reader.js");
    return tiles.map((tile) => {
        try {
            const layers = layersOf(Uint8Array.from(atob(tile), (one) => one.charCodeAt(0)));
            return Object.entries(layers).map(([name, layer]) => {
                const features = [];
                layer.each((feature) => {
                    const { id = null, type, rings } = feature;
                    const properties = propertiesOf(feature);
                    const same = layer.keys.every((key) => feature.get(key) === properties[key]);
                    features.push({ id, type, rings, properties: same ? properties : null });
                });
                return [name, layer.extent, features];
            });
        } catch (reason) {
            return reason.name;
        }
    });
}"""


def field(number: int, body: bytes | int) -> bytes:
    if isinstance(body, int):
        return varint(number << 3) + varint(body)
    return varint(number << 3 | 2) + varint(len(body)) + body


def value(of: str | float | bool | int) -> bytes:
    if isinstance(of, bool):
        return field(7, int(of))
    if isinstance(of, str):
        return field(1, of.encode())
    if isinstance(of, float):
        return varint(3 << 3 | 1) + struct.pack("<d", of)
    return field(6, zigzag(of)) if of < 0 else field(5, of)


def zigzag(n: int) -> int:
    return n << 1 if n >= 0 else -n * 2 - 1


def shape_of(kind: int, rings: list[list[tuple[int, int]]]) -> bytes:
    """Commands of points (one move with all), of lines or of rings that are closed."""
    told, x, y = b"", 0, 0
    for ring in rings:
        moves = len(ring) if kind == 1 else 1
        for n, (to_x, to_y) in enumerate(ring):
            if n == 0:
                told += varint(moves << 3 | 1)
            elif n == moves:
                told += varint((len(ring) - moves) << 3 | 2)
            told += varint(zigzag(to_x - x)) + varint(zigzag(to_y - y))
            x, y = to_x, to_y
        told += varint(1 << 3 | 7) if kind == 3 else b""
    return told


VALUES: tuple[Any, ...] = ("村", "", "<b>", 0, 7, 300, 2**40 + 3, -1, -70_000, True, False, 0.1, -2.5e30)


def told_as(of: Any) -> Any:
    """Whole numbers from 0 and text are told, a boolean as a number; nothing drawn goes by the others."""
    return of if isinstance(of, str) else int(of) if isinstance(of, int) and of >= 0 else None


def random_tile(dice: np.random.Generator) -> tuple[bytes, list[Any]]:
    """A tile of up to three layers, and what reading it must give."""
    tile, told = b"", []
    for number in range(int(dice.integers(1, 4))):
        keys = [f"键{n}" for n in range(int(dice.integers(0, 5)))]
        layer, features = field(15, 2) + field(1, f"layer {number}".encode()), []
        for _ in range(int(dice.integers(1, 6))):
            kind = int(dice.integers(1, 4))
            rings = [
                [(int(x), int(y)) for x, y in dice.integers(-500, 5000, (int(dice.integers(3, 7)), 2))]
                for _ in range(1 if kind == 1 else int(dice.integers(1, 4)))
            ]
            chosen = {key: int(dice.integers(len(VALUES))) for key in keys if dice.random() < 0.7}
            tags = b"".join(varint(keys.index(key)) + varint(at) for key, at in chosen.items())
            number_of = int(dice.choice([1, 200, 2**31 + 5, 2**52 + 1])) if dice.random() < 0.8 else None
            parts = [field(2, tags), field(3, kind), field(4, shape_of(kind, rings)), field(9, b"of a later version")]
            if number_of is not None:
                parts.append(field(1, number_of))
            dice.shuffle(parts)
            layer += field(2, b"".join(parts))
            # Each point of many is a ring of its own; a ring ends where it began.
            flat = [[[x, y]] for ring in rings for x, y in ring] if kind == 1 else rings
            flat = [[*ring, ring[0]] if kind == 3 else ring for ring in flat]
            features.append(
                {
                    "id": number_of,
                    "type": kind,
                    "properties": {key: told_as(VALUES[at]) for key, at in chosen.items()},
                    "rings": [[part for corner in ring for part in corner] for ring in flat],
                }
            )
        extent = int(dice.choice([4096, 512]))
        layer += b"".join(field(3, key.encode()) for key in keys) + b"".join(field(4, value(one)) for one in VALUES)
        layer += field(5, extent) + varint(20 << 3 | 5) + b"1234"
        tile += field(3, layer)
        told.append([f"layer {number}", extent, features])
    return tile, told


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page("/sign-in")


def read(page: Page, tiles: list[bytes]) -> list[Any]:
    found: list[Any] = page.evaluate(_READ, [base64.b64encode(tile).decode() for tile in tiles])
    return found


def test_all_that_a_tile_may_hold_is_read(page: Page) -> None:
    dice = np.random.default_rng(8)
    made = [random_tile(dice) for _ in range(120)]
    for found, (_, expected) in zip(read(page, [tile for tile, _ in made]), made, strict=True):
        assert found == expected


def test_what_is_cut_short_or_no_tile_is_refused_and_ends(page: Page) -> None:
    tile, _ = random_tile(np.random.default_rng(3))
    endless = field(3, field(1, b"x") + field(2, field(3, 1) + field(4, varint((2**28 - 1) << 3 | 1) + b"\2\2")))
    group = varint(1 << 3 | 3)
    found = read(page, [*(tile[:n] for n in range(1, len(tile))), b"<html>", group, endless, b""])
    *cut, html, grouped, whole, empty = found
    lengths = [n for n, answer in enumerate(cut, start=1) if answer != "RangeError"]
    # A tile that ends after a whole layer is one.
    assert all(read_tile(tile[:n]) for n in lengths)
    assert len(lengths) < 3
    assert [html, grouped] == ["RangeError", "RangeError"]
    assert whole == [["x", 4096, [{"id": None, "type": 1, "properties": {}, "rings": [[1, 1]]}]]]
    assert empty == []


def test_tiles_of_the_server_are_read_as_the_other_reader_reads_them(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=houses")
    tiles = seen.page.evaluate(
        """async () => {
            const { source } = fangtu.page.scene.records;
            const { toWorld } = await import("/static/js/map/world.js");
            const [wx, wy] = toWorld(118.815, 36.405);
            const query = new URLSearchParams(Object.entries(source.params).filter(([, one]) => one));
            const found = [];
            for (const z of [10, 12, 14, 16]) {
                const [x, y] = [wx, wy].map((part) => Math.floor(part * 2 ** z));
                const address = source.url.replace("{z}", z).replace("{x}", x).replace("{y}", y);
                const bytes = new Uint8Array(await (await fetch(`${address}?${query}`)).arrayBuffer());
                found.push(btoa(String.fromCharCode(...bytes)));
            }
            return found;
        }"""
    )
    bodies = [base64.b64decode(tile) for tile in tiles]
    known = {"cells": 0, "households": 0, "houses": 0}
    for layers, body in zip(read(seen.page, bodies), bodies, strict=True):
        expected = read_tile(body)
        assert {name for name, *_ in layers} == set(expected)
        for name, _, features in layers:
            known[name] = known.get(name, 0) + len(features)
            for one, other in zip(features, expected[name], strict=True):
                assert (one["id"], one["properties"]) == (other.id, other.properties)
                if one["type"] == 1:
                    assert [tuple(ring) for ring in one["rings"]] == other.points
    assert all(known.values()), known
