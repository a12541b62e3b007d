"""Sites of concern: what is seen is added, its state follows, and what the database guards whoever writes."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown, Role
from data.concern_acts import ConcernUnfit, charge, observe
from data.concerns import ConcernWish, concern_file, concern_page, count_concerns
from data.local_time import ZONE, today
from data.rules.concerns import SEEN, standing
from data.settings import Settings
from data.sync.photos import keep_photo_bytes, photo_path, sweep_photos
from tests.township import SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def desk(owner: Session) -> Asker:
    key = owner.scalar(
        text("""insert into account (username, full_name, role, password_hash, jur, jur_end)
                values ('desk_of_concerns', '测主管', 'supervisor', 'x', :lo, :hi) returning id"""),
        {"lo": EVERYWHERE[0], "hi": EVERYWHERE[1]},
    )
    return Asker(int(key), "desk_of_concerns", "测主管", Role.SUPERVISOR, None, (EVERYWHERE,))


def site(
    owner: Session, town: SmallTownship, desk: Asker, kind: str = "ruin", home: str = "H1", ago: int = 60,
    state: str = "accepted",
) -> int:  # fmt: skip
    """A mark found so many days ago; its number."""
    at = datetime.combine(today() - timedelta(days=ago), time(9), ZONE)
    return int(
        owner.scalar(
            text("""
                insert into mark (id, kind, account_id, marked_by, jur, at, state, quality)
                select :id, :kind, :account, '测走访', jur, :at, :state, 7 from household where id = :home
                returning no"""),
            {
                "id": uuid.uuid4(),
                "kind": kind,
                "account": desk.account_id,
                "at": at,
                "state": state,
                "home": town.households[home],
            },
        )
        or 0
    )


def look(owner: Session, desk: Asker, no: int, ago: int, seen: str, **other: object) -> int:
    return observe(owner, desk, no, on_day=today() - timedelta(days=ago), seen=seen, **other)  # type: ignore[arg-type]


def stands(owner: Session, no: int) -> tuple[str, int]:
    row = owner.execute(text("select concern_state, relapses from mark where no = :no"), {"no": no}).one()
    return row.concern_state, row.relapses


def test_the_database_and_the_rule_decide_alike(owner: Session, town: SmallTownship, desk: Asker) -> None:
    for seen in itertools.product(SEEN, repeat=4):
        no = site(owner, town, desk)
        for days, one in zip((40, 30, 20, 10), seen, strict=True):
            look(owner, desk, no, days, one)
        states = standing(seen)
        relapses = sum(a == "cleared" and b == "relapsed" for a, b in itertools.pairwise(states))
        assert stands(owner, no) == (states[-1], relapses), seen


def test_a_look_entered_late_takes_its_place_by_its_day(owner: Session, town: SmallTownship, desk: Asker) -> None:
    no = site(owner, town, desk)
    look(owner, desk, no, 2, "untouched")
    assert stands(owner, no) == ("untouched", 0)
    look(owner, desk, no, 9, "cleared")
    assert stands(owner, no) == ("relapsed", 1)


def test_a_mistake_is_superseded_and_stays(owner: Session, town: SmallTownship, desk: Asker) -> None:
    no = site(owner, town, desk)
    wrong = look(owner, desk, no, 9, "cleared")
    look(owner, desk, no, 2, "untouched")
    with pytest.raises(ConcernUnfit) as refused:
        look(owner, desk, no, 9, "clearing", supersedes=wrong)
    assert refused.value.details["column"] == "note"
    look(owner, desk, no, 9, "clearing", supersedes=wrong, note="看错了地方")
    assert stands(owner, no) == ("untouched", 0)
    with pytest.raises(ConcernUnfit, match="superseded already"):
        look(owner, desk, no, 9, "clearing", supersedes=wrong, note="再来一次")
    seen = concern_file(owner, desk, no, today())["observations"]
    assert [(one["seen"], one["state"], one["superseded_by"] is None) for one in seen] == [
        ("untouched", "untouched", True),
        ("clearing", "clearing", True),
        ("cleared", None, False),
    ]


def test_days_before_it_was_found_or_to_come_are_refused(owner: Session, town: SmallTownship, desk: Asker) -> None:
    no = site(owner, town, desk, ago=5)
    for days in (6, -1):
        with pytest.raises(ConcernUnfit) as refused:
            look(owner, desk, no, days, "cleared")
        assert refused.value.details["column"] == "on_day"
        with pytest.raises(IntegrityError), owner.begin_nested():
            owner.execute(
                text("""insert into concern_observation (mark_id, jur, on_day, seen, observer)
                        select id, jur, :day, 'cleared', 'a' from mark where no = :no"""),
                {"no": no, "day": today() - timedelta(days=days)},
            )
    look(owner, desk, no, 5, "cleared")
    look(owner, desk, no, 0, "cleared")


def test_only_accepted_marks_of_the_four_kinds_are_sites(owner: Session, town: SmallTownship, desk: Asker) -> None:
    for kind, state in (("ruin", "proposed"), ("ruin", "refused"), ("new_house", "accepted")):
        no = site(owner, town, desk, kind, state=state)
        with pytest.raises(RecordUnknown):
            look(owner, desk, no, 1, "cleared")
        with pytest.raises(RecordUnknown):
            concern_file(owner, desk, no, today())
        with pytest.raises(IntegrityError), owner.begin_nested():
            owner.execute(
                text("""insert into concern_observation (mark_id, jur, on_day, seen, observer)
                        select id, jur, :day, 'cleared', 'a' from mark where no = :no"""),
                {"no": no, "day": today()},
            )
    counts = count_concerns(owner, EVERYWHERE, today())
    assert (counts.total.found, counts.waiting) == (0, 1)


def test_counts_and_order(owner: Session, town: SmallTownship, desk: Asker) -> None:
    day = today()
    cleared, relapsed, overdue, week, fresh = (
        site(owner, town, desk, k) for k in ("ruin", "ruin", "waste", "waste", "illegal")
    )
    look(owner, desk, cleared, 1, "cleared")
    charge(owner, cleared, responsible="甲", due_on=day - timedelta(days=3))  # cleared: not overdue
    look(owner, desk, relapsed, 9, "cleared")
    look(owner, desk, relapsed, 1, "clearing")
    look(owner, desk, overdue, 7, "clearing")  # seven days ago: not due yet
    charge(owner, overdue, responsible="乙", due_on=day - timedelta(days=1))
    look(owner, desk, week, 8, "clearing")
    charge(owner, week, responsible=None, due_on=day)  # its last day
    look(owner, desk, fresh, 0, "untouched")
    found = concern_page(owner, ConcernWish(), day)
    assert [row["no"] for row in found.rows] == [relapsed, overdue, week, fresh, cleared]
    counts = count_concerns(owner, EVERYWHERE, day)
    assert (counts.total.found, counts.total.by["cleared"], counts.total.by["relapsed"]) == (5, 1, 1)
    assert (counts.total.overdue, counts.total.unseen) == (1, 1)
    assert {kind: one.found for kind, one in counts.kinds.items()} == {
        "ruin": 2,
        "abandoned": 0,
        "illegal": 1,
        "waste": 2,
    }
    assert sum(one.found for one in counts.villages.values()) == 5
    code = next(code for code, _name in counts.villages)
    for wish, rows in (
        (ConcernWish(overdue=True), [overdue]),
        (ConcernWish(unseen=True), [week]),
        (ConcernWish(state="relapsed"), [relapsed]),
        (ConcernWish(kind="waste"), [overdue, week]),
        (ConcernWish(village=str(code)), [relapsed, overdue, week, fresh, cleared]),
        (ConcernWish(village="0"), []),
    ):
        assert [row["no"] for row in concern_page(owner, wish, day).rows] == rows


def test_a_deadline_before_it_was_found_is_refused(owner: Session, town: SmallTownship, desk: Asker) -> None:
    no = site(owner, town, desk, ago=3)
    with pytest.raises(ConcernUnfit) as refused:
        charge(owner, no, responsible="甲", due_on=today() - timedelta(days=4))
    assert refused.value.details["column"] == "due_on"


def test_what_was_seen_moves_with_its_mark(owner: Session, town: SmallTownship, desk: Asker) -> None:
    no = site(owner, town, desk)
    look(owner, desk, no, 1, "cleared")
    owner.execute(
        text("update mark set jur = (select jur from household where id = :home) where no = :no"),
        {"home": town.households["H6"], "no": no},
    )
    same = text("select o.jur = m.jur from concern_observation o join mark m on m.id = o.mark_id where m.no = :no")
    assert owner.scalar(same, {"no": no})


def test_a_photograph_of_an_observation_is_not_swept_away(
    owner: Session, town: SmallTownship, desk: Asker, settings: Settings
) -> None:
    import os

    from data.sealing import load_sealer

    sealer, no = load_sealer(settings.key_file), site(owner, town, desk)
    kept, lost = uuid.uuid4(), uuid.uuid4()
    lost = uuid.UUID(hex=kept.hex[:2] + lost.hex[2:])
    for one in (kept, lost):
        keep_photo_bytes(settings, sealer, one, b"a picture")
        os.utime(photo_path(settings, one), (0, 0))
    owner.execute(
        text("""insert into attachment (id, jur, mark_id, kind, file_name, content_type, size_bytes, sha256)
                select :id, jur, id, 'concern', 'a', 'image/jpeg', 1, '\\x00' from mark where no = :no"""),
        {"id": kept, "no": no},
    )
    sweep_photos(owner.connection(), settings, int(kept.hex[:2], 16))
    assert photo_path(settings, kept).exists()
    assert not photo_path(settings, lost).exists()
    photo_path(settings, kept).unlink()
