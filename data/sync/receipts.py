"""What has become of items a phone sent: the proof at the end of a day (今日 n 户，服务器已确认 n 户)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.duplicates import others_of
from data.households import iso
from data.sync.fields import Fields, key_of
from data.sync.items import missing_photos

MOST_IDS = 1000


def read_ids(body: dict[str, Any]) -> tuple[uuid.UUID, ...]:
    """The ids asked for.

    Raises
    ------
    ItemUnfit
        If they are none, or more than ``MOST_IDS``.
    """
    fields = Fields(body)
    found = fields.each("ids", MOST_IDS, key_of)
    fields.end()
    return found


def find_receipts(session: Session, account_id: int, ids: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """Say of each id, in their order, what became of it.

    Parameters
    ----------
    account_id : int
        Only items of this account are known.

    Returns
    -------
    list of dict
        ``id, kind, state, missing, received_at, flags, others``; ``state`` is ``done``, ``missing_photos``, ``refused``
        (kept for a person to settle) or ``unknown``. ``flags`` are those of a visit; ``others`` who was there too, of
        one flagged as a second visit that nobody has settled.
    """
    keys = {"ids": [str(one) for one in ids], "account": account_id}
    accepted = {
        row.id: row
        for row in session.execute(
            text("""
                select id, kind, practice, received_at from synced_item
                 where id = any (cast(:ids as uuid[])) and account_id = :account"""),
            keys,
        )
    }
    refused = {
        row.item_id: row
        for row in session.execute(
            text("""
                select distinct on (item_id) item_id, kind, at from sync_reject
                 where item_id = any (cast(:ids as uuid[])) and account_id = :account order by item_id, at desc"""),
            keys,
        )
    }
    lacking = missing_photos(session, [key for key, row in accepted.items() if not row.practice])
    visits = [key for key, row in accepted.items() if row.kind == "visit" and not row.practice]
    flags = _flags(session, visits)
    others = others_of(session, [key for key in visits if "duplicate" in flags.get(key, [])], account_id)
    told = []
    for key in ids:
        if key in accepted:
            missing = [str(photo) for photo in lacking.get(key, [])]
            state, kind, at = "missing_photos" if missing else "done", accepted[key].kind, accepted[key].received_at
        elif key in refused:
            missing, state, kind, at = [], "refused", refused[key].kind, refused[key].at
        else:
            missing, state, kind, at = [], "unknown", None, None
        told.append(
            {
                "id": str(key),
                "kind": kind,
                "state": state,
                "missing": missing,
                "received_at": iso(at),
                "flags": flags.get(key, []),
                "others": [{"visitor": one["visitor"], "at": iso(one["at"])} for one in others.get(key, [])],
            }
        )
    return told


def _flags(session: Session, visits: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Flags of visits, as their own receipt told them, but of a second visit that was settled or does not count."""
    rows = session.execute(
        text("""
            select f.visit_id, case when v.counts and v.superseded_by is null and not exists (
                       select 1 from repeat_choice c where c.visit_id = v.id and c.undone_at is null)
                       then f.flags else array_remove(f.flags, 'duplicate') end as flags
              from field_visit f join visit v on v.id = f.visit_id
             where f.visit_id = any (cast(:ids as uuid[])) and f.flags <> '{}'"""),
        {"ids": [str(one) for one in visits]},
    )
    return {row.visit_id: list(row.flags) for row in rows}
