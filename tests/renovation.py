"""Sites and money in the township of the tests, made by the functions of :mod:`data.renovation`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.households import place
from data.renovation.bank_returns import Returned, book_return
from data.renovation.funds import entitle, set_rate
from data.renovation.gates import advance
from data.renovation.openings import open_site
from data.renovation.payments import list_sites, open_batch
from data.rules.gates import gates_of
from data.sealing import Sealer
from geo.files import read_table
from tests.township import TOWNSHIP, SmallTownship

YEAR = 2026
DAY = date(2026, 5, 1)
CARD = "6200000000000000018"
RATES = (("C", "repair", 7_500_00), ("D", "rebuild", 21_000_00), ("none", "new", 21_000_00))


def settle(
    session: Session, town: SmallTownship, sealer: Sealer, homes: Iterable[str] = ("H1", "H2", "H3", "H5")
) -> None:
    """Give households a group and a card, and the township its rates."""
    for number, name in enumerate(homes):
        home = town.households[name]
        card = CARD[:-2] + f"{number:02d}"
        session.execute(
            text("""
                update household set aid_group = 'minimum_living', card_sealed = :sealed, card_index = :index
                 where id = :id"""),
            {
                "id": home,
                "sealed": sealer.seal(card, place("card_sealed"), home),
                "index": sealer.index(card, "bank_card"),
            },
        )
    for grade, method, fen in RATES:
        set_rate(
            session,
            None,
            area_id=town.areas[TOWNSHIP],
            year=YEAR,
            grade=grade,
            method=method,
            fen=fen,
            source="测试文件第一条",
        )


def new_site(session: Session, town: SmallTownship, home: str, stage: str = "found", method: str | None = None) -> int:
    """A site of a household that has passed the gates up to ``stage``; with its house of the township if it has one."""
    house = session.execute(
        text("select id, grade from house where household_id = :id"), {"id": town.households[home]}
    ).one_or_none()
    grade = house.grade if house else None
    way = method or {"C": "repair", "D": "rebuild"}.get(grade or "", "new")
    site = open_site(
        session,
        None,
        household_id=town.households[home],
        house_id=house.id if house else None,
        method=way,
        method_reason="测试" if grade in ("A", "B") else None,
        on_day=DAY,
        responsible="责任人甲",
    )
    gates = gates_of(way)
    for gate in gates[1 : gates.index(stage) + 1]:
        advance(session, None, site, gate, on_day=DAY)
    return site


def new_batch(session: Session, town: SmallTownship, name: str, sites: Sequence[int]) -> int:
    """A batch with what is due to sites; they are entitled by the rate first where nothing is set."""
    for site in sites:
        if session.scalar(text("select entitled_fen from renovation_site where id = :id"), {"id": site}) is None:
            entitle(session, None, site)
    batch = open_batch(session, None, area_id=town.areas[TOWNSHIP], year=YEAR, name=name)
    list_sites(session, None, batch, sites)
    return batch


def answer(
    folder: Path, rows: Iterable[Sequence[Any]], headings: Sequence[str] = ("明细号", "金额", "处理结果", "失败原因")
) -> Path:
    """A return file of the bank."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows(rows)
    path = folder / "回盘.csv"
    path.write_bytes(out.getvalue().encode("utf-8-sig"))
    return path


def book(session: Session, batch: int, path: Path, sealer: Sealer) -> Returned:
    """Book a return file as a person does."""
    return book_return(session, None, batch, path.name, path.read_bytes(), read_table(path), sealer)
