"""Which round an address speaks of, and the version of what is shown of it, in one statement: what every tile asks
before it is made. Defined in ``data/migrations/sql/0011_scopes.sql``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from data.live import tag_of
from data.prepared import Prepared


@dataclass(frozen=True)
class Scope:
    """A round the asker may see, with the version of what a map shows of it (:func:`data.live.version_tag`)."""

    campaign_id: int
    round_no: int
    tag: str


_SCOPE = Prepared(
    "select * from sec.find_scope(:campaign, :round, :today)", {"campaign": "text", "round": "text", "today": "date"}
)


def find_scope(session: Session, campaign: str | None, round_no: str | None, today: date) -> Scope | None:
    """Find the round asked for.

    Parameters
    ----------
    campaign : str or None
        Number or code; the newest without one.
    round_no : str or None
        Number; without one the latest that has begun, else the first.
    today : date
        Local date.

    Returns
    -------
    Scope or None
        None if there is no such round for the one who asks: :func:`data.campaigns.find_campaign` and
        :func:`data.campaigns.current_round` make the same choice and say what is wrong.
    """
    values = {"campaign": campaign or None, "round": round_no or None, "today": today}
    row = _SCOPE.run(session, values).one()
    return Scope(row[0], row[1], tag_of(row[2:])) if row[1] is not None else None
