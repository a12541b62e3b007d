"""Past days: days of visits follow every correction, and what was shown at the end of a day stays as it was shown."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from data.areas import assign_places, number_range, settle_jurisdiction
from data.campaigns import open_campaign
from data.coverage import coverage_by_area, coverage_total, known_since
from data.folding import fold_now
from data.heat import NOT_VISITED, UNDATED, as_flat, heat_cells, heat_days
from data.history import (
    DayCount,
    DayUnknown,
    days_of_places,
    read_day,
    span_of,
    visited_by_area_and_day,
    visited_by_day,
    visited_on_days,
)
from data.judging import judge_again
from data.recheck import recheck
from data.rules.plan import read_plan
from data.settings import ROOT
from data.tables import CoverageDayFolded, CoverageShownFolded, Household, Visit
from tests.township import PLAN, SOUTH, STEP, TOWNSHIP, VILLAGES, WEST, SmallTownship, add_visit, make_township

MAY_1 = date(2026, 5, 1)
STEPS = 40


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


def today(owner: Session) -> date:
    found = owner.scalar(text("select day_of_change()"))
    assert isinstance(found, date)
    return found


def a_day_passes(owner: Session) -> None:
    """What became known today becomes known yesterday, and so on: the same as if the clock had gone on."""
    owner.flush()
    # Out of the way first, since a row may not take the place of one that has not moved yet.
    fold_now(owner)
    owner.execute(text("update coverage_shown_folded set day = day + 1000"))
    owner.execute(text("update coverage_shown_folded set day = day - 1001"))
    owner.execute(text("update coverage_known set since = since - 1"))
    owner.expire_all()


def shown(owner: Session, town: SmallTownship, day: date) -> dict[str | None, tuple[int, int]]:
    rows = coverage_by_area(owner, town.campaign_id, 1, "village", within=number_range(TOWNSHIP), as_of=day)
    assert all(row.known for row in rows)
    return {row.code: (row.visited, row.eligible) for row in rows}


def days(owner: Session, town: SmallTownship, code: str = TOWNSHIP) -> dict[date | None, int]:
    owner.flush()
    return dict(visited_by_day(owner, town.campaign_id, 1, number_range(code)))


def assert_it_adds_up(owner: Session) -> None:
    """Both tables against coverage, row by row, and everything against the recount."""
    owner.flush()
    kept = set(
        owner.execute(
            text("""
                select campaign_id, round_no, jur, group_id, sum(eligible)::integer, sum(visited)::integer
                  from coverage group by 1, 2, 3, 4 having sum(eligible) <> 0""")
        ).tuples()
    )
    by_shown = set(
        owner.execute(
            text("""
                select campaign_id, round_no, jur, group_id, sum(eligible)::integer, sum(visited)::integer
                  from coverage_shown group by 1, 2, 3, 4 having sum(eligible) <> 0 or sum(visited) <> 0""")
        ).tuples()
    )
    assert by_shown == kept
    by_day = set(
        owner.execute(
            text("""
                select campaign_id, round_no, jur, group_id, sum(visited)::integer from coverage_day
                 group by 1, 2, 3, 4 having sum(visited) <> 0""")
        ).tuples()
    )
    assert by_day == {(*row[:4], row[5]) for row in kept if row[5]}
    found = recheck(owner)
    assert found["drift"] == 0, found["checks"]


def on_day(day: date) -> dict[str, datetime]:
    start = datetime(day.year, day.month, day.day, 2, 0, tzinfo=UTC)
    return {"started_at": start, "ended_at": start + timedelta(minutes=30)}


def visit_on(owner: Session, town: SmallTownship, name: str, household: str, day: date, minutes: float = 30) -> Visit:
    visit = add_visit(owner, town, name, household, minutes=minutes)
    visit.started_at, visit.ended_at = on_day(day).values()
    owner.flush()
    return visit


def test_visited_households_stand_at_the_day_of_their_first_valid_visit(owner: Session, town: SmallTownship) -> None:
    assert days(owner, town) == {MAY_1: 2}
    visit_on(owner, town, "later", "H8", date(2026, 5, 9))
    visit_on(owner, town, "again", "H8", date(2026, 5, 11))
    assert days(owner, town) == {MAY_1: 2, date(2026, 5, 9): 1}
    assert days(owner, town, VILLAGES[2]) == {date(2026, 5, 9): 1}
    assert_it_adds_up(owner)


def test_an_earlier_visit_moves_the_day_and_a_void_one_moves_it_back(owner: Session, town: SmallTownship) -> None:
    visit_on(owner, town, "late", "H8", date(2026, 5, 9))
    early = visit_on(owner, town, "early", "H8", date(2026, 4, 3))
    assert days(owner, town, VILLAGES[2]) == {date(2026, 4, 3): 1}
    early.ruling, early.verdict, early.counts = "void", "void", False
    assert days(owner, town, VILLAGES[2]) == {date(2026, 5, 9): 1}
    assert_it_adds_up(owner)


def test_a_visit_late_in_the_evening_in_greenwich_is_on_the_next_day_here(owner: Session, town: SmallTownship) -> None:
    visit = add_visit(owner, town, "night", "H8")
    visit.started_at = datetime(2026, 5, 9, 16, 0, tzinfo=UTC)
    visit.ended_at = visit.started_at + timedelta(minutes=30)
    assert days(owner, town, VILLAGES[2]) == {date(2026, 5, 10): 1}


def test_a_valid_visit_without_a_time_has_no_day_and_is_counted_first(owner: Session, town: SmallTownship) -> None:
    visit = add_visit(owner, town, "undated", "H8")
    visit.started_at = visit.ended_at = None
    assert list(days(owner, town).items()) == [(None, 1), (MAY_1, 2)]
    keys = (owner, town.campaign_id, 1, number_range(TOWNSHIP))
    assert visited_by_day(*keys, first=date(2026, 1, 1)) == [DayCount(MAY_1, 2)]
    assert visited_by_day(*keys, last=date(2026, 4, 30)) == []
    assert_it_adds_up(owner)


def test_days_of_areas_add_up_to_their_coverage(owner: Session, town: SmallTownship) -> None:
    visit_on(owner, town, "one", "H8", date(2026, 5, 9))
    places = days_of_places(owner, town.campaign_id, 1)
    for by in ("township", "village", "grid"):
        found = visited_by_area_and_day(owner, places, by).by_area()
        rows = coverage_by_area(owner, town.campaign_id, 1, by)
        assert {key: sum(n for _, n in counts) for key, counts in found.items()} == {
            row.id: row.visited for row in rows if row.id and row.visited
        }
    inside = visited_by_area_and_day(owner, places, "village", duty=(number_range(VILLAGES[2]),)).by_area()
    assert inside == {town.areas[VILLAGES[2]]: [DayCount(date(2026, 5, 9), 1)]}


def test_days_added_up_in_the_program_are_those_of_the_database(owner: Session, town: SmallTownship) -> None:
    visit_on(owner, town, "one", "H8", date(2026, 5, 9))
    undated = add_visit(owner, town, "two", "H7")
    undated.started_at = undated.ended_at = None
    owner.flush()
    places = days_of_places(owner, town.campaign_id, 1)
    for code in (TOWNSHIP, VILLAGES[1], VILLAGES[2]):
        within = number_range(code)
        assert visited_on_days(places, within) == visited_by_day(owner, town.campaign_id, 1, within) != []
    village = visited_by_area_and_day(owner, places, "village").by_area()
    assert village[town.areas[VILLAGES[1]]] == [DayCount(None, 1)]


def test_heat_by_day_adds_up_to_the_heat_of_now(owner: Session, town: SmallTownship) -> None:
    visit_on(owner, town, "one", "H8", date(2026, 5, 9))
    flat = as_flat(heat_days(owner, town.campaign_id, 1, date(2026, 4, 30)))
    rows = [tuple(flat[i : i + 4]) for i in range(0, len(flat), 4)]
    for kind, wanted in (("visited", True), ("unvisited", False)):
        sums: dict[tuple[int, int], int] = {}
        for x, y, day, n in rows:
            if (day != NOT_VISITED) == wanted:
                sums[x, y] = sums.get((x, y), 0) + n
        cells = as_flat(heat_cells(owner, town.campaign_id, 1, kind))
        assert sums == {(cells[i], cells[i + 1]): cells[i + 2] for i in range(0, len(cells), 3)}
    assert sorted(day for _, _, day, _ in rows if day != NOT_VISITED) == [1, 1, 9]


def test_heat_of_a_visit_of_no_known_day_is_undated(owner: Session, town: SmallTownship) -> None:
    before = as_flat(heat_days(owner, town.campaign_id, 1, date(2026, 4, 30)))
    visit = add_visit(owner, town, "one", "H8", minutes=30)
    visit.started_at = visit.ended_at = None
    owner.flush()
    flat = as_flat(heat_days(owner, town.campaign_id, 1, date(2026, 4, 30)))
    assert (before[2::4].count(UNDATED), flat[2::4].count(UNDATED)) == (0, 1)
    assert sum(before[3::4]) == sum(flat[3::4])


def test_a_past_day_stays_as_it_was_shown(owner: Session, town: SmallTownship) -> None:
    first = today(owner)
    before = shown(owner, town, first)
    assert before == {VILLAGES[0]: (2, 5), VILLAGES[1]: (0, 3), VILLAGES[2]: (0, 1), None: (0, 1)}
    a_day_passes(owner)
    visit = owner.get_one(Visit, town.visits["V3"])
    visit.ruling, visit.verdict, visit.counts = "false", "ruled_false", False
    owner.execute(text("update household set removed_at = now() where id = :id"), {"id": town.households["H8"]})
    owner.flush()
    assert shown(owner, town, first - timedelta(days=1)) == before
    assert shown(owner, town, first)[VILLAGES[0]] == (1, 5)
    assert shown(owner, town, first)[VILLAGES[2]] == (0, 0)
    total = coverage_total(owner, town.campaign_id, 1, as_of=first - timedelta(days=1))
    assert (total.visited, total.eligible, total.ratio) == (2, 10, 0.2)
    assert_it_adds_up(owner)


def test_the_day_of_the_visit_does_not_change_what_was_shown(owner: Session, town: SmallTownship) -> None:
    a_day_passes(owner)
    yesterday = today(owner) - timedelta(days=1)
    visit_on(owner, town, "of long ago", "H8", date(2026, 3, 1))
    assert shown(owner, town, yesterday)[VILLAGES[2]] == (0, 1)
    assert shown(owner, town, today(owner))[VILLAGES[2]] == (1, 1)
    assert days(owner, town, VILLAGES[2]) == {date(2026, 3, 1): 1}


def test_before_anything_was_kept_nothing_is_known(owner: Session, town: SmallTownship) -> None:
    since = known_since(owner, town.campaign_id, 1)
    assert since == today(owner)
    before = since - timedelta(days=1)
    total = coverage_total(owner, town.campaign_id, 1, as_of=before)
    assert (total.known, total.known_since, total.ratio) == (False, since, None)
    told = total.as_json()
    assert {told[name] for name in ("eligible", "visited", "remaining", "ratio")} == {None}
    assert told["known_since"] == since.isoformat()
    rows = coverage_by_area(owner, town.campaign_id, 1, "village", as_of=before)
    assert [row.code for row in rows] == list(VILLAGES)
    assert {row.known for row in rows} == {False}
    assert set(total.as_json()) == set(coverage_total(owner, town.campaign_id, 1).as_json())


def test_a_round_opened_later_is_known_from_its_own_day(owner: Session, town: SmallTownship) -> None:
    a_day_passes(owner)
    second = PLAN.replace("[visit]", '[[round]]\nno = 2\nname_zh = "第二轮"\nname_en = "Round two"\n[visit]')
    open_campaign(owner, read_plan(second), number_range(TOWNSHIP))
    assert known_since(owner, town.campaign_id, 1) == today(owner) - timedelta(days=1)
    assert known_since(owner, town.campaign_id, 2) == today(owner)
    assert coverage_total(owner, town.campaign_id, 2, as_of=today(owner)).eligible == 10
    assert_it_adds_up(owner)


def test_a_deleted_campaign_takes_its_history_along(owner: Session, town: SmallTownship) -> None:
    owner.execute(delete(Visit))
    owner.execute(text("delete from campaign where id = :id"), {"id": town.campaign_id})
    assert owner.query(CoverageDayFolded).count() == owner.query(CoverageShownFolded).count() == 0
    assert owner.scalar(text("select count(*) from coverage_known")) == 0


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("update coverage_day_folded set visited = visited + 1", "coverage_by_day"),
        ("update coverage_day_folded set day = day + 1", "coverage_by_day"),
        ("update coverage_shown_folded set visited = visited + 1 where visited > 0", "coverage_as_shown"),
        ("update coverage_shown_folded set day = day - 1", "coverage_known_since"),
        ("update heat_folded set cells = cells || cells", "heat"),
        ("update owner_tally_folded set remaining = remaining + 1", "owner_tallies"),
    ],
)
def test_recheck_tells_of_drift(owner: Session, town: SmallTownship, sql: str, check: str) -> None:
    fold_now(owner)
    owner.execute(text(sql))
    found = recheck(owner)["checks"]
    assert {name for name, rows in found.items() if rows} == {check}


def test_an_existing_installation_is_filled_from_what_is_stored(owner: Session, town: SmallTownship) -> None:
    visit_on(owner, town, "one", "H8", date(2026, 5, 9))
    a_day_passes(owner)
    wanted = days(owner, town)
    fold_now(owner)
    for table in ("coverage_day_folded", "coverage_shown_folded", "coverage_known"):
        owner.execute(text(f"delete from {table}"))
    script = (ROOT / "data/migrations/sql/0003_history.sql").read_text(encoding="utf-8")
    fill = script.split("-- What is stored already", 1)[1].split("do $$", 1)[0].split("\n", 1)[1]
    # The tables bore the names of the numbers then.
    for table in ("coverage_day", "coverage_shown"):
        fill = fill.replace(f"into public.{table} ", f"into public.{table}_folded ")
    owner.execute(text(fill))
    assert days(owner, town) == wanted
    assert known_since(owner, town.campaign_id, 1) == today(owner)
    assert shown(owner, town, today(owner))[VILLAGES[2]] == (1, 1)
    assert_it_adds_up(owner)


@pytest.mark.parametrize("words", ["yesterday", "2026-13-01", "2026-2-3", "20261112", "2026-W10-1", "", "2026-11-12x"])
def test_what_is_no_day_is_refused_in_words(words: str) -> None:
    with pytest.raises(DayUnknown, match="2026-11-12"):
        read_day(words, date(2026, 11, 26))


def test_a_day_to_come_is_refused_and_today_is_not() -> None:
    with pytest.raises(DayUnknown, match="2026-11-26"):
        read_day("2026-11-27", date(2026, 11, 26))
    assert read_day("2026-11-26", date(2026, 11, 26)) == date(2026, 11, 26)


def test_the_days_to_play_are_the_round_as_far_as_it_has_gone() -> None:
    counts = [DayCount(None, 3), DayCount(date(2026, 3, 4), 1), DayCount(date(2026, 3, 9), 1)]
    now = date(2026, 11, 26)
    assert span_of(counts, None, None, now) == (date(2026, 3, 3), now)
    assert span_of(counts, date(2026, 3, 1), date(2026, 6, 30), now) == (date(2026, 2, 28), date(2026, 6, 30))
    assert span_of(counts, date(2026, 3, 6), date(2026, 3, 8), now) == (date(2026, 3, 3), date(2026, 3, 9))
    assert span_of(counts[:1], date(2026, 3, 1), None, now) is None


class Chance:
    """Random acts on the township through the paths that exist, each with its effect on what is kept."""

    def __init__(self, owner: Session, town: SmallTownship, seed: int) -> None:
        self.owner, self.town, self.roll = owner, town, random.Random(seed)
        self.made = 0
        self.hamlets: list[int] = []

    def act(self) -> str:
        acts = [self.visit, self.visit, self.visit, self.rule, self.supersede, self.delete, self.remove, self.move,
                self.change_day, self.hamlet, self.change_rule, self.new_household, self.hand_over]  # fmt: skip
        chosen = self.roll.choice(acts)
        chosen()
        self.owner.flush()
        self.owner.execute(text("set constraints all immediate"))
        self.owner.execute(text("set constraints all deferred"))
        self.owner.expire_all()
        return chosen.__name__

    def any_visit(self) -> Visit | None:
        visits = self.owner.query(Visit).order_by(Visit.no).all()
        return self.roll.choice(visits) if visits else None

    def any_household(self) -> int:
        return self.roll.choice(sorted(self.town.households.values()))

    def visit(self) -> None:
        self.made += 1
        name = self.roll.choice(sorted(self.town.households))
        day = date(2026, 3, 1) + timedelta(days=self.roll.randrange(60))
        visit_on(self.owner, self.town, f"chance-{self.made}", name, day, minutes=self.roll.choice([29, 30, 45]))
        judge_again(self.owner, self.town.campaign_id)  # the plan may ask for more minutes by now

    def rule(self) -> None:
        """A person rules a visit void or false, or takes the ruling back."""
        visit = self.any_visit()
        if visit is not None:
            visit.ruling = None if visit.ruling else self.roll.choice(["void", "false"])
            self.owner.flush()
            judge_again(self.owner, self.town.campaign_id)

    def supersede(self) -> None:
        visit = self.any_visit()
        if visit is not None:
            visit.superseded_by = None if visit.superseded_by else self.roll.choice(sorted(self.town.visits.values()))

    def delete(self) -> None:
        visit = self.any_visit()
        if visit is not None:
            self.owner.execute(delete(Visit).where(Visit.id == visit.id))

    def remove(self) -> None:
        """A household leaves the cohort, or comes back."""
        self.owner.execute(
            text("update household set removed_at = case when removed_at is null then now() end where id = :id"),
            {"id": self.any_household()},
        )

    def move(self) -> None:
        """A household is placed elsewhere, also outside every village."""
        key = self.any_household()
        lon, lat = WEST + self.roll.uniform(-0.2, 3.2) * STEP, SOUTH + self.roll.random() * STEP
        self.owner.execute(
            text("update household set geom = st_setsrid(st_makepoint(:lon, :lat), 4326), quality = 3 where id = :id"),
            {"lon": lon, "lat": lat, "id": key},
        )
        for act in (assign_places, settle_jurisdiction):
            act(self.owner, "household", where="h.id = :id", params={"id": key})

    def change_day(self) -> None:
        visit = self.any_visit()
        if visit is not None:
            visit.started_at = self.roll.choice([None, datetime(2026, 4, self.roll.randrange(1, 30), tzinfo=UTC)])

    def hamlet(self) -> None:
        """A household changes its natural village."""
        if not self.hamlets:
            for n in (1, 2):
                jur = number_range(VILLAGES[0])
                self.hamlets.append(
                    self.owner.execute(
                        text("""insert into area (code, name, level, jur, jur_end, parent_id)
                                values (:code, :code, 'natural_village', :lo, :hi, :parent) returning id"""),
                        {
                            "code": f"{VILLAGES[0]}#{n}",
                            "lo": jur[0],
                            "hi": jur[1],
                            "parent": self.town.areas[VILLAGES[0]],
                        },
                    ).scalar_one()
                )
        self.owner.execute(
            text("update household set group_id = :group where id = :id"),
            {"group": self.roll.choice([None, *self.hamlets]), "id": self.any_household()},
        )

    def change_rule(self) -> None:
        minutes = self.roll.choice([20, 30, 40])
        plan = PLAN.replace("min_minutes = 30", f"min_minutes = {minutes}")
        open_campaign(self.owner, read_plan(plan), number_range(TOWNSHIP))
        judge_again(self.owner, self.town.campaign_id)

    def new_household(self) -> None:
        self.made += 1
        village = self.roll.choice(VILLAGES)
        key = self.owner.execute(
            text("""insert into household (natural_key, head_name, jur, village_id)
                    select :key, '褚测', jur, id from area where code = :code returning id"""),
            {"key": f"chance-{self.made}", "code": village},
        ).scalar_one()
        self.town.households[f"new-{self.made}"] = key

    def hand_over(self) -> None:
        """A visit turns out to have been at another household."""
        visit = self.any_visit()
        if visit is not None:
            home = self.owner.get_one(Household, self.any_household())
            visit.household_id, visit.jur = home.id, home.jur


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_everything_adds_up_and_past_days_stay(owner: Session, town: SmallTownship, seed: int) -> None:
    chance = Chance(owner, town, seed)
    kept: dict[date, tuple[int, int]] = {}
    done = []
    for number in range(STEPS):
        done.append(chance.act())
        assert_it_adds_up(owner)
        now = today(owner)
        for day, figures in kept.items():
            total = coverage_total(owner, town.campaign_id, 1, as_of=day)
            assert (total.visited, total.eligible) == figures, done
        total = coverage_total(owner, town.campaign_id, 1)
        at_once = coverage_total(owner, town.campaign_id, 1, as_of=now)
        assert (at_once.visited, at_once.eligible) == (total.visited, total.eligible)
        if number % 5 == 4:
            a_day_passes(owner)
            kept = {day - timedelta(days=1): figures for day, figures in kept.items()}
            kept[now - timedelta(days=1)] = (total.visited, total.eligible)
    assert len(set(done)) > 8
