"""A visit that is added to its household's standing leaves what counting all of its visits gives."""

from __future__ import annotations

import random
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.township import SmallTownship, make_township

# Each with what makes a difference to a standing: whether and how it counts, when it was, and who made it.
VERDICTS = (
    *(("valid", "home", "done"), ("valid", "phone", "done"), ("valid", "wechat", "done")),
    *(("too_short", "home", "nobody_home"), ("too_short", "home", "refused"), ("too_short", "home", "long_away")),
    *(("too_short", "home", "done"), ("ruled_false", "home", "done"), ("void", "home", "refused")),
)
TIMES = (None, "2026-05-01 23:30+08", "2026-05-02 00:30+08", "2026-05-02 10:00+08", "2026-05-03 10:00+08")
KINDS = (None, " ", "村干部", "镇干部", "B", "a")


def add_visit(session: Session, town: SmallTownship, household: int, **told: Any) -> None:
    session.execute(
        text("""
            insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, visitor_kind, started_at,
                               ended_at, mode, outcome, verdict, counts, suspect, superseded_by)
            select :id, cast(:id as text), :campaign, 1, h.id, h.jur, :kind, cast(:started as timestamptz),
                   cast(:ended as timestamptz), :mode, :outcome, :verdict, :verdict = 'valid', :suspect,
                   case when :replaced then cast(:id as uuid) end
              from household h where h.id = :household"""),
        {"id": str(uuid.uuid4()), "campaign": town.campaign_id, "household": household, **told},
    )


def test_visits_one_by_one_leave_what_all_of_them_together_say(owner: Session) -> None:
    town = make_township(owner)
    homes = owner.scalars(
        text("select household_id from standing where campaign_id = :id and round_no = 1 order by 1 limit 4"),
        {"id": town.campaign_id},
    ).all()
    chance = random.Random(11)
    seen = set()
    for number in range(240):
        if number % 60 == 0:
            # What stands before the first visit is a case of its own.
            owner.execute(text("delete from visit where household_id = any (:ids)"), {"ids": list(homes)})
        verdict, mode, outcome = chance.choice(VERDICTS)
        add_visit(
            owner,
            town,
            chance.choice(homes),
            kind=chance.choice(KINDS),
            started=chance.choice(TIMES),
            ended=chance.choice(TIMES),
            mode=mode,
            outcome=outcome,
            verdict=verdict,
            suspect=["batch"] if chance.random() < 0.3 else [],
            replaced=chance.random() < 0.1,
        )
        columns = "status, visits, valid_visits, first_valid_on, last_visit_at, kinds"
        stands, counted = (
            owner.execute(
                text(f"""
                    select household_id, {columns} from {source}
                     where campaign_id = :id and round_no = 1 and household_id = any (:homes) and visits > 0
                     order by 1"""),
                {"id": town.campaign_id, "homes": list(homes)},
            ).all()
            for source in ("standing", "visit_facts")
        )
        assert stands == counted, (number, verdict, mode, outcome)
        seen |= {row.status for row in stands}
    assert seen == {1, 2, 3, 4, 5, 6, 7}, "every way to stand was come by"


def test_each_visit_is_told_to_the_folder_once(owner: Session) -> None:
    town = make_township(owner)
    owner.execute(text("select fold_changes()"))
    home = owner.scalar(text("select min(household_id) from standing where status = 0 and round_no = 1"))
    told = {"kind": None, "started": TIMES[3], "ended": None, "suspect": [], "replaced": False}
    add_visit(owner, town, home, mode="home", outcome="done", verdict="valid", **told)
    changes = owner.execute(text("select n, status from standing_change order by n")).all()
    assert [tuple(row) for row in changes] == [(-1, 0), (1, 1)]
    # One that says nothing moves nobody, and is still told for the tally of visits.
    add_visit(owner, town, home, mode="home", outcome="done", verdict="void", **told)
    assert owner.scalar(text("select count(*) from standing_change where n = 0")) == 1
