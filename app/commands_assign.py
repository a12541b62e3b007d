"""The command behind ``./fangtu assign``: by rule or by grid, what is left, and taking an act back."""

from __future__ import annotations

from typing import Any

import click

from app.terminal import LANG, as_owner, print_json, words
from data import local_time
from geo.counting import counted, form

SHOWN_LEFT = 50


@click.command(help=words("指派：谁走访哪些户；剩余清单；撤销", "Assign: who visits whom; what is left; take back"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option("--area", help=words("辖区代码；默认整个行动", "code of the area; the whole campaign by default"))
@click.option(
    "--by", type=click.Choice(["rule", "grid"]), help=words("按方案或按网格", "by the plan's rule or by grid")
)
@click.option("--kind", help=words("按网格时：哪类走访人员；默认兜底的一类", "with grid: which kind; the remainder's"))
@click.option(
    "--dry-run", is_flag=True, help=words("只看会改多少，不写入", "only say what would change, write nothing")
)
@click.option("--remainder", is_flag=True, help=words("列出剩余的户", "list what is left"))
@click.option("--undo", type=click.IntRange(min=1), help=words("撤销这次指派", "take this act back"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def assign(
    campaign: str | None,
    round_no: str | None,
    area: str | None,
    by: str | None,
    kind: str | None,
    dry_run: bool,
    remainder: bool,
    undo: int | None,
    as_json: bool,
) -> None:
    """Assign households of a round, list what is left, or take an act back."""
    from data.areas import area_range
    from data.campaigns import current_round, find_campaign, list_rounds
    from data.db import owner_session
    from data.rules.visitors import kinds_of

    if sum((by is not None, remainder, undo is not None)) != 1:
        raise click.UsageError(
            words("请给出 --by、--remainder、--undo 之一。", "Give one of --by, --remainder and --undo.")
        )
    with as_owner() as (_, engine), owner_session(engine) as session:
        if undo is not None:
            told = _undo(session, undo)
        else:
            chosen = find_campaign(session, campaign)
            today = local_time.today()
            number = current_round(list_rounds(session, chosen.id), round_no, today)
            within = area_range(session, area) if area else (chosen.jur, chosen.jur_end)
            kinds = kinds_of(chosen.plan)
            head = {"campaign": chosen.code, "round": number, "area": area}
            if by is not None:
                told = {**head, **_assign(session, (chosen.id, number), kinds, within, by, kind, dry_run)}
            else:
                told = {**head, **_left(session, (chosen.id, number), kinds, within, as_json)}
    if as_json:
        print_json({name: value for name, value in told.items() if name != "lines"})
        return
    for line in told["lines"]:
        click.echo(line)


def _assign(
    session: Any,
    round_: tuple[int, int],
    kinds: Any,
    within: tuple[int, int],
    by: str,
    wanted: str | None,
    dry_run: bool,
) -> dict[str, Any]:
    from data.assigning import BY_GRID, grid_kind, lock_round, propose_by_grid, propose_by_rule
    from data.assigning_acts import write_proposal
    from data.assigning_words import counts_words, unmet_words

    lock_round(session, *round_)
    if by == BY_GRID:
        found = propose_by_grid(session, *round_, kinds, within, grid_kind(kinds, wanted))
    else:
        found = propose_by_rule(session, *round_, kinds, within)
    act = None if dry_run else write_proposal(session, None, *round_, by, found)
    counts = found.counts()
    unmet = [unmet_words(one, kinds).in_language(LANG) for one in found.unmet]
    owners = [
        {"kind": kind, "account_id": owner.account_id, "owner": owner.name, "households": n}
        for (kind, owner), n in sorted(found.tallies.items(), key=lambda one: (one[0][0], one[0][1].name))
    ]
    lines = [counts_words(counts).in_language(LANG)]
    lines += [f"  {row['kind']:<16} {row['households']:>6}  {row['owner']}" for row in owners]
    lines += unmet
    if act is not None:
        lines.append(words(f"第 {act} 次指派；撤销：./fangtu assign --undo {act}", f"Act {act}; back: --undo {act}"))
    elif dry_run:
        lines.append(words("尚未写入。", "Nothing was written."))
    return {
        "by": by,
        "act": act,
        "households": found.households,
        "changes": len(found.changes),
        **counts,
        "owners": owners,
        "unmet": [
            {"kind": one.kind, "owner": one.name, "code": one.code, "wanted": one.wanted, "given": one.given}
            | {"message": message}
            for one, message in zip(found.unmet, unmet, strict=True)
        ],
        "lines": lines,
    }


def _left(session: Any, round_: tuple[int, int], kinds: Any, within: tuple[int, int], as_json: bool) -> dict[str, Any]:
    from data.masks import mask_name
    from data.remainder import count_left, remainder

    counts = count_left(session, *round_, kinds, within)
    listing = remainder(session, *round_, kinds, within, size=max(1, counts["left"]) if as_json else SHOWN_LEFT)
    rows = [{**row, "head_name": mask_name(row["head_name"])} for row in listing.rows]
    lines = [
        words(
            f"剩余 {counts['left']} 户（共 {counts['households']} 户），其中 {counts['unassigned']} 户没有指派给人。",
            f"{counts['left']} of {counted(counts['households'], 'household')} "
            f"{form(counts['left'], 'is', 'are')} left, {counts['unassigned']} of them nobody's.",
        )
    ]
    lines += [
        f"  {row['code'] or row['id']!s:<16} {row['village'] or '—'}  {row['head_name']}  {row['owner'] or '—'}"
        for row in rows[:SHOWN_LEFT]
    ]
    if counts["left"] > SHOWN_LEFT:
        lines.append(words(f"  …… 共 {counts['left']} 户，见 --json", f"  ... {counts['left']} in all, see --json"))
    return {**counts, "rows": rows, "lines": lines}


def _undo(session: Any, act: int) -> dict[str, Any]:
    from data.assigning_acts import undo_act

    told = undo_act(session, None, act)
    line = words(
        f"第 {act} 次指派已撤销：{told['restored']} 户恢复原样，{told['kept']} 户后来又改过，没有动。",
        f"Act {act} was taken back: {counted(told['restored'], 'household')} as before, "
        f"{told['kept']} changed since and left.",
    )
    return {"act": act, **told, "lines": [line]}
