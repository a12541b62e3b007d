"""The round an address speaks of is the one that the lists choose, with the same version, for any duty; and a statement
planned once shows each asker only what is the asker's own, read by index."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data import tiles
from data.campaigns import CampaignUnknown, current_round, find_campaign, list_rounds
from data.live import version_tag
from data.scopes import find_scope
from data.settings import Settings
from geo.tiles import world_xy
from tests.database.test_cells import LOW, asking, walk
from tests.database.test_tile_layers import MANY, RECORDS
from tests.township import SmallTownship, make_township
from tests.vector_tiles import read_tile

DUTIES = {
    "the township": [(LOW, LOW + 10**6)],
    "two places apart": [(LOW, LOW + 2000), (LOW + 9000, LOW + 9001)],
    "part of the other campaign": [(LOW + 500_500, LOW + 500_600)],
    "elsewhere": [(LOW - 5 * 10**6, LOW - 4 * 10**6)],
    "nothing": [],
}
# One more campaign, of a part of the township alone, with rounds of which none, one or two have begun.
CAMPAIGN = """
    with made as (
        insert into campaign (code, name_zh, name_en, target, cohort, plan, plan_text, jur, jur_end)
        select 'part', '局部', 'Part', target, cohort, plan, plan_text, :low + 500000, :low + 501000
          from campaign limit 1 returning id)
    insert into round (campaign_id, no, name_zh, name_en, starts_on, jur, jur_end)
    select id, no, '轮', 'round', date '2026-01-01' + 100 * no, :low + 500000, :low + 501000
      from made, generate_series(1, 3) no"""


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    owner.execute(text(CAMPAIGN), {"low": LOW})
    return made


def chosen(session: Session, campaign: str | None, round_no: str | None, day: date) -> tuple[int, int, str] | None:
    """As the pages choose, from rows read under the policies."""
    try:
        found = find_campaign(session, campaign)
        rounds = list_rounds(session, found.id)
        if not rounds:
            return None
        no = current_round(rounds, round_no, day)
    except CampaignUnknown:
        return None
    return found.id, no, version_tag(session, found.id, no)


@pytest.mark.parametrize("duty", DUTIES)
def test_the_scope_is_what_the_lists_choose(owner: Session, settings: Settings, town: SmallTownship, duty: str) -> None:
    found = set()
    part = owner.scalar(text("select id from campaign where code = 'part'"))
    with asking(owner, settings, DUTIES[duty]):
        for campaign in (None, "", str(town.campaign_id), str(part), "part", "404", "x"):
            for round_no in (None, "", "1", "3", "99", "01", "x"):
                for day in (date(2025, 1, 1), date(2026, 4, 11), date(2026, 7, 20), date(2030, 1, 1)):
                    wanted = chosen(owner, campaign, round_no, day)
                    scope = find_scope(owner, campaign, round_no, day)
                    assert (scope and (scope.campaign_id, scope.round_no, scope.tag)) == wanted
                    found.add(wanted[:2] if wanted else None)
    if duty in ("elsewhere", "nothing"):
        assert found == {None}
    if duty in ("the township", "part of the other campaign"):
        assert {(part, 1), (part, 2), (part, 3), (town.campaign_id, 1)} <= found


def test_a_version_is_that_of_the_duty_alone(owner: Session, settings: Settings, town: SmallTownship) -> None:
    day = date(2026, 7, 1)
    tags = []
    for change in (None, "update household set geom = st_translate(geom, 0.0001, 0) where jur >= :high", None):
        if change:
            owner.execute(text(change), {"high": LOW + 2001})
        with asking(owner, settings, [(LOW, LOW + 2000)]):
            tags.append(getattr(find_scope(owner, str(town.campaign_id), "1", day), "tag", None))
    assert tags[0] is not None
    assert len(set(tags)) == 1


def test_a_statement_planned_for_one_asker_shows_the_next_nothing_of_it(
    owner: Session, settings: Settings, town: SmallTownship
) -> None:
    x, y = world_xy(118.805, 36.405, 14)
    ids = []
    for duty in ([(LOW, LOW + 10**6)], [(LOW + 9000, LOW + 9001)], [(LOW, LOW + 10**6)], []):
        # More often than the database plans anew for each set of values.
        with asking(owner, settings, duty):
            for _ in range(7):
                made = read_tile(tiles.round_tile(owner, "records", town.campaign_id, 1, 14, x, y))
            ids.append({(name, one.id) for name, layer in made.items() for one in layer})
    assert ids[0] == ids[2]
    assert ids[0]
    assert ids[1] == ids[3] == set()
    made = tiles.round_tile(owner, "records", town.campaign_id, 1, 14, x, y)
    assert {(name, one.id) for name, layer in read_tile(made).items() for one in layer} >= ids[0]


@pytest.mark.parametrize(
    ("layer", "z", "tables"),
    [
        ("cells", 12, {"cell"}),
        ("records", 14, {"standing", "house", "renovation_site", "visit"}),
        ("records", 16, {"standing", "house", "renovation_site", "visit"}),
    ],
)
def test_a_plan_that_is_kept_reads_by_index(
    owner: Session, settings: Settings, town: SmallTownship, layer: str, z: int, tables: set[str]
) -> None:
    owner.execute(text("select setseed(0.5)"))
    for statement in RECORDS.split(";"):
        owner.execute(text(statement), {"low": LOW, "n": MANY, "campaign": town.campaign_id})
    x, y = world_xy(118.85, 36.45, z)
    query = tiles._round_query(layer, z >= tiles.OUTLINES_FROM_ZOOM)
    with asking(owner, settings, [(LOW, LOW + 5000), (LOW + 9000, LOW + 9001)]):
        owner.execute(text("set local plan_cache_mode = force_generic_plan"))
        tiles.round_tile(owner, layer, town.campaign_id, 1, z, x, y)
        plan = (
            owner.connection()
            .exec_driver_sql(f"explain (format json) {query.call}", tiles._tile_keys(town.campaign_id, 1, z, x, y))
            .scalar_one()
        )
    nodes = list(walk((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    reads = [node for node in nodes if node.get("Relation Name") in tables]
    assert {node["Relation Name"] for node in reads} == tables
    for node in reads:
        assert node["Node Type"] in ("Index Scan", "Index Only Scan"), node
        assert "morton" in node["Index Cond"], node
        assert "jur" in node["Index Cond"], node
