"""The state of the road network as plain values and as sentences; names of household heads always masked."""

from __future__ import annotations

import math
from typing import Any

from data.masks import mask_name
from data.roads.gaps import CHOICES
from data.roads.health import FAR_M, Health, Part
from data.roads.words import MODE, shift_words
from geo.counting import counted
from geo.errors import Text
from geo.roads.gaps import Gap
from geo.roads.straight import BANDS

_SHOWN = 20


def health_json(health: Health, language: str) -> dict[str, Any]:
    """Give everything as plain values.

    Parameters
    ----------
    health : Health
    language : str
        ``zh`` or ``en``, for the sentences.
    """
    return {
        "mode": health.mode,
        "version": health.version,
        "edges": health.edges,
        "km": round(health.metres / 1000, 1),
        "parts_total": len(health.parts),
        "parts": [_part_json(part) for part in health.parts],
        "gaps_total": len(health.gaps),
        "gaps": [_gap_json(gap, health) for gap in health.gaps],
        "settled": [
            {
                "id": one.id,
                "choice": one.choice,
                "label": CHOICES[one.choice].in_language(language),
                "metres": round(one.length_m, 1),
                "line": [list(one.line[0]), list(one.line[1])],
                "who": one.actor,
                "at": one.at.isoformat(timespec="seconds"),
            }
            for one in health.settled
        ],
        "households": health.households,
        "far_total": health.far_total,
        "far_m": FAR_M,
        "far": [
            {
                "id": one.id,
                "code": one.code,
                "head_name": mask_name(one.head_name or ""),
                "village": one.village,
                "lon": round(one.at[0], 6),
                "lat": round(one.at[1], 6),
                "metres": _whole(one.off_m),
            }
            for one in health.far
        ],
        "shift": {
            "median_m": _whole(health.shift.median_m),
            "alarm": health.shift.alarm,
            "likely": health.shift.likely,
            "sentence": shift_words(health.shift).in_language(language) if health.shift.alarm else None,
        },
        "detour": {"from_m": list(BANDS), "factors": list(health.factors), "pairs": health.pairs},
    }


def health_lines(health: Health) -> list[Text]:
    """Give the sentences of a command."""
    mode = MODE[health.mode]
    if not health.edges:
        return [
            Text(
                "还没有道路。用 ./fangtu roads import 文件 导入；在此之前路程按直线估算。",
                "There are no roads yet. Import some with ./fangtu roads import FILE; until then ways are estimated.",
            )
        ]
    km = health.metres / 1000
    parts, gaps, off = len(health.parts), len(health.gaps), health.far_total
    apart = sum(part.households for part in health.parts[1:])
    lines = [
        Text(
            f"{mode.zh}：{health.edges} 段，{km:.1f} 公里，{parts} 个连通分量，断头 {gaps} 处。",
            f"{mode.en}: {counted(health.edges, 'piece')}, {km:.1f} km, {counted(parts, 'part')}, "
            f"{counted(gaps, 'gap')}.",
        ),
        Text(
            f"{health.households} 户中，{off} 户离道路超过 {FAR_M:g} 米，{apart} 户在主网之外。",
            f"Of {counted(health.households, 'household')} {counted(off, 'is', 'are')} over {FAR_M:g} m from a road, "
            f"{apart} off the main part.",
        ),
    ]
    lines += [
        Text(
            f"  断头 {gap.length_m:.1f} 米：{_place(gap)}",
            f"  gap of {gap.length_m:.1f} m: {_place(gap)}",
        )
        for gap in health.gaps[:_SHOWN]
    ]
    if gaps > _SHOWN:
        lines.append(Text(f"  …… 另有 {gaps - _SHOWN} 处，见 --json", f"  ... and {gaps - _SHOWN} more, see --json"))
    if health.shift.alarm:
        lines.append(shift_words(health.shift))
    return lines


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "number": part.number,
        "metres": round(part.metres),
        "households": part.households,
        "lon": round(part.at[0], 6),
        "lat": round(part.at[1], 6),
    }


def _gap_json(gap: Gap, health: Health) -> dict[str, Any]:
    return {
        "key": gap.key,
        "metres": round(gap.length_m, 1),
        "around_m": _whole(gap.around_m),
        "parts": list(gap.parts),
        "households": health.parts[max(gap.parts)].households if gap.parts[0] != gap.parts[1] else 0,
        "line": [list(gap.start), list(gap.end)],
    }


def _place(gap: Gap) -> str:
    return f"{gap.start[0]:.5f}, {gap.start[1]:.5f}"


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None
