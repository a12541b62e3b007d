"""The clock of the field: days and hours are those of the villages, whatever the server's zone."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """Local date of the field."""
    return datetime.now(ZONE).date()
