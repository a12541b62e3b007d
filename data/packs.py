"""Offline packs (离线包): which there are of the villages of whoever asks, and their files.

A pack is the base map of one village in a file that a phone takes along; :mod:`data.pack_making` makes them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.settings import Settings
from data.work_folders import YOUNG_S


@dataclass(frozen=True)
class OfferedPack:
    """A pack as it is offered to who asks.

    Attributes
    ----------
    code, name : str
        Of the village.
    base : str
        Empty for the own map, else the name of the tile file it was taken from.
    """

    code: str
    name: str
    base: str
    size_bytes: int
    sha256: str
    last_zoom: int
    made_at: datetime


def pack_path(settings: Settings, sha256: bytes) -> Path:
    """Where the file of a pack lies."""
    return settings.var / "packs" / f"{sha256.hex()}.pmtiles"


def list_packs(session: Session, code: str | None = None, base: str | None = None) -> list[OfferedPack]:
    """Packs of the villages in the asker's area of duty, by code; the fuller one where there are two of a village.

    Parameters
    ----------
    code, base : str, optional
        Only of this village, only of this map.
    """
    rows = session.execute(
        text("""
            select distinct on (a.code, p.base) a.code, a.name, p.base, p.size_bytes, p.sha256, p.last_zoom, p.made_at
              from pack p join area a on a.id = p.area_id
             where p.sha256 is not null and a.valid_to is null and (cast(:code as text) is null or a.code = :code)
               and (cast(:base as text) is null or p.base = :base)
             order by a.code, p.base, p.whole desc"""),
        {"code": code, "base": base},
    )
    return [OfferedPack(**{**row._mapping, "sha256": bytes(row.sha256).hex()}) for row in rows]


def find_pack(session: Session, code: str, base: str) -> OfferedPack:
    """One pack by village and map.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    found = list_packs(session, code, base)
    if not found:
        raise RecordUnknown
    return found[0]


def count_pending(session: Session) -> int:
    """How many villages that lie wholly in the asker's area of duty have not been looked at yet by the worker."""
    return int(
        session.scalar(
            text("""
                select count(*) from area a
                 where a.level = 'village' and a.valid_to is null and (select sec.duty()) @> int8range(a.jur, a.jur_end)
                   and not exists (select 1 from pack p where p.area_id = a.id)""")
        )
        or 0
    )


def sweep_packs(connection: Connection, settings: Settings) -> None:
    """Delete files of packs that no row speaks of; a young one may belong to a row that is not committed yet."""
    kept = {bytes(digest).hex() for digest in connection.scalars(text("select sha256 from pack")) if digest}
    for path in (settings.var / "packs").glob("*"):
        try:
            if path.stem not in kept and time.time() - path.stat().st_mtime > YOUNG_S:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
