"""The road network on the command line: roads from a file, and whether they are fit to measure ways along."""

from __future__ import annotations

from pathlib import Path

import click

from app.commands_import import print_report
from app.terminal import LANG, as_owner, print_json, say, words
from data.roads.words import MODE


@click.group(help=words("路网：导入与检查", "The road network: import and check"))
def roads() -> None:
    """Roads."""


@roads.command("import", help=words("导入道路", "Import roads"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--area", help=words("辖区代码", "code of the area the roads belong to"))
@click.option(
    "--snap",
    type=click.FloatRange(0, 50),
    metavar="METRES",
    help=words("捕捉容差，米；默认 3，OSM 为 0", "how far a dangling end may be moved; 3 by default, 0 for OSM"),
)
@click.option("--source", help=words("来源名称；默认为文件名", "name of the source; that of the file by default"))
@click.option(
    "--add", "keep", is_flag=True, help=words("追加，不替换该来源的旧路", "keep what the source brought before")
)
@click.option("--crs", help=words("坐标系：wgs84 gcj02 bd09 EPSG:代码等", "wgs84 cgcs2000 gcj02 bd09 or EPSG:code"))
@click.option("--sheet", help=words("只读这个图层", "read this layer only"))
@click.option("--dry-run", is_flag=True, help=words("试算：全部核对，不写入", "check everything, write nothing"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def import_(
    file: Path,
    area: str | None,
    snap: float | None,
    source: str | None,
    keep: bool,
    crs: str | None,
    sheet: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a file of roads as one batch."""
    from data.imports.report import ImportOptions
    from data.imports.run import import_file

    options = ImportOptions(area=area, crs=crs, sheet=sheet, dry_run=dry_run, source=source, snap_m=snap, keep=keep)
    with as_owner() as (settings, engine):
        report = import_file(engine, settings, "roads", file, options, say)
    if as_json:
        print_json(report.to_json(LANG))
    else:
        print_report(report)


@roads.command(help=words("检查路网：连通分量、断头、远离道路的农户", "Check the network: parts, gaps, far households"))
@click.option("--area", help=words("辖区代码；默认全部", "code of the area; everything by default"))
@click.option("--mode", default="ebike", type=click.Choice(tuple(MODE)), show_default=True)
@click.option("--reach", default=30.0, type=click.FloatRange(1, 200), show_default=True, metavar="METRES")
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def health(area: str | None, mode: str, reach: float, as_json: bool) -> None:
    """Say whether the network hangs together."""
    from data.areas import area_range
    from data.db import owner_session
    from data.roads.health import check_health
    from data.roads.telling import health_json, health_lines

    with as_owner() as (_, engine), owner_session(engine) as session:
        found = check_health(session, area_range(session, area), mode, reach)
    if as_json:
        print_json(health_json(found, LANG))
        return
    for line in health_lines(found):
        click.echo(line.in_language(LANG))
