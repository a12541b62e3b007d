"""Lists of offices for tests, in the township of the tests; the ID numbers bear the sequence 000, which nobody has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.households import place
from data.renovation.list_comparison import Compared, compare_list
from data.samples.people import id_number
from data.sealing import Sealer
from geo.files import read_table
from tests.township import TOWNSHIP, SmallTownship

ON = date(2026, 5, 1)
HEADINGS = ("姓名", "身份证号", "村", "类别", "有效期止")


def number_of(n: int) -> str:
    """The ID number of an invented person."""
    return id_number(pd.Timestamp(1950, 1, 1) + pd.Timedelta(days=n), "370725")


def identify(session: Session, town: SmallTownship, sealer: Sealer, groups: dict[str, str | None]) -> None:
    """Give households an ID number, by their own number (H2 the second), and a group."""
    for home, group in groups.items():
        key, number = town.households[home], number_of(int(home[1:]))
        session.execute(
            text("""
                update household set id_sealed = :sealed, id_index = :index, aid_group = :group where id = :id"""),
            {
                "sealed": sealer.seal(number, place("id_sealed"), key),
                "index": sealer.index(number, "id_number"),
                "group": group,
                "id": key,
            },
        )


def list_bytes(rows: Iterable[Sequence[Any]], headings: Sequence[str] = HEADINGS) -> bytes:
    """A list as a file of an office."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def compare(
    session: Session,
    town: SmallTownship,
    sealer: Sealer,
    folder: Path,
    rows: Iterable[Sequence[Any]],
    *,
    office: str = "civil_affairs",
    on_day: date = ON,
    headings: Sequence[str] = HEADINGS,
) -> Compared:
    """Compare a list of the whole township, as a person does."""
    path = folder / "名单.csv"
    path.write_bytes(list_bytes(rows, headings))
    return compare_list(
        session,
        None,
        area_id=town.areas[TOWNSHIP],
        office=office,
        on_day=on_day,
        name=path.name,
        content=path.read_bytes(),
        sheets=read_table(path),
        sealer=sealer,
    )
