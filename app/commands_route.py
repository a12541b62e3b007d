"""Routes on the command line: plan the visits of a problem or of a round, and check a plan without the planner."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.terminal import LANG, as_owner, print_json, say, words
from data.local_time import today
from geo.counting import counted
from geo.errors import Text

if TYPE_CHECKING:
    from geo.routing.plan import Plan
    from geo.routing.solve import Progress
    from geo.routing.verdict import Verdict

_SHOWN = 20
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(help=words("走访路线：规划与核对", "Routes: plan visits, check a plan"))
def route() -> None:
    """Routes."""


@route.command(help=words("规划走访路线（Solomon 实例或 JSON）", "Plan visits (an instance of Solomon, or JSON)"))
@click.argument("problem", type=_FILE)
@click.option("--out", type=_FILE, required=True, help=words("把方案写到这个文件", "file for the plan"))
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=3600),
    default=10.0,
    show_default=True,
    help=words("最多用多少秒", "seconds it may take"),
)
@click.option(
    "--rounds",
    type=click.IntRange(0, 1_000_000),
    help=words("改进多少轮（代替 --seconds，结果可重复）", "rounds of improvement instead of --seconds; repeatable"),
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help=words("种子；相同的种子得到相同的方案", "seed of the search")
)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def solve(problem: Path, out: Path, seconds: float, rounds: int | None, seed: int, as_json: bool) -> None:
    """Plan, check the plan, write it; exit status 1 if a rule is broken. Ctrl-C keeps the best plan so far."""
    # Set before numpy is loaded: two processes plan at a time, and threads of libraries would only be in their way.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from geo.routing.explain import explain_plan
    from geo.routing.reading import load_problem
    from geo.routing.solve import solve as plan_visits
    from geo.routing.verify import verify_plan

    given = load_problem(problem)
    asked_to_end: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: asked_to_end.append(number))
    try:
        plan = plan_visits(
            given,
            seconds=seconds,
            rounds=rounds,
            seed=seed,
            progress=_teller(given.time_unit),
            cancelled=lambda: bool(asked_to_end),
        )
    finally:
        signal.signal(signal.SIGINT, before)
    verdict = verify_plan(given, plan)
    reasons = explain_plan(given, plan, named=True)
    # Ids and times only: names of people stay in the problem.
    told = plan.as_json() | {"reasons": [one.as_json(LANG) for one in reasons]}
    out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    result = {"out": str(out), "estimated": given.travel.estimated, "unit": given.time_unit, **verdict.as_json(LANG)}
    if as_json:
        print_json(result | {"reasons": told["reasons"]})
    else:
        _print(verdict, given.time_unit)
        for reason in reasons[:_SHOWN]:
            click.echo(reason.text.in_language(LANG) + _remedy(reason, LANG))
        if len(reasons) > _SHOWN:
            more = len(reasons) - _SHOWN
            click.echo(words(f"另有 {more} 户，见 {out}。", f"{more} more in {out}."))
    if not verdict.good:
        sys.exit(1)


def _remedy(reason: Any, language: str) -> str:
    if reason.remedy is None:
        return ""
    return words(" 办法：", " Remedy: ") + reason.remedy.text.in_language(language) + words("。", ".")


@route.command(help=words("核对方案是否遵守问题的全部规则", "Check a plan against all rules of its problem"))
@click.argument("problem", type=_FILE)
@click.argument("plan", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def verify(problem: Path, plan: Path, as_json: bool) -> None:
    """Check a plan; exit status 1 if a rule is broken."""
    from geo.routing.reading import load_problem
    from geo.routing.reading_plans import load_plan
    from geo.routing.verify import verify_plan

    given = load_problem(problem)
    planned: Plan = load_plan(plan)
    verdict = verify_plan(given, planned)
    if as_json:
        print_json(verdict.as_json(LANG))
    else:
        _print(verdict, given.time_unit)
    if not verdict.good:
        sys.exit(1)


@route.command(name="plan", help=words("规划一轮走访的路线并保存", "Plan routes of a round and keep them"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option("--area", help=words("辖区代码；默认整个行动", "code of the area; the whole campaign by default"))
@click.option(
    "--inspectors",
    default="",
    help=words("走访员的登录名，用逗号分开；默认辖区内全部", "sign-in names, with commas; all by default"),
)
@click.option(
    "--days", type=click.IntRange(1, 31), default=1, show_default=True, help=words("规划几天", "how many days")
)
@click.option(
    "--from",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    help=words("第一天；默认明天", "first day; tomorrow by default"),
)
@click.option("--late", is_flag=True, help=words("只安排逾期的户", "only households that are overdue"))
@click.option(
    "--seconds",
    type=click.IntRange(1, 300),
    help=words("最多用多少秒，代替轮数", "seconds it may take"),
)
@click.option(
    "--rounds", type=click.IntRange(0, 2000), help=words("改进多少轮；默认按户数", "rounds of improvement; by size")
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help=words("种子", "seed of the search"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def plan_command(
    campaign: str | None,
    round_no: str | None,
    area: str | None,
    inspectors: str,
    days: int,
    first: datetime | None,
    late: bool,
    seconds: int | None,
    rounds: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Choose, solve in this process, keep; a page or the worker is not needed."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from app.route_planning import plan_now

    names = [name.strip() for name in inspectors.split(",") if name.strip()]
    begin = first.date() if first is not None else today() + timedelta(days=1)
    body: dict[str, Any] = {
        "days": [(begin + timedelta(days=at)).isoformat() for at in range(days)],
        "households": {"late": late},
        "seed": seed,
    }
    body |= {name: value for name, value in (("rounds", rounds), ("seconds", seconds)) if value is not None}
    with as_owner() as (_, engine):
        told = plan_now(engine, campaign, round_no, area, names, body, LANG, say)
    if as_json:
        print_json(told)
        return
    sums = told["totals"]
    click.echo(
        words(
            f"方案 {told['id']}：安排 {sums['visits']} 户，未安排 {len(told['unplanned'])} 户，",
            f"Plan {told['id']}: {counted(sums['visits'], 'visit')}, {len(told['unplanned'])} left out, ",
        )
        + _way(sums["travel_s"], sums["travel_m"], "s").in_language(LANG)
    )
    for one in told["routes"]:
        click.echo(f"  {one['date']}  {one['inspector']['name']}  {one['visits']}")


def _way(seconds: int, metres: int, unit: str) -> Text:
    """Travel in words; instances without a clock have a distance only."""
    if unit != "s":
        return Text(f"总距离 {metres / 10:.1f}", f"total distance {metres / 10:.1f}")
    return Text(
        f"路程 {seconds / 60:.0f} 分钟、{metres / 1000:.1f} 公里",
        f"{seconds / 60:.0f} min and {metres / 1000:.1f} km of travel",
    )


def _teller(unit: str) -> Callable[[Progress], None]:
    def tell(found: Progress) -> None:
        parts = f"{found.done}/{found.total} " if found.total > 1 else ""
        way = _way(found.travel_s, found.travel_m, unit)
        say(
            Text(
                f"{parts}已安排 {found.visits} 户，权重 {found.weight}，{way.zh}",
                f"{parts}{counted(found.visits, 'visit')}, weight {found.weight}, {way.en}",
            )
        )

    return tell


def _print(verdict: Verdict, unit: str) -> None:
    way = _way(verdict.travel_s, verdict.travel_m, unit).in_language(LANG)
    click.echo(
        words(
            f"安排 {verdict.visits} 户，未安排 {verdict.unplanned} 户，权重 "
            f"{verdict.weight}/{verdict.weight_all}，{way}",
            f"{counted(verdict.visits, 'visit')}, {verdict.unplanned} left out, weight "
            f"{verdict.weight}/{verdict.weight_all}, {way}",
        )
    )
    if verdict.good:
        click.echo(words("核对通过：没有违反任何规则。", "Checked: no rule is broken."))
    for fault in verdict.violations[:_SHOWN]:
        click.echo(fault.text.in_language(LANG))
    if len(verdict.violations) > _SHOWN:
        more = len(verdict.violations) - _SHOWN
        click.echo(words(f"另有 {more} 处。", f"{more} more."))
