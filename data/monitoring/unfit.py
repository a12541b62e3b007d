"""What is said when something of monitoring or of a petition is refused."""

from __future__ import annotations

from typing import Any

from geo.errors import FangtuError, Text


class MonitoringUnfit(FangtuError):
    """A round, an act, a status or a petition does not fit what stands; nothing was written."""

    code = "monitoring_unfit"


def lacking(column: str, zh: str, en: str, **details: Any) -> MonitoringUnfit:
    """The refusal of one field: what is missing or wrong with it, in words that end a sentence."""
    return MonitoringUnfit(Text(f"没有保存：{zh}。", f"Not saved: {en}."), column=column, **details)
