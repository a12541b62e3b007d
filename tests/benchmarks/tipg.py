"""tipg on the same database: one table with the same features, served by one uvicorn process, as quick as it can be.

Everything is in its favour: the features lie ready in one table, in the projection of the tiles, with a spatial index,
without row-level security, and it does not ask who somebody is. One process and not more: with several, uvicorn's
shared socket leaves out TCP_NODELAY and answers wait for each other.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, text

from tests.benchmarks.county_store import CountyStore
from tests.benchmarks.figures import Unavailable
from tests.benchmarks.peers import TIPG, peer_python
from tests.browser.stand import end, wait_for

SCHEMA = "peer_tipg"
# Its own limit of 10,000 features would make its tiles smaller than ours.
MOST_FEATURES = 1_000_000
_AT = "st_setsrid(st_makepoint(({x} / 2147483648.0 - 0.5) * {w}, (0.5 - {y} / 2147483648.0) * {w}), 3857)"
_PLACE = f"({_AT.format(x='t.x', y='t.y', w='40075016.685578488')})::geometry(Point, 3857) as geom"
_TABLES = (
    f"drop schema if exists {SCHEMA} cascade",
    f"create schema {SCHEMA}",
    f"""create table {SCHEMA}.records as
        select 'households' as kind, t.household_id as id, t.status::integer as s, t.quality::integer as q,
               null::text as g, null::text as m, null::text as st, null::text as v, null::boolean as sus, {_PLACE}
          from standing t
         where t.campaign_id = :campaign and t.round_no = :round and t.quality <= :exact and t.x is not null
        union all
        select 'houses', t.id, null, null, coalesce(t.grade, ''), null, null, null, null, {_PLACE}
          from house t where t.quality <= :exact and t.x is not null
        union all
        select 'sites', t.id, null, null, null, t.method, t.stage, null, null, {_PLACE}
          from renovation_site t where t.quality <= :exact and t.x is not null
        union all
        select 'visits', t.no, null, null, null, null, null, t.verdict, t.suspect <> '{{}}', {_PLACE}
          from visit t
         where t.campaign_id = :campaign and t.round_no = :round and t.superseded_by is null and t.quality <= :exact
           and t.x is not null""",
    f"""create table {SCHEMA}.cells as
        select t.key as id, t.n, t.visited, t.n - t.visited as gap, t.worst, {_PLACE}
          from (select c.morton as key, sum(n)::integer as n, sum(visited)::integer as visited,
                       case when sum(grade_d) > 0 then 'D' when sum(grade_c) > 0 then 'C' end as worst,
                       sum(sum_x) / sum(n) as x, sum(sum_y) / sum(n) as y
                  from cell c where c.level = 16 and c.campaign_id = any (array[0, :campaign])
                   and c.round_no = any (array[0, :round]) group by c.morton having sum(n) > 0) t""",
    f"create index on {SCHEMA}.records using gist (geom)",
    f"create index on {SCHEMA}.cells using gist (geom)",
)


def make_tables(store: CountyStore, round_no: int, exact: int) -> int:
    """Put the features of our tiles into tables of tipg's own; gives how many there are."""
    engine = create_engine(store.settings.admin_url, isolation_level="AUTOCOMMIT")
    values = {"campaign": store.campaign_id, "round": round_no, "exact": exact}
    try:
        with engine.connect() as connection:
            for statement in _TABLES:
                connection.execute(text(statement), values if ":" in statement.replace("::", "") else {})
            connection.execute(text(f"vacuum analyze {SCHEMA}.records"))
            connection.execute(text(f"vacuum analyze {SCHEMA}.cells"))
            return int(connection.execute(text(f"select count(*) from {SCHEMA}.records")).scalar_one())
    finally:
        engine.dispose()


def drop_tables(store: CountyStore) -> None:
    """Remove tipg's tables: nothing of the store lies about without row-level security."""
    engine = create_engine(store.settings.admin_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))
    engine.dispose()


@contextmanager
def serving(store: CountyStore, log: Path) -> Iterator[str]:
    """Address of tipg, one process; ended by its pid.

    Raises
    ------
    Unavailable
        If it cannot be installed or does not start.
    """
    python = peer_python("tipg", TIPG)
    if python is None:
        raise Unavailable("tipg is not there")
    url = store.settings.admin_url
    # Its settings take no address without a host; the folder of a socket may stand there.
    host = quote(str(url.query.get("host") or url.host), safe="")
    account = f"{quote(url.username or '', safe='')}:{quote(str(url.password or ''), safe='')}"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "DATABASE_URL": f"postgresql://{account}@{host}:{url.query.get('port') or url.port or 5432}/{url.database}",
        "TIPG_DB_SCHEMAS": f'["{SCHEMA}"]',
        "TIPG_MAX_FEATURES_PER_TILE": str(MOST_FEATURES),
        "TIPG_CATALOG_TTL": "0",
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(python), "-m", "uvicorn", "tipg.main:app", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--no-access-log", "--log-level", "warning"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, cwd=log.parent,
        )  # fmt: skip
        try:
            try:
                wait_for(server, port, log)
            except AssertionError as error:
                raise Unavailable(f"tipg: {error}") from error
            yield f"http://127.0.0.1:{port}"
        finally:
            end(server)
