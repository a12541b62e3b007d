"""Statements that a connection plans once and then only runs: below row-level security, planning takes as long as
reading the few rows of a map tile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

_NAMED = re.compile(r"(?<!:):([a-z_]\w*)")
_HELD = "fangtu_prepared"


class Prepared:
    """One statement, made ready on each connection when it is first run there.

    Parameters
    ----------
    query : str
        With ``:name`` for each value.
    types : mapping of str to str
        Type in the database of each value; names the query has not are of no meaning.

    Attributes
    ----------
    name, text : str
        Under which name it is kept, and the query with ``$1`` for each value.
    prepare : str
        What is sent to make it ready on a connection.
    call : str
        What is sent to run it, with ``%(name)s`` for each value.

    Notes
    -----
    The database keeps a plan for the role that asked and makes it anew when the role, a policy or a table changes.
    """

    def __init__(self, query: str, types: Mapping[str, str]) -> None:
        names = list(dict.fromkeys(_NAMED.findall(query)))
        self.text = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", query)
        kinds = ", ".join(types[name] for name in names)
        self.name = f"fangtu_{hashlib.sha256(f'{kinds}/{self.text}'.encode()).hexdigest()[:16]}"
        self.prepare = f"prepare {self.name} ({kinds}) as {self.text}"
        self.call = f"execute {self.name} ({', '.join(f'%({name})s' for name in names)})"

    def run(self, session: Session, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it in the session's transaction; of the values, those that it names are sent."""
        connection = session.connection()
        held: set[str] = connection.info.setdefault(_HELD, set())
        if self.name not in held:
            connection.exec_driver_sql(self.prepare)
            held.add(self.name)
        return connection.exec_driver_sql(self.call, dict(values))
