"""The sample of a year's renovations: the figures of a city's housing summary of 2021, made by the acts of a user.

341 households of an invented township, 227 repaired (C), 72 rebuilt (D) and 42 turn-key; 170 and 409.7 万元 received,
four batches of 56.95, 85.8, 305 and 20.7 万元 paid, 111.25 left (city summary 2021, parts two and three). No figure is
written anywhere: households and houses are imported, every site is opened, passes its gates and is paid through the
bank's return files, and the sums come out of the records. The rates (0.75, 2.1 and 3.5 万元) are those of two published
county schemes of 2021 and 2022, which is how the total comes to 468.45.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import owner_session
from data.imports.report import ImportOptions, ImportRefused
from data.imports.run import import_file
from data.local_time import today
from data.renovation.bank_files import write_bank_file
from data.renovation.bank_returns import book_return
from data.renovation.exclusions import exclude
from data.renovation.funds import add_funding, entitle, set_rate
from data.renovation.gates import advance_many
from data.renovation.list_comparison import compare_list
from data.renovation.openings import open_site
from data.renovation.payments import list_sites, open_batch
from data.samples.house_pictures import add_pictures
from data.samples.household_words import add_words
from data.samples.monitoring import add_monitoring
from data.samples.names import person_name
from data.samples.people import card_number, id_number
from data.samples.renovation_visits import add_visits, open_renovation_campaign
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from data.tables import Area
from geo.errors import Text
from geo.files import read_table

TOWNSHIP, NAME = "370725199", "青禾镇"
VILLAGES = tuple(f"{TOWNSHIP}{200 + n}" for n in range(9))
VILLAGE_NAMES = ("杏花岭村", "柳溪村", "石桥村", "白杨树村", "小河湾村", "南坡村", "北坡村", "东泉村", "西泉村")
YEAR = 2021
# Grade before, method, households, fen each.
CLASSES = (
    ("C", "repair", 227, 7_500_00),
    ("D", "rebuild", 72, 21_000_00),
    ("D", "turn_key", 42, 35_000_00),
)
# Households of each class in each of the four batches, the day of their acceptance and the day the bank paid: all were
# accepted by 20 November, as was asked for.
BATCHES = (
    ((61, 2, 2), date(2021, 8, 26), date(2021, 9, 10)),
    ((64, 18, 0), date(2021, 10, 8), date(2021, 10, 20)),
    ((80, 50, 40), date(2021, 11, 12), date(2021, 11, 30)),
    ((22, 2, 0), date(2021, 11, 19), date(2021, 12, 10)),
)
RECEIVED = (("central", 1_700_000_00, date(2021, 4, 12)), ("province", 4_097_000_00, date(2021, 7, 5)))
_GROUPS = ("农村低保户", "分散供养特困人员", "易返贫致贫户", "低保边缘家庭", "突发严重困难户", "其他脱贫户")
# Gates and how many days before the acceptance they were passed.
_FOUND = 128
_STEPS = (
    ("appraised", 119),
    ("compared", 114),
    ("reviewed", 100),
    ("approved", 90),
    ("agreed", 83),
    ("started", 73),
    ("foundation", 48),
    ("completed", 8),
    ("accepted", 0),
)
_MORE = tuple("甲乙丙丁")
_KIN = ["宋", "梁", "何"]
WEST, SOUTH, STEP = 119.02, 36.36, 0.02
Say = Callable[[Text], None]


def load_renovations(engine: Engine, settings: Settings, say: Say = lambda text: None) -> bool:
    """Make the sample's year of renovations unless it is there; says whether it was made.

    Parameters
    ----------
    engine : Engine
        Of the owner.
    """
    with owner_session(engine) as session:
        if session.scalar(select(Area.id).where(Area.code == TOWNSHIP)) is not None:
            return False
        _areas(session)
        open_renovation_campaign(session, TOWNSHIP)
    say(Text("生成示例改造：2021 年 341 户", "Making the sample's renovations: 341 households of 2021"))
    _people(engine, settings)
    with owner_session(engine) as session:
        sealer = load_sealer(settings.key_file)
        _renovate(session, sealer)
        add_pictures(session, settings, sealer, TOWNSHIP)
        _compare(session, sealer)
        add_monitoring(session, TOWNSHIP, sealer, today())
    return True


def _areas(session: Session) -> None:
    for code, name, level in (
        (TOWNSHIP, NAME, "township"),
        *((c, n, "village") for c, n in zip(VILLAGES, VILLAGE_NAMES, strict=True)),
    ):
        jur, jur_end = number_range(code)
        session.add(Area(code=code, name=name, level=level, jur=jur, jur_end=jur_end, geom=_square(code)))
        session.flush()
    session.execute(
        text("update area a set parent_id = p.id from area p where p.code = :town and a.code = any (:villages)"),
        {"town": TOWNSHIP, "villages": list(VILLAGES)},
    )


def _corner(village: int) -> tuple[float, float]:
    """South-west corner of a village: three rows of three squares."""
    return WEST + village % 3 * STEP, SOUTH + village // 3 * STEP


def _square(code: str) -> str:
    west, south, size = WEST, SOUTH, 3 * STEP
    if code != TOWNSHIP:
        (west, south), size = _corner(VILLAGES.index(code)), STEP
    east, north = west + size, south + size
    ring = ", ".join(
        f"{x:.6f} {y:.6f}" for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south))
    )
    return f"SRID=4326;MULTIPOLYGON((({ring})))"


def _homes() -> Iterator[tuple[int, str, date]]:
    """Number and grade of each household, and the day its house was appraised: after it was found, before that gate.

    Households of a class come into the batches by their numbers.
    """
    at = 0
    for kind, (grade, _, _, _) in enumerate(CLASSES):
        for in_batch, accepted_on, _ in BATCHES:
            for _ in range(in_batch[kind]):
                at += 1
                yield at, grade, accepted_on - timedelta(days=_FOUND - 1 - at % (_FOUND - _STEPS[0][1]))


def _people(engine: Engine, settings: Settings) -> None:
    """Import the households and their houses, appraised once they were found, as any ledger is imported."""
    rng = np.random.default_rng(YEAR)
    folder = settings.var / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    homes: list[tuple[str, ...]] = []
    houses: list[tuple[str, ...]] = []
    for at, grade, appraised_on in _homes():
        village = VILLAGES[at % len(VILLAGES)]
        home = f"QH-{at:04d}"
        west, south = _corner(at % len(VILLAGES))
        lon, lat = (west + STEP * rng.uniform(0.1, 0.9), south + STEP * rng.uniform(0.1, 0.9))
        name = person_name(_KIN, bool(rng.random() < 0.3), rng)
        homes.append(
            (
                home,
                name,
                village,
                _GROUPS[at % len(_GROUPS)],
                card_number(80_000_000 + at),
                _number(at),
                f"{lon:.6f}",
                f"{lat:.6f}",
            )
        )
        houses.append((f"{home}-F1", home, grade, appraised_on.isoformat(), "导则 2019", "砖木结构"))
    files = (
        (
            "households",
            "改造示例农户.csv",
            ("户编号", "户主姓名", "村", "农户类型", "银行卡号", "身份证号", "经度", "纬度"),
            homes,
        ),
        ("houses", "改造示例房屋.csv", ("房屋编号", "户编号", "鉴定等级", "鉴定日期", "鉴定标准", "结构类型"), houses),
    )
    for kind, name, headings, rows in files:
        path = folder / name
        _write(path, headings, rows)
        report = import_file(engine, settings, kind, path, ImportOptions(area=TOWNSHIP))
        if report.refused:
            problem = report.problems[0]
            raise ImportRefused(problem.reason, file=str(path))
    add_visits(engine, settings, TOWNSHIP, [(home[0], float(home[-2]), float(home[-1])) for home in homes])


def _write(path: Path, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows(rows)


def _renovate(session: Session, sealer: Sealer) -> None:
    area = session.scalars(select(Area.id).where(Area.code == TOWNSHIP)).one()
    for source, fen, day in RECEIVED:
        add_funding(session, None, area_id=area, year=YEAR, source=source, fen=fen, received_on=day)
    for grade, method, _, fen in CLASSES:
        set_rate(session, None, area_id=area, year=YEAR, grade=grade, method=method, fen=fen, source="2021 年补助标准")
    homes = _homes_by_class(session)
    for number, (households, accepted_on, paid_on) in enumerate(BATCHES, start=1):
        sites: list[int] = []
        built: list[int] = []
        for (_, method, _, _), waiting, n in zip(CLASSES, homes, households, strict=True):
            opened = [_open(session, *waiting.pop(), method, accepted_on - timedelta(days=_FOUND)) for _ in range(n)]
            sites += opened
            built += [] if method == "repair" else opened
        for gate, before in _STEPS:
            chosen = built if gate == "foundation" else sites
            if gate == "accepted":
                add_words(session, sites, accepted_on)
            advance_many(session, None, chosen, gate, on_day=accepted_on - timedelta(days=before))
            if gate == "approved":
                for site in sites:
                    entitle(session, None, site)
        batch = open_batch(session, None, area_id=area, year=YEAR, name=f"{YEAR}-{number:02d} 批")
        list_sites(session, None, batch, sites)
        _pay(session, sealer, batch, paid_on)
        advance_many(session, None, sites, "moved_in", on_day=paid_on + timedelta(days=11))


def _homes_by_class(session: Session) -> list[list[tuple[int, int]]]:
    """Households with their houses, those of each class, the last first."""
    homes = session.execute(
        text("""
            select h.id, o.id as house_id from household h join house o on o.household_id = h.id
             where h.code = any (:codes) order by h.code desc"""),
        {"codes": [f"QH-{at:04d}" for at, _, _ in _homes()]},
    ).all()
    found: list[list[tuple[int, int]]] = []
    for _, _, households, _ in reversed(CLASSES):
        found.append([(home.id, home.house_id) for home in homes[:households]])
        homes = homes[households:]
    return found[::-1]


def _open(session: Session, household: int, house: int, method: str, on_day: date) -> int:
    return open_site(
        session,
        None,
        household_id=household,
        house_id=house,
        method=method,
        on_day=on_day,
        year=YEAR,
        responsible=f"包户干部{_MORE[household % len(_MORE)]}",
    )


def _pay(session: Session, sealer: Sealer, batch: int, paid_on: date) -> None:
    """Send a batch, and book the bank's answer: the file that went out with a result for each line."""
    sent = write_bank_file(session, batch, sealer, ".csv")
    lines = list(csv.reader(io.StringIO(sent.decode("utf-8-sig"))))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("明细号", "金额（元）", "处理结果", "入账日期"))
    writer.writerows((line[1], line[4], "成功", paid_on.isoformat()) for line in lines[1:])
    answer = out.getvalue().encode("utf-8-sig")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"回盘{batch}.csv")
        path.write_bytes(answer)
        book_return(session, None, batch, path.name, answer, read_table(path), sealer)


def _number(at: int) -> str:
    """The ID number of a head: born from 1950 on, each on a day of his own, with the sequence 000 that nobody has."""
    return id_number(pd.Timestamp(1950, 1, 1) + pd.Timedelta(days=17 * at), TOWNSHIP[:6])


def _compare(session: Session, sealer: Sealer) -> None:
    """A list of each office that agrees with the households, but for one of each kind of thing to look at."""
    area = session.scalars(select(Area.id).where(Area.code == TOWNSHIP)).one()
    homes = session.execute(
        text("""
            select h.id, h.code, h.head_name, h.aid_group, v.name as village
              from household h join area v on v.id = h.village_id where h.code = any (:codes) order by h.code"""),
        {"codes": [f"QH-{at:04d}" for at, _, _ in _homes()]},
    ).all()
    for office, groups in (
        ("civil_affairs", ("minimum_living", "dispersed_poor", "margin")),
        ("rural", ("monitored", "hardship_sudden", "other_out_of_poverty")),
    ):
        rows = [
            [home.head_name, _number(int(home.code[3:])), home.village, _GROUP_WORDS[home.aid_group], ""]
            for home in homes
            if home.aid_group in groups
        ]
        if office == "civil_affairs":
            _make_odd(rows)
        content = _list_file(rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{'民政' if office == 'civil_affairs' else '农业农村'}名单.csv")
            path.write_bytes(content)
            sheets = read_table(path)
        compare_list(
            session,
            None,
            area_id=area,
            office=office,
            on_day=date(YEAR, 12, 31),
            name=path.name,
            content=content,
            sheets=sheets,
            sealer=sealer,
        )
    for home, kind, evidence in (
        (homes[10], "second_house", "镇不动产登记核查：另有 2016 年建砖混房一处"),
        (homes[20], "lives_elsewhere", "村委会走访记录：全家在外居住三年以上"),
    ):
        exclude(session, None, home.id, kind=kind, evidence=evidence, from_on=date(2022, 3, 1))


def _make_odd(rows: list[list[str]]) -> None:
    """Something of each kind for a person to look at."""
    rows[3][3] = "低保边缘家庭" if rows[3][3] != "低保边缘家庭" else "农村低保户"
    rows[5][1] = ""
    rows[7][1] = rows[7][1][:-1] + ("1" if rows[7][1][-1] != "1" else "2")
    rows[9][3] = "脱贫户"
    rows[11][4] = "2021-06-30"
    rows.append([*rows[13]])
    rows.append(["外村人", _number(900), VILLAGE_NAMES[0], "农村低保户", ""])
    rows.append(["另一人", _number(901), VILLAGE_NAMES[1], "易返贫致贫户", ""])
    del rows[15]


_GROUP_WORDS = {
    "monitored": "脱贫不稳定户",
    "minimum_living": "农村低保户",
    "dispersed_poor": "农村分散供养特困人员",
    "hardship_sudden": "突发严重困难户",
    "margin": "低保边缘家庭",
    "other_out_of_poverty": "其他脱贫户",
}


def _list_file(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("户主姓名", "身份证号", "村", "类别", "有效期止"))
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")
