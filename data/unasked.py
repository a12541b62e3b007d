"""What the worker does of itself: files of refused rows, screening rounds for suspicions, packing villages.

Nobody asked for it, so no row of ``job`` stands for it; it is done one piece at a time where heavy jobs are done, while
none of those waits.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from sqlalchemy import Connection

from data.claims import Claim
from data.pack_making import villages_to_pack
from data.settings import Settings
from data.suspicions import rounds_to_screen
from data.tasks import PACK, SCREEN, SETTLE

LOOK_EVERY_S = 60.0
# So few at a time that whoever asked for something meanwhile waits seconds.
PACKED_AT_ONCE = 5


class Unasked:
    """Pieces of work found, not begun yet.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unsettled: list[uuid.UUID] = []
        self._unscreened: list[tuple[int, int]] = []
        self._unpacked: list[int] = []
        self._looked_at = -LOOK_EVERY_S

    def settle(self, uploads: list[uuid.UUID]) -> None:
        """Note the uploads that :func:`data.sweeping.sweep` found unsettled; it finds those of before once more."""
        self._unsettled = uploads

    def look(self, connection: Connection) -> None:
        """Find rounds to screen and villages to pack, at most once a minute."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._unscreened = rounds_to_screen(connection)
        self._unpacked = self._unpacked or villages_to_pack(connection, self._settings)
        self._looked_at = now

    def take(self) -> Claim | None:
        """Give the next piece, as a claim that no row of ``job`` has; None if there is none."""
        if self._unsettled:
            return _claim(SETTLE, upload_id=self._unsettled.pop())
        if self._unscreened:
            campaign, number = self._unscreened.pop(0)
            return _claim(SCREEN, {"campaign": campaign, "round": number})
        if self._unpacked:
            some, self._unpacked = self._unpacked[:PACKED_AT_ONCE], self._unpacked[PACKED_AT_ONCE:]
            return _claim(PACK, {"villages": some})
        return None


def _claim(kind: str, payload: dict[str, Any] | None = None, upload_id: uuid.UUID | None = None) -> Claim:
    return Claim(uuid.uuid4(), 0, kind, 0, 0, 0, upload_id, None, payload or {})
