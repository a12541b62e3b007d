"""The campaign of the sample's year of renovations, and its visits: houses looked over in summer, sites in autumn.

The plan is the city's of 2021 as it ships. Of the first round seven households are left open, of the second five, so
that maps and lists of the township have both. People are invented.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data.areas import number_range
from data.campaigns import open_campaign, read_plan_file
from data.imports.report import ImportOptions, ImportRefused
from data.imports.run import import_file
from data.rules.plan import read_plan
from data.settings import Settings

PLAN = Path(__file__).resolve().parent.parent / "plans" / "city-2021.toml"
HEADINGS = (
    "户编号", "行动", "轮次", "开始时间", "结束时间", "方式", "结果",
    "走访员", "走访人员类别", "经度", "纬度", "定位误差(米)",
)  # fmt: skip
VISITORS = ("程立夏", "纪秋实", "卢春耕", "田守望")
# Round: first day, and of how many households one is left out.
ROUNDS = ((1, date(2021, 6, 15), 43), (2, date(2021, 10, 18), 67))
A_DAY = 8  # visits of one visitor
STAY, WAY = timedelta(minutes=34), timedelta(minutes=18)


def open_renovation_campaign(session: Session, township: str) -> None:
    """Open the campaign of 2021 in the township; one that is there stays as it is."""
    open_campaign(session, read_plan(read_plan_file(PLAN)), number_range(township))


def add_visits(engine: Engine, settings: Settings, township: str, homes: Sequence[tuple[str, float, float]]) -> None:
    """Import the visits of both rounds as any ledger is imported.

    Parameters
    ----------
    homes : sequence of (str, float, float)
        Code, longitude and latitude of the households, WGS-84.

    Raises
    ------
    ImportRefused
        If the import refuses a row.
    """
    path = settings.var / "sample" / "改造示例走访.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(_visits(homes))
    report = import_file(engine, settings, "visits", path, ImportOptions(area=township))
    if report.refused:
        raise ImportRefused(report.problems[0].reason, file=str(path))


def _visits(homes: Sequence[tuple[str, float, float]]) -> Iterator[tuple[str, ...]]:
    for no, first, left_out in ROUNDS:
        visited = [home for at, home in enumerate(homes, start=1) if at % left_out]
        for at, (code, lon, lat) in enumerate(visited):
            turn, who = divmod(at, len(VISITORS))
            day, nth = divmod(turn, A_DAY)
            began = datetime.combine(first + timedelta(days=day), datetime.min.time()) + timedelta(hours=8, minutes=20)
            began += nth * (STAY + WAY) + timedelta(minutes=3 * who, seconds=at * 37 % 60)
            stayed = STAY + timedelta(minutes=at * 7 % 11, seconds=at * 13 % 60)
            yield (
                code,
                "city-2021",
                str(no),
                f"{began:%Y-%m-%d %H:%M:%S}",
                f"{began + stayed:%Y-%m-%d %H:%M:%S}",
                "入户",
                "完成走访",
                VISITORS[who],
                "乡（镇）专人",
                f"{lon + (at % 7 - 3) * 2e-5:.7f}",
                f"{lat + (at % 5 - 2) * 2e-5:.7f}",
                f"{6 + at % 9}",
            )
