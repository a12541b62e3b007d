"""The commands behind ``./fangtu``: upgrade, worker, sample, export, recheck, status, and those of ``app.commands_*``.

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
from app.commands_coverage import coverage, gaps
from app.commands_grids import grids
from app.commands_hand_over import houses
from app.commands_import import import_, template, undo
from app.commands_lookback import lookback
from app.commands_roads import roads
from app.commands_route import route
from app.terminal import LANG, Commands, as_owner, print_json, say, words
from app.users import user
from data.settings import load_settings
from geo.counting import counted
from geo.errors import Text

# The kinds of data.exports, which is not read here: it brings the whole import along.
EXPORTS = ("areas", "grids", "households", "houses", "sites", "visits", "coverage")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Fangtu."""


for command in (import_, undo, template, coverage, gaps, user, campaign, assign, lookback, grids, roads, route, houses):
    main.add_command(command)


@main.command(help=words("把数据库升级到当前版本", "Bring the database to the present version"))
def upgrade() -> None:
    """Bring the database to the present version."""
    from data.upgrade import prepare_database

    prepare_database(load_settings(), say)


@main.command(help=words("后台程序：做页面上发起的导入", "The background program: does the imports begun on the page"))
def worker() -> None:
    """Work until told to stop."""
    # Set before the libraries are loaded: a forked process must not share their threads.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from app.making import MAKERS_OF
    from data.worker import Worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Pages come first.
    os.nice(5)
    made = Worker(load_settings(), makers=MAKERS_OF)
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
        words(
            f"已写入 {out}：{rows} 行，已隐去姓名和号码。",
            f"Wrote {out}: {counted(rows, 'row')}, names and numbers masked.",
        )
    )


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
            else words(f"有 {found['drift']} 行不一致。", f"{counted(found['drift'], 'row differs', 'rows differ')}.")
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
