"""A database that imports may commit to, emptied before each test, and small files to import."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from data.areas import number_range
from data.db import owner_engine
from data.imports.report import ImportOptions, ImportReport
from data.imports.run import import_file
from data.settings import Settings
from tests.conftest import fresh_database
from tests.township import PLAN, TOWNSHIP, VILLAGES, square

_TABLES = (
    "batch, area, area_alias, grid, household, house, appraisal, renovation_site, campaign, round, visit, attachment, "
    "standing, standing_change, coverage_folded, cell, map_version, base_feature, audit, batch_problem"
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

    def keep(self) -> None:
        """Keep the database as it is now beside it, for :meth:`bring_back`."""
        self._replace(f"{self.settings.admin_url.database}_kept", str(self.settings.admin_url.database))

    def bring_back(self) -> None:
        """Have the database as it was kept; much faster than loading the files again."""
        self._replace(str(self.settings.admin_url.database), f"{self.settings.admin_url.database}_kept")

    def drop_kept(self) -> None:
        """Drop what was kept."""
        self._server(f'drop database if exists "{self.settings.admin_url.database}_kept" with (force)')

    def _replace(self, name: str, source: str) -> None:
        self.engine.dispose()
        self._server(f'drop database if exists "{name}" with (force)', f'create database "{name}" template "{source}"')

    def _server(self, *statements: str) -> None:
        server = create_engine(self.settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        server.dispose()

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

    def account(self, username: str, full_name: str, area: str, role: str = "supervisor") -> int:
        """Key of an account with one area of duty, made if it is not there."""
        low, high = number_range(area)
        with self.engine.begin() as connection:
            key = connection.scalar(
                text("""
                    insert into account (username, full_name, role, jur, jur_end)
                    values (:username, :full_name, :role, :low, :high)
                    on conflict (username) do update set full_name = excluded.full_name returning id"""),
                {"username": username, "full_name": full_name, "role": role, "low": low, "high": high},
            )
            connection.execute(
                text("""
                    insert into duty (account_id, jur, jur_end) values (:account, :low, :high)
                    on conflict do nothing"""),
                {"account": key, "low": low, "high": high},
            )
        return int(key or 0)

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
    store = Store(settings, engine)
    try:
        yield store
    finally:
        store.drop_kept()
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
