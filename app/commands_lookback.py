"""Look-backs (回头看) on the command line: draw one, and see what is proved of each village."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from app.terminal import as_owner, print_json, words
from data import local_time
from geo.counting import counted
from geo.errors import FangtuError, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.lookback import VillageState
    from data.tables import Campaign, Lookback


class NothingDrawn(FangtuError):
    """No look-back of the round was drawn yet."""

    code = "nothing_drawn"

    def __init__(self, campaign: str, round_no: int) -> None:
        super().__init__(
            Text(
                f"行动 {campaign} 第 {round_no} 轮还没有抽取回头看。先运行 ./fangtu lookback sample。",
                f"No look-back of round {round_no} of {campaign} was drawn yet. Run ./fangtu lookback sample first.",
            ),
            found=campaign,
        )


@click.group(help=words("回头看：抽取回访户，看证明到什么程度", "Look-backs: draw households, see what is proved"))
def lookback() -> None:
    """Look-backs."""


@lookback.command(help=words("按风险加权抽取回访户并冻结", "Draw households weighted by risk, and freeze the draw"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option("--area", help=words("辖区代码", "code of the area"))
@click.option("--coverage", type=float, required=True, help=words("要证明的真实覆盖率", "true coverage to prove"))
@click.option(
    "--error", type=float, required=True, help=words("结论出错的最大概率", "greatest chance of a wrong answer")
)
@click.option(
    "--reckon",
    type=float,
    help=words(
        "按不属实占上限的多少来计划；默认 0.2", "share of the intolerable false visits to reckon with; 0.2 by default"
    ),
)
@click.option(
    "--power",
    type=float,
    help=words("这样的村证明成功的把握；默认 0.9", "least chance of certifying such a village; 0.9 by default"),
)
@click.option("--seed", help=words("抽取种子；默认随机", "seed of the draw; random by default"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def sample(
    campaign: str | None,
    round_no: str | None,
    area: str | None,
    coverage: float,
    error: float,
    reckon: float | None,
    power: float | None,
    seed: str | None,
    as_json: bool,
) -> None:
    """Draw a look-back of every village of an area."""
    from data.areas import area_range
    from data.db import owner_session
    from data.lookback import village_states
    from data.lookback_draws import draw_lookback
    from data.rules.lookback_claim import USUAL, Plan

    plan = Plan(USUAL.reckoned if reckon is None else reckon, USUAL.power if power is None else power)
    with as_owner() as (_, engine), owner_session(engine) as session:
        chosen, number = _round_of(session, campaign, round_no)
        within = area_range(session, area)
        drawn = draw_lookback(session, chosen, number, within, coverage=coverage, error=error, plan=plan, seed=seed)
        _tell(chosen, drawn, village_states(session, drawn), as_json)


@lookback.command(help=words("各村证明到什么程度", "What is proved of each village"))
@click.option("--campaign", help=words("行动的编号或代码；默认最新", "campaign; the newest by default"))
@click.option("--round", "round_no", help=words("轮次；默认当前", "round; the current one by default"))
@click.option("--json", "as_json", is_flag=True, help=words("输出 JSON", "print JSON"))
def status(campaign: str | None, round_no: str | None, as_json: bool) -> None:
    """The newest look-back of a round, village by village."""
    from data.db import owner_session
    from data.lookback import list_lookbacks, village_states

    with as_owner() as (_, engine), owner_session(engine) as session:
        chosen, number = _round_of(session, campaign, round_no)
        drawn = next(iter(list_lookbacks(session, chosen.id, number)), None)
        if drawn is None:
            raise NothingDrawn(chosen.code, number)
        _tell(chosen, drawn, village_states(session, drawn), as_json)


def _round_of(session: Any, campaign: str | None, round_no: str | None) -> tuple[Campaign, int]:
    from data.campaigns import current_round, find_campaign, list_rounds

    chosen = find_campaign(session, campaign)
    today = local_time.today()
    return chosen, current_round(list_rounds(session, chosen.id), round_no, today)


def _tell(campaign: Campaign, drawn: Lookback, states: Sequence[VillageState], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "campaign": campaign.code,
                "round": drawn.round_no,
                "lookback": drawn.id,
                "coverage": drawn.coverage,
                "error": drawn.error,
                "reckoned": drawn.reckoned,
                "power": drawn.power,
                "seed": drawn.seed,
                "villages": [state.as_json() for state in states],
            }
        )
        return
    click.echo(
        words(
            f"{campaign.name_zh} 第 {drawn.round_no} 轮，回头看 {drawn.id}：真实覆盖率 ≥ {drawn.coverage:.2%}，"
            f"误差 {drawn.error:.2%}，种子 {drawn.seed}",
            f"{campaign.name_en}, round {drawn.round_no}, look-back {drawn.id}: true coverage ≥ {drawn.coverage:.2%}, "
            f"error {drawn.error:.2%}, seed {drawn.seed}",
        )
    )
    for state in states:
        click.echo(f"{state.code:<14} {state.counted:>6} / {state.eligible:<6} {in_words(state):<34} {state.name}")


def in_words(state: VillageState) -> str:
    """How far the look-back of a village has come, in a few words."""
    verdict = state.verdict
    if verdict is None:
        return words("抽取后有农户被删除，须重抽", "households were deleted since: draw again")
    if state.state == "certified":
        return words(f"已证明，用 {verdict.decided_at} 户", f"certified with {counted(verdict.decided_at, 'visit')}")
    if state.state == "refuted":
        at = verdict.decided_at or 0
        return words(f"未达到，用 {at} 户", f"not reached, found with {counted(at, 'visit')}")
    if state.state == "stopped":
        return words(f"建议停止，已看 {verdict.asked} 户", f"not worth going on, {verdict.asked} asked")
    if verdict.still is None and verdict.unreached:
        return words("须先找到未联系上的户", "those not reached have to be reached")
    if verdict.still is None:
        return words("不属实的户太多，证明不了", "too many are false to prove it")
    return words(
        f"已看 {verdict.asked} 户，至少再看 {verdict.still} 户", f"{verdict.asked} asked, at least {verdict.still} more"
    )
