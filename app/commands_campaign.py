"""Campaigns on the command line: checking a work plan, loading it, showing what it says and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.terminal import LANG, as_owner, print_json, rate_in_words, words
from geo.counting import counted, form
from geo.errors import Text

if TYPE_CHECKING:
    from data.campaign_changes import Counts, Preview

_FILE = click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.toml")
_JSON = click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))


@click.group(help=words("行动：核对、载入、查看实施方案", "Campaigns: check, load and show work plans"))
def campaign() -> None:
    """Campaigns."""


@campaign.command(
    help=words("核对实施方案：哪一行、哪个字段、应为什么", "Check a work plan: line, field, what is expected")
)
@_FILE
@_JSON
def check(plan: Path, as_json: bool) -> None:
    """Check a work plan; exit status 1 if it has faults."""
    from data.campaigns import read_plan_file
    from data.rules.plan_contradictions import find_contradictions
    from data.rules.plan_reading import read_text

    reading = read_text(read_plan_file(plan))
    contradictions = [] if reading.faults else find_contradictions(reading)
    if as_json:
        print_json(
            {
                "faults": [
                    {"line": one.line, "field": one.field, "found": one.found, "expected": _said(one.expected)}
                    for one in reading.faults
                ],
                "contradictions": [
                    {
                        "line": one.line,
                        "field": one.field,
                        "text": _said(one.text),
                        "clause": one.clause,
                        "clause_ref": one.clause_ref,
                        "counted": one.counted,
                    }
                    for one in contradictions
                ],
            }
        )
    else:
        for fault in reading.faults:
            click.echo(_said(fault.sentence))
        for one in contradictions:
            click.echo(
                words("矛盾  ", "Contradiction  ")
                + words(f"第 {one.line} 行", f"line {one.line}")
                + f"  {_said(one.text)}"
            )
        if not reading.faults:
            click.echo(words("方案可以载入。", "The plan can be loaded."))
    sys.exit(1 if reading.faults else 0)


@campaign.command(
    help=words(
        "载入实施方案。已有的行动先列出影响，确认后才应用",
        "Load a work plan. What it changes in a campaign that is there is shown first, and applied when confirmed",
    )
)
@_FILE
@click.option("--area", help=words("辖区代码；默认全部", "code of the area; everywhere by default"))
@click.option("--note", help=words("修改原因", "why it is changed"))
@click.option("--yes", is_flag=True, help=words("不再询问", "do not ask"))
@_JSON
def load(plan: Path, area: str | None, note: str | None, yes: bool, as_json: bool) -> None:
    """Load a work plan."""
    from data.areas import area_range
    from data.campaign_versions import apply_plan, preview_for
    from data.campaigns import read_plan_file
    from data.db import owner_session
    from data.imports.limits import Limits
    from data.rules.plan import PlanError, plan_of
    from data.rules.plan_reading import read_text

    told = read_plan_file(plan)
    reading = read_text(told)
    if reading.faults:
        # Each of them, as `check` tells them: whoever mends a plan mends all at once.
        for fault in reading.faults:
            click.echo(_said(fault.sentence), err=True)
        raise PlanError(reading.faults)
    read = plan_of(reading, told)
    with as_owner() as (_, engine):
        with owner_session(engine) as session:
            jurisdiction = area_range(session, area)
            preview = preview_for(session, read, jurisdiction, Limits())
        if not as_json:
            _tell(preview)
        agreed = not preview.version or yes or (not as_json and _asked())
        if not agreed:
            if as_json:
                print_json({"applied": False, "preview": preview.as_json()})
            else:
                click.echo(words("没有应用。确认请加 --yes。", "Not applied. Add --yes to confirm."), err=True)
            sys.exit(1)
        with owner_session(engine) as session:
            done = apply_plan(session, read, preview.revision, jurisdiction, note=note)
    if as_json:
        print_json(
            {
                "applied": True,
                "campaign": done.code,
                "version": done.version,
                "visits": done.visits,
                "preview": preview.as_json(),
            }
        )
        return
    click.echo(
        words(
            f"{done.code} 第 {done.version} 版，{done.visits} 次走访改判。",
            f"{done.code}, version {done.version}; {counted(done.visits, 'visit is', 'visits are')} judged otherwise.",
        )
    )


@campaign.command("list", help=words("列出行动", "List the campaigns"))
@_JSON
def list_(as_json: bool) -> None:
    """List the campaigns."""
    from data.campaigns import list_campaigns, list_rounds
    from data.db import owner_session

    with as_owner() as (_, engine), owner_session(engine) as session:
        rows = [
            {
                "id": one.id,
                "code": one.code,
                "name": words(one.name_zh, one.name_en),
                "version": one.version,
                "target": one.target,
                "rounds": len(list_rounds(session, one.id)),
            }
            for one in list_campaigns(session)
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        rounds = words(f"{row['rounds']} 轮", counted(row["rounds"], "round"))
        version = words(f"第 {row['version']} 版", f"version {row['version']}")
        click.echo(f"{row['id']}  {row['code']}  {row['name']}  {rounds}  {version}")


@campaign.command(help=words("行动的对象、轮次、阶段与规则", "What a campaign is: cohorts, rounds, stages, rules"))
@click.argument("wanted", metavar="ID")
@_JSON
def show(wanted: str, as_json: bool) -> None:
    """Show a campaign."""
    from app.view import today
    from data.campaign_summary import summarise
    from data.campaigns import find_campaign
    from data.db import owner_session

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = summarise(session, find_campaign(session, wanted), today())
    if as_json:
        print_json(found)
        return
    from data.rules.plan_differences import rules_of, words_of

    version = words(f"第 {found['version']} 版", f"version {found['version']}")
    click.echo(f"{found['code']}  {words(found['name_zh'], found['name_en'])}  {version}")
    for one in found["rounds"]:
        click.echo(
            f"  {one['no']}  {words(one['name_zh'], one['name_en'])}  {_days(one)}  "
            f"{rate_in_words(one['ratio'], one['target'])} ({one['visited']}/{one['eligible']})  {one['cohort']}"
        )
    for rule in rules_of(found["plan"]).values():
        where = f"  [{rule.clause_ref}]" if rule.clause_ref else ""
        clause = f"  “{rule.clause}”" if rule.clause else ""
        click.echo(f"  {rule.name}  {_said(words_of(rule.name))}  {rule.value}{clause}{where}")


@campaign.command(
    help=words("一条规则：数字、条款、自哪一版、决定了多少", "A rule: number, clause, since when, what it decides")
)
@click.argument("wanted", metavar="ID")
@click.argument("rule")
@_JSON
def explain(wanted: str, rule: str, as_json: bool) -> None:
    """Explain a rule of a campaign."""
    from data.campaign_versions import explain_rules
    from data.campaigns import find_campaign
    from data.db import owner_session

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = explain_rules(session, find_campaign(session, wanted), rule)
    if as_json:
        print_json([one.as_json(LANG) for one in found])
        return
    for one in found:
        click.echo(f"{one.rule.name} = {one.rule.value}")
        if one.rule.clause:
            click.echo(f"  “{one.rule.clause}”" + (f"  {one.rule.clause_ref}" if one.rule.clause_ref else ""))
        click.echo(
            words(f"  自第 {one.since} 版（{one.since_at[:10]}）", f"  since version {one.since} ({one.since_at[:10]})")
        )
        click.echo(words("  决定：", "  decides: ") + _said(one.decides))
        if one.visits is not None:
            click.echo(
                words(
                    f"  {one.visits} 次走访因它而定", f"  {counted(one.visits, 'visit is', 'visits are')} decided by it"
                )
            )
        if one.households is not None:
            click.echo(words(f"  {one.households} 户", f"  {counted(one.households, 'household')}"))


def _said(text: Text) -> str:
    return text.in_language(LANG)


def _asked() -> bool:
    """Ask whether to apply, where somebody can answer."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(words("应用？", "Apply?"), default=False)


def _tell(preview: Preview) -> None:
    """A preview in lines."""
    if preview.version:
        click.echo(words(f"现为第 {preview.version} 版。应用后：", f"Now version {preview.version}. Applied, it will:"))
    for one in preview.differences:
        click.echo(f"  {one.rule}: {_value(one.before)} → {_value(one.after)}")
    for way in preview.ways:
        click.echo(
            words(f"  {way['visits']} 次走访改判", f"  {counted(way['visits'], 'visit')} judged otherwise")
            + f"  {way['before']} → {way['after']}  ({', '.join(way['rules'])})"
        )
    for change in preview.rounds:
        name = words(change.name_zh, change.name_en)
        moves = words(
            f"进 {change.joins} 户，出 {change.leaves} 户；新计入 {change.gains} 户，不再计入 {change.loses} 户",
            f"{counted(change.joins, 'household joins', 'households join')}, "
            f"{counted(change.leaves, 'leaves', 'leave')}; "
            f"{counted(change.gains, 'becomes', 'become')} visited, "
            f"{change.loses} no longer {form(change.loses, 'is', 'are')}",
        )
        click.echo(f"  {change.no} {name}: {_counts(change.before)} → {_counts(change.after)}  {moves}")
    if preview.rounds_kept:
        kept = ", ".join(map(str, preview.rounds_kept))
        click.echo(words(f"  第 {kept} 轮方案中没有，保留", f"  not in the plan and kept: round {kept}"))


def _value(value: Any) -> str:
    return "—" if value is None else str(value)


def _counts(counts: Counts | None) -> str:
    return "—" if counts is None else f"{counts.visited}/{counts.eligible}"


def _days(one: dict[str, Any]) -> str:
    return f"{one['starts_on'] or '…'} – {one['ends_on'] or '…'}"
