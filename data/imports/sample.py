"""Load the sample township the way any township is loaded: its files are written, then imported one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from data.db import owner_session
from data.imports.report import ImportOptions, ImportRefused
from data.imports.run import import_file
from data.samples.files import write_township
from data.samples.ledger import write_ledger
from data.samples.township import TOWNSHIP, make_township
from data.settings import Settings
from geo.errors import Text

Say = Callable[[Text], None]

# Kind of each file of the sample, in the order of loading; the last one tells that all are there.
_ORDER = (
    ("areas", "areas"),
    ("boundaries", "areas"),
    ("campaign", "campaigns"),
    ("households", "households"),
    ("houses", "houses"),
    ("sites", "sites"),
    ("visits", "visits"),
    ("base", "base"),
    ("roads", "roads"),
)


def load_sample(engine: Engine, settings: Settings, progress: Say = lambda text: None) -> dict[str, Any]:
    """Write the sample files to ``var/sample`` and import them; at once when they are in the store already.

    Parameters
    ----------
    engine : Engine
        Of the owner.
    settings : Settings
    progress : callable, optional
        Gets a sentence for each file.

    Returns
    -------
    dict
        ``loaded`` (False if it was there), ``counts`` of households, houses, sites, visits and villages of the
        township.

    Raises
    ------
    ImportRefused
        If a row of the sample is refused: a fault of the program.
    """
    if _is_loaded(engine):
        progress(Text("示例乡镇已在库中", "The sample township is in the store already"))
        return {"loaded": False, "counts": sample_counts(engine)}
    progress(Text("生成示例乡镇", "Making the sample township"))
    township = make_township()
    paths = write_township(township, settings.var / "sample")
    write_ledger(township, settings.var / "sample")
    for name, kind in _ORDER:
        progress(Text(f"导入示例：{Path(paths[name]).name}", f"Importing the sample: {Path(paths[name]).name}"))
        options = ImportOptions(area=None if kind == "areas" else TOWNSHIP)
        report = import_file(engine, settings, kind, paths[name], options)
        if report.refused:
            problem = report.problems[0]
            raise ImportRefused(
                Text(
                    f"示例文件 {paths[name]} 第 {problem.row} 行被拒绝：{problem.reason.zh}",
                    f"Row {problem.row} of the sample file {paths[name]} was refused: {problem.reason.en}",
                ),
                file=str(paths[name]),
            )
    return {"loaded": True, "counts": sample_counts(engine)}


def sample_counts(engine: Engine) -> dict[str, int]:
    """Count what the store holds of the sample township."""
    low = int(TOWNSHIP) * 10**6
    bounds = {"low": low, "high": low + 10**6}
    tables = {"households": "household", "houses": "house", "sites": "renovation_site", "visits": "visit"}
    with owner_session(engine) as session:
        counts = {
            name: int(
                session.scalar(text(f"select count(*) from {table} where jur >= :low and jur < :high"), bounds) or 0
            )
            for name, table in tables.items()
        }
        villages = session.scalar(
            text("select count(*) from area where level = 'village' and jur >= :low and jur < :high"), bounds
        )
        return {**counts, "villages": int(villages or 0)}


def _is_loaded(engine: Engine) -> bool:
    with owner_session(engine) as session:
        return bool(
            session.scalar(
                text("""
                    select exists (select 1 from batch where kind = 'roads' and file_name = 'roads.gpkg' and jur = :low)
                       and exists (select 1 from visit where jur >= :low and jur < :high)"""),
                {"low": int(TOWNSHIP) * 10**6, "high": (int(TOWNSHIP) + 1) * 10**6},
            )
        )
