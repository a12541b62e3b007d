"""A made-up county as files that the importer takes, large tables in several parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from data.rules.words import MODE, OUTCOME
from data.samples.county import PLAN, County
from data.samples.files import HOUSE_HEADINGS, HOUSEHOLD_HEADINGS, VISIT_HEADINGS, fixed_date, write_csv, write_layer

# The reader of a file has a limit of memory; a part stays well below it.
ROWS_PER_FILE = 100_000
_LEVELS = ("county", "township", "village", "grid")
_ZH = {code: label.zh for table in (MODE, OUTCOME) for code, label in table.items()}


def write_county(county: County, folder: Path | str) -> dict[str, list[Path]]:
    """Write files for ``./fangtu import``.

    Parameters
    ----------
    county : County
    folder : path
        Made if it does not exist; files of the same names are replaced.

    Returns
    -------
    dict of str to list of Path
        By kind of import and in the order of importing: ``areas`` (the list, then the boundaries with a layer for each
        level), ``campaigns``, ``households``, ``houses``, ``visits``. Equal counties give equal bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    areas, boundaries, plan = folder / "areas.csv", folder / "boundaries.gpkg", folder / "campaign.toml"
    write_csv(county.areas, areas)
    boundaries.unlink(missing_ok=True)
    with fixed_date():
        for level in _LEVELS:
            write_layer(county.boundaries[county.boundaries["level"] == level], boundaries, level)
    plan.write_text(PLAN, encoding="utf-8")
    return {
        "areas": [areas, boundaries],
        "campaigns": [plan],
        "households": _write_parts(county.households(ROWS_PER_FILE), folder, "households", HOUSEHOLD_HEADINGS),
        "houses": _write_parts(county.houses(ROWS_PER_FILE), folder, "houses", HOUSE_HEADINGS),
        "visits": _write_parts(
            (part.assign(**{name: part[name].map(_ZH) for name in ("mode", "outcome")}) for part in _visits(county)),
            folder,
            "visits",
            VISIT_HEADINGS,
        ),
    }


def _visits(county: County) -> Iterator[pd.DataFrame]:
    return county.visits(ROWS_PER_FILE)


def _write_parts(parts: Iterator[pd.DataFrame], folder: Path, name: str, headings: dict[str, str]) -> list[Path]:
    for old in folder.glob(f"{name}-*.csv"):
        old.unlink()
    paths = []
    for number, part in enumerate(parts, start=1):
        shown = {column: heading for column, heading in headings.items() if column in part}
        paths.append(folder / f"{name}-{number:03d}.csv")
        write_csv(part[list(shown)].rename(columns=shown), paths[-1])
    return paths
