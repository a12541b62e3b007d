"""Assigning a town of 12,800 households with five kinds of visitors, and fifty clients who reserve and visit at once.

    .venv/bin/python -m tests.benchmarks.bench_assign

The made-up county of that size, with a campaign of its own of two rounds that is dropped afterwards. Of what the fifty
clients ask for, each household may be given to one and visited once in a round; a second visit makes the run fail.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from data.areas import number_range
from data.askers import Asker, Role, read_ranges
from data.assigning import BY_RULE, propose_by_rule
from data.assigning_acts import undo_act, write_proposal
from data.campaigns import open_campaign
from data.db import enter, owner_session
from data.remainder import remainder
from data.reservations import CannotReserve, take
from data.rules.plan import read_plan
from data.rules.visitors import kinds_of
from data.samples.county import CITY
from tests.benchmarks.county_store import CountyStore, county_store
from tests.benchmarks.figures import AnswersDiffer, Figure, alone, load_average, spending
from tests.browser.stand import Stand, add_account
from tests.township import PLAN, SmallTownship

ABOUT = "Five kinds of visitors for 12,800 households: sharing out, undo, what is left, and 50 clients who reserve."
HOUSEHOLDS = 12_800
CLIENTS, CONTESTED, TRIES = 50, 400, 60
PAGES = 20
CODE = "bench-assign"
KINDS = (
    {"kind": "city", "name_zh": "市直单位", "rule": "count", "count": 20},
    {"kind": "district", "name_zh": "区直部门", "rule": "count", "count": 40},
    {"kind": "support", "name_zh": "帮扶组", "rule": "share", "share": 0.3, "priority_groups": ["hardship"]},
    {"kind": "secretary", "name_zh": "村书记", "rule": "all", "repeats": True},
    {"kind": "grid", "name_zh": "网格员", "rule": "remainder"},
)  # fmt: skip
ROUNDS = PLAN.replace('id = "test-2026"', f'id = "{CODE}"').replace(
    "[visit]", '[[round]]\nno = 2\nname_zh = "二"\nname_en = "two"\n[visit]'
)


@dataclass
class Outcome:
    """What the clients were told."""

    won: list[tuple[int, int, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)


def run(households: int | None = None) -> list[Figure]:
    """Measure with as many households; 12,800 by default.

    Raises
    ------
    AnswersDiffer
        If a household was visited twice in a round, or an act taken back leaves anything.
    """
    with county_store(households or HOUSEHOLDS) as store:
        campaign = _open(store)
        try:
            return [*_share(store, campaign), *_contend(store, campaign)]
        finally:
            _drop(store)


def _open(store: CountyStore) -> int:
    _drop(store)
    with owner_session(store.owner) as session:
        campaign = open_campaign(session, read_plan(ROUNDS), number_range(CITY))
        campaign.plan = {**campaign.plan, "visitor": list(KINDS)}
        known = session.scalar(text("select count(*) from account where username like 'bench_client_%'"))
        stand = Stand(store.settings, store.owner, SmallTownship())
        for number in range(0 if known else CLIENTS):
            add_account(session, stand, f"bench_client_{number}", "inspector", f"客{number}", number_range(CITY))
        return int(campaign.id)


def _drop(store: CountyStore) -> None:
    with owner_session(store.owner) as session:
        session.execute(
            text("delete from visit where campaign_id in (select id from campaign where code = :c)"), {"c": CODE}
        )
        session.execute(text("delete from campaign where code = :c"), {"c": CODE})


def _share(store: CountyStore, campaign: int) -> list[Figure]:
    kinds, within = kinds_of({"visitor": list(KINDS)}), number_range(CITY)
    told = f"{store.households:,} households, {len(KINDS)} kinds, two rounds, {load_average()}"
    worked, written, undone = [], [], []
    shown = 0
    for number in (1, 2):
        with owner_session(store.owner) as session:
            backend = int(session.scalar(text("select pg_backend_pid()")) or 0)
            with spending() as here:
                found = propose_by_rule(session, campaign, number, kinds, within)
            worked.append(here.cpu)
            with spending() as here, spending(backend) as there:
                write_proposal(session, None, campaign, number, BY_RULE, found)
            written.append(here.cpu + there.cpu)
            shown = len(found.changes)
    with owner_session(store.owner) as session:
        again = propose_by_rule(session, campaign, 1, kinds, within)
        if again.changes:
            raise AnswersDiffer(f"doing it again changes {len(again.changes)} assignments")
        backend = int(session.scalar(text("select pg_backend_pid()")) or 0)
        with spending(backend) as reading:
            for page in range(1, PAGES + 1):
                remainder(session, campaign, 1, kinds, within, page)
    with owner_session(store.owner) as session:
        backend = int(session.scalar(text("select pg_backend_pid()")) or 0)
        act = int(
            session.scalar(text("select max(id) from assignment_act where campaign_id = :c"), {"c": campaign}) or 0
        )
        with spending() as here, spending(backend) as there:
            undo_act(session, None, act)
        undone.append(here.cpu + there.cpu)
        left = session.scalar(
            text("select count(*) from assignment where campaign_id = :c and round_no = 2"), {"c": campaign}
        )
    if left:
        raise AnswersDiffer(f"{left} assignments are left of an act that was taken back")
    return [
        Figure(
            "sharing a round out by rule", max(worked), "s of processor time", conditions=f"{told}; the longer of two"
        ),
        Figure(
            "writing it as one act",
            max(written),
            "s of processor time",
            conditions=f"{shown:,} assignments, here and in the database; {told}",
        ),
        Figure("taking it back", undone[0], "s of processor time", conditions=told),
        Figure(
            "a page of what is left",
            reading.cpu / PAGES * 1000,
            "ms of processor time",
            conditions=f"in the database, {PAGES} pages of 50 with the number of all; {told}",
        ),
    ]


def _contend(store: CountyStore, campaign: int) -> list[Figure]:
    with owner_session(store.owner) as session:
        homes = list(
            session.scalars(
                text("select household_id from standing where campaign_id = :c and round_no = 1 order by 1 limit :n"),
                {"c": campaign, "n": CONTESTED},
            )
        )
        # Nobody's, so that only the reservation decides.
        session.execute(text("delete from assignment where campaign_id = :c"), {"c": campaign})
    engine = create_engine(store.settings.app_url, poolclass=NullPool)
    outcome, start = Outcome(), threading.Barrier(CLIENTS)
    threads = [
        threading.Thread(target=_client, args=(number, engine, store, campaign, homes, start, outcome))
        for number in range(CLIENTS)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - began
    engine.dispose()
    if outcome.faults:
        raise outcome.faults[0]
    with owner_session(store.owner) as session:
        twice = session.scalar(
            text("""
                select count(*) from (select 1 from visit where campaign_id = :c
                                       group by round_no, household_id having count(*) > 1) t"""),
            {"c": campaign},
        )
        visits = session.scalar(text("select count(*) from visit where campaign_id = :c"), {"c": campaign})
    if twice or visits != len(outcome.won):
        raise AnswersDiffer(f"{twice} households visited twice; {visits} visits of {len(outcome.won)} reservations")
    asked = len(outcome.won) + len(outcome.refused)
    told = f"{CLIENTS} clients, {asked:,} asked for {CONTESTED} households in each of two rounds, {load_average()}"
    return [
        Figure("households visited twice in a round", float(twice or 0), "", 0, conditions=told),
        Figure(
            "reservations asked for",
            asked / passed,
            "a second",
            conditions=f"{len(outcome.won):,} given and visited, {len(outcome.refused):,} refused; {told}",
        ),
    ]


def _client(number, engine, store, campaign, homes, start, outcome) -> None:  # type: ignore[no-untyped-def]
    """One phone: it asks for households in an order of its own and goes where it may."""
    name = f"bench_client_{number}"
    token = f"token-of-{name}-{store.settings.app_url.database}"
    kinds = [kind for kind in kinds_of({"visitor": list(KINDS)}) if not kind.repeats]
    kind = kinds[number % len(kinds)]
    order = random.Random(number)
    try:
        with engine.connect() as connection:
            start.wait()
            for round_no in (1, 2):
                for home in order.sample(homes, TRIES):
                    with Session(connection) as session, session.begin():
                        row = enter(session, token)
                        assert row is not None
                        who = Asker(
                            row.account_id, row.username, row.full_name, Role(row.role), None, read_ranges(row.duty)
                        )
                        try:
                            take(session, who, campaign, round_no, home, kind)
                        except CannotReserve as refusal:
                            outcome.refused.append(str(refusal.details["found"]))
                            continue
                    with Session(connection) as session, session.begin():
                        enter(session, token)
                        session.execute(
                            _VISIT,
                            {"key": f"{CODE}:{uuid.uuid4()}", "c": campaign, "r": round_no, "h": home, "who": name},
                        )
                    outcome.won.append((round_no, home, name))
    except BaseException as fault:  # noqa: BLE001 - raised again by the one who measures
        outcome.faults.append(fault)


_VISIT = text("""
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, minutes, verdict,
                       counts, visitor)
    select gen_random_uuid(), :key, :c, :r, id, jur, 'home', 'done', 30, 'valid', true, :who
      from household where id = :h""")

if __name__ == "__main__":
    sys.exit(alone(run))
