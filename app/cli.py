"""The commands behind ``./fangtu``: worker, upgrade, import, undo, sample, export, coverage, gaps, recheck, accounts.

Heavy libraries are imported inside the commands that need them, so that the others answer at once.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from app.commands_assign import assign
from app.commands_campaign import campaign
from app.commands_grids import grids
from app.commands_lookback import lookback
from app.terminal import LANG, Commands, as_owner, print_json, rate_in_words, say, words
from app.users import user
from data import local_time
from data.settings import load_settings
from geo.errors import Text

# The kinds of data.imports.fields and data.exports, which are not read here: they bring the whole import along.
EXPORTS = ("areas", "grids", "households", "houses", "sites", "visits", "coverage")
IMPORTS = ("areas", "households", "ledger", "houses", "sites", "visits", "base", "campaigns")
SHOWN_PROBLEMS, SHOWN_WARNINGS = 50, 20
TEMPLATES = tuple(kind for kind in IMPORTS if kind != "campaigns")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Fangtu."""


main.add_command(user)
main.add_command(campaign)
main.add_command(assign)
main.add_command(lookback)
main.add_command(grids)


@main.command(help=words("把数据库升级到当前版本", "Bring the database to the present version"))
def upgrade() -> None:
    """Bring the database to the present version."""
    from data.upgrade import prepare_database

    prepare_database(load_settings(), say)


def _mapping(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column or not field:
            raise click.BadParameter(words(f"{pair}：应为 列名=字段", f"{pair}: expected COLUMN=FIELD"))
        mapping[column] = field
    return mapping


@main.command(
    "import",
    help=words("导入文件", "Import a file"),
)
@click.argument("kind", type=click.Choice(IMPORTS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--area", help=words("辖区代码", "code of the area the file speaks of"))
@click.option(
    "--sender", help=words("发来文件的单位，其列对应会记住", "office that sent it; its columns are remembered")
)
@click.option("--crs", help=words("坐标系：wgs84 gcj02 bd09 EPSG:代码等", "wgs84 cgcs2000 gcj02 bd09 or EPSG:code"))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=_mapping,
    metavar="COLUMN=FIELD",
    help=words("列名=字段", "what a column is"),
)
@click.option("--swapped", is_flag=True, help=words("文件中纬度（北坐标）在前", "latitude or northing comes first"))
@click.option("--campaign", help=words("行动（走访记录所属）", "campaign the visits belong to"))
@click.option("--round", "round_no", type=int, help=words("轮次", "round the visits belong to"))
@click.option("--level", help=words("辖区层级", "level of the areas"))
@click.option("--sheet", help=words("只读这个工作表或图层", "read this sheet or layer only"))
@click.option("--dry-run", is_flag=True, help=words("试算：全部核对，不写入", "check everything, write nothing"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def import_(
    kind: str,
    file: Path,
    area: str | None,
    sender: str | None,
    crs: str | None,
    mapping: dict[str, str],
    swapped: bool,
    campaign: str | None,
    round_no: int | None,
    level: str | None,
    sheet: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a file."""
    from data.areas import area_range
    from data.db import owner_session
    from data.imports.memory import remember_columns, remembered_columns
    from data.imports.report import ImportOptions
    from data.imports.run import import_file

    with as_owner() as (settings, engine):
        with owner_session(engine) as session:
            jur, jur_end = area_range(session, area)
            known = remembered_columns(session, sender, kind, jur, jur_end)
        options = ImportOptions(
            area=area,
            crs=crs,
            mapping=mapping,
            dry_run=dry_run,
            campaign=campaign,
            round=round_no,
            level=level,
            sheet=sheet,
            swapped=swapped,
            sender=sender,
            remembered=known.mapping,
        )
        report = import_file(
            engine,
            settings,
            kind,
            file,
            options,
            say,
            finish=lambda session, _report: remember_columns(session, sender, kind, jur, jur_end, mapping),
        )
    if as_json:
        print_json(report.to_json(LANG))
    else:
        print_report(report)


def print_report(report: Any) -> None:
    """Print the report of an import for a person; what is too much to list is counted.

    Parameters
    ----------
    report : ImportReport
    """
    from data.count_words import counts_in_words

    head = words("试算（尚未写入）：", "Dry run (nothing was written): ") if report.dry_run else ""
    click.echo(
        head
        + words(
            f"读取 {report.read} 行 = 接受 {report.accepted} + 未接受 {report.refused}；非数据 {report.ignored} 行",
            f"read {report.read} rows = {report.accepted} accepted + {report.refused} refused; "
            f"{report.ignored} more are no data",
        )
    )
    for label, number in counts_in_words(report.counts, LANG):
        click.echo(f"  {label}{words('：', ': ')}{number:,}")
    if report.ignored_columns:
        names = words("、", ", ").join(report.ignored_columns)
        click.echo(words(f"  没有读取的列：{names}", f"  columns not read: {names}"))
    if report.batch is not None:
        click.echo(
            words(
                f"第 {report.batch} 批；撤销：./fangtu undo {report.batch}",
                f"Batch {report.batch}; to take it back: ./fangtu undo {report.batch}",
            )
        )
    for problem in [*report.problems[:SHOWN_PROBLEMS], *report.warnings[:SHOWN_WARNINGS]]:
        told = problem.to_json(LANG)
        where = " ".join(
            part
            for part in (
                told["sheet"] or "",
                words(f"第 {told['row']} 行", f"row {told['row']}") if told["row"] else "",
                told["column"] or "",
            )
            if part
        )
        found = words(f"：为“{told['found']}”", f": '{told['found']}'") if told["found"] else ""
        expected = words(f"，应为 {told['expected']}", f", expected {told['expected']}") if told["expected"] else ""
        click.echo(f"  {where}{found}{expected}{words('：', ': ')}{told['reason']}", err=True)
    rest = max(0, len(report.problems) - SHOWN_PROBLEMS), max(0, len(report.warnings) - SHOWN_WARNINGS)
    if any(rest):
        more = words(
            f"  …… 另有退回 {rest[0]} 行、提醒 {rest[1]} 条，见 --json",
            f"  ... and {rest[0]} more refused, {rest[1]} more doubts, see --json",
        )
        click.echo(more, err=True)


@main.command(help=words("撤销一批导入", "Take an imported file back"))
@click.argument("batch", type=click.IntRange(min=1))
@click.option("--check", is_flag=True, help=words("只看能否撤销，不改动", "only say whether it can be, change nothing"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def undo(batch: int, check: bool, as_json: bool) -> None:
    """Take a batch back; exit status 1 if something stands in the way."""
    from data.db import owner_session
    from data.imports.undo import UndoBlocked, find_blockers, undo_batch

    told: dict[str, Any] = {"batch": batch}
    with as_owner() as (_, engine), owner_session(engine) as session:
        try:
            blockers = find_blockers(session, batch) if check else []
            told |= {} if check else undo_batch(session, batch).to_json()
        except UndoBlocked as refusal:
            blockers = refusal.blockers
    told["blockers"] = [blocker.text.in_language(LANG) for blocker in blockers]
    if as_json:
        print_json(told)
    elif blockers:
        click.echo(words(f"第 {batch} 批不能撤销：", f"Batch {batch} cannot be taken back:"), err=True)
        for line in told["blockers"]:
            click.echo(f"  {line}", err=True)
    elif check:
        click.echo(words(f"第 {batch} 批可以撤销。", f"Batch {batch} can be taken back."))
    else:
        click.echo(words(f"第 {batch} 批已撤销。", f"Batch {batch} was taken back."))
    if blockers:
        sys.exit(1)


@main.command(help=words("生成空白表", "Write an empty table to fill in"))
@click.argument("kind", type=click.Choice(TEMPLATES))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=words("写到这个文件", "file to write"))
def template(kind: str, out: Path) -> None:
    """Write an empty table."""
    from data.imports.templates import write_template

    if out.suffix.lower() != ".xlsx":
        raise click.UsageError(words("空白表是 .xlsx 文件。", "An empty table is an .xlsx file."))
    write_template(kind, out, LANG)
    click.echo(words(f"已写入 {out}。", f"Wrote {out}."))


@main.command(help=words("后台程序：做页面上发起的导入", "The background program: does the imports begun on the page"))
def worker() -> None:
    """Work until told to stop."""
    # Set before the libraries are loaded: a forked process must not share their threads.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from data.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Pages come first.
    os.nice(5)
    made = Worker(load_settings())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: made.stop())
    made.run()


@main.command(
    help=words("生成任意户数的样例县（全部虚构）", "Make up a county of any size; everything in it is invented")
)
@click.option(
    "--households", required=True, type=click.IntRange(1, 10_000_000), help=words("户数", "how many households")
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help=words("种子；相同的种子得到相同的内容", "equal seeds give equal contents"),
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=words("把文件写到这个目录", "folder for files")
)
@click.option("--load", is_flag=True, help=words("直接载入数据库", "load it straight into the store"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def sample(households: int, seed: int | None, out: Path | None, load: bool, as_json: bool) -> None:
    """Make up a county, write its files, load it."""
    from data.samples.county import CITY, SEED, make_county

    if out is None and not load:
        raise click.UsageError(
            words("请用 --out 或 --load 说明做什么。", "Say what to do with it: --out FOLDER or --load.")
        )
    made = make_county(households, SEED if seed is None else seed)
    told: dict[str, Any] = {"households": households, "seed": made.seed, "area": CITY, "counts": made.counts}
    if out is not None:
        from data.samples.county_files import write_county

        say(Text(f"写入 {out}", f"Writing to {out}"))
        told["files"] = {kind: [str(path) for path in paths] for kind, paths in write_county(made, out).items()}
    if load:
        from data.imports.bulk import load_county

        with as_owner() as (_, engine):
            told |= load_county(engine, made, say)
    if as_json:
        print_json(told)
        return
    for name, number in made.counts.items():
        click.echo(f"{name}: {number}")
    for kind, paths in told.get("files", {}).items():
        for path in paths:
            click.echo(f"./fangtu import {kind} {path}" + (f" --area {CITY}" if kind != "areas" else ""))
    if load:
        click.echo(words(f"已载入，批次 {told['batch']}。", f"Loaded as batch {told['batch']}."))


@main.command(help=words("导出文件", "Export records"))
@click.argument("kind", type=click.Choice(EXPORTS))
@click.option("--area", help=words("只导出这个辖区", "only this area"))
@click.option("--format", "format_", type=click.Choice(["xlsx", "csv", "geojson", "gpkg"]))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=words("写到这个文件", "file to write"))
def export(kind: str, area: str | None, format_: str | None, out: Path) -> None:
    """Export records to a file."""
    from data.exports import export_file

    chosen = format_ or out.suffix.lstrip(".").lower()
    if chosen not in ("xlsx", "csv", "geojson", "gpkg"):
        raise click.UsageError(words("请用 --format 指明格式。", "Say the format: --format xlsx|csv|geojson|gpkg."))
    with as_owner() as (_, engine):
        rows = export_file(engine, kind, out, area=area, format=chosen, language=LANG)
    click.echo(
        words(f"已写入 {out}：{rows} 行，已隐去姓名和号码。", f"Wrote {out}: {rows} rows, names and numbers masked.")
    )


@main.command(help=words("走访覆盖率", "Coverage of the visits"))
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


@main.command(help=words("成片未访：未访户连成片的地方", "Gap areas: where unvisited households lie together"))
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
            f"{report.found} gap areas, {report.inside} households unvisited in them; "
            f"{report.inexact_unvisited} more unvisited have no place of their own",
        )
    )
    for gap in report.gaps:
        where = "、".join(place.name for place in gap.villages) or words("各村以外", "outside every village")
        days = words(f"{gap.person_days:g} 人日", f"{gap.person_days:g} person-days")
        people = "、".join(one.name for one in gap.responsible) or words("未指定责任人", "nobody responsible")
        click.echo(f"{gap.number:>3}  {gap.unvisited:>5} / {gap.eligible:<5}  {days:<16}  {where}  {people}")


@main.command(help=words("从原始记录重新计算并核对", "Recompute from the records and compare"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def recheck(as_json: bool) -> None:
    """Recompute and compare; exit status 1 if anything differs."""
    from data.db import owner_session
    from data.recheck import recheck as count_again

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = count_again(session)
    if as_json:
        print_json(found)
    else:
        for name, number in found["checks"].items():
            click.echo(f"{name}: {number}")
        click.echo(
            words("全部一致。", "Everything agrees.")
            if not found["drift"]
            else words(f"有 {found['drift']} 行不一致。", f"{found['drift']} rows differ.")
        )
    if found["drift"]:
        sys.exit(1)


@main.command(help=words("数据库版本、迁移、数量、范围", "Database versions, migrations, counts, extent"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def status(as_json: bool) -> None:
    """What the database holds."""
    from data.inventory import inventory

    with as_owner() as (_, engine):
        found = inventory(engine)
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}")


@main.command("load-sample", hidden=True)
@click.option("--password", help=words("演示账号的密码", "password of the demo accounts"))
@click.option("--json", "as_json", is_flag=True)
def load_sample(password: str | None, as_json: bool) -> None:
    """Load the sample township once, and open the demo accounts with this password."""
    from data.demo import load_demo

    with as_owner() as (settings, engine):
        found = load_demo(settings, engine, password, say)
    if as_json:
        print_json(found)


if __name__ == "__main__":
    main(prog_name="./fangtu")
