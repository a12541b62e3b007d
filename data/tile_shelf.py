"""Tiles as they were last made, kept in the memory of a process: what a colleague of the same duty has asked for is not
made again until something in that duty changes.

Nothing is taken from it but by a key that holds the duty and the role which the database has just confirmed, and the
version of what is shown: a tile of another area of duty has no such key.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_STRIPES = 256


@dataclass(frozen=True)
class Kept:
    """A tile, plain and compressed: the latter None until somebody takes it so, and empty where it is not worth it."""

    plain: bytes
    small: bytes | None

    @property
    def size(self) -> int:
        """Bytes it takes, about: with what a key and its place take."""
        return len(self.plain) + len(self.small or b"") + 512


class TileShelf:
    """Tiles by key, those asked for last; safe for several threads.

    Parameters
    ----------
    most_bytes : int
        Size of all of them together; 0 keeps none.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._tiles: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(_STRIPES)]
        self.bytes = 0

    def find(self, key: Hashable) -> Kept | None:
        """The tile of this key, if it is here."""
        with self._lock:
            found = self._tiles.get(key)
            if found is not None:
                self._tiles.move_to_end(key)
            return found

    @contextmanager
    def making(self, key: Hashable) -> Iterator[None]:
        """Make a tile while nobody else makes it: when something changes, forty maps ask for the same tile at once.

        Who comes later waits, and then finds it; where nothing is kept nobody waits.
        """
        if not self._most:
            yield
            return
        with self._making[hash(key) % _STRIPES]:
            yield

    def put(self, key: Hashable, tile: Kept) -> None:
        """Keep a tile; those not asked for the longest make room. One too large for the shelf is not kept."""
        if tile.size > self._most:
            return
        with self._lock:
            before = self._tiles.pop(key, None)
            self.bytes += tile.size - (before.size if before else 0)
            self._tiles[key] = tile
            while self.bytes > self._most:
                _, gone = self._tiles.popitem(last=False)
                self.bytes -= gone.size
