"""Household cards (户卡): a code by which a household confirms or denies a visit, without an account.

A code is told once, on paper. What is stored is its keyed hash, so that nobody who reads the store can speak for a
household.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.audit import record
from data.masks import mask_name
from data.sealing import Sealer
from geo.errors import FangtuError, Text

# Without I, L, O, U and 1, which are misread; 31 is prime, so that the check character tells every wrong character and
# every two that changed places.
ALPHABET = "023456789ABCDEFGHJKMNPQRSTVWXYZ"
# 31⁹ codes: 44.6 bits.
_RANDOM = 9
KIND = "household_card"
MOST_CARDS = 200
MOST_WORDS = 500


class CardRefused(FangtuError):
    """Cards cannot be made as asked for."""

    code = "card_refused"


class CardWait(FangtuError):
    """Too many codes that nobody has were tried from this address."""

    code = "card_wait"

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            Text(f"输入次数过多，请 {minutes} 分钟后再试。", f"Too many attempts. Please try again in {minutes} min."),
            seconds=seconds,
        )


@dataclass(frozen=True)
class PrintedCard:
    """One card as it goes on paper; the code is nowhere else."""

    code: str
    household_code: str
    head_name: str
    village: str


@dataclass(frozen=True)
class VillageCards:
    """Cards of one village in a campaign; without code for the households that lie in no village."""

    code: str | None
    name: str | None
    households: int
    cards: int
    made_at: datetime | None

    @property
    def parts(self) -> list[tuple[int, int, int]]:
        """Number, first and last household of each file the village's cards take."""
        starts = range(0, self.households, MOST_CARDS)
        return [(no, at + 1, min(at + MOST_CARDS, self.households)) for no, at in enumerate(starts, 1)]


@dataclass(frozen=True)
class SpokenOf:
    """The visit a card speaks of: its day, its way, the kind of visitor if the plan names it, the last word on it."""

    day: date
    mode: str
    kind: Text | None
    word: str | None


def new_code() -> str:
    """A random code with its check character, as ``ABCDE-FGHJK``."""
    digits = [secrets.randbelow(len(ALPHABET)) for _ in range(_RANDOM)]
    letters = "".join(ALPHABET[digit] for digit in (*digits, _check(digits)))
    return f"{letters[:5]}-{letters[5:]}"


def plain_code(typed: str) -> str:
    """What somebody typed as it is stored: capitals without blanks and hyphens, the letter O as zero."""
    return "".join(letter for letter in typed.upper().replace("O", "0") if letter.isalnum())[:40]


def is_well_formed(code: str) -> bool:
    """Whether a plain code has the right length, letters and check character."""
    if len(code) != _RANDOM + 1 or any(letter not in ALPHABET for letter in code):
        return False
    *digits, check = (ALPHABET.index(letter) for letter in code)
    return check == _check(digits)


def _check(digits: Sequence[int]) -> int:
    return sum((place + 2) * digit for place, digit in enumerate(digits)) % len(ALPHABET)


def cards_by_village(session: Session, campaign_id: int, within: tuple[int, int]) -> list[VillageCards]:
    """Households and cards in force of each village, by code; the households in no village last.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    """
    rows = session.execute(
        text("""
            select a.code, a.name, count(distinct h.id) as households, count(distinct k.household_id) as cards,
                   max(k.made_at) as made_at
              from household h
              join campaign c on c.id = :campaign and h.jur >= c.jur and h.jur < c.jur_end
              left join area a on a.id = h.village_id
              left join household_card k
                on k.household_id = h.id and k.campaign_id = c.id and k.ended_at is null
             where h.removed_at is null and h.jur >= :lo and h.jur < :hi
             group by a.code, a.name order by a.code nulls last"""),
        {"campaign": campaign_id, "lo": within[0], "hi": within[1]},
    )
    return [VillageCards(**row._mapping) for row in rows]


def make_cards(
    session: Session, asker: Asker, sealer: Sealer, campaign_id: int, within: tuple[int, int], *, page: int = 1
) -> list[PrintedCard]:
    """Make new cards for households of an area, by code; earlier cards of the same campaign end.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    page : int
        Which 200 of them.

    Raises
    ------
    CardRefused
        If there is no household there.
    """
    rows = session.execute(
        text("""
            select h.id, h.jur, h.code, h.head_name, a.name as village from household h
              join campaign c on c.id = :campaign and h.jur >= c.jur and h.jur < c.jur_end
              left join area a on a.id = h.village_id
             where h.removed_at is null and h.jur >= :lo and h.jur < :hi
             order by a.code, h.code, h.id limit :limit offset :skip"""),
        {
            "campaign": campaign_id,
            "lo": within[0],
            "hi": within[1],
            "limit": MOST_CARDS,
            "skip": MOST_CARDS * (page - 1),
        },
    ).all()
    if not rows:
        raise CardRefused(Text("没有制卡：这里没有农户。", "No cards: there are no households here."))
    session.execute(
        text("""update household_card set ended_at = now()
                 where campaign_id = :campaign and household_id = any (:ids) and ended_at is null"""),
        {"campaign": campaign_id, "ids": [row.id for row in rows]},
    )
    cards, stored = [], []
    for row in rows:
        code = new_code()
        cards.append(PrintedCard(code, row.code or "", mask_name(row.head_name), row.village or ""))
        stored.append(
            {
                "campaign": campaign_id,
                "household": row.id,
                "jur": row.jur,
                "index": sealer.index(plain_code(code), KIND),
                "account": asker.account_id,
            }
        )
    session.execute(
        text("""insert into household_card (campaign_id, household_id, jur, code_index, account_id)
                values (:campaign, :household, :jur, :index, :account)"""),
        stored,
    )
    record(
        session,
        act="make_cards",
        object_kind="campaign",
        object_id=campaign_id,
        details={"cards": len(cards)},
        jur=min(row.jur for row in rows),
    )
    return cards


def look_up(session: Session, sealer: Sealer, typed: str, address: str | None) -> SpokenOf | None:
    """The visit a card speaks of; None for a code nobody has as for a household nobody has visited.

    A transaction of its own: what was tried is remembered whatever the answer. A wrong check character costs as much
    time as a wrong code, since nothing is decided by it.

    Raises
    ------
    CardWait
    """
    row = _find(session, sealer, typed, address)
    if row is None:
        return None
    kind = Text(row.kind_zh, row.kind_en or row.kind_zh) if row.kind_zh else None
    return SpokenOf(row.day, row.mode, kind, row.word)


def say(session: Session, sealer: Sealer, typed: str, address: str | None, word: str, words: str) -> bool:
    """Keep what a household says of the visit its card speaks of; False if there is none, or enough was said.

    Raises
    ------
    CardWait
    """
    row = _find(session, sealer, typed, address)
    if row is None:
        return False
    kept = [
        session.scalar(
            text("select sec.card_answer(:index, :word, :words)"), {"index": index, "word": word, "words": words}
        )
        for index in sealer.indexes(plain_code(typed), KIND)
    ]
    return any(kept)


def _find(session: Session, sealer: Sealer, typed: str, address: str | None) -> Any:
    # One attempt per address at a time: workers asked at once must not each see room for one more.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('card ' || :address, 0))"), {"address": address or ""}
    )
    wait = session.scalar(text("select sec.card_must_wait(:address)"), {"address": address})
    if wait:
        raise CardWait(int(wait))
    found = [
        session.execute(text("select * from sec.card_visit(:index)"), {"index": index}).one_or_none()
        for index in sealer.indexes(plain_code(typed), KIND)
    ]
    row = next((one for one in found if one is not None), None)
    session.execute(text("select sec.note_card(:address, :found)"), {"address": address, "found": row is not None})
    return row
