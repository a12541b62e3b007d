"""Rows of coverage: the counts of one area, and those of many as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from data.area_columns import AreaColumns
from data.rules.words import VISITED


class AreaCoverage(NamedTuple):
    """Counts of one area; ``code`` is None for households that lie in none of the areas listed.

    A named tuple, since a county has ten thousand grids and its list is made on each reading; for the same reason the
    statuses stay a sequence, in their order, until somebody asks for ``counts``.

    Of a past day ``statuses`` and ``counts`` are empty, and ``known_since`` is the first day of which anything is
    known. Of an earlier day nothing is (``known`` is False): the numbers are 0 and mean nothing, and :meth:`as_json`
    gives null for them.
    """

    id: int | None
    code: str | None
    name: str | None
    level: str | None
    derived: bool
    eligible: int
    visited: int
    statuses: Sequence[int]
    known: bool = True
    known_since: date | None = None

    @property
    def counts(self) -> dict[int, int]:
        """Eligible households by status."""
        return dict(enumerate(self.statuses))

    @property
    def remaining(self) -> int:
        """Eligible households without a valid visit."""
        return self.eligible - self.visited

    @property
    def ratio(self) -> float | None:
        """Unrounded ratio; None without a denominator, which is neither 0 nor 100 %."""
        return self.visited / self.eligible if self.eligible else None

    def to_target(self, target: float) -> int:
        """Households still to be visited before the target ratio is reached."""
        # In whole ten-thousandths, since 0.95 * 12843 is not exact in binary.
        needed = -(-self.eligible * round(target * 10000) // 10000)
        return max(0, needed - self.visited)

    def plus(self, changes: Mapping[int, int]) -> AreaCoverage:
        """Counts once households of some statuses have come (positive) or gone (negative), status by status."""
        return self._replace(
            eligible=self.eligible + sum(changes.values()),
            visited=self.visited + sum(n for status, n in changes.items() if status in VISITED),
            statuses=[n + changes.get(status, 0) for status, n in enumerate(self.statuses)],
        )

    def as_json(self) -> dict[str, Any]:
        """The row as JSON, with what is derived from it; figures nobody knows are null."""
        known = self.known
        return {
            "id": self.id,
            "code": self.code,
            "name": self.name,
            "level": self.level,
            "derived": self.derived,
            "eligible": self.eligible if known else None,
            "visited": self.visited if known else None,
            "known_since": self.known_since.isoformat() if self.known_since else None,
            "counts": self.counts,
            "remaining": self.remaining if known else None,
            "ratio": self.ratio if known else None,
        }


# What AreaCoverage._make does, without a call in Python for each of ten thousand rows.
_row = partial(tuple.__new__, AreaCoverage)


@dataclass(frozen=True, eq=False)
class CoverageRows(Sequence[AreaCoverage]):
    """Coverage of many areas as columns, made into rows one by one as they are asked for.

    Ten thousand objects take longer to make than their numbers to read, and a page shows fifty of them.

    Attributes
    ----------
    areas : AreaColumns
        ``m`` of them, by code.
    counts : ndarray of int64, shape (m, 2) or (m, 10)
        Eligible, visited and, of the present whole, the statuses in order.
    rest : AreaCoverage or None
        Households that lie in none of the areas, the last row; None if there are none.
    """

    areas: AreaColumns
    counts: NDArray[np.int64]
    rest: AreaCoverage | None
    known: bool = True
    since: date | None = None

    def __len__(self) -> int:
        return len(self.areas.ids) + (self.rest is not None)

    def __iter__(self) -> Iterator[AreaCoverage]:
        yield from self._made(slice(None))
        if self.rest is not None:
            yield self.rest

    @overload
    def __getitem__(self, at: int) -> AreaCoverage: ...
    @overload
    def __getitem__(self, at: slice) -> list[AreaCoverage]: ...
    def __getitem__(self, at: int | slice) -> AreaCoverage | list[AreaCoverage]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        place = range(len(self))[at]
        if place == len(self.areas.ids):
            assert self.rest is not None
            return self.rest
        return next(self._made(slice(place, place + 1)))

    def _made(self, part: slice) -> Iterator[AreaCoverage]:
        # In one pass over whole columns: objects in between cost more than the rows themselves.
        eligible, visited, *statuses = self.counts[part].T.tolist()
        by_status = zip(*statuses, strict=True) if statuses else repeat(())
        columns = [column[part] for column in self.areas[:5]]
        return map(_row, zip(*columns, eligible, visited, by_status, repeat(self.known), repeat(self.since)))
