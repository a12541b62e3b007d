"""Households that are visited in a row as one long visit, for a library that knows no rows, and the way back.

The long visit begins with the first of the row and ends with the last, so its place has the ways to the one and from
the other. It takes as long as the visits and the ways between them, without waiting; only moments at which all of them
are at home count. A row that this leaves no moment for is planned by our own search alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import FAR, Ints, Piece
from geo.routing.searching import Routes
from geo.routing.travel import NO_WAY

Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Merged:
    """A piece without rows.

    Attributes
    ----------
    piece : Piece
        Its ``many`` says for how many visits each household stands.
    members : tuple of tuple of int
        Of each household of it, those of the piece it was made of, in their order; one or a row.
    """

    piece: Piece
    members: tuple[tuple[int, ...], ...]

    def routes_out(self, routes: Routes) -> Routes:
        """Routes of the piece it was made of."""
        return [[own for item in route for own in (self.members[item] if item >= 0 else (item,))] for route in routes]


def merge_rows(piece: Piece) -> Merged:
    """A piece with each row as one long visit, from its first household on each the nearest to the one before.

    Parameters
    ----------
    piece : Piece
        With all ways looked up.

    Returns
    -------
    Merged
        Without the households of rows that no moment is left for.
    """
    assert piece.flat is not None
    tables = piece.flat.reshape(-1, len(piece.places), len(piece.places))
    modes = sorted({crew.mode for crew in piece.crews if crew.most > 0})
    rows: dict[int, list[int]] = {}
    for house, block in enumerate(piece.block.tolist()):
        if block >= 0:
            rows.setdefault(block, []).append(house)
    long = [
        made
        for row in rows.values()
        if (made := _long_visit(piece, tables, modes, _in_order(piece, tables, modes, row))) is not None
    ]
    return _joined(piece, tables, np.flatnonzero(piece.block < 0), long)


@dataclass(frozen=True)
class _Long:
    """A row: its households in order, seconds of the ways between them by mode, and moments to begin by day."""

    row: list[int]
    inner: Ints
    spans: list[Spans]


def _in_order(piece: Piece, tables: Ints, modes: Sequence[int], row: list[int]) -> list[int]:
    """A row from its first household on, each the nearest to the one before."""
    way = tables[modes[0] if modes else 0]
    order, left = [row[0]], row[1:]
    while left:
        here = int(piece.place[order[-1]])
        near = min(left, key=lambda house: (int(way[here, piece.place[house]]), house))
        order.append(near)
        left.remove(near)
    return order


def _long_visit(piece: Piece, tables: Ints, modes: Sequence[int], row: list[int]) -> _Long | None:
    """The long visit of a row; None where there is no moment for all of it, or no way."""
    places = piece.place[row]
    ways = tables[:, places[:-1], places[1:]]
    inner = ways.sum(axis=1)
    if not modes or int(inner[modes].max(initial=0)) >= NO_WAY:
        return None
    # When each is reached after the row is begun, at the soonest and at the latest of all modes.
    before = np.cumsum([0, *piece.service[row[:-1]]])
    reached = before + np.hstack([np.zeros((len(inner), 1), dtype=np.int64), np.cumsum(ways, axis=1)])
    soonest, latest = reached[modes].min(axis=0).tolist(), reached[modes].max(axis=0).tolist()
    spans = []
    for day in range(piece.opens.shape[2]):
        found: Spans = [(0, FAR - 1)]
        for house, soon, late in zip(row, soonest, latest, strict=True):
            own = [
                (int(piece.opens[number, house, day]) - soon, int(piece.closes[number, house, day]) - late)
                for number in range(piece.opens.shape[0])
                if piece.closes[number, house, day] >= 0
            ]
            found = [
                (max(0, one[0], other[0]), min(one[1], other[1]))
                for one in found
                for other in own
                if max(0, one[0], other[0]) <= min(one[1], other[1])
            ]
        spans.append(sorted(found))
    return _Long(row, inner, spans) if any(spans) else None


def _joined(piece: Piece, tables: Ints, singles: Ints, long: Sequence[_Long]) -> Merged:
    """The piece of single households and long visits."""
    members = [(int(house),) for house in singles] + [tuple(one.row) for one in long]
    heads = np.array([row[0] for row in members], dtype=np.int64)
    opens, closes = _windows(piece, singles, long)
    day = np.array([crew.day for crew in piece.crews], dtype=np.int64)
    most = np.array([crew.most for crew in piece.crews], dtype=np.int64)
    many = np.array([len(row) for row in members], dtype=np.int64)
    opened: NDArray[np.bool_] = np.asarray((closes >= 0).any(axis=0))
    able = np.array([piece.allowed[list(row)].all(axis=0) for row in members], dtype=bool)
    allowed = able.reshape(len(members), len(day))
    allowed = allowed & (most[None, :] >= many[:, None]) & opened[:, day]
    place = piece.place[heads].copy()
    place[len(singles) :] = len(piece.places) + np.arange(len(long))
    service = np.array([int(piece.service[list(row)].sum()) for row in members], dtype=np.int64)
    modes = sorted({crew.mode for crew in piece.crews if crew.most > 0})
    least = np.array([int(one.inner[modes].min()) for one in long], dtype=np.int64)
    service[len(singles) :] += least
    return Merged(
        replace(
            piece,
            houses=piece.houses[heads],
            places=np.concatenate([piece.places, piece.places[piece.place[heads[len(singles) :]]]]),
            place=place,
            service=service,
            load=np.array([int(piece.load[list(row)].sum()) for row in members], dtype=np.int64),
            opens=opens,
            closes=closes,
            allowed=allowed,
            extra=np.array([piece.extra[list(row)].sum(axis=0) for row in members]).reshape(allowed.shape),
            worth=np.array([piece.worth[list(row)].sum() for row in members], dtype=np.float64),
            priority=np.array([int(piece.priority[list(row)].sum()) for row in members], dtype=np.int64),
            group=piece.group[heads],
            block=np.full(len(members), -1, dtype=np.int64),
            many=many,
            flat=_ways(piece, tables, long, least),
        ),
        tuple(members),
    )


def _windows(piece: Piece, singles: Ints, long: Sequence[_Long]) -> tuple[Ints, Ints]:
    """Windows of single households and of long visits."""
    days = piece.opens.shape[2]
    width = max([piece.opens.shape[0], *(len(span) for one in long for span in one.spans)])
    opens = np.full((width, len(singles) + len(long), days), FAR, dtype=np.int64)
    closes = np.full((width, len(singles) + len(long), days), -1, dtype=np.int64)
    opens[: piece.opens.shape[0], : len(singles)] = piece.opens[:, singles]
    closes[: piece.closes.shape[0], : len(singles)] = piece.closes[:, singles]
    for at, one in enumerate(long, len(singles)):
        for day, spans in enumerate(one.spans):
            for number, (first, last) in enumerate(spans):
                opens[number, at, day], closes[number, at, day] = first, last
    return opens, closes


def _ways(piece: Piece, tables: Ints, long: Sequence[_Long], least: Ints) -> Ints:
    """All ways of the places and of the long visits: to the first of a row, from its last, with what the ways inside it
    take beyond the least of all modes."""
    to = [int(piece.place[one.row[0]]) for one in long]
    out = [int(piece.place[one.row[-1]]) for one in long]
    places = list(range(len(piece.places)))
    ways = tables[
        :, np.array(places + out, dtype=np.int64)[:, None], np.array(places + to, dtype=np.int64)[None, :]
    ].copy()
    for at, one in enumerate(long):
        more = np.where(one.inner >= NO_WAY, NO_WAY, np.maximum(one.inner - least[at], 0))
        ways[:, len(places) + at, :] = np.minimum(ways[:, len(places) + at, :] + more[:, None], NO_WAY)
        ways[:, len(places) + at, len(places) + at] = 0
    return np.ascontiguousarray(ways).reshape(-1)
