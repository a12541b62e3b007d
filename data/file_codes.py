"""Codes of the files of households (户码): given out, given out anew, followed, and printed as labels.

A code is an opaque name of a household, no key to it: what it opens is read as whoever follows it may read it, so that
a label at a door tells a passer-by nothing. It is sealed beside its keyed hash, since a lost label is printed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.cards import CardWait, new_code, plain_code
from data.sealing import Sealer
from geo.errors import FangtuError, Text

KIND = "file_code"
PLACE = "file_code.code_sealed"
MOST_LABELS = 240


class LabelsRefused(FangtuError):
    """Labels cannot be made as asked for."""

    code = "labels_refused"


@dataclass(frozen=True)
class Label:
    """One label as it goes on paper; it names no person."""

    code: str
    household_code: str
    village: str


@dataclass(frozen=True)
class VillageLabels:
    """Households of one village and how many have a code; without code of a village for those that lie in none."""

    code: str | None
    name: str | None
    households: int
    codes: int

    @property
    def parts(self) -> list[tuple[int, int, int]]:
        """Number, first and last household of each file the village's labels take."""
        starts = range(0, self.households, MOST_LABELS)
        return [(no, at + 1, min(at + MOST_LABELS, self.households)) for no, at in enumerate(starts, 1)]


def code_of(session: Session, sealer: Sealer, household_id: int) -> str | None:
    """The code in force of a household's file, as ``ABCDE-FGHJK``; None without one, or where it is not seen."""
    sealed = session.scalar(
        text("select code_sealed from file_code where household_id = :id and ended_at is null"), {"id": household_id}
    )
    return sealer.open(sealed, PLACE, household_id) if sealed is not None else None


def give_code(session: Session, asker: Asker, sealer: Sealer, household_id: int) -> str:
    """Give a household's file a new code; the one before ends at once, and who did it is written down.

    Two who ask at the same time have the same code.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household.
    """
    row = session.execute(
        text("select id, jur from household where id = :id and removed_at is null"), {"id": household_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    ended = session.execute(
        text("update file_code set ended_at = now() where household_id = :id and ended_at is null returning id"),
        {"id": household_id},
    ).all()
    _give(session, asker, sealer, [row])
    record(
        session,
        act="file_code",
        object_kind="household",
        object_id=household_id,
        details={"ended": len(ended)},
        jur=row.jur,
    )
    held = code_of(session, sealer, household_id)
    if held is None:
        raise RecordUnknown
    return held


def must_wait(session: Session, asker: Asker) -> None:
    """Refuse to follow a code for a while after ten that lead nowhere, counted for each account as cards are for each
    address: a whole office asks from one address.

    The session is one of its own, so that what was tried is remembered whatever the answer.

    Raises
    ------
    CardWait
    """
    # One attempt of an account at a time: workers asked at once must not each see room for one more.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('card ' || :who, 0))"), {"who": _counted_as(asker)}
    )
    wait = session.scalar(text("select sec.card_must_wait(:who)"), {"who": _counted_as(asker)})
    if wait:
        raise CardWait(int(wait))


def note_code(session: Session, asker: Asker, *, found: bool) -> None:
    """Remember that an account followed a code, and whether it led anywhere; never the code."""
    session.execute(text("select sec.note_card(:who, :found)"), {"who": _counted_as(asker), "found": found})


def _counted_as(asker: Asker) -> str:
    # No network address looks like this.
    return f"account {asker.account_id}"


def find_household(session: Session, sealer: Sealer, typed: str) -> int | None:
    """The household whose file a code opens; None for a code nobody has, an ended one, and one of elsewhere alike."""
    found = session.scalar(
        text("""
            select f.household_id from file_code f join household h on h.id = f.household_id
             where f.code_index = any (:indexes) and f.ended_at is null and h.removed_at is null"""),
        {"indexes": sealer.indexes(plain_code(typed), KIND)},
    )
    return int(found) if found is not None else None


def labels_by_village(session: Session, within: tuple[int, int]) -> list[VillageLabels]:
    """Households and codes in force of each village, by code; the households in no village last.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    """
    rows = session.execute(
        text("""
            select a.code, a.name, count(*) as households, count(f.id) as codes
              from household h
              left join area a on a.id = h.village_id
              left join file_code f on f.household_id = h.id and f.ended_at is null
             where h.removed_at is null and h.jur >= :lo and h.jur < :hi
             group by a.code, a.name order by a.code nulls last"""),
        {"lo": within[0], "hi": within[1]},
    )
    return [VillageLabels(**row._mapping) for row in rows]


def make_labels(session: Session, asker: Asker, sealer: Sealer, village: str, *, page: int = 1) -> list[Label]:
    """Labels of the households of a village, by code; those without a code are given one, the others keep theirs.

    Parameters
    ----------
    village : str
        Code of the village.
    page : int
        Which :data:`MOST_LABELS` of them, from 1.

    Raises
    ------
    LabelsRefused
        If the asker sees no household there: for a village of elsewhere as for an empty one.
    """
    rows = session.execute(
        text("""
            select h.id, h.jur, h.code, a.name as village, f.code_sealed
              from household h join area a on a.id = h.village_id
              left join file_code f on f.household_id = h.id and f.ended_at is null
             where a.code = :village and h.removed_at is null
             order by h.code, h.id limit :limit offset :skip"""),
        {"village": village, "limit": MOST_LABELS, "skip": MOST_LABELS * (page - 1)},
    ).all()
    if not rows:
        raise LabelsRefused(
            Text(
                f"没有制标签：辖区内没有编号为“{village}”的村，或村里这一份没有农户。请从户码标签页选一个村。",
                f"No labels: your area has no village '{village}', or this part of it has no households. "
                "Choose a village on the page of labels.",
            ),
            found=village,
        )
    lacking = [row for row in rows if row.code_sealed is None]
    _give(session, asker, sealer, lacking)
    given = _sealed_of(session, [row.id for row in lacking])
    record(
        session,
        act="file_labels",
        object_kind="area",
        object_id=village,
        details={"labels": len(rows), "new": len(lacking), "page": page},
        jur=min(row.jur for row in rows),
    )
    return [
        Label(sealer.open(row.code_sealed or given[row.id], PLACE, row.id), row.code or "", row.village) for row in rows
    ]


def _give(session: Session, asker: Asker, sealer: Sealer, rows: Sequence[Row[Any]]) -> None:
    stored = []
    for row in rows:
        code = new_code()
        stored.append(
            {
                "household": row.id,
                "jur": row.jur,
                "index": sealer.index(plain_code(code), KIND),
                "sealed": sealer.seal(code, PLACE, row.id),
                "account": asker.account_id,
            }
        )
    if stored:
        # Somebody else may have given one meanwhile: theirs holds.
        session.execute(
            text("""insert into file_code (household_id, jur, code_index, code_sealed, account_id)
                    values (:household, :jur, :index, :sealed, :account)
                    on conflict (household_id) where ended_at is null do nothing"""),
            stored,
        )


def _sealed_of(session: Session, ids: list[int]) -> dict[int, bytes]:
    rows = session.execute(
        text("select household_id, code_sealed from file_code where household_id = any (:ids) and ended_at is null"),
        {"ids": ids},
    )
    return {row.household_id: row.code_sealed for row in rows}
