"""Who comes first when many phones come back at once: visits and marks always, photographs while few of those wait.

One line for each process. A photograph costs three times as much as the visit it belongs to and nobody waits for it, so
it is put off, with a word of when to try again, rather than let it stand before a visit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from geo.errors import FangtuError, Text

# So many photographs come in at once in one process: their bytes may be long in coming on a thin line.
PHOTOS = 12
# With more records than this in hand no photograph is begun.
RECORDS = 2
RETRY_AFTER_S = 5


class TooManyPhotos(FangtuError):
    """Too much comes in at once; this photograph may be sent again in a moment."""

    code = "too_many_photos"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "照片正在排队，请稍后自动重试；走访记录不受影响。",
                "Photographs are waiting in line and will be tried again; visits are not affected.",
            ),
            seconds=RETRY_AFTER_S,
        )


class Line:
    """What one process has in hand.

    Parameters
    ----------
    photos : int
        Most photographs at once.
    records : int
        Most records in hand with which a photograph is still begun.
    """

    def __init__(self, photos: int = PHOTOS, records: int = RECORDS) -> None:
        self._most_photos, self._most_records = photos, records
        self._photos = self._records = 0
        self._lock = threading.Lock()

    @contextmanager
    def record(self) -> Iterator[None]:
        """A visit or a mark is in hand, from before the database is asked for it; it is never put off."""
        with self._lock:
            self._records += 1
        try:
            yield
        finally:
            with self._lock:
                self._records -= 1

    def require_room(self) -> None:
        """Put a photograph off before anything is spent on it.

        Raises
        ------
        TooManyPhotos
        """
        if self._photos >= self._most_photos or self._records > self._most_records:
            raise TooManyPhotos

    @contextmanager
    def photo(self) -> Iterator[None]:
        """A place for taking in a photograph.

        Raises
        ------
        TooManyPhotos
            At once, if all are taken or too many records are in hand.
        """
        with self._lock:
            self.require_room()
            self._photos += 1
        try:
            yield
        finally:
            with self._lock:
                self._photos -= 1


LINE = Line()
