"""Renovation on the command line: totals, gates, the bank's files and the plan of a year."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from app.terminal import LANG, as_owner, print_json, words
from data.rules.words import AID_GROUP, LIST_OUTCOME, OFFICE, RENOVATION_CLASS, RETURN_OUTCOME, STAGE
from geo.counting import counted

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(help=words("危房改造：合计、办理环节、报盘与回盘", "Renovation: totals, gates, the bank's files"))
def houses() -> None:
    """Renovations."""


@houses.command(help=words("户数与资金合计（全部由记录相加）", "Sites and money, all summed from records"))
@click.option("--area", help=words("辖区代码；默认全部", "code of the area; everything by default"))
@click.option(
    "--year", type=click.IntRange(2000, 2100), help=words("年度；默认全部", "year of the plan; all by default")
)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON，金额为分", "print JSON, amounts in fen"))
def totals(area: str | None, year: int | None, as_json: bool) -> None:
    """Count the sites of an area and sum its money."""
    from data.areas import area_range
    from data.db import owner_session
    from data.renovation.totals import renovation_totals

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = renovation_totals(session, area_range(session, area), year)
    if as_json:
        print_json({"area": area, **found})
        return
    _tell_totals(found)


def _tell_totals(found: dict[str, Any]) -> None:
    from data.renovation.funds import wan

    sites, money = found["sites"], found["money"]
    classes = " + ".join(
        f"{RENOVATION_CLASS[name].in_language(LANG)} {n}" for name, n in sites["by_class"].items() if n
    )
    click.echo(
        words(f"改造 {sites['total']} 处", counted(sites["total"], "renovation")) + (f" = {classes}" if classes else "")
    )
    for name, n in sites["by_stage"].items():
        if n:
            click.echo(f"  {STAGE[name].in_language(LANG)} {n}")
    for label, fen in (
        (words("到位", "received"), money["received"]),
        (words("应补", "entitled"), money["entitled"]),
        (words("已付", "paid"), money["paid"]),
        (words("结余", "unspent"), money["unspent"]),
    ):
        click.echo(f"{label} {wan(fen)} " + words("万元", "× 10,000 yuan"))
    for batch in money["batches"]:
        click.echo(
            words(
                f"  {batch['name']}：{batch['households']} 户 {wan(batch['paid'])} 万元",
                f"  {batch['name']}: {batch['households']} paid, {wan(batch['paid'])} × 10,000 yuan",
            )
        )


@houses.command(help=words("办理一处改造的下一环节", "Pass the next gate of a renovation"))
@click.argument("site")
@click.argument("stage", type=click.Choice(tuple(STAGE)), metavar="STAGE")
@click.option(
    "--on", "on_day", type=click.DateTime(["%Y-%m-%d"]), help=words("日期；默认今天", "day; today by default")
)
@click.option("--note", help=words("说明", "what is worth saying"))
@click.option(
    "--override", help=words("不符合而仍予通过的理由", "why a household that is not eligible passes all the same")
)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def advance(
    site: str, stage: str, on_day: datetime | None, note: str | None, override: str | None, as_json: bool
) -> None:
    """Pass a gate; SITE is the number or the code of the ledger."""
    from data.db import owner_session
    from data.renovation.gates import advance as pass_gate
    from data.renovation.openings import find_site

    with as_owner() as (_, engine), owner_session(engine) as session:
        key = find_site(session, site)
        day = on_day.date() if on_day else None
        now = pass_gate(session, None, key, stage, on_day=day, note=note, override=override)
    if as_json:
        print_json({"site": key, "stage": now})
        return
    click.echo(words(f"改造 {key}：{STAGE[now].zh}", f"Renovation {key}: {STAGE[now].en}"))


@houses.command("bank-out", help=words("生成批次的报盘文件（含完整账号）", "Write a batch's file for the bank"))
@click.argument("batch", type=click.IntRange(min=1))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="*.csv, *.xlsx")
def bank_out(batch: int, out: Path) -> None:
    """Write the file; account numbers are in full, so keep it as the bank's files are kept."""
    from data.db import owner_session
    from data.renovation.bank_files import write_bank_file
    from data.sealing import load_sealer

    with as_owner() as (settings, engine), owner_session(engine) as session:
        made = write_bank_file(session, batch, load_sealer(settings.key_file), out.suffix.lower())
        # Before the transaction ends: a batch does not count as sent while its file could not be written.
        write_privately(out, made)
    click.echo(words(f"已写入 {out}", f"Written to {out}"))


def write_privately(out: Path, content: bytes) -> None:
    """Write a file that nobody else may read; it appears whole or not at all."""
    handle, draft = tempfile.mkstemp(prefix=".fangtu-", dir=out.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, out)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


@houses.command("bank-return", help=words("银行回盘入账", "Book what the bank sent back"))
@click.argument("batch", type=click.IntRange(min=1))
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON，金额为分", "print JSON, amounts in fen"))
def bank_return(batch: int, file: Path, as_json: bool) -> None:
    """Book a return file; rows that were not booked are listed, with exit status 1 if there are any."""
    from data.db import owner_session
    from data.renovation.bank_returns import NOT_BOOKED, book_return
    from data.renovation.funds import yuan
    from data.sealing import load_sealer
    from geo.files import read_apart

    with tempfile.TemporaryDirectory() as folder:
        sheets = read_apart(file, folder=Path(folder))
    with as_owner() as (settings, engine), owner_session(engine) as session:
        found = book_return(session, None, batch, file.name, file.read_bytes(), sheets, load_sealer(settings.key_file))
    if as_json:
        print_json(
            {
                "batch": batch,
                "return": found.id,
                "again": found.again,
                "counts": found.counts,
                "paid": found.paid_fen,
                "failed": found.failed_fen,
                "left": found.left,
                "rows": found.rows,
            }
        )
    else:
        if found.again:
            say_again = words(
                "这个文件此前已入账，本次没有改动。", "This very file was booked before; nothing changed."
            )
            click.echo(say_again)
        for name, n in found.counts.items():
            if name != "rows":
                click.echo(f"{RETURN_OUTCOME[name].in_language(LANG)} {n}")
        for row in found.rows:
            if row["outcome"] in NOT_BOOKED:
                parts = (
                    words(f"  第 {row['no']} 行", f"  row {row['no']}"),
                    row["reference"] or "—",
                    "—" if row["fen"] is None else yuan(row["fen"]),
                    RETURN_OUTCOME[row["outcome"]].in_language(LANG),
                    row["why"] or "",
                )
                click.echo(" ".join(parts).rstrip())
        click.echo(
            words(
                f"入账 {yuan(found.paid_fen)} 元，失败 {yuan(found.failed_fen)} 元，还有 {found.left} 笔没有回盘",
                f"{yuan(found.paid_fen)} yuan paid, {yuan(found.failed_fen)} failed, {found.left} not answered yet",
            )
        )
    if any(found.counts.get(name) for name in NOT_BOOKED):
        raise SystemExit(1)


@houses.command(help=words("导入年度计划表", "Take over the plan of a year"))
@click.argument("file", type=_FILE)
@click.option("--area", required=True, help=words("县区代码", "code of the county"))
@click.option("--year", required=True, type=click.IntRange(2000, 2100), help=words("年度", "year"))
@click.option("--name", help=words("计划名称", "name of the plan"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON，金额为分", "print JSON, amounts in fen"))
def plan(file: Path, area: str, year: int, name: str | None, as_json: bool) -> None:
    """Take over households and money by township and grade."""
    from sqlalchemy import select

    from data.areas import area_range
    from data.db import owner_session
    from data.renovation.funds import wan
    from data.renovation.plans import plan_totals, take_plan
    from data.tables import Area
    from geo.files import read_apart

    with tempfile.TemporaryDirectory() as folder:
        sheets = read_apart(file, folder=Path(folder))
    with as_owner() as (_, engine), owner_session(engine) as session:
        jur, jur_end = area_range(session, area)
        found = session.scalars(
            select(Area.id).where(Area.jur == jur, Area.jur_end == jur_end, Area.valid_to.is_(None)).order_by(Area.id)
        ).first()
        taken = take_plan(
            session, None, area_id=found or 0, year=year, name=name or file.stem, sheets=sheets, source=file.name
        )
        sums = plan_totals(session, taken.plan_id)
    if as_json:
        print_json({"plan": taken.plan_id, "areas": taken.areas, "unknown": taken.unknown, **sums})
        return
    click.echo(
        words(
            f"计划 {taken.plan_id}：{taken.areas} 个乡镇，{taken.households} 户，{wan(taken.fen)} 万元",
            f"Plan {taken.plan_id}: {counted(taken.areas, 'area')}, {counted(taken.households, 'household')}, "
            f"{wan(taken.fen)} × 10,000 yuan",
        )
    )
    if taken.unknown:
        names = "、".join(taken.unknown)
        say_unknown = words(f"不是本县乡镇的名称：{names}", f"No township of the area: {names}")
        click.echo(say_unknown, err=True)


@houses.command(help=words("名单比对", "Compare a list of an office with the households"))
@click.argument("file", type=_FILE)
@click.option("--office", required=True, type=click.Choice(tuple(OFFICE)), help=words("名单单位", "whose list it is"))
@click.option(
    "--on", "on_day", required=True, type=click.DateTime(["%Y-%m-%d"]), help=words("名单日期", "day of the list")
)
@click.option(
    "--area", help=words("名单范围的代码；只有一个最上级辖区时可省", "code of its area; the topmost one by default")
)
@click.option(
    "--group", type=click.Choice(tuple(AID_GROUP)), help=words("整份名单的类别", "group of all rows without a column")
)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def compare(file: Path, office: str, on_day: datetime, area: str | None, group: str | None, as_json: bool) -> None:
    """Keep and compare a list; exit status 1 if anything has to be looked at."""
    from data.db import owner_session
    from data.renovation.list_comparison import TO_SETTLE, compare_list
    from data.renovation.lists import area_of_list, list_rows
    from data.sealing import load_sealer
    from geo.files import read_apart

    with tempfile.TemporaryDirectory() as folder:
        sheets = read_apart(file, folder=Path(folder))
    with as_owner() as (settings, engine), owner_session(engine) as session:
        sealer = load_sealer(settings.key_file)
        found = compare_list(
            session,
            None,
            area_id=area_of_list(session, area),
            office=office,
            on_day=on_day.date(),
            name=file.name,
            content=file.read_bytes(),
            sheets=sheets,
            sealer=sealer,
            group=group,
        )
        rows = list_rows(session, found.id, sealer, size=None)
    if as_json:
        wanted = ("no", "outcome", "id_number", "stated_group", "aid_group", "household_id", "household_code")
        print_json(
            {
                "list": found.id,
                "again": found.again,
                "counts": found.counts,
                "rows": [{name: row[name] for name in wanted} for row in rows],
            }
        )
    else:
        if found.again:
            say_again = words(
                "这个文件此前已比对，本次没有保存。", "This very file was compared before; nothing was kept."
            )
            click.echo(say_again)
        for name, n in found.counts.items():
            if name != "rows":
                click.echo(f"{LIST_OUTCOME[name].in_language(LANG)} {n}")
        for row in rows:
            where = words(f"第 {row['no']} 行", f"row {row['no']}") if row["no"] is not None else "—"
            parts = (where, row["household_code"] or "—", row["stated_group"] or "", LIST_OUTCOME[row["outcome"]])
            click.echo(f"  {parts[0]} {parts[1]} {parts[2]} {parts[3].in_language(LANG)}")
    if any(found.counts.get(name) for name in TO_SETTLE):
        raise SystemExit(1)


@houses.command(
    help=words("某月住房安全动态监测：各村各环节户数与逾期", "Monitoring of a month: households by village and stage")
)
@click.option("--month", required=True, metavar="YYYY-MM", help=words("月份", "month"))
@click.option("--area", help=words("辖区代码；默认全部", "code of the area; everything by default"))
@click.option(
    "--open", "opens", is_flag=True, help=words("先开启这一轮（须 --area）", "open the round first (with --area)")
)
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def monitor(month: str, area: str | None, opens: bool, as_json: bool) -> None:
    """Show the rounds of a month with their counts; ``--open`` opens one."""
    from data.areas import area_range
    from data.db import owner_session
    from data.local_time import today
    from data.monitoring.listing import count_round
    from data.monitoring.rounds import list_rounds, open_round, rules_of
    from data.rules.monitoring import first_of_month
    from data.rules.words import MONITOR_STAGE

    try:
        first = first_of_month(month)
    except ValueError as error:
        raise click.UsageError(words("月份应如 2026-11。", "A month such as 2026-11 is expected.")) from error
    if opens and not area:
        raise click.UsageError(words("--open 须同时给 --area。", "--open needs --area."))
    now = today()
    told = []
    with as_owner() as (settings, engine), owner_session(engine) as session:
        if opens:
            open_round(session, None, area=area or "", month=first, rules=rules_of(settings.var), today=now)
        within = area_range(session, area)
        for one in list_rounds(session, within):
            if one["month"] != first:
                continue
            counts = count_round(session, one["id"], within, now)
            told.append(
                {
                    "id": one["id"],
                    "area": one["area"],
                    "month": month,
                    "disaster": one["disaster"],
                    "names_by": one["names_by"].isoformat(),
                    "appraised_by": one["appraised_by"].isoformat(),
                    "closed_by": one["closed_by"].isoformat(),
                    "provisional": one["provisional"],
                    "source": one["source"],
                    "all": _counted(counts.all),
                    "villages": [_counted(village) for village in counts.villages],
                }
            )
    if as_json:
        print_json({"month": month, "as_of": now.isoformat(), "rounds": told})
        return
    if not told:
        click.echo(words("这个月没有开启监测。", "No round of monitoring is open in this month."))
    for one in told:
        whole = one["all"]
        late = sum(whole["late"].values())
        click.echo(
            words(
                f"{one['area']} {month}：已排查 {whole['checked']}/{whole['total']} 户，逾期 {late} 户",
                f"{one['area']} {month}: {whole['checked']} of {whole['total']} checked, {late} late",
            )
        )
        for stage, n in whole["by_stage"].items():
            if n:
                click.echo(f"  {MONITOR_STAGE[stage].in_language(LANG)} {n}")


def _counted(one: Any) -> dict[str, Any]:
    return {
        "village": one.village,
        "total": one.total,
        "checked": one.checked,
        "by_stage": one.by_stage,
        "late": one.late,
    }
