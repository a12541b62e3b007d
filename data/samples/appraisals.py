"""Invented appraisals (鉴定) of the sample township by the guideline of 2019, entered as the desk does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.appraisal_due import add_disaster
from data.appraisal_told import read_told
from data.appraisals import add_appraisal
from data.askers import Asker
from data.rules.appraising import GUIDELINE, PART

DAY = date(2026, 10, 20)
APPRAISER = "镇农村房屋安全鉴定小组"
_KEYS = uuid.UUID("6f0d1c52-2f0b-4f0e-9a55-3f4d1e1f7a10")
# How many houses of each grade, and what was found on them; nobody lives there and nobody found it.
_HOUSES_EACH = 3
_FOUND: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "A": {},
    "B": {"roof": ("b", "屋面局部渗漏，檐口瓦松动")},
    "C": {"walls": ("c", "山墙竖向裂缝，宽约1厘米"), "frame": ("b", "檩条轻微虫蛀")},
    "D": {"foundation": ("d", "地基不均匀沉降，墙体整体倾斜"), "walls": ("c", "承重墙多处开裂")},
}


def add_appraisals(session: Session, asker: Asker, village: tuple[int, int], code: str) -> int:
    """Appraise some houses of a village as the grade they have, one of them twice, and note a storm there.

    Parameters
    ----------
    session : Session
        As the owner.
    asker : Asker
        In whose name.
    village : (int, int)
        Range of its jurisdiction numbers.
    code : str
        Its code.

    Returns
    -------
    int
        How many appraisals were added.
    """
    rows = session.execute(
        text("""
            select id, grade from (
                select o.id, o.grade, row_number() over (partition by o.grade order by o.id) as n from house o
                 where o.jur >= :lo and o.jur < :hi and o.grade is not null
                   and not exists (select 1 from appraisal a where a.house_id = o.id and a.appraised_on > :day)) g
             where n <= :each order by id"""),
        {"lo": village[0], "hi": village[1], "day": DAY, "each": _HOUSES_EACH},
    ).all()
    made: dict[str, int] = {}
    for row in rows:
        made[row.grade] = _add(session, asker, row.id, _told(row.id, row.grade))
    # The last house of grade B was typed wrongly at first.
    if "B" in made:
        house = max(row.id for row in rows if row.grade == "B")
        corrected = _told(house, "B") | {"id": str(uuid.uuid5(_KEYS, f"corrected {house}")), "supersedes": made["B"]}
        _add(session, asker, house, corrected | {"remark": "首次录入漏填鉴定人", "appraised_by": "沈秋禾"})
    add_disaster(session, asker, code, "storm", DAY, "连日大风，老屋逐户复核", today=DAY)
    return len(rows) + ("B" in made)


def _told(house: int, grade: str) -> dict[str, Any]:
    parts: dict[str, Any] = {key: {"level": "a"} for key in PART}
    parts |= {key: {"level": level, "points": points} for key, (level, points) in _FOUND[grade].items()}
    return {
        "id": str(uuid.uuid5(_KEYS, str(house))),
        "standard": GUIDELINE,
        "site": "safe",
        "parts": parts,
        "measures": "none" if grade == "D" else "partial",
        "appraised_on": DAY.isoformat(),
        "appraiser": APPRAISER,
        "cause": "again",
    }


def _add(session: Session, asker: Asker, house: int, told: Mapping[str, Any]) -> int:
    return add_appraisal(session, asker, house, read_told(told), today=DAY)[0]
