"""What the sample's households said of the work on their houses, written down by the acts of a user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.household_words import add_word, answer_word

_OBJECTIONS = (
    ("西墙角渗水，雨天要接盆。", "施工队已返工做防水，雨后复看不再渗水。"),
    ("后门门框没有刷漆。", "已补刷，本人到场看过。"),
    ("院内建筑垃圾没有清走。", "次日已清运，本人确认。"),
)


def add_words(session: Session, sites: Sequence[int], accepted_on: date) -> None:
    """Let four of five households speak at the acceptance, and a few object before it, each answered."""
    names = {
        row.id: row.head_name
        for row in session.execute(
            text("""
                select s.id, h.head_name from renovation_site s join household h on h.id = s.household_id
                 where s.id = any (:ids)"""),
            {"ids": list(sites)},
        )
    }
    for at, site in enumerate(sites):
        if at % 40 == 7:
            objection, answer = _OBJECTIONS[at // 40 % len(_OBJECTIONS)]
            word = add_word(
                session,
                None,
                site,
                occasion="completed",
                person=names[site],
                relation="self",
                said="objection",
                objection=objection,
                on_day=accepted_on - timedelta(days=6),
            )
            answer_word(session, None, site, word, answer=answer, on_day=accepted_on - timedelta(days=2))
        if at % 5:
            relation = "child" if at % 11 == 1 else "self"
            add_word(
                session,
                None,
                site,
                occasion="accepted",
                person=names[site] if relation == "self" else f"{names[site][:1]}小梅",
                relation=relation,
                said="satisfied",
                on_day=accepted_on,
            )
