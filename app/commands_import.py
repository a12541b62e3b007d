"""Files on the command line: taken in, taken back, and empty tables to fill in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from app.terminal import LANG, as_owner, print_json, say, words
from geo.counting import counted

# The kinds of data.imports.fields, which is not read here: it brings the whole import along.
IMPORTS = ("areas", "households", "ledger", "houses", "sites", "visits", "base", "roads", "campaigns")
SHOWN_PROBLEMS, SHOWN_WARNINGS = 50, 20
TEMPLATES = tuple(kind for kind in IMPORTS if kind != "campaigns")


def _mapping(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column or not field:
            raise click.BadParameter(words(f"{pair}：应为 列名=字段", f"{pair}: expected COLUMN=FIELD"))
        mapping[column] = field
    return mapping


@click.command(
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
            f"read {counted(report.read, 'row')} = {report.accepted} accepted + {report.refused} refused; "
            f"{report.ignored} more without data",
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
        ) or words("整个文件", "the whole file")
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


@click.command(help=words("撤销一批导入", "Take an imported file back"))
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


@click.command(help=words("生成空白表", "Write an empty table to fill in"))
@click.argument("kind", type=click.Choice(TEMPLATES))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=words("写到这个文件", "file to write"))
def template(kind: str, out: Path) -> None:
    """Write an empty table."""
    from data.imports.templates import write_template

    if out.suffix.lower() != ".xlsx":
        raise click.UsageError(words("空白表是 .xlsx 文件。", "An empty table is an .xlsx file."))
    write_template(kind, out, LANG)
    click.echo(words(f"已写入 {out}。", f"Wrote {out}."))
