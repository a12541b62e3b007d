"""Reservations (预约): somebody is on the way to a household, so that nobody else goes there in the same round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.db import rows_changed
from data.households import iso
from data.rules.visitors import VisitorKind
from data.rules.words import VISITED
from geo.errors import FangtuError, Text

# A day's work by default; a week at most, so that nothing is blocked by somebody who does not come back.
HOURS, MOST_HOURS = 24, 24 * 7


class CannotReserve(FangtuError):
    """The household is somebody else's, or visited already, so that nobody need go there."""

    code = "cannot_reserve"


class ReservationUnfit(FangtuError):
    """What is asked for is no reservation: a kind of visitors that the plan does not know or that needs none."""

    code = "reservation_unfit"


def take(
    session: Session,
    asker: Asker,
    campaign_id: int,
    round_no: int,
    household_id: int,
    kind: VisitorKind,
    hours: float = HOURS,
) -> dict[str, Any]:
    """Reserve a household, or hold on to it where it is reserved by the same account.

    The row of the household is locked first, as a visit does it: of any number who ask at the same moment one gets it,
    and nobody gets one to which a visit has been committed.

    Parameters
    ----------
    hours : float
        How long it is held, above 0 and at most 168.

    Returns
    -------
    dict
        ``household_id, kind, who, until``.

    Raises
    ------
    RecordUnknown
        If the household is not in the asker's area of duty or not in the round.
    ReservationUnfit
        If the kind may visit what others visit too, or the time is none.
    CannotReserve
        If it is reserved by somebody else, visited already, or another kind's to visit; ``details`` say which.
    """
    _check(kind, hours)
    row = session.execute(
        text("select jur from household where id = :id and removed_at is null for no key update"), {"id": household_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    keys = {"campaign": campaign_id, "round": round_no, "id": household_id}
    status = session.scalar(
        text("select status from standing where campaign_id = :campaign and round_no = :round and household_id = :id"),
        keys,
    )
    if status is None:
        raise RecordUnknown
    if status in VISITED:
        raise CannotReserve(
            Text("没有预约：本轮已走访过这一户。", "Not reserved: this household was visited in this round already."),
            found="visited",
        )
    owner = session.execute(
        text("""
            select kind, owner, account_id from assignment
             where campaign_id = :campaign and round_no = :round and household_id = :id and not repeats"""),
        keys,
    ).one_or_none()
    if owner is not None and owner.kind != kind.kind and owner.account_id != asker.account_id:
        raise CannotReserve(
            Text(f"没有预约：这一户由{owner.owner}走访。", f"Not reserved: {owner.owner} visits this household."),
            found="assigned",
            owner=owner.owner,
        )
    values = {**keys, "jur": row.jur, "kind": kind.kind, "account": asker.account_id, "who": asker.full_name}
    values["hours"] = hours
    session.execute(
        text("""
            update reservation set ended_at = until
             where campaign_id = :campaign and round_no = :round and household_id = :id and ended_at is null
               and until <= clock_timestamp()"""),
        keys,
    )
    got = session.execute(
        text("""
            insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until)
            values (:campaign, :round, :id, :jur, :kind, :account, :who,
                    clock_timestamp() + make_interval(secs => 3600 * :hours))
            on conflict (campaign_id, round_no, household_id) where ended_at is null do nothing
            returning household_id, kind, who, until"""),
        values,
    ).one_or_none()
    if got is not None:
        return _told(got)
    held = session.execute(
        text("""
            select account_id, who, until from reservation
             where campaign_id = :campaign and round_no = :round and household_id = :id and ended_at is null"""),
        keys,
    ).one()
    if held.account_id != asker.account_id:
        until: datetime = held.until
        raise CannotReserve(
            Text(
                f"没有预约：{held.who} 已预约，到 {until:%m-%d %H:%M} 为止。",
                f"Not reserved: {held.who} has reserved it until {until:%m-%d %H:%M}.",
            ),
            found="reserved",
            who=held.who,
            until=iso(until),
        )
    return keep(session, asker, campaign_id, round_no, household_id, hours)


def keep(
    session: Session, asker: Asker, campaign_id: int, round_no: int, household_id: int, hours: float = HOURS
) -> dict[str, Any]:
    """Hold the own reservation for so many hours from now, also where its time was over and nobody else has come.

    Raises
    ------
    RecordUnknown
        If the asker has none there.
    ReservationUnfit
        If the time is none.
    """
    _check(None, hours)
    row = session.execute(
        text("""
            update reservation set until = clock_timestamp() + make_interval(secs => 3600 * :hours)
             where campaign_id = :campaign and round_no = :round and household_id = :id and ended_at is null
               and account_id = :account
            returning household_id, kind, who, until"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "id": household_id,
            "account": asker.account_id,
            "hours": hours,
        },
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return _told(row)


def give_back(session: Session, asker: Asker, campaign_id: int, round_no: int, household_id: int) -> None:
    """End the own reservation; row-level security lets supervisors and administrators end anybody's in their area.

    Raises
    ------
    RecordUnknown
        If there is none that the asker may end.
    """
    # Behind the same lock as taking, so that who is told of the holder is told the truth.
    session.execute(text("select 1 from household where id = :id for no key update"), {"id": household_id})
    ended = session.execute(
        text("""
            update reservation set ended_at = clock_timestamp()
             where campaign_id = :campaign and round_no = :round and household_id = :id and ended_at is null"""),
        {"campaign": campaign_id, "round": round_no, "id": household_id},
    )
    if not rows_changed(ended):
        raise RecordUnknown


def living(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int], *, account_id: int | None = None
) -> Sequence[dict[str, Any]]:
    """Reservations of a round that hold now, of what the asker sees inside a range; of one account if it is given."""
    rows = session.execute(
        text("""
            select household_id, kind, who, until from reservation
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi and ended_at is null
               and until > now() and (cast(:account as bigint) is null or account_id = :account)
             order by until, household_id"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "lo": within[0],
            "hi": within[1],
            "account": account_id,
        },
    )
    return [_told(row) for row in rows]


def _check(kind: VisitorKind | None, hours: float) -> None:
    if kind is not None and kind.repeats:
        raise ReservationUnfit(
            Text(
                f"{kind.name.zh}可以走访别人也走访的户，不需要预约。",
                f"{kind.name.en} may visit what others visit too and need no reservation.",
            ),
            found=kind.kind,
        )
    if not 0 < hours <= MOST_HOURS:
        raise ReservationUnfit(
            Text(f"预约时间应在 0 到 {MOST_HOURS} 小时之间。", f"A reservation is for 0 to {MOST_HOURS} hours."),
            found=hours,
            expected=f"0 < hours <= {MOST_HOURS}",
        )


def _told(row: Any) -> dict[str, Any]:
    return {"household_id": row.household_id, "kind": row.kind, "who": row.who, "until": iso(row.until)}
