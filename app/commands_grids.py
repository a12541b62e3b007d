"""Grids on the command line: those of a village made anew from its households, with the preview the page shows."""

from __future__ import annotations

from typing import Any

import click

from app.terminal import LANG, as_owner, print_json, words
from geo.counting import counted


@click.group(help=words("网格：按户数均衡划分", "Grids: made anew from households"))
def grids() -> None:
    """Grids."""


@grids.command(help=words("把一个村划分为户数均衡的网格", "Divide a village into grids of about as many households"))
@click.option("--village", required=True, help=words("村的 12 位代码", "code of the village, 12 digits"))
@click.option("--size", required=True, type=int, help=words("每个网格的户数", "households of a grid"))
@click.option(
    "--along",
    type=click.Choice(["none", "roads", "natural_villages"]),
    default="none",
    help=words("边界沿什么走", "what borders run along"),
)
@click.option("--dry-run", is_flag=True, help=words("只看预览，不改动", "show the preview, change nothing"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def make(village: str, size: int, along: str, dry_run: bool, as_json: bool) -> None:
    """Make the grids of a village anew."""
    from data.areas import EVERYWHERE
    from data.askers import Asker, Role
    from data.db import owner_session
    from data.edit_wishes import read_wish
    from data.edits import apply_edit, limits_of, preview_edit

    wish = read_wish({"act": "grids", "areas": [village], "size": size, "along": along})
    operator = Asker(0, "", "", Role.ADMIN, None, (EVERYWHERE,))
    with as_owner() as (_, engine):
        with owner_session(engine) as session:
            seen = preview_edit(session, wish, operator)
        assert seen.plan.making is not None
        told: dict[str, Any] = {
            "village": village,
            "grids": seen.plan.making.as_json(),
            "moved": seen.moved,
            "moves": seen.moves,
            "duties": seen.duties,
            "notes": [note.in_language(LANG) for note in seen.plan.notes],
            "edit": None,
            "batch": None,
        }
        if not dry_run:
            with owner_session(engine) as session:
                done = apply_edit(session, wish, seen.plan.revision, limits_of(operator), account_id=None)
            told |= {"edit": done.id, "batch": done.batch, "moved": done.moved, "moves": done.moves}
    if as_json:
        print_json(told)
    else:
        _print(told)


def _print(told: dict[str, Any]) -> None:
    made = told["grids"]
    head = words("试算（尚未写入）：", "Dry run (nothing was written): ")
    ratio = "—" if made["ratio"] is None else f"{made['ratio']:.2f}"
    click.echo(
        (head if told["edit"] is None else "")
        + words(
            f"{made['count']} 个网格，{made['least']}–{made['most']} 户，最大/最小 {ratio}，"
            f"平均紧凑度 {made['compactness']:.1f}；{told['moved']} 户改变归属",
            f"{counted(made['count'], 'grid')} of {made['least']} to {counted(made['most'], 'household')}, "
            f"most/least {ratio}, mean compactness {made['compactness']:.1f}; "
            f"{counted(told['moved'], 'household changes', 'households change')} grid",
        )
    )
    for row in made["rows"]:
        click.echo(f"{row['code']}  {row['households']:>5}  {row['compactness']:>6.1f}  {row['name']}")
    for duty in told["duties"]:
        click.echo(
            words(
                f"{duty['name']}：辖区 {duty['from']} → {duty['to']}，{duty['before']} → {duty['after']} 户，"
                f"其中 {duty['kept']} 户不变",
                f"{duty['name']}: area of duty {duty['from']} -> {duty['to']}, {duty['before']} -> "
                f"{counted(duty['after'], 'household')}, {duty['kept']} of them the same",
            )
        )
    for note in told["notes"]:
        click.echo(note)
    if told["batch"] is not None:
        click.echo(
            words(
                f"撤销：./fangtu undo {told['batch']}",
                f"To take it back: ./fangtu undo {told['batch']}",
            )
        )
