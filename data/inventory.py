"""What the database holds, in a few numbers: versions, migrations, counts, extent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

from data.upgrade import migration_state

TABLES = {
    "areas": "area",
    "grids": "grid",
    "households": "household",
    "houses": "house",
    "appraisals": "appraisal",
    "sites": "renovation_site",
    "campaigns": "campaign",
    "visits": "visit",
    "batches": "batch",
    "accounts": "account",
}


def inventory(engine: Engine) -> dict[str, Any]:
    """Count what is there, as the owner.

    Returns
    -------
    dict
        ``versions`` (``postgresql``, ``postgis``), ``migrations`` (``current``, ``head``), ``counts`` by table (None
        before the first migration) and ``extent`` [west, south, east, north] in degrees of households, houses and
        visits, else of the areas; None while there is no place.
    """
    migrations = migration_state(engine)
    with engine.connect() as connection:
        versions = {
            "postgresql": connection.scalar(text("show server_version")),
            "postgis": connection.scalar(text("select extversion from pg_extension where extname = 'postgis'")),
        }
        counts = extent = None
        if migrations["current"]:
            counts = {
                name: int(connection.scalar(text(f"select count(*) from {table}")) or 0)
                for name, table in TABLES.items()
            }
            extent = _extent(connection, "household", "house", "visit") or _extent(connection, "area")
    return {"versions": versions, "migrations": migrations, "counts": counts, "extent": extent}


def _extent(connection: Any, *tables: str) -> list[float] | None:
    places = " union all ".join(f"select st_extent(geom)::geometry as box from {table}" for table in tables)
    row = connection.execute(
        text(
            f"select st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e) from (select st_extent(box) e from ({places}) p) q"
        )
    ).one()
    return [float(number) for number in row] if row[0] is not None else None
