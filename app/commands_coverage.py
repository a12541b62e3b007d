"""Coverage and gap areas on the command line, as the pages show them."""

from __future__ import annotations

import click

from app.terminal import as_owner, print_json, rate_in_words, words
from data import local_time
from geo.counting import counted, form


@click.command(help=words("走访覆盖率", "Coverage of the visits"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option(
    "--by", default="village", type=click.Choice(["county", "township", "village", "group", "grid"]), show_default=True
)
@click.option("--as-of", metavar="YYYY-MM-DD", help=words("截至这一天结束时", "as shown at the end of this day"))
@click.option("--kind", default="", help=words("只计这类走访人员的走访", "only visits of this kind of visitor"))
@click.option("--key-group", default="", help=words("只计这类重点群体的农户", "only households of this key group"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def coverage(
    campaign: str | None, round_no: str | None, by: str, as_of: str | None, kind: str, key_group: str, as_json: bool
) -> None:
    """Coverage by area, now or as it was shown at the end of a day."""
    from dataclasses import asdict

    from data.campaigns import current_round, find_campaign, list_rounds, target_of
    from data.coverage import Part, coverage_by_area, coverage_by_part, coverage_total
    from data.db import owner_session
    from data.history import read_day

    today = local_time.today()
    day = None if as_of is None else read_day(as_of, today)
    with as_owner() as (_, engine), owner_session(engine) as session:
        chosen = find_campaign(session, campaign)
        rounds = list_rounds(session, chosen.id)
        number = current_round(rounds, round_no, today)
        part = Part(kind, key_group)
        rows = coverage_by_area(session, chosen.id, number, by, as_of=day, part=part)
        total = coverage_total(session, chosen.id, number, as_of=day, part=part)
        parts = [] if day else coverage_by_part(session, chosen.id, number)
        title = words(f"{chosen.name_zh} 第 {number} 轮", f"{chosen.name_en}, round {number}")
        target = target_of(chosen, next(one for one in rounds if one.no == number))
        told = {"campaign": chosen.code, "round": number, "by": by, "target": target, **asdict(part)}
        told["as_of"] = day.isoformat() if day else None
    if as_json:
        print_json(
            {
                **told,
                "total": total.as_json(),
                "rows": [row.as_json() for row in rows],
                "parts": [one.as_json() for one in parts],
            }
        )
        return
    if kind or key_group:
        title += words("，只计 ", ", only ") + " × ".join(name for name in (kind, key_group) if name)
    if day:
        title += words(f"，截至 {day}（当日所知）", f", as shown on {day}")
    click.echo(title)
    if not total.known:
        click.echo(
            words(
                f"未知：{total.known_since} 起才有记录。",
                f"Unknown: what was shown is kept from {total.known_since} on.",
            )
        )
        return
    for row in [*rows, total]:
        name = row.name or (words("合计", "Total") if row is total else words("不在所列辖区", "in none of them"))
        rate = rate_in_words(row.ratio, target)
        click.echo(f"{row.code or '':<16} {rate:>7}  {row.visited} / {row.eligible}  {name}")


@click.command(help=words("成片未访：未访户连成片的地方", "Gap areas: where unvisited households lie together"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option("--area", help=words("辖区代码", "code of the area"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def gaps(campaign: str | None, round_no: str | None, area: str | None, as_json: bool) -> None:
    """Gap areas of a round."""
    from data.areas import EVERYWHERE, area_range
    from data.campaigns import current_round, find_campaign, list_rounds
    from data.db import owner_session
    from data.gaps import gaps_of

    with as_owner() as (_, engine), owner_session(engine) as session:
        chosen = find_campaign(session, campaign)
        today = local_time.today()
        number = current_round(list_rounds(session, chosen.id), round_no, today)
        report = gaps_of(session, chosen, number, area_range(session, area), duty=(EVERYWHERE,))
        title = words(f"{chosen.name_zh} 第 {number} 轮", f"{chosen.name_en}, round {number}")
        told = {"campaign": chosen.code, "round": number, "area": area, **report.as_json()}
    if as_json:
        print_json(told)
        return
    click.echo(title)
    if report.too_many:
        click.echo(words("户数太多，请用 --area 指明下一级：", "Too many households; name an area below with --area:"))
        for one in report.below:
            click.echo(f"  {one.code or '':<16} {one.remaining:>8}  {one.name or ''}")
        return
    click.echo(
        words(
            f"{report.found} 片，{report.inside} 户未访；另有 {report.inexact_unvisited} 户未访没有单户位置",
            f"{counted(report.found, 'gap area')}, {counted(report.inside, 'household')} unvisited in all; "
            f"{report.inexact_unvisited} more unvisited without a place of "
            f"{form(report.inexact_unvisited, 'its', 'their')} own",
        )
    )
    for gap in report.gaps:
        where = "、".join(place.name for place in gap.villages) or words("各村以外", "outside every village")
        days = words(f"{gap.person_days:g} 人日", counted(f"{gap.person_days:g}", "person-day"))
        people = "、".join(one.name for one in gap.responsible) or words("未指定责任人", "nobody responsible")
        click.echo(f"{gap.number:>3}  {gap.unvisited:>5} / {gap.eligible:<5}  {days:<16}  {where}  {people}")
