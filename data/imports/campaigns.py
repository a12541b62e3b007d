"""A campaign from its work plan (TOML)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.campaigns import PlanUnreadable, open_campaign, read_plan_file
from data.imports.limits import Limits
from data.imports.linking import link_visits
from data.imports.report import ImportRefused, ImportReport
from data.imports.scope import Scope
from data.judging import judge_again
from data.rules.plan import read_plan
from geo.errors import Text


def import_campaign(session: Session, path: Path, scope: Scope, report: ImportReport, limits: Limits) -> None:
    """Open or update the campaign of a work plan; one plan is one row.

    Parameters
    ----------
    scope : Scope
        Where the campaign takes place; everywhere without an area.
    limits : Limits
        A campaign that is not inside them as a whole cannot be changed.

    Raises
    ------
    ImportRefused
        If the file is no text of sensible size, or a campaign of this id is not for the importer to change.
    PlanError
        If the plan lacks something.
    """
    try:
        content = read_plan_file(path)
    except PlanUnreadable as error:
        raise ImportRefused(error.text, **error.details) from error
    plan = read_plan(content)
    before = session.execute(
        text("select id, plan_text, jur, jur_end from campaign where code = :code"), {"code": plan.id}
    ).one_or_none()
    if before is not None and not limits.holds(before.jur, before.jur_end):
        raise ImportRefused(
            Text(
                f"方案编号“{plan.id}”不能由您使用。请换一个编号，或交负责这次行动的单位导入。",
                f"The plan's id '{plan.id}' is not for you to use. Choose another id, or have the office that runs the "
                "campaign import it.",
            ),
            found=plan.id,
        )
    campaign = open_campaign(session, plan, (scope.jur, scope.jur_end))
    report.read = report.accepted = 1
    report.columns = {"campaign": "campaign", "round": "round", "visit": "visit"}
    if before is None:
        report.count(inserted=1)
        return
    if scope.code and (before.jur, before.jur_end) != (scope.jur, scope.jur_end):
        report.warn(
            Text("行动的辖区开办后不变，--area 未生效", "the area of a campaign stays as opened; --area had no effect"),
            found=scope.code,
        )
    changed = before.plan_text != content
    report.count(updated=int(changed), unchanged=int(not changed))
    if changed:
        report.count(judged_again=judge_again(session, campaign.id), linked_visits=link_visits(session, limits))
