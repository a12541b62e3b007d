"""How tiles are read: the statements, planned once and asked under row-level security.

A tile is a few ranges of z-order numbers, compared as whole numbers: the only form the index may serve below a
row-level policy. ``geo/tiles.py`` holds the same arithmetic in numpy.
"""

from __future__ import annotations

from data.area_columns import areas_of_level
from data.coverage import counts_of_each
from data.rules.gates import PAID, STALLS_AFTER, within_days

SPANS = "unnest(cast(:lows as bigint[]), cast(:highs as bigint[])) as span (lo, hi)"
# "offset 0" keeps the planner to one index range per span; joined plainly it reads the whole table.
_IN_SPAN = f"""{SPANS} cross join lateral (
        select t.* from {{table}} t where {{where}} t.morton >= span.lo and t.morton < span.hi offset 0) t"""
_HERE = """t.quality <= :exact and t.x between :west and :east and t.y between :north and :south and"""
_ROUND = "t.campaign_id = :campaign and t.round_no = :round and"
_POINT = "st_makepoint(floor((t.x - :x0) / :unit), floor((t.y - :y0) / :unit)) as geom"


def rows_of(table: str, where: str) -> str:
    """SQL of the rows of a table in the ranges of a tile, as ``t``; ``where`` ends with ``and``."""
    return _IN_SPAN.format(table=table, where=where)


# Cells of a finer level added up to those of this zoom; the index ranges of single records, in the level's numbers.
CELL_ROWS = f"""
    with part as (
        select t.morton >> :up as key, t.* from {SPANS}
         cross join lateral (
            select c.morton, c.campaign_id, c.n, c.visited, c.sum_x, c.sum_y, c.grade_c, c.grade_d from cell c
             where c.campaign_id = any (array[0, :campaign]) and c.round_no = any (array[0, :round])
               and c.level = :level and c.morton >= span.lo >> :down and c.morton < span.hi >> :down offset 0) t)
    select sum(n)::integer as n, sum(visited)::integer as visited, sum(n - visited)::integer as gap,
           case when sum(grade_d) > 0 then 'D' when sum(grade_c) > 0 then 'C' end as worst,
           sum(sum_x) / sum(n) as x, sum(sum_y) / sum(n) as y, key
      from part group by key having sum(n) > 0 order by key"""
CELLS = f"""
    select st_asmvt(tile, 'cells', 4096, 'geom') from (
        select n, visited, gap, worst, st_makepoint(floor((x - :x0) / :unit), floor((y - :y0) / :unit)) as geom
        from ({CELL_ROWS}) cells) tile"""

HOUSEHOLDS = f"""
    select st_asmvt(tile, 'households', 4096, 'geom', 'id') from (
        select t.household_id as id, t.status::integer as s, t.quality::integer as q, {_POINT}
        from {rows_of("standing", f"{_ROUND} {_HERE}")}) tile"""

HOUSES = f"""
    select st_asmvt(tile, 'houses', 4096, 'geom', 'id') from (
        select t.id, coalesce(t.grade, '') as g, {_POINT} from {rows_of("house", _HERE)}) tile"""

# A tile is kept while nothing changes, over days: it tells the days after which a site has stalled (sd) or its money is
# late (dd), counted from 1970, and whoever draws compares them with today. Money is not for inspectors.
_PAID = ", ".join(f"'{stage}'" for stage in PAID)
_STALLS = " ".join(f"when '{stage}' then {days}" for stage, days in STALLS_AFTER.items())
SITES = f"""
    select st_asmvt(tile, 'sites', 4096, 'geom', 'id') from (
        select t.id, t.method as m, t.stage as st, case when t.state <> 'open' then true end as e,
               case when t.state = 'open' and t.stage not in ({_PAID})
                    then t.stage_on - date '1970-01-01' + case t.stage {_STALLS} end end as sd,
               case when money.seen and t.state = 'open' and t.stage = 'accepted'
                    then t.accepted_on - date '1970-01-01' + {within_days("t")} end as dd,
               case when money.seen and t.stage in ({_PAID}) then t.paid_on - t.accepted_on end as w, {_POINT}
          from {rows_of("renovation_site", _HERE)}
         cross join (select coalesce(sec.role() in ('supervisor', 'leader', 'admin'), false) as seen) money) tile"""

VISITS = f"""
    select st_asmvt(tile, 'visits', 4096, 'geom', 'id') from (
        select t.no as id, t.verdict as v, t.suspect <> '{{}}' as sus, {_POINT}
        from {rows_of("visit", f"{_ROUND} t.superseded_by is null and {_HERE}")}) tile"""

# Marks from the field, in whatever state; what of them is shown is the legend's business;
# ``cs`` says how a site of concern stands.
MARKS = f"""
    select st_asmvt(tile, 'marks', 4096, 'geom', 'id') from (
        select t.no as id, t.kind as k, t.state as st,
               case when t.state = 'accepted' and t.kind in ('ruin', 'abandoned', 'illegal', 'waste')
                    then t.concern_state end as cs, {_POINT}
          from {rows_of("mark", _HERE)}) tile"""

# Houses with their outlines: read once, drawn twice.
OUTLINES = f"""
    with t as materialized (select t.id, t.grade, t.x, t.y, t.outline from {rows_of("house", _HERE)})
    select (select st_asmvt(tile, 'houses', 4096, 'geom', 'id') from (
                select t.id, coalesce(t.grade, '') as g, {_POINT} from t) tile)
        || (select st_asmvt(tile, 'footprints', 4096, 'geom', 'id') from (
                select t.id, coalesce(t.grade, '') as g,
                       st_asmvtgeom(st_transform(t.outline, 3857), st_tileenvelope(:z, :tx, :ty), 4096, 256, true)
                           as geom
                  from t where t.outline is not null) tile where tile.geom is not null)"""


def areas_query(by: str) -> str:
    """SQL of one tile of areas: ``sec.areas_at`` finds them by the spatial index, the policies say it once more.

    As for the spans, "offset 0" keeps the planner to looking each one up by its key.
    """
    return f"""
        select st_asmvt(tile, 'areas', 4096, 'geom', 'id') from (
            select a.id, a.code, a.name, a.level, a.derived, c.eligible::integer as eligible,
                   c.visited::integer as visited, (c.eligible - c.visited)::integer as remaining,
                   c.visited::float8 / nullif(c.eligible, 0) as ratio,
                   st_asmvtgeom(st_transform(st_simplify(s.outline, :tolerance, true), 3857),
                                st_tileenvelope(:z, :x, :y), 4096, 64, true) as geom
              from sec.areas_at(:by, st_transform(
                       st_expand(st_tileenvelope(:z, :x, :y), 40075016.68 / 2 ^ :z / 64), 4326)) found (id)
             cross join lateral (select a.* from ({areas_of_level(by)[0]}) a where a.id = found.id offset 0) a
             cross join lateral (
                select s.outline from {"grid" if by == "grid" else "area"} s where s.id = found.id offset 0) s
              {counts_of_each(by)}) tile where tile.geom is not null"""


KEYS = {
    "campaign": "bigint",
    "round": "smallint",
    "lows": "bigint[]",
    "highs": "bigint[]",
    "x0": "bigint",
    "y0": "bigint",
    "unit": "float8",
    "level": "smallint",
    "up": "integer",
    "down": "integer",
    "exact": "smallint",
    "west": "bigint",
    "east": "bigint",
    "north": "bigint",
    "south": "bigint",
    "z": "integer",
    "tx": "integer",
    "ty": "integer",
}
AREA_KEYS = {
    "campaign": "bigint",
    "round": "smallint",
    "by": "text",
    "z": "integer",
    "x": "integer",
    "y": "integer",
    "tolerance": "float8",
}
