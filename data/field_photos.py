"""Photographs from the field as the desk sees them: one door for those of visits, demands, marks and sites."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.photo_views import LONG_EDGE, shown_photo
from data.sealing import Sealer
from data.settings import Settings
from data.sync.photos import read_photo

# They see all of their area of duty; anybody else sees what the own phone took.
SEES_ALL = (Role.SUPERVISOR, Role.ADMIN)
_MINE = "(:all or a.account_id = :account)"


def list_photos(session: Session, asker: Asker, of: str, keys: Sequence[Any]) -> dict[str, list[str]]:
    """Photographs of visits, marks or sites that have come and that the asker may see, in the order they were taken.

    Parameters
    ----------
    of : str
        ``visit``, ``mark`` or ``site``.
    keys : sequence
        Ids of the visits or marks (UUID), or keys of the sites.

    Returns
    -------
    dict
        Ids of photographs by id of what they belong to; what has none is missing.
    """
    column, kind = {"visit": ("visit_id", "uuid"), "mark": ("mark_id", "uuid"), "site": ("site_id", "bigint")}[of]
    if not keys:
        return {}
    rows = session.execute(
        text(f"""
            select a.{column}::text as owner, a.id::text as id from attachment a
             where a.{column} = any (cast(:ids as {kind}[])) and {_MINE} and a.withdrawn_at is null
               and a.content_type like 'image/%'
             order by a.taken_at nulls last, a.id"""),
        {"ids": [str(key) for key in keys], **_asking(asker)},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.owner, []).append(row.id)
    return found


def list_appraisal_photos(
    session: Session, asker: Asker, appraisals: Sequence[int]
) -> dict[int, list[tuple[str, str]]]:
    """Photographs of appraisals that the asker may see, in the order they were taken.

    Returns
    -------
    dict
        By key of the appraisal: id of each photograph and what it shows, ``house``, ``site`` or a part.
    """
    rows = session.execute(
        text(f"""
            select a.appraisal_id, a.id::text as id, a.kind from attachment a
             where a.appraisal_id = any (:ids) and {_MINE} and a.withdrawn_at is null
             order by a.taken_at nulls last, a.id"""),
        {"ids": list(appraisals), **_asking(asker)},
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.appraisal_id, []).append((row.id, row.kind))
    return found


def list_concern_photos(session: Session, asker: Asker, mark_id: uuid.UUID) -> dict[int | None, list[str]]:
    """Photographs of a site of concern that the asker may see, in the order they were taken.

    Returns
    -------
    dict
        Ids by key of the observation they belong to; None for those of the mark itself.
    """
    rows = session.execute(
        text(f"""
            select a.observation_id, a.id::text as id from attachment a
             where a.mark_id = :mark and {_MINE} order by a.taken_at nulls last, a.id"""),
        {"mark": mark_id, **_asking(asker)},
    )
    found: dict[int | None, list[str]] = {}
    for row in rows:
        found.setdefault(row.observation_id, []).append(row.id)
    return found


def show_photo(
    session: Session,
    settings: Settings,
    sealer: Sealer,
    asker: Asker,
    photo_id: uuid.UUID,
    *,
    long_edge: int = LONG_EDGE,
) -> bytes:
    """A photograph as JPEG, encoded anew; that it was looked at is written down in the same transaction.

    Parameters
    ----------
    long_edge : int
        Most pixels along it.

    Raises
    ------
    RecordUnknown
        If there is none that the asker may see, or its bytes are lost.
    PhotoBroken
        If it does not open any more.
    """
    row = session.execute(
        text(f"""
            select a.jur, case when a.site_id is not null then 'renovation_site'
                        when a.appraisal_id is not null then 'appraisal' when a.mark_id is null then 'visit'
                        else 'mark' end as of,
                   coalesce(a.site_id, a.appraisal_id, v.no, m.no) as no
              from attachment a left join visit v on v.id = a.visit_id left join mark m on m.id = a.mark_id
             where a.id = cast(:id as uuid) and {_MINE}
               and a.content_type like 'image/%'
               and (a.mark_id is not null or a.visit_id is not null or a.site_id is not null
                    or a.appraisal_id is not null)"""),
        {"id": str(photo_id), **_asking(asker)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    try:
        content = shown_photo(read_photo(settings, sealer, photo_id), long_edge=long_edge)
    except FileNotFoundError as error:
        raise RecordUnknown from error
    record(
        session,
        act="photo_show",
        object_kind=row.of,
        object_id=row.no,
        fields=("photo",),
        details={"photo": str(photo_id)},
        jur=row.jur,
    )
    return content


def _asking(asker: Asker) -> dict[str, Any]:
    return {"all": asker.role in SEES_ALL, "account": asker.account_id}
