"""What is said where a plan of routes cannot be made, changed or given out as asked for."""

from __future__ import annotations

from typing import Any

from geo.errors import FangtuError, Text


class RouteRefused(FangtuError):
    """What is asked for cannot be done with the plan as it is; nothing was changed."""

    code = "route_refused"


class RouteConflict(FangtuError):
    """The plan is another one than the asker saw, or is being solved; nothing was changed."""

    code = "route_conflict"


def changed_meanwhile(revision: int) -> RouteConflict:
    """Somebody else changed the plan, or a better one came."""
    return RouteConflict(
        Text(
            f"没有改动：方案已是第 {revision} 版，与您看到的不同。请刷新后再试。",
            f"Not changed: the plan is at revision {revision} by now, not the one you saw. Refresh and try again.",
        ),
        revision=revision,
    )


def being_solved() -> RouteConflict:
    """The worker is still at it."""
    return RouteConflict(
        Text(
            "正在规划，还不能改动。请等它完成，或先停止。",
            "The plan is being worked out and cannot be changed yet. Wait, or stop it first.",
        )
    )


def refuse(zh: str, en: str, **details: Any) -> RouteRefused:
    """A refusal in both languages."""
    return RouteRefused(Text(zh, en), **details)
