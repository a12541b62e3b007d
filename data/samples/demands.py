"""Invented demands (诉求) of the sample township, raised at its visits: some solved on the spot, most not."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

# Class, and what was said; nobody said it.
_RAISED = (
    ("housing", "雨季屋顶漏水，想申请修缮。"),
    ("water", "自来水压力小，晚上经常停水。"),
    ("road", "门前到主路的一段还是土路，下雨难走。"),
    ("medical", "慢性病用药报销手续不清楚，希望有人帮办。"),
    ("lighting", "巷子里没有路灯，老人夜里出门不便。"),
    ("income", "家里劳力想在附近找活干。"),
)
# In percent: visits that raise something, the same in each third village, and demands that are solved on the spot.
_SHARE, _IN_THIRD, _SOLVED = 5, 12, 25


def add_demands(session: Session, account_id: int, jur: int, jur_end: int) -> int:
    """Add demands to visits that count, at the house of their household; the same ones each time.

    Parameters
    ----------
    session : Session
        As the owner.
    account_id : int
        Whose they are.
    jur, jur_end : int
        Of visits in ``[jur, jur_end)``.

    Returns
    -------
    int
        How many were added; those that are there stay as they are.
    """
    added = session.execute(
        text("""
            with drawn as (
                select v.id, v.campaign_id, v.household_id, v.jur, v.ended_at, h.geom, h.source_system, h.accuracy_m,
                       h.quality, md5(v.natural_key) as lot
                  from visit v join household h on h.id = v.household_id
                 where v.counts and v.superseded_by is null and v.ended_at is not null and h.geom is not null
                   and v.jur >= :jur and v.jur < :jur_end and h.jur >= :jur and h.jur < :jur_end),
            numbered as (
                select d.*, ('x' || substr(lot, 1, 6))::bit(24)::integer as first,
                       ('x' || substr(lot, 7, 6))::bit(24)::integer as second,
                       ('x' || substr(lot, 13, 6))::bit(24)::integer as third from drawn d)
            insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                                raised_at, geom, source_system, placed_by, accuracy_m, quality)
            select md5('demand:' || lot)::uuid, id, campaign_id, household_id, jur, :account,
                   (cast(:classes as text[]))[1 + second % :many], (cast(:words as text[]))[1 + second % :many],
                   third % 100 < :solved, ended_at, geom, source_system, 'household', accuracy_m, quality
              from numbered
             where first % 100 < case when jur / 1000 % 3 = 0 then cast(:third as integer) else :share end
            on conflict (id) do nothing returning 1"""),
        {
            "account": account_id,
            "jur": jur,
            "jur_end": jur_end,
            "classes": [key for key, _ in _RAISED],
            "words": [words for _, words in _RAISED],
            "many": len(_RAISED),
            "share": _SHARE,
            "third": _IN_THIRD,
            "solved": _SOLVED,
        },
    ).all()
    return len(added)
