"""A database that imports may commit to, emptied before each test, and small files to import."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from data.db import owner_engine
from data.imports.report import ImportOptions, ImportReport
from data.imports.run import import_file
from data.settings import Settings
from tests.conftest import fresh_database
from tests.township import PLAN, TOWNSHIP, VILLAGES, square

_TABLES = (
    "batch, area, area_alias, grid, household, house, appraisal, renovation_site, campaign, round, visit, attachment, "
    "standing, coverage, base_feature, audit, batch_problem"
)


class Store:
    """One database, its engine as the owner, and the ways of a test."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine

    def empty(self) -> None:
        """Take everything out."""
        with self.engine.begin() as connection:
            connection.execute(text(f"truncate {_TABLES} restart identity cascade"))

    def load(self, kind: str, path: Path, **options: Any) -> ImportReport:
        """Import a file."""
        return import_file(self.engine, self.settings, kind, path, ImportOptions(**options))

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query as tuples."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    def one(self, sql: str, **values: Any) -> Any:
        """The only value of a query."""
        ((value,),) = self.rows(sql, **values)
        return value

    def township(self, folder: Path) -> None:
        """Import a township of three square villages in a row (see ``tests.township``) and its campaign."""
        areas = folder / "areas.csv"
        write_csv(
            areas,
            ["code", "name", "level"],
            [("990101", "测试县", "county"), (TOWNSHIP, "测试镇", "township")]
            + [(code, f"测试{number}村", "village") for number, code in enumerate(VILLAGES, start=1)],
        )
        self.load("areas", areas)
        shapes = [(TOWNSHIP, square_ring(118.80, 118.83))]
        shapes += [(code, square_ring(118.80 + at / 100, 118.81 + at / 100)) for at, code in enumerate(VILLAGES)]
        shapes += [
            (VILLAGES[0] + "001", square_ring(118.80, 118.805)),
            (VILLAGES[0] + "002", square_ring(118.805, 118.81)),
        ]
        layer = folder / "boundaries.geojson"
        write_geojson(layer, [({"code": code}, ring) for code, ring in shapes])
        self.load("areas", layer)
        plan = folder / "plan.toml"
        plan.write_text(PLAN, encoding="utf-8")
        self.load("campaigns", plan, area=TOWNSHIP)


@contextmanager
def opened(name: str) -> Iterator[Store]:
    """A fresh database of this name."""
    settings = fresh_database(name)
    engine = owner_engine(settings)
    try:
        yield Store(settings, engine)
    finally:
        engine.dispose()


def write_csv(path: Path, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """Write a csv as spreadsheet programs do."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows(rows)
    return path


def write_geojson(path: Path, features: Sequence[tuple[dict[str, Any], Any]]) -> Path:
    """Write features of ``(properties, geometry)``; a list of pairs is a polygon's ring."""
    written = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [geometry]} if isinstance(geometry, list) else geometry,
        }
        for properties, geometry in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": written}), encoding="utf-8")
    return path


def square_ring(west: float, east: float, south: float = 36.40, north: float = 36.41) -> list[list[float]]:
    """Ring of a rectangle."""
    west, east = round(west, 6), round(east, 6)
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


__all__ = ["TOWNSHIP", "VILLAGES", "Store", "opened", "square", "square_ring", "write_csv", "write_geojson"]
