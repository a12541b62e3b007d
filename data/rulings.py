"""What people say about doubtful visits: the inspector answers, somebody else rules; coverage follows the ruling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.duplicates import refresh_duplicates
from data.rules.plan import VisitRule
from data.rules.validity import check_visit
from data.tables import Campaign
from data.tables.suspicions import RULINGS
from data.visit_facts import facts_for
from geo.errors import FangtuError, Text

LEAST_WORDS, MOST_WORDS = 4, 500
MOST_AT_ONCE = 200


class RulingRefused(FangtuError):
    """A ruling or an answer that is not taken; nothing was changed."""

    code = "ruling_refused"


def rule_visits(session: Session, asker: Asker, numbers: Sequence[int], ruling: str, reason: str) -> int:
    """Rule on visits: genuine, false or void.

    Parameters
    ----------
    numbers : sequence of int
        Visits, at most 200; all of them are ruled on or none.
    ruling : str
        ``genuine``, ``false`` or ``void``.
    reason : str
        In the person's own words; it is kept with the visit and in the audit.

    Returns
    -------
    int
        How many visits were ruled on.

    Raises
    ------
    RecordUnknown
        If one of them is not in the asker's area of duty.
    RulingRefused
        If the words are missing, the asker may not rule, or one of the visits is the asker's own.
    """
    words = checked_words(reason)
    if ruling not in RULINGS or asker.role not in (Role.SUPERVISOR, Role.LEADER):
        raise RulingRefused(Text("没有保存：只有主管或领导可以判定。", "Not saved: only a supervisor or leader rules."))
    rows = _visits(session, numbers)
    own = [row.no for row in rows if row.is_own]
    if own:
        raise RulingRefused(
            Text(
                "没有保存：不能判定自己的走访，请交他人判定。",
                "Not saved: nobody rules on their own visits; leave them to another.",
            ),
            found=own,
        )
    for row in rows:
        # What was ruled on is in doubt no more.
        verdict = set_ruling(session, row.no, row.campaign_id, ruling, [])
        _note(session, asker, row, "ruling", words, ruling)
        record(
            session,
            act="rule_visit",
            object_kind="visit",
            object_id=row.no,
            fields=("ruling",),
            reason=words,
            details={"ruling": ruling, "before": row.ruling, "verdict": verdict},
            jur=row.jur,
        )
    _set_state(session, rows, "ruled")
    # What no longer counts is nobody's second visit, and makes nobody's one.
    refresh_duplicates(session, {row.household_id for row in rows})
    return len(rows)


def set_ruling(session: Session, number: int, campaign_id: int, ruling: str | None, suspect: Sequence[str]) -> str:
    """Give a visit a ruling, or none, with the verdict that follows and its marks of doubt; gives the verdict.

    Whoever calls it has seen that it may be done, and calls :func:`data.duplicates.refresh_duplicates` afterwards.
    """
    campaign = session.get_one(Campaign, campaign_id)
    rule = VisitRule.from_plan(campaign.plan)
    facts = facts_for(rule)
    known = session.execute(text(f"select {facts.select('v')} from visit v where no = :no"), {"no": number}).one()
    verdict = check_visit(replace(facts.read(known), ruling=ruling), rule)
    session.execute(
        text("""update visit set ruling = :ruling, verdict = :verdict, counts = :verdict = 'valid', suspect = :suspect,
                       rule_version = :version, updated_at = now() where no = :no"""),
        {
            "ruling": ruling,
            "verdict": verdict,
            "suspect": list(suspect),
            "version": campaign.version,
            "no": number,
        },
    )
    return str(verdict)


def answer_doubt(session: Session, asker: Asker, number: int, words: str) -> None:
    """Answer to the doubt about one's own visit; what was ruled on can be answered as well.

    Raises
    ------
    RecordUnknown
        If it is not the asker's own visit, or nothing is doubtful about it.
    RulingRefused
        If the words are missing.
    """
    said = checked_words(words)
    (row,) = _visits(session, [number])
    doubtful = session.scalar(text("select exists (select 1 from suspicion where visit_id = :id)"), {"id": row.id})
    if not row.is_own or not doubtful:
        raise RecordUnknown
    _note(session, asker, row, "answer", said, None)
    record(session, act="answer_doubt", object_kind="visit", object_id=row.no, reason=said, jur=row.jur)
    _set_state(session, [row], "answered")


def _visits(session: Session, numbers: Sequence[int]) -> Sequence[Row[Any]]:
    wanted = sorted(set(numbers))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise RulingRefused(
            Text(f"没有保存：请选 1 至 {MOST_AT_ONCE} 条走访。", f"Not saved: choose 1 to {MOST_AT_ONCE} visits."),
            found=len(wanted),
        )
    rows = session.execute(
        text("""
            select no, id, campaign_id, household_id, jur, ruling,
                   sec.is_own_visit(id) as is_own
              from visit where no = any (:numbers) and household_id is not null and superseded_by is null
             order by no for update"""),
        {"numbers": wanted},
    ).all()
    if len(rows) != len(wanted):
        raise RecordUnknown
    return rows


def checked_words(words: str) -> str:
    """A reason in a person's own words, on one line.

    Raises
    ------
    RulingRefused
        If it has fewer than :data:`LEAST_WORDS` characters.
    """
    said = " ".join(words.split())[:MOST_WORDS]
    if len(said) < LEAST_WORDS:
        raise RulingRefused(
            Text(
                f"没有保存：请写明理由，至少 {LEAST_WORDS} 个字。",
                f"Not saved: say why, in at least {LEAST_WORDS} characters.",
            ),
            found=len(said),
            expected=LEAST_WORDS,
        )
    return said


def _note(session: Session, asker: Asker, row: Row[Any], act: str, words: str, ruling: str | None) -> None:
    session.execute(
        text("""
            insert into suspicion_note (visit_id, household_id, jur, act, ruling, words, account_id, actor)
            values (:visit, :household, :jur, :act, :ruling, :words, :account, :actor)"""),
        {
            "visit": row.id, "household": row.household_id, "jur": row.jur, "act": act, "ruling": ruling,
            "words": words, "account": asker.account_id, "actor": asker.full_name,
        },
    )  # fmt: skip


def _set_state(session: Session, rows: Sequence[Row[Any]], state: str) -> None:
    session.execute(
        text("update suspicion set state = :state where visit_id = any (:ids) and state <> 'ruled'"),
        {"state": state, "ids": [row.id for row in rows]},
    )
