"""What keeps a household out of the programme (不予享受情形): entered with its evidence, lifted with a reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.steps import fit_day, stated_reason
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.words import EXCLUSION
from data.tables import Exclusion, Household
from geo.errors import Text


def exclude(
    session: Session, asker: Asker | None, household_id: int, *, kind: str, evidence: str | None, from_on: date | None
) -> int:
    """Enter what excludes a household.

    Parameters
    ----------
    kind : str
        A key of ``EXCLUSION``.
    evidence : str
        What it rests on: a document, an extract of the register, who has seen it.
    from_on : date, optional
        The day from which it holds, not in the future; today by default.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household.
    RenovationUnfit
        If kind or evidence is lacking, or the same kind holds already.
    """
    home = session.get(Household, household_id)
    if home is None or home.removed_at is not None:
        raise RecordUnknown
    if kind not in EXCLUSION:
        raise lacking("kind", "请选择情形", "choose what excludes it", found=kind, expected=list(EXCLUSION))
    words = clean_words(evidence)
    if not words or len(words) < 2:
        raise lacking("evidence", "请写明依据，如文件、登记信息或现场核查人", "say what it rests on")
    day = fit_day(from_on, None)
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('exclusion:' || :id, 0))"), {"id": household_id}
    )
    if session.scalar(
        text("select 1 from exclusion where household_id = :id and kind = :kind and lifted_on is null"),
        {"id": household_id, "kind": kind},
    ):
        raise RenovationUnfit(
            Text(
                f"没有保存：“{EXCLUSION[kind].zh}”已经登记，还没有解除。",
                f"Not saved: '{EXCLUSION[kind].en}' is entered already and not lifted.",
            ),
            column="kind",
            found=kind,
        )
    made = Exclusion(
        household_id=household_id,
        jur=home.jur,
        kind=kind,
        evidence=words,
        from_on=day,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    record(
        session, act="exclude", object_kind="household", object_id=household_id, details={"kind": kind}, jur=home.jur
    )
    return made.id


def lift_exclusion(
    session: Session,
    asker: Asker | None,
    household_id: int,
    exclusion_id: int,
    reason: str | None,
    *,
    on_day: date | None = None,
) -> None:
    """Lift an exclusion; it stays in the history with the reason.

    Raises
    ------
    RecordUnknown
        If the household has no such exclusion for the asker.
    RenovationUnfit
        If it was lifted already, no reason is given, or the day lies before it began.
    """
    row = session.execute(
        text("""
            select id, kind, jur, from_on, lifted_on from exclusion
             where id = :id and household_id = :home for update"""),
        {"id": exclusion_id, "home": household_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.lifted_on is not None:
        raise RenovationUnfit(Text("没有保存：这一项已经解除。", "Not saved: it was lifted already."), column="reason")
    words = stated_reason(reason)
    session.execute(
        text("update exclusion set lifted_on = :day, lift_reason = :why, lifted_by = :who where id = :id"),
        {
            "id": exclusion_id,
            "day": fit_day(on_day, row.from_on),
            "why": words,
            "who": asker.account_id if asker else None,
        },
    )
    record(
        session,
        act="exclusion_lift",
        object_kind="household",
        object_id=household_id,
        details={"kind": row.kind},
        jur=row.jur,
    )


def exclusions_of(session: Session, household_id: int) -> list[dict[str, Any]]:
    """Exclusions of a household with who entered and who lifted them, those that hold first."""
    rows = session.execute(
        text("""
            select e.id, e.kind, e.evidence, e.from_on, e.at, e.account_id, c.full_name as who, e.lifted_on,
                   e.lift_reason, e.lifted_by, l.full_name as lifted_who
              from exclusion e left join account c on c.id = e.account_id left join account l on l.id = e.lifted_by
             where e.household_id = :id order by e.lifted_on nulls first, e.id desc"""),
        {"id": household_id},
    )
    return [dict(row) for row in rows.mappings()]
