"""Hand-over files of townships on the command line: made, and compared when they come back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from app.commands_houses import houses, write_privately
from app.terminal import LANG, as_owner, print_json, words
from data.rules.words import HAND_OVER_OUTCOME

__all__ = ["houses"]


@houses.command("hand-over", help=words("一户一码移交文件（zip）", "Hand-over file of a township (zip)"))
@click.option("--area", required=True, help=words("乡镇代码", "code of the township"))
@click.option("--year", required=True, type=click.IntRange(2000, 2100), help=words("年度", "year"))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="*.zip")
def hand_over(area: str, year: int, out: Path) -> None:
    """Write the zip; the same records give the same bytes."""
    from data.db import owner_session
    from data.renovation.hand_over import pack_hand_over

    with as_owner() as (_, engine), owner_session(engine) as session:
        made = pack_hand_over(session, area, year)
        # Before the transaction ends: the log does not name a file that could not be written.
        write_privately(out, made)
    click.echo(words(f"已写入 {out}", f"Written to {out}"))


@houses.command("hand-over-check", help=words("核对回传的移交文件", "Compare a hand-over file that came back"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def hand_over_check(file: Path, as_json: bool) -> None:
    """Compare row by row; exit status 1 if anything differs. Nothing is booked."""
    from data.db import owner_session
    from data.renovation.hand_over_check import as_plain, check_hand_over
    from geo.files import read_apart

    with tempfile.TemporaryDirectory() as folder:
        sheets = read_apart(file, folder=Path(folder))
    with as_owner() as (_, engine), owner_session(engine) as session:
        found = check_hand_over(session, sheets)
    if as_json:
        print_json(as_plain(found))
    else:
        for name, n in found.counts.items():
            if name != "rows":
                click.echo(f"{HAND_OVER_OUTCOME[name].in_language(LANG)} {n}")
        for row in found.rows:
            where = words(f"第 {row.no} 行", f"row {row.no}") if row.no is not None else "—"
            said = HAND_OVER_OUTCOME[row.outcome].in_language(LANG)
            cells = " ".join(f"{one['heading']} {one['ours'] or '—'} → {one['theirs'] or '—'}" for one in row.changes)
            click.echo(f"  {where} {row.site} {row.household or '—'} {said} {cells}".rstrip())
        if found.without:
            missing = "、".join(found.without)
            click.echo(words(f"文件没有这些列，没有核对：{missing}", f"Columns not in the file: {missing}"))
    if found.rows:
        raise SystemExit(1)
