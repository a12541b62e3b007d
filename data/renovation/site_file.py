"""One renovation site whole (一处一档): where it stands, what happened, its checks and its money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.local_time import today
from data.renovation.checks import Check, site_checks
from data.renovation.funds import find_rate
from data.renovation.listing import STALLED
from data.renovation.totals import LATE, WITHIN_DAYS
from data.rules.gates import STALLS_AFTER, gates_of, next_gate

# Days of gates that a ledger brought without an act of their own.
_DATED = {gate: f"{gate}_on" for gate in ("approved", "started", "completed", "accepted", "paid")}


@dataclass(frozen=True)
class GateStep:
    """One gate on the line of a site.

    Attributes
    ----------
    gate : str
        A key of ``STAGE``.
    state : str
        ``done``, ``next`` (the one to pass now), ``ended`` (the one at which it ended) or ``later``.
    on_day : date or None
        Day it was passed; None if not passed, or not known.
    late_days : int or None
        Of the next gate: days past the limit within which it was to be paid.
    stood_days : int or None
        Of the next gate: days since the gate before it, where these are more than
        :data:`data.rules.gates.STALLS_AFTER`.
    """

    gate: str
    state: str
    on_day: date | None
    late_days: int | None = None
    stood_days: int | None = None


@dataclass(frozen=True)
class SiteFile:
    """A site with all that its page shows; amounts in fen, empty lists of money where the asker may not see it.

    Attributes
    ----------
    site : dict
        Columns of the site with names of household, house and areas; ``late``, ``within_days``.
    line : list of GateStep
        The gates of its method in their order.
    next : str or None
        The gate to pass next.
    acts, entitlements, payments : list of dict
        Newest first, each with who and when.
    checks : list of Check
        The four checks before approval.
    paid_fen, under_way_fen : int
    rate : Row or None
        The rate it falls under (``fen``, ``source``).
    """

    site: dict[str, Any]
    line: list[GateStep]
    next: str | None
    acts: list[dict[str, Any]]
    checks: list[Check]
    entitlements: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    paid_fen: int
    under_way_fen: int
    rate: Any


_SITE = f"""
    select s.id, s.code, s.jur, s.method, s.method_reason, s.grade_before, s.stage, s.state, s.stage_on, s.year,
           s.responsible, s.remark, s.revision, s.entitled_fen, s.subsidy_yuan, s.approved_on, s.started_on,
           s.completed_on, s.accepted_on, s.paid_on, s.household_id, s.household_ref, s.house_id, s.quality,
           h.code as household_code, h.head_name, h.people, h.aid_group, h.address, o.code as house_code,
           o.grade as house_grade, o.structure, o.built_year, v.name as village, g.name as natural_village,
           st_x(s.geom) as lon, st_y(s.geom) as lat, {LATE} as late, {WITHIN_DAYS} as within_days,
           coalesce({STALLED}, false) as stalled, greatest(s.stage_on, (select max(a.on_day) from site_gate a
               where a.site_id = s.id)) as latest
      from renovation_site s
      left join household h on h.id = s.household_id
      left join house o on o.id = s.house_id
      left join area v on v.id = s.village_id
      left join area g on g.id = h.group_id
     where s.id = :id"""


def site_file(session: Session, site_id: int, *, money: bool) -> SiteFile:
    """A site whole.

    Parameters
    ----------
    money : bool
        Whether the asker may see money; without it no amount is read.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    """
    row = session.execute(text(_SITE), {"id": site_id, "today": today()}).mappings().one_or_none()
    if row is None:
        raise RecordUnknown
    site = dict(row)
    acts = _acts(session, site_id)
    payments = _payments(session, site_id) if money else []

    def sum_of(*states: str) -> int:
        return sum(payment["fen"] for payment in payments if payment["state"] in states)

    return SiteFile(
        site=site,
        line=gate_line(site, acts, today()),
        next=next_gate(site["method"], site["stage"]),
        acts=acts,
        checks=site_checks(session, [site_id])[site_id],
        entitlements=_entitlements(session, site_id) if money else [],
        payments=payments,
        paid_fen=sum_of("paid"),
        under_way_fen=sum_of("listed", "sent"),
        rate=find_rate(session, site_id) if money else None,
    )


def gate_line(site: dict[str, Any], acts: list[dict[str, Any]], day: date) -> list[GateStep]:
    """The gates of a site with the day each was passed, and how long the next one has waited.

    Parameters
    ----------
    site : dict
        With ``method, stage, state, stage_on, late, within_days, stalled`` and the days of a ledger.
    acts : list of dict
        With ``act, gate, on_day, no``. A gate passed again after a return has the later day.
    day : date
        Today.
    """
    gates = gates_of(site["method"])
    at = gates.index(site["stage"]) if site["stage"] in gates else 0
    passed: dict[str, date] = {}
    for act in sorted(acts, key=lambda one: one["no"]):
        if act["act"] in ("passed", "returned"):
            passed[act["gate"]] = act["on_day"]
    line = []
    for number, gate in enumerate(gates):
        known = passed.get(gate) or site.get(_DATED.get(gate, "")) or (site["stage_on"] if number == at else None)
        if number <= at:
            line.append(GateStep(gate, "done", known))
        elif number > at + 1:
            line.append(GateStep(gate, "later", None))
        elif site["state"] != "open":
            line.append(GateStep(gate, "ended", None))
        else:
            line.append(
                GateStep(
                    gate,
                    "next",
                    None,
                    (day - site["accepted_on"]).days - site["within_days"] if site["late"] else None,
                    (day - site["stage_on"]).days if site["stalled"] and site["stage"] in STALLS_AFTER else None,
                )
            )
    return line


def _acts(session: Session, site_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        text("""
            select a.no, a.act, a.gate, a.on_day, a.reason, a.note, a.household_present, a.at, a.account_id,
                   c.full_name as who
              from site_gate a left join account c on c.id = a.account_id
             where a.site_id = :id order by a.no desc"""),
        {"id": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def _entitlements(session: Session, site_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        text("""
            select e.fen, e.reason, e.at, r.source, e.account_id, c.full_name as who
              from entitlement e left join subsidy_rate r on r.id = e.rate_id left join account c on c.id = e.account_id
             where e.site_id = :id order by e.id desc"""),
        {"id": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def _payments(session: Session, site_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        text("""
            select p.id, p.batch_id, b.name as batch, p.line_no, p.fen, p.state, p.paid_on, p.failure
              from payment p left join payment_batch b on b.id = p.batch_id
             where p.site_id = :id order by p.id desc"""),
        {"id": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def houses_of(session: Session, household_id: int) -> list[dict[str, Any]]:
    """Houses of a household that a renovation may begin with: ``id, code, grade, structure``, the worst first."""
    rows = session.execute(
        text("""
            select id, code, grade, structure from house
             where household_id = :id order by grade desc nulls last, id"""),
        {"id": household_id},
    )
    return [dict(row) for row in rows.mappings()]
