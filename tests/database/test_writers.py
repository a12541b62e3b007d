"""Eight people write at once: what is kept is what a recount finds, and a killed writer leaves no trace."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from data.areas import assign_places, hold_boundaries, number_range, reassign_within, settle_jurisdiction
from data.db import OPTIONS, owner_engine
from data.folding import fold, fold_now
from data.imports.run import IMPORT_LOCK
from data.judging import judge_again
from data.recheck import recheck
from data.rules.plan import VisitRule
from data.rules.validity import VisitFacts, check_visit
from data.tables import Campaign
from tests.conftest import fresh_database
from tests.township import SOUTH, TOWNSHIP, VILLAGES, WEST, SmallTownship, make_township, square

WRITERS = 8
HOMES = 40
GROUPS = ("lone_elder", "hardship")
KINDS = ("村干部", "镇干部", " ", None)
MODES = (
    ("home", "done", None),
    ("phone", "done", "外出务工"),
    ("home", "nobody_home", None),
    ("home", "refused", None),
)
# Two writers may have to give way to one another: theirs is taken back whole, as if it had not been.
GIVES_WAY = ("40P01", "40001")


@dataclass
class Place:
    """A committed township with many households, and how many acts were done and taken back."""

    owner: Engine
    campaign: int
    done: int = 0
    gave_way: int = 0

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with Session(self.owner) as session, session.begin():
            yield session


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    owner = owner_engine(fresh_database("fangtu_test_writers"))
    # A connection for each writer.
    pool = create_engine(owner.url, poolclass=NullPool, connect_args={"options": f"{OPTIONS} -c role=fangtu_owner"})
    with Session(owner) as session, session.begin():
        town: SmallTownship = make_township(session)
        session.execute(
            text("""
                insert into household (natural_key, code, head_name, jur, quality, geom, key_groups)
                select 'w:' || n, 'W' || n, '某' || n, :jur, 3,
                       st_setsrid(st_makepoint(:west + 0.0298 * random(), :south + 0.01 * random()), 4326),
                       case n % 3 when 0 then array['lone_elder'] when 1 then array['lone_elder', 'hardship']
                           else '{}' end
                  from generate_series(1, :homes) n"""),
            {"jur": number_range(TOWNSHIP)[0], "west": WEST, "south": SOUTH, "homes": HOMES},
        )
        assign_places(session, "household")
        settle_jurisdiction(session, "household")
    yield Place(pool, town.campaign_id)
    pool.dispose()
    owner.dispose()


def visit(session: Session, place: Place, chance: random.Random) -> None:
    """A visit to some household, judged by the rule as it stands; sometimes to no known one."""
    plan = session.scalar(text("select plan from campaign where id = :id for share"), {"id": place.campaign})
    code = f"W{chance.randint(1, HOMES)}"
    # A household that moves while its visit is written refuses the visit; so it is held.
    session.execute(text("select 1 from household where code = :code for no key update"), {"code": code})
    mode, outcome, reason = chance.choice(MODES)
    minutes = chance.choice([5.0, 29.0, 31.0, 45.0])
    verdict = check_visit(VisitFacts(mode, outcome, minutes, reason, None, None), VisitRule.from_plan(plan))
    session.execute(
        text("""
            insert into visit (id, natural_key, campaign_id, round_no, household_id, household_ref, jur, visitor_kind,
                               started_at, ended_at, minutes, mode, outcome, reason, verdict, counts, suspect)
            select :id, cast(:id as text), :campaign, 1, h.id, h.ref, h.jur, :kind, cast(:day as timestamptz),
                   cast(:day as timestamptz), :minutes, :mode, :outcome, :reason, :verdict, :verdict = 'valid', :suspect
              from (select id, null as ref, jur from household where :known and code = :code
                    union all select null, 'H404', :nowhere where not :known) h"""),
        {
            "id": str(uuid.uuid4()),
            "campaign": place.campaign,
            "kind": chance.choice(KINDS),
            "day": chance.choice([None, "2026-05-01 10:00+08", "2026-05-02 10:00+08"]),
            "minutes": minutes,
            "mode": mode,
            "outcome": outcome,
            "reason": reason,
            "verdict": verdict,
            "suspect": ["batch"] if chance.random() < 0.2 else [],
            "known": chance.random() < 0.9,
            "code": code,
            "nowhere": number_range(TOWNSHIP)[0],
        },
    )


def _some_visit(chance: random.Random) -> str:
    # By place in the order of their keys; there are few.
    place = f"(select count(*) from visit) * {chance.randrange(100)} / 100"
    return f"(select id from visit order by id offset {place} limit 1)"


def rule_on(session: Session, place: Place, chance: random.Random) -> None:
    """A person rules on a visit: false, void, accepted, or the ruling is taken back."""
    plan = session.scalar(text("select plan from campaign where id = :id for share"), {"id": place.campaign})
    row = session.execute(
        text(f"""select id, mode, outcome, minutes, reason, source_status from visit
                  where id = {_some_visit(chance)} for update""")
    ).first()
    if row is None:
        return
    ruling = chance.choice(["false", None])
    verdict = check_visit(VisitFacts(*row[1:], ruling), VisitRule.from_plan(plan))
    session.execute(
        text("update visit set ruling = :ruling, verdict = :verdict, counts = :verdict = 'valid' where id = :id"),
        {"ruling": ruling, "verdict": verdict, "id": row.id},
    )


def supersede(session: Session, place: Place, chance: random.Random) -> None:
    """A corrected visit takes the place of another, or gives it back."""
    session.execute(
        text(f"""update visit set superseded_by = case when superseded_by is null then id end
                  where id = {_some_visit(chance)}""")
    )


def hand_over(session: Session, place: Place, chance: random.Random) -> None:
    """A visit turns out to have been at another household."""
    code = f"W{chance.randint(1, HOMES)}"
    session.execute(text("select 1 from household where code = :code for no key update"), {"code": code})
    session.execute(
        text(f"""update visit v set household_id = h.id, jur = h.jur from household h
                  where h.code = :code and v.id = {_some_visit(chance)}"""),
        {"code": code},
    )


def take_out(session: Session, place: Place, chance: random.Random) -> None:
    """A visit is deleted."""
    session.execute(text(f"delete from visit where id = {_some_visit(chance)}"))


def take_out_many(session: Session, place: Place, chance: random.Random) -> None:
    """Every third visit is deleted in one statement."""
    session.execute(text("delete from visit where no % 3 = :part"), {"part": chance.randrange(3)})


def move(session: Session, place: Place, chance: random.Random) -> None:
    """A household is placed elsewhere, maybe outside everything."""
    hold_boundaries(session)
    codes = {f"c{n}": f"W{chance.randint(1, HOMES)}" for n in range(3)}
    session.execute(text("select 1 from household where code in (:c0, :c1, :c2) order by id for update"), codes)
    session.execute(
        text("""update household set geom = st_setsrid(st_makepoint(:lon, :lat), 4326), quality = :quality
                 where code in (:c0, :c1, :c2)"""),
        {
            **codes,
            "lon": WEST + 0.031 * chance.random(),
            "lat": SOUTH + 0.01 * chance.random(),
            "quality": chance.choice([1, 3, 5]),
        },
    )
    assign_places(session, "household", where="h.code in (:c0, :c1, :c2)", params=codes)
    settle_jurisdiction(session, "household", where="h.code in (:c0, :c1, :c2)", params=codes)


def go_or_return(session: Session, place: Place, chance: random.Random) -> None:
    """A household leaves the denominator or comes back, and its key groups change."""
    session.execute(
        text("""update household set removed_at = case when removed_at is null then now() end, key_groups = :groups
                 where code = :code"""),
        {"code": f"W{chance.randint(1, HOMES)}", "groups": chance.sample(GROUPS, chance.randint(0, 2))},
    )


def move_a_border(session: Session, place: Place, chance: random.Random) -> None:
    """The border between two grids, or between two villages, moves."""
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    hold_boundaries(session, change=True)
    if chance.random() < 0.5:
        border = WEST + 0.001 * chance.randint(3, 7)
        shapes = {"990101001001001": (WEST, border), "990101001001002": (border, WEST + 0.01)}
        for code, (west, east) in shapes.items():
            session.execute(
                text("update grid set geom = st_geomfromewkt(:shape) where code = :code"),
                {"shape": square(west, SOUTH, east, SOUTH + 0.01), "code": code},
            )
        reassign_within(session, square(WEST, SOUTH, WEST + 0.01, SOUTH + 0.01))
    else:
        border = WEST + 0.01 + 0.001 * chance.randint(1, 9)
        ends = {VILLAGES[1]: (WEST + 0.01, border), VILLAGES[2]: (border, WEST + 0.03)}
        for code, (west, east) in ends.items():
            session.execute(
                text("update area set geom = st_geomfromewkt(:shape) where code = :code"),
                {"shape": square(west, SOUTH, east, SOUTH + 0.01), "code": code},
            )
        reassign_within(session, square(WEST + 0.01, SOUTH, WEST + 0.03, SOUTH + 0.01))


def change_the_rule(session: Session, place: Place, chance: random.Random) -> None:
    """The shortest visit that counts becomes another, and every visit is judged again."""
    campaign = session.get(Campaign, place.campaign, with_for_update=True)
    assert campaign is not None
    campaign.plan = {**campaign.plan, "visit": {**campaign.plan["visit"], "min_minutes": chance.choice([20, 30, 40])}}
    session.flush()
    judge_again(session, place.campaign)


def change_the_cohort(session: Session, place: Place, chance: random.Random) -> None:
    """The round becomes one for other households."""
    session.execute(
        text("""update round set cohort_rule = :rule, cohort_groups = :groups, cohort_since = '2020-01-01'
                 where campaign_id = :campaign"""),
        {
            "rule": chance.choice(["all_households", "all_households", "key_groups", "renovated", "new_renovation"]),
            "groups": chance.sample(GROUPS, 1),
            "campaign": place.campaign,
        },
    )


def renovate(session: Session, place: Place, chance: random.Random) -> None:
    """A renovation begins at some household, goes on, or is struck out."""
    code = f"W{chance.randint(1, HOMES)}"
    # A household that moves while its site is written refuses the site; so it is held.
    session.execute(text("select 1 from household where code = :code for no key update"), {"code": code})
    stage = chance.choice(["found", "approved", "completed", "paid"])
    day = chance.choice([None, "2019-05-01", "2026-05-01"])
    if chance.random() < 0.2:
        session.execute(
            text("""delete from renovation_site s using household h
                     where h.code = :code and s.household_id = h.id"""),
            {"code": code},
        )
        return
    session.execute(
        text("""insert into renovation_site as s (natural_key, household_id, jur, method, stage, completed_on)
                select 'w:' || h.code, h.id, h.jur, 'repair', :stage, cast(:day as date) from household h
                 where h.code = :code
                on conflict (natural_key)
                   do update set stage = excluded.stage, completed_on = excluded.completed_on"""),
        {"code": code, "stage": stage, "day": day},
    )


def fold_in(session: Session, place: Place, chance: random.Random) -> None:
    """The folder works between."""
    fold_now(session)


ACTS: dict[str, Callable[[Session, Place, random.Random], None]] = {
    one.__name__: one
    for one in (
        visit, rule_on, supersede, hand_over, take_out, take_out_many, move, go_or_return, move_a_border,
        change_the_rule, change_the_cohort, renovate, fold_in,
    )
}  # fmt: skip
MOST_OFTEN = [*ACTS, *["visit"] * 12, *["move", "go_or_return", "rule_on", "hand_over", "renovate"] * 2]


def act(place: Place, name: str, seed: int) -> None:
    """One act in a transaction of its own; one that has to give way is taken back."""
    try:
        with place.writing() as session:
            ACTS[name](session, place, random.Random(seed))
        place.done += 1
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) not in GIVES_WAY:
            raise
        place.gave_way += 1


def at_once(place: Place, lines: list[list[tuple[str, int]]]) -> None:
    """Each writer does the acts of its line, all writers at the same time."""
    faults: list[Exception] = []
    ready = threading.Barrier(len(lines))

    def write(line: list[tuple[str, int]]) -> None:
        ready.wait()
        try:
            for name, seed in line:
                act(place, name, seed)
        except Exception as error:  # noqa: BLE001 (told to the test, which stands in another thread)
            faults.append(error)

    threads = [threading.Thread(target=write, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def drift(place: Place) -> dict[str, int]:
    with place.writing() as session:
        return {name: n for name, n in recheck(session)["checks"].items() if n}


def test_counts_are_those_of_a_recount_whatever_eight_writers_do(place: Place) -> None:
    acts = st.tuples(st.sampled_from(MOST_OFTEN), st.integers(0, 2**32))

    class Writers(RuleBasedStateMachine):
        """Each step is eight writers at once; what was written stays for the next."""

        @initialize(lines=st.lists(st.lists(acts, min_size=2, max_size=4), min_size=WRITERS, max_size=WRITERS))
        def begin(self, lines: list[list[tuple[str, int]]]) -> None:
            at_once(place, lines)

        @rule(lines=st.lists(st.lists(acts, min_size=2, max_size=4), min_size=WRITERS, max_size=WRITERS))
        def write(self, lines: list[list[tuple[str, int]]]) -> None:
            at_once(place, lines)

        @rule()
        def fold_in(self) -> None:
            fold(place.owner)

        @invariant()
        def nothing_drifts(self) -> None:
            assert drift(place) == {}

    run_state_machine_as_test(
        Writers,
        settings=settings(
            max_examples=4,
            stateful_step_count=4,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,  # how much is written is the same each time, whoever comes first
            # Who comes first is another one each time: a fault is told as it was found.
            phases=[Phase.generate],
        ),
    )
    assert place.done > 3 * place.gave_way, "most acts are done, few give way to one another"
    assert place.done > 40, "four examples begin with at least sixteen acts each"


def test_two_visits_of_one_household_at_once_are_both_counted(place: Place) -> None:
    """The second waits for the first and sees it; each alone would count one."""
    with place.writing() as session:
        session.execute(text("delete from visit"))
        home, jur = session.execute(text("select id, jur from household where code = 'W1' for update")).one()
        session.execute(text("update household set removed_at = null where id = :id"), {"id": home})

    def insert(session: Session, kind: str) -> None:
        session.execute(
            text("""insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome,
                                       minutes, verdict, counts, visitor_kind)
                    values (gen_random_uuid(), :kind, :c, 1, :h, :j, 'home', 'done', 60, 'valid', true, :kind)"""),
            {"kind": kind, "c": place.campaign, "h": home, "j": jur},
        )

    def second() -> None:
        with place.writing() as session:
            insert(session, "镇干部")

    waiting = threading.Thread(target=second)
    with place.writing() as session:
        insert(session, "村干部")
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive(), "it waits until the first is committed"
    waiting.join(20)
    with place.writing() as session:
        row = session.execute(text("select visits, kinds from standing where household_id = :h"), {"h": home}).one()
    assert row == (2, ["村干部", "镇干部"])
    assert drift(place) == {}


def test_writers_of_one_grid_do_not_wait_for_one_another(place: Place) -> None:
    with place.writing() as session:
        homes = session.execute(
            text("""select id, jur from household
                     where jur = (select jur from household group by 1 order by count(*) desc limit 1)""")
        ).all()
    assert len(homes) > 1
    with place.writing() as one, place.writing() as other:
        for number, (session, home) in enumerate(zip((one, other), homes, strict=False)):
            session.execute(text("set local lock_timeout = '2s'"))
            session.execute(
                text("""insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome,
                                           minutes, verdict, counts)
                        values (gen_random_uuid(), :key, :c, 1, :h, :j, 'home', 'done', 60, 'valid', true)"""),
                {"key": f"side by side {number}", "c": place.campaign, "h": home.id, "j": home.jur},
            )
    assert drift(place) == {}


@pytest.mark.parametrize(
    "name",
    ["visit", "move", "move_a_border", "change_the_rule", "change_the_cohort", "renovate", "take_out_many", "fold_in"],
)
def test_a_killed_writer_leaves_no_trace(place: Place, name: str) -> None:
    for seed in range(4):
        act(place, "visit", seed + 1000)
    tables = ["visit", "household", "standing", "standing_change", "coverage_folded", "coverage_part_folded", "cell"]
    tables += ["grid", "area", "campaign", "map_version"]

    def held() -> dict[str, list[str]]:
        with place.writing() as session:
            return {
                table: list(session.scalars(text(f"select t::text from {table} t order by t::text")))
                for table in tables
            }

    before = held()

    def be_killed() -> None:
        with place.writing() as session:
            pid = session.scalar(text("select pg_backend_pid()"))
            ACTS[name](session, place, random.Random(7))
            with place.owner.connect() as other:
                other.execute(text("set role none"))
                assert other.scalar(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            session.execute(text("select 1"))

    with pytest.raises(DBAPIError):
        be_killed()
    assert held() == before
    assert drift(place) == {}
    act(place, name, 7)
    assert drift(place) == {}
