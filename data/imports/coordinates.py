"""The coordinates of an upload under every system they could be written in, and which one is the likely one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from data.bilingual import both
from data.imports.datum import declared_reading, judge_pairs
from data.imports.pairs import Pairs
from data.imports.scope import Scope, open_scope
from data.tables import Upload
from geo.datum import Reading, Score
from geo.errors import Text

_POINTS_SHOWN = 500
_NO_PLACE = Text(
    "这些坐标在常见的坐标系中都不在本辖区附近。请核对列，或选择坐标系。",
    "In none of the usual systems these coordinates lie near this area. Check the columns, or choose the system.",
)


def compare_coordinates(
    session: Session, upload: Upload, area: str, chosen: Mapping[str, Any], pairs: Pairs
) -> dict[str, Any]:
    """Compare the systems a file's coordinates could be written in by where they put its points.

    Parameters
    ----------
    session : Session
        As the owner.
    upload : Upload
    area : str
        Code of its area.
    chosen : mapping
        What was chosen: ``crs`` and ``swapped``.
    pairs : Pairs, n rows

    Returns
    -------
    dict
        As the preview stores it: ``n``, ``blank_n``, ``zero_n``, ``readings`` (best first, at most 500 points each, of
        the same rows), ``best``, ``declared`` (what the import would use now), ``alarm``, ``certain``, ``shift_m``,
        ``bearing``, ``sentence``, ``evidence``.
    """
    blank, zero = int(pairs.blank.sum()), int(pairs.zero.sum())
    counts = {"n": len(pairs.x) - blank - zero, "blank_n": blank, "zero_n": zero}
    declared = declared_reading(chosen["crs"], bool(chosen["swapped"]), pairs)
    scope = Scope(open_scope(session, area).code, upload.jur, upload.jur_end)
    scores, verdict = judge_pairs(session, scope, pairs, declared)
    if verdict is None:
        return {**counts, "readings": [], **_unknown(declared)}
    return {
        **counts,
        "readings": [_reading_json(score, pairs) for score in scores],
        "best": verdict.best.name,
        "declared": verdict.declared.name if verdict.declared else None,
        "alarm": verdict.alarm,
        "certain": verdict.certain,
        "shift_m": None if verdict.shift_m is None else round(verdict.shift_m),
        "bearing": both(verdict.bearing) if verdict.bearing else None,
        "sentence": both(verdict.sentence),
        "evidence": both(verdict.evidence),
    }


def _reading_json(score: Score, pairs: Pairs) -> dict[str, Any]:
    reading = score.reading
    shown = np.flatnonzero(~(pairs.blank | pairs.zero))
    shown = shown[:: max(1, -(-len(shown) // _POINTS_SHOWN))]
    lon, lat = reading.lonlat(pairs.x[shown], pairs.y[shown])
    there = np.isfinite(lon) & np.isfinite(lat)
    return {
        "name": reading.name,
        "crs": reading.system.name,
        "swapped": reading.swapped,
        "label": both(reading.label),
        "inside": score.inside,
        "n": score.n,
        "median_to_centre_m": _metres(score.median_to_centre_m),
        "median_to_ground_m": _metres(score.median_to_ground_m),
        "points": np.round(np.column_stack([lon[there], lat[there]]), 6).tolist(),
    }


def _metres(distance_m: float | None) -> int | None:
    return None if distance_m is None else round(distance_m)


def _unknown(declared: Reading | None) -> dict[str, Any]:
    return {
        "best": None,
        "declared": declared.name if declared else None,
        "alarm": False,
        "certain": False,
        "shift_m": None,
        "bearing": None,
        "sentence": both(_NO_PLACE),
        "evidence": both(Text("", "")),
    }
