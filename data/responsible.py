"""Who is responsible (责任人) for a place: those whose area of duty (辖区) holds it most narrowly."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Responsible:
    """A person responsible for a place.

    Attributes
    ----------
    account_id : int
        Key of the account, which tells two people of one name apart; not told to anybody.
    name : str
        Name people read; no sign-in name, no telephone number.
    role : str
        ``inspector`` or ``supervisor``.
    code, area : str or None
        Code and name of the area of duty; None for one that is no single area known here.
    """

    account_id: int
    name: str
    role: str
    code: str | None
    area: str | None

    def as_json(self) -> dict[str, Any]:
        """The person as JSON."""
        return {name: value for name, value in asdict(self).items() if name != "account_id"}


def responsible_for(session: Session, jurs: Collection[int]) -> dict[int, tuple[Responsible, ...]]:
    """Who is responsible for jurisdiction numbers.

    Parameters
    ----------
    jurs : collection of int
        Jurisdiction numbers of grids or villages.

    Returns
    -------
    dict of int to tuple of Responsible
        The accounts with the narrowest duty that holds a number, several if they share it; inspectors before
        supervisors, then by name. A number for which nobody is set is missing. Only of duties wholly inside the
        asker's own: who stands above the asker, or beside, is not told.
    """
    if not jurs:
        return {}
    rows = session.execute(
        text("""
            select r.jur, r.account_id, r.full_name, r.role, n.code, n.name
              from sec.responsible(cast(:jurs as bigint[])) r
              left join lateral (
                select code, name from (
                    select a.code, a.name from area a
                     where a.jur = r.duty_jur and a.jur_end = r.duty_end and a.valid_to is null
                       and a.level not in ('natural_village', 'group')
                    union all
                    select g.code, g.name from grid g where g.jur = r.duty_jur and g.jur_end = r.duty_end) own
                 limit 1) n on true
             order by r.jur, r.role, r.full_name, r.account_id"""),
        {"jurs": sorted(set(jurs))},
    )
    found: dict[int, list[Responsible]] = {}
    for row in rows:
        found.setdefault(row.jur, []).append(Responsible(row.account_id, row.full_name, row.role, row.code, row.name))
    return {jur: tuple(people) for jur, people in found.items()}
