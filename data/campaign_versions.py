"""Versions of a campaign's plan: applying a changed one, reading past ones, and explaining a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.audit import record
from data.campaign_changes import Preview, preview_plan, revision_of
from data.campaign_refusals import PlanConflict, PlanNotAllowed, RuleUnknown
from data.campaigns import open_campaign, whole_plan
from data.imports.limits import Limits
from data.imports.run import IMPORT_LOCK
from data.judging import judge_again, kinds_of_visits
from data.rules.plan import Plan, VisitRule
from data.rules.plan_differences import Rule, find_rules, is_decided_by, rules_of, words_of
from data.tables import Account, Campaign, CampaignVersion
from data.visit_facts import facts_for
from geo.errors import Text


@dataclass(frozen=True)
class Applied:
    """What applying a plan did: the campaign, its version, and how many visits are judged otherwise."""

    campaign_id: int
    code: str
    version: int
    visits: int


@dataclass(frozen=True)
class Explained:
    """A rule and what it does.

    Attributes
    ----------
    rule : Rule
    since : int
        First version since which the rule has said the same without a break.
    since_at : str
        When that version was made, ISO.
    decides : Text
        What hangs on it.
    visits : int or None
        Visits whose verdict would be another without it; None for rules that judge no visit.
    households : int or None
        Households of the cohort it sets; None for other rules.
    """

    rule: Rule
    since: int
    since_at: str
    decides: Text
    visits: int | None
    households: int | None

    def as_json(self, language: str) -> dict[str, Any]:
        """The rule as the API and the command line tell it."""
        return {
            "rule": self.rule.name,
            "words": words_of(self.rule.name).in_language(language),
            "value": self.rule.value,
            "clause": self.rule.clause,
            "clause_ref": self.rule.clause_ref,
            "since": self.since,
            "since_at": self.since_at,
            "decides": self.decides.in_language(language),
            "visits": self.visits,
            "households": self.households,
        }


def preview_for(session: Session, plan: Plan, jurisdiction: tuple[int, int], limits: Limits) -> Preview:
    """Say what a plan would do, to one who may apply it.

    Raises
    ------
    PlanNotAllowed
        If the campaign of this id, or the area, is not inside the limits as a whole.
    """
    return preview_plan(session, plan, _campaign_for(session, plan, jurisdiction, limits), jurisdiction)


def range_for(session: Session, plan: Plan, jurisdiction: tuple[int, int]) -> tuple[int, int]:
    """The range of the campaign of this id, or the one given for a new one."""
    campaign = session.scalar(select(Campaign).where(Campaign.code == plan.id))
    return (campaign.jur, campaign.jur_end) if campaign is not None else jurisdiction


def apply_plan(
    session: Session,
    plan: Plan,
    revision: str,
    jurisdiction: tuple[int, int] = EVERYWHERE,
    limits: Limits | None = None,
    *,
    account_id: int | None = None,
    note: str | None = None,
) -> Applied:
    """Open a campaign or bring one to a new version, and judge its visits by it, in one transaction.

    Parameters
    ----------
    session : Session
        As the owner; waits for imports, which judge by the rule they read at their beginning.
    revision : str
        Of the preview that was looked at.
    jurisdiction : tuple of int
        Range of a new campaign.
    limits : Limits, optional
        What the account answers for; none for the operator.
    account_id, note
        Kept with the version.

    Raises
    ------
    PlanConflict
        If the plan or the campaign is another than in the preview.
    PlanNotAllowed
    """
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    campaign = _campaign_for(session, plan, jurisdiction, limits or Limits())
    if campaign is not None:
        session.refresh(campaign, with_for_update=True)
        jurisdiction = campaign.jur, campaign.jur_end
    version = campaign.version if campaign is not None else 0
    if revision != revision_of(plan.text, version, jurisdiction):
        raise PlanConflict(version)
    if campaign is not None and campaign.plan_text == plan.text:
        return Applied(campaign.id, campaign.code, version, 0)
    campaign = open_campaign(session, plan, jurisdiction, made_by=account_id, note=note)
    visits = judge_again(session, campaign.id)
    record(
        session,
        act="campaign_open" if campaign.version == 1 else "campaign_change",
        object_kind="campaign",
        object_id=campaign.code,
        reason=note,
        details={"version": campaign.version, "judged_otherwise": visits},
        jur=campaign.jur,
    )
    return Applied(campaign.id, campaign.code, campaign.version, visits)


def list_versions(session: Session, campaign_id: int) -> Sequence[tuple[CampaignVersion, str | None]]:
    """Versions of a campaign, newest first, each with the name of who made it where the asker may know it."""
    rows = session.execute(
        select(CampaignVersion, Account.full_name)
        .outerjoin(Account, Account.id == CampaignVersion.made_by)
        .where(CampaignVersion.campaign_id == campaign_id)
        .order_by(CampaignVersion.no.desc())
    )
    return [(version, name) for version, name in rows]


def explain_rules(session: Session, campaign: Campaign, asked: str) -> list[Explained]:
    """Explain a rule, or all of a table.

    Raises
    ------
    RuleUnknown
        With the names there are.
    """
    plan = whole_plan(campaign)
    found = list(find_rules(plan, asked))
    if not found:
        names = list(rules_of(plan))
        raise RuleUnknown(
            Text(
                f"方案中没有规则“{asked}”。现有：{'、'.join(names)}",
                f"The plan has no rule '{asked}'. There are: {', '.join(names)}",
            ),
            found=asked,
        )
    versions = [version for version, _ in list_versions(session, campaign.id)]
    now = VisitRule.from_plan(campaign.plan)
    asks = any(one.name.startswith("visit.") for one in found)
    kinds = kinds_of_visits(session, campaign.id, facts_for(now)) if asks else []
    explained = []
    for rule in found:
        since = versions[0]
        for version in versions:
            before = rules_of(version.plan).get(rule.name)
            if before is None or before.value != rule.value:
                break
            since = version
        table, _, name = rule.name.partition(".")
        visits = None
        if table == "visit":
            visits = sum(kind.visits for kind in kinds if is_decided_by(now, name, kind.facts))
        explained.append(
            Explained(
                rule,
                since.no,
                since.made_at.isoformat(),
                DECIDES[table],
                visits,
                _households(session, campaign.id, plan, rule.name) if table in ("cohort", "round") else None,
            )
        )
    return explained


def _households(session: Session, campaign_id: int, plan: dict[str, Any], name: str) -> int:
    """Households of the cohort that a rule of a cohort or round is about, in the rounds as they stand."""
    table, key = name.split(".")[:2]
    rounds: list[dict[str, Any]] = plan["round"]
    default = plan["campaign"].get("cohort", "all_households")
    numbers = [
        one["no"]
        for one in rounds
        if (str(one["no"]) == key if table == "round" else one.get("cohort", default) == key)
    ][:1]
    return int(
        session.scalar(
            text(
                "select coalesce(sum(eligible), 0) from coverage where campaign_id = :c and round_no = any (:numbers)"
            ),
            {"c": campaign_id, "numbers": numbers},
        )
        or 0
    )


def _campaign_for(session: Session, plan: Plan, jurisdiction: tuple[int, int], limits: Limits) -> Campaign | None:
    campaign = session.scalar(select(Campaign).where(Campaign.code == plan.id))
    held = (campaign.jur, campaign.jur_end) if campaign is not None else jurisdiction
    if not limits.holds(*held):
        raise PlanNotAllowed(plan.id)
    return campaign


DECIDES = {
    "source": Text("方案出自哪份文件", "Which document the plan comes from"),
    "campaign": Text("行动的名称和目标", "The campaign's names and target"),
    "cohort": Text("哪些户计入分母", "Which households are counted"),
    "stage": Text("各阶段的期限", "By when each stage ends"),
    "round": Text("每轮走访谁、何时、目标多少", "Whom a round is for, when, and its target"),
    "visit": Text("一次走访是否有效", "Whether a visit counts"),
    "visitor": Text("谁走访多少户、何时完成", "Who visits how many households, by when"),
    "question": Text("入户时问什么", "What is asked on a visit"),
    "work": Text("入户时做什么", "What is done on a visit"),
    "deadline": Text("问题多久办结", "How long a problem may take"),
    "scoring": Text("起始分和约谈线", "The score at the start, and when there is a talk"),
    "score": Text("每起扣几分", "Points taken off for each"),
    "publicity": Text("宣传多久一次", "How often it is told"),
    "demand_class": Text("诉求分哪几类", "The classes of demands"),
    "demands": Text("文件写明的诉求类数", "How many classes of demands the document states"),
    "figure": Text("文件自己写的数字，只作核对", "A figure the document states; for checking only"),
    "contradiction": Text("文件中的矛盾与所取的读法", "A contradiction of the document, and what was taken"),
}
