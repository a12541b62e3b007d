"""What in a problem of routes contradicts itself; what merely cannot be visited is told in the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.errors import Text
from geo.routing.terms import MOST_HOUSEHOLDS, TOP_PRIORITY, Done, Household, Inspector, Lock, ProblemError, clock

if TYPE_CHECKING:
    from geo.routing.problem import Problem


def check_problem(problem: Problem) -> None:
    """Refuse a problem that contradicts itself.

    Raises
    ------
    ProblemError
        Naming who is concerned, what was found and what is expected. What merely cannot be visited is no contradiction:
        it is told in the plan.
    """
    if not problem.inspectors:
        raise ProblemError(Text("没有走访员：至少要有一名。", "No inspector: there has to be at least one."))
    if not problem.households:
        raise ProblemError(Text("没有农户：至少要有一户。", "No household: there has to be at least one."))
    if not problem.days:
        raise ProblemError(Text("没有日期：至少要有一天。", "No day: there has to be at least one."))
    if len(problem.households) > MOST_HOUSEHOLDS:
        raise ProblemError(
            Text(
                f"有 {len(problem.households):,} 户，一次最多规划 {MOST_HOUSEHOLDS:,} 户；请按乡镇分开。",
                f"{len(problem.households):,} households; one plan takes {MOST_HOUSEHOLDS:,} at most. Plan by "
                f"township.",
            ),
            found=len(problem.households),
            expected=MOST_HOUSEHOLDS,
        )
    _check_ids(problem)
    for inspector in problem.inspectors:
        _check_inspector(problem, inspector)
    for household in problem.households:
        _check_household(problem, household)
    _check_bonds(problem)


def _check_ids(problem: Problem) -> None:
    for zh, en, many, known in (
        ("农户", "household", problem.households, problem.by_household),
        ("走访员", "inspector", problem.inspectors, problem.by_inspector),
    ):
        if len(many) != len(known):
            seen: set[str] = set()
            twice = next(one.id for one in many if one.id in seen or seen.add(one.id))  # type: ignore[func-returns-value]
            raise ProblemError(
                Text(f"{zh}编号“{twice}”出现了两次。", f"The {en} id “{twice}” is there twice."), found=twice
            )


def refused(zh: str, en: str, who: str, what: Text) -> ProblemError:
    """A refusal that names who is concerned."""
    return ProblemError(Text(f"{zh}“{who}”：{what.zh}", f"{en} “{who}”: {what.en}"), id=who)


def _check_inspector(problem: Problem, one: Inspector) -> None:
    def wrong(zh: str, en: str) -> ProblemError:
        return refused("走访员", "Inspector", one.id, Text(zh, en))

    for place in (one.start, one.end):
        if not 0 <= place < problem.travel.places:
            raise wrong(
                f"地点 {place} 不在 0 到 {problem.travel.places - 1} 之间。",
                f"place {place} is not among 0 to {problem.travel.places - 1}.",
            )
    if not 0 <= one.mode < len(problem.travel.modes):
        raise wrong("没有这种出行方式。", "there is no such way of moving.")
    taken: list[int] = []
    for shift in one.shifts:
        if shift.begins >= shift.ends:
            raise wrong(
                f"上班 {clock(shift.begins)} 不早于下班 {clock(shift.ends)}。",
                f"the shift begins at {clock(shift.begins)}, not before its end {clock(shift.ends)}.",
            )
        taken += _days_of(problem, shift.day, wrong)
    if len(taken) != len(set(taken)):
        raise wrong("同一天有两个班次，只能有一个。", "two shifts on one day; there may be one.")
    for pause in one.breaks:
        _days_of(problem, pause.day, wrong)
        if pause.opens > pause.closes or pause.seconds < 0:
            raise wrong(
                f"休息 {clock(pause.opens)}–{clock(pause.closes)} 的起止颠倒。",
                f"the break from {clock(pause.opens)} to {clock(pause.closes)} ends before it begins.",
            )
    if one.most_visits is not None and one.most_visits < 0:
        raise wrong("每天最多户数不能小于 0。", "most visits a day cannot be below 0.")


def _check_household(problem: Problem, one: Household) -> None:
    def wrong(zh: str, en: str) -> ProblemError:
        return refused("农户", "Household", one.id, Text(zh, en))

    if not 0 <= one.place < problem.travel.places:
        raise wrong(
            f"地点 {one.place} 不在 0 到 {problem.travel.places - 1} 之间。",
            f"place {one.place} is not among 0 to {problem.travel.places - 1}.",
        )
    if not 0 <= one.priority <= TOP_PRIORITY:
        raise wrong(
            f"优先级 {one.priority} 不在 0 到 {TOP_PRIORITY} 之间。",
            f"priority {one.priority} is not between 0 and {TOP_PRIORITY}.",
        )
    if one.service_s < 0 or one.load < 0:
        raise wrong("访问时长和物品不能小于 0。", "minutes of a visit and load cannot be below 0.")
    for window in one.windows:
        _days_of(problem, window.day, wrong)
        if window.opens > window.closes:
            raise wrong(
                f"时段里没有可以开始访问的时刻：最早 {clock(window.opens)}，最晚 {clock(window.closes)}。",
                f"no moment to begin in a window: {clock(window.opens)} at the earliest, {clock(window.closes)} at "
                "the latest.",
            )
    for who in (one.inspector,):
        if who is not None and who not in problem.by_inspector:
            raise wrong(f"指定的走访员“{who}”不在名单中。", f"the named inspector “{who}” is not in the list.")


def _check_bonds(problem: Problem) -> None:
    def known(household: str | None, inspectors: tuple[str | None, ...], what: Text) -> None:
        if household is not None and household not in problem.by_household:
            raise ProblemError(
                Text(f"{what.zh}：没有农户“{household}”。", f"{what.en}: there is no household “{household}”.")
            )
        for one in inspectors:
            if one is not None and one not in problem.by_inspector:
                raise ProblemError(
                    Text(f"{what.zh}：没有走访员“{one}”。", f"{what.en}: there is no inspector “{one}”.")
                )

    def day_of(day: int | None, what: Text) -> None:
        if day is not None and not 0 <= day < len(problem.days):
            raise ProblemError(
                Text(f"{what.zh}：没有第 {day + 1} 天。", f"{what.en}: there is no day {day + 1}."), found=day
            )

    going: set[tuple[str, int]] = set()
    for pair in problem.pairs:
        known(None, (pair.lead, pair.companion), Text("陪同", "pairs"))
        for day in pair.days or ():
            day_of(day, Text("陪同", "pairs"))
        for day in range(len(problem.days)) if pair.days is None else pair.days:
            for who in (pair.lead, pair.companion):
                if (who, day) in going:
                    raise ProblemError(
                        Text(f"走访员“{who}”同一天有两个搭档。", f"Inspector “{who}” is in two pairs on one day."),
                        found=who,
                    )
                going.add((who, day))
    seen: set[str] = set()
    bonds: tuple[Lock | Done, ...] = (*problem.locks, *problem.done)
    for bond in bonds:
        what = Text("锁定", "locks") if isinstance(bond, Lock) else Text("已完成", "done")
        known(bond.household, (bond.inspector,), what)
        day_of(bond.day, what)
        if bond.household in seen:
            raise ProblemError(
                Text(
                    f"农户“{bond.household}”有两条锁定或完成记录。",
                    f"Household “{bond.household}” is locked or done twice.",
                ),
                found=bond.household,
            )
        seen.add(bond.household)
    if problem.now is not None:
        day_of(problem.now.day, Text("现在", "now"))


def _days_of(problem: Problem, day: int | None, wrong: object) -> list[int]:
    if day is None:
        return list(range(len(problem.days)))
    if not 0 <= day < len(problem.days):
        raise wrong(f"没有第 {day + 1} 天。", f"there is no day {day + 1}.")  # type: ignore[operator]
    return [day]
