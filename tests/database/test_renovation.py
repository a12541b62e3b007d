"""Renovation sites: gates in their order, ends and returns, checks, and what the database guards whoever writes."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.local_time import today
from data.renovation.checks import site_checks
from data.renovation.funds import entitle, fen_of, wan, yuan
from data.renovation.gates import advance, advance_many, end_site, resume_site, send_back
from data.renovation.openings import change_site, open_site
from data.renovation.payments import list_sites, open_batch
from data.renovation.unfit import RenovationUnfit
from data.rules.gates import GATES, gates_of
from data.rules.words import METHOD
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from tests.renovation import DAY, YEAR, new_batch, new_site, settle
from tests.township import TOWNSHIP, SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return load_sealer(settings.key_file)


def stage(owner: Session, site: int) -> tuple[str, str, date | None]:
    row = owner.execute(text("select stage, state, stage_on from renovation_site where id = :id"), {"id": site}).one()
    return row.stage, row.state, row.stage_on


@pytest.mark.parametrize("method", METHOD)
def test_the_chain_of_a_method_is_the_same_here_and_in_the_database(owner: Session, method: str) -> None:
    assert tuple(owner.scalar(text("select gates_of(:method)"), {"method": method}) or ()) == gates_of(method)


def test_a_site_passes_each_gate_once_and_in_order(owner: Session, town: SmallTownship, sealer: Sealer) -> None:
    settle(owner, town, sealer)
    site = new_site(owner, town, "H2")
    for gate in gates_of("repair")[1:10]:
        for other in GATES:
            if other != gate:
                with pytest.raises(RenovationUnfit):
                    advance(owner, None, site, other, on_day=DAY)
        if gate != "paid":
            assert advance(owner, None, site, gate, on_day=DAY) == gate
    assert stage(owner, site) == ("accepted", "open", DAY)
    acts = owner.execute(
        text("select no, act, gate from site_gate where site_id = :id order by no"), {"id": site}
    ).all()
    assert [tuple(row) for row in acts] == [
        (n, "passed", gate) for n, gate in enumerate(gates_of("repair")[:9], start=1)
    ]


def test_a_day_to_come_or_before_the_last_step_is_refused(owner: Session, town: SmallTownship) -> None:
    site = new_site(owner, town, "H2")
    for day in (DAY - timedelta(days=1), today() + timedelta(days=1)):
        with pytest.raises(RenovationUnfit) as refused:
            advance(owner, None, site, "appraised", on_day=day)
        assert refused.value.details["column"] == "on_day"


def test_the_same_step_sent_twice_is_taken_once(owner: Session, town: SmallTownship) -> None:
    site, uid = new_site(owner, town, "H2"), uuid.uuid4()
    assert advance(owner, None, site, "appraised", on_day=DAY, uid=uid) == "appraised"
    assert advance(owner, None, site, "appraised", on_day=DAY, uid=uid) == "appraised"
    assert owner.scalar(text("select count(*) from site_gate where site_id = :id"), {"id": site}) == 2


def test_a_step_on_a_page_that_is_out_of_date_is_refused(owner: Session, town: SmallTownship) -> None:
    site = new_site(owner, town, "H2")
    seen = owner.scalar(text("select revision from renovation_site where id = :id"), {"id": site})
    advance(owner, None, site, "appraised", on_day=DAY, revision=seen)
    with pytest.raises(RenovationUnfit):
        advance(owner, None, site, "compared", on_day=DAY, revision=seen)


def test_approval_waits_for_identity_appraisal_method_and_somebody(owner: Session, town: SmallTownship) -> None:
    site = open_site(
        owner, None, household_id=town.households["H3"], method="repair", method_reason="借住，修缮", on_day=DAY
    )
    for gate in ("appraised", "compared", "reviewed"):
        advance(owner, None, site, gate, on_day=DAY)
    checks = {check.name: check.met for check in site_checks(owner, [site])[site]}
    assert checks == {"identity": False, "appraisal": True, "method": True, "responsible": False}
    with pytest.raises(RenovationUnfit) as refused:
        advance(owner, None, site, "approved", on_day=DAY)
    assert "2 项" in refused.value.text.zh
    owner.execute(text("update household set aid_group = 'margin' where id = :id"), {"id": town.households["H3"]})
    revision = owner.scalar(text("select revision from renovation_site where id = :id"), {"id": site}) or 0
    change_site(owner, site, revision=revision, method="repair", responsible="责任人乙", method_reason="借住，修缮")
    assert advance(owner, None, site, "approved", on_day=DAY) == "approved"


def test_a_method_unusual_for_the_grade_needs_a_reason(owner: Session, town: SmallTownship) -> None:
    house = owner.scalar(text("select id from house where household_id = :id"), {"id": town.households["H2"]})
    with pytest.raises(RenovationUnfit) as refused:
        open_site(owner, None, household_id=town.households["H2"], house_id=house, method="rebuild", on_day=DAY)
    assert refused.value.details["column"] == "method_reason"


def test_a_household_has_one_open_renovation(owner: Session, town: SmallTownship) -> None:
    new_site(owner, town, "H2")
    with pytest.raises(RenovationUnfit):
        new_site(owner, town, "H2")


def test_a_house_without_an_appraisal_does_not_pass(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("delete from appraisal where house_id in (select id from house where code = 'F-H2')"))
    site = new_site(owner, town, "H2")
    with pytest.raises(RenovationUnfit):
        advance(owner, None, site, "appraised", on_day=DAY)


def test_an_ended_site_stands_still_until_it_is_taken_up_again(owner: Session, town: SmallTownship) -> None:
    site = new_site(owner, town, "H2", "compared")
    with pytest.raises(RenovationUnfit):
        end_site(owner, None, site, "rejected", "  ")
    end_site(owner, None, site, "withdrawn", "不愿意拆", on_day=DAY)
    assert stage(owner, site)[:2] == ("compared", "withdrawn")
    for step in (
        lambda: advance(owner, None, site, "reviewed"),
        lambda: end_site(owner, None, site, "rejected", "再来"),
    ):
        with pytest.raises(RenovationUnfit):
            step()
    resume_site(owner, None, site, "又愿意了", on_day=DAY)
    assert advance(owner, None, site, "reviewed", on_day=DAY) == "reviewed"
    acts = owner.scalars(text("select act from site_gate where site_id = :id order by no"), {"id": site}).all()
    assert acts == ["passed", "passed", "passed", "withdrawn", "resumed", "passed"]


def test_a_site_sent_back_loses_the_days_behind_it_and_keeps_its_history(
    owner: Session, town: SmallTownship, sealer: Sealer
) -> None:
    settle(owner, town, sealer)
    site = new_site(owner, town, "H2", "accepted")
    send_back(owner, None, site, "started", "墙体开裂，验收不成立", on_day=DAY)
    row = owner.execute(
        text("select stage, started_on, completed_on, accepted_on from renovation_site where id = :id"), {"id": site}
    ).one()
    assert tuple(row) == ("started", DAY, None, None)
    with pytest.raises(RenovationUnfit):
        send_back(owner, None, site, "completed", "往前退")
    assert owner.scalar(text("select count(*) from site_gate where site_id = :id"), {"id": site}) == 10


def test_many_sites_pass_a_gate_and_those_that_cannot_are_said(owner: Session, town: SmallTownship) -> None:
    ready, early = new_site(owner, town, "H2", "appraised"), new_site(owner, town, "H3")
    found = advance_many(owner, None, [ready, early, 10**9, ready], "compared", on_day=DAY)
    assert found.moved == 1
    assert [site for site, _ in found.left_out] == [10**9, early]
    assert stage(owner, ready)[0] == "compared"
    assert stage(owner, early)[0] == "found"


def test_an_amount_is_read_exactly_or_refused() -> None:
    assert fen_of("35,000.00") == 3_500_000
    assert fen_of(" ３５０００．５ 元") == 3_500_050
    assert fen_of("468.45", unit=1_000_000) == 468_450_000
    assert fen_of("0.01") == 1
    for wrong in ("", "-1", "1.005", "1e5", "abc", "1.2.3", "99999999999999", "NaN", "=1+1", "1 000"):
        with pytest.raises(RenovationUnfit):
            fen_of(wrong)
    with pytest.raises(TypeError):
        fen_of(0.1)
    for fen in (0, 1, 99, 100, 468_450_000, 111_250_000, 123_456_789):
        assert fen_of(yuan(fen)) == fen
        assert fen_of(wan(fen), unit=1_000_000) == fen
    assert Decimal(wan(111_250_000)) == Decimal("111.25")


def test_an_entitlement_is_by_the_rate_or_for_a_reason_and_never_below_what_is_paid(
    owner: Session, town: SmallTownship, sealer: Sealer
) -> None:
    settle(owner, town, sealer)
    early = new_site(owner, town, "H3", "reviewed")
    with pytest.raises(RenovationUnfit):
        entitle(owner, None, early)
    site = new_site(owner, town, "H2", "accepted")
    assert entitle(owner, None, site) == 7_500_00
    with pytest.raises(RenovationUnfit):
        entitle(owner, None, site, fen=8_000_00)
    assert entitle(owner, None, site, fen=8_000_00, reason="县里追加") == 8_000_00
    new_batch(owner, town, "一批", [site])
    with pytest.raises(RenovationUnfit):
        entitle(owner, None, site, fen=7_000_00, reason="减少")
    amounts = owner.scalars(text("select fen from entitlement where site_id = :id order by id"), {"id": site}).all()
    assert amounts == [7_500_00, 8_000_00]


def test_sites_that_cannot_be_paid_are_left_out_of_a_batch_with_a_reason(
    owner: Session, town: SmallTownship, sealer: Sealer
) -> None:
    settle(owner, town, sealer)
    ready, without = new_site(owner, town, "H2", "accepted"), new_site(owner, town, "H3", "accepted")
    early = new_site(owner, town, "H5", "approved")
    entitle(owner, None, ready)
    entitle(owner, None, early)
    batch = open_batch(owner, None, area_id=town.areas[TOWNSHIP], year=YEAR, name="一批")
    found = list_sites(owner, None, batch, [ready, without, early, 10**9])
    assert (found.added, found.fen) == (1, 7_500_00)
    said = {site: why.zh for site, why in found.left_out}
    assert said[without] == "没有核定应补金额"
    assert said[early].startswith("还没有验收")
    assert said[10**9] == "不在本批次的辖区"
    again = list_sites(owner, None, batch, [ready])
    assert (again.added, again.left_out[0][1].zh) == (0, "已列入别的批次")


def test_money_on_its_way_holds_the_site(owner: Session, town: SmallTownship, sealer: Sealer) -> None:
    settle(owner, town, sealer)
    site = new_site(owner, town, "H2", "accepted")
    new_batch(owner, town, "一批", [site])
    for step in (
        lambda: end_site(owner, None, site, "withdrawn", "不要了"),
        lambda: send_back(owner, None, site, "started", "返工"),
    ):
        with pytest.raises(RenovationUnfit):
            step()


def test_what_is_unknown_is_answered_as_unknown(owner: Session) -> None:
    for step in (
        lambda: advance(owner, None, 10**9, "appraised"),
        lambda: open_site(owner, None, household_id=10**9, method="new"),
        lambda: list_sites(owner, None, 10**9),
        lambda: entitle(owner, None, 10**9),
    ):
        with pytest.raises(RecordUnknown):
            step()
