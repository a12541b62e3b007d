"""Which round an address speaks of, and the version of what is shown of it, in one statement: what every tile asks
before it is made. Defined in ``data/migrations/sql/0011_scopes.sql``, and with who asks in ``0012_tiles.sql``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from data.askers import Role
from data.lines import Line
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


@dataclass(frozen=True)
class Opened:
    """Who asks for a map, as the database has just confirmed it, and for what.

    Attributes
    ----------
    account_id, role
        Of the account.
    duty : str
        Areas of duty as the database writes them, see :func:`data.askers.read_ranges`.
    scope : Scope or None
        None if there is no such round for the one who asks.
    """

    account_id: int
    role: Role
    duty: str
    scope: Scope | None


_OPEN = Prepared(
    "select account_id, role, duty::text, known, campaign_id, round_no, version, areas, changes"
    " from sec.open_map(:token, :seen, :campaign, :round, :today, :known)",
    {"token": "text", "seen": "boolean", "campaign": "text", "round": "text", "today": "date", "known": "text"},
)
_MOST_KNOWN = 4096


class MapOpener:
    """Proves a session and finds its round and version in one statement.

    Round and version are remembered with the snapshot they were read by: while the database says that its snapshot is
    the same, nothing has been committed and they hold. Who asks is found out each time.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[str, Scope | None]] = {}

    def forget(self) -> None:
        """Forget all: a database one connects to anew may have been put back to an earlier state."""
        self._known = {}

    def open(
        self, line: Line, token: str, *, seen: bool, campaign: str | None, round_no: str | None, today: date
    ) -> Opened | None:
        """Ask who it is, and for which round.

        Parameters
        ----------
        token, seen
            As for :func:`data.db.enter`.
        campaign, round_no, today
            As for :func:`find_scope`.

        Returns
        -------
        Opened or None
            None if the token opens nothing.
        """
        held = self._known
        key = hashlib.sha256(token.encode()).digest(), campaign or None, round_no or None, today
        snapshot, scope = held.get(key, (None, None))
        row = line.ask(
            _OPEN,
            {"token": token, "seen": seen, "campaign": key[1], "round": key[2], "today": today, "known": snapshot},
        )
        account_id, role, duty, now = row[:4]
        if account_id is None:
            held.pop(key, None)
            return None
        if now != snapshot:
            scope = Scope(row[4], row[5], tag_of(row[6:])) if row[5] is not None else None
            if len(held) >= _MOST_KNOWN:
                held.clear()
            held[key] = now, scope
        return Opened(account_id, Role(role), duty or "{}", scope)
