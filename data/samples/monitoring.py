"""The sample's monitoring and petitions: two months in the township that has renovated, made by the acts of a user.

Invented throughout: which houses are suspected, who wrote and what about. The months are the present one, with work
under way, and the one before it, which is closed.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import area_range
from data.monitoring.acts import act_on, change_status
from data.monitoring.rounds import open_round
from data.petitions import add_petition
from data.rules.monitoring import read_rules
from data.sealing import Sealer

_SUSPECTED = ("山墙出现新裂缝", "屋面渗漏，檩条受潮", "地基沉降，门框变形", "暴雨后墙脚松动")
# Days ago, channel, name, cause, matter, unit, days until due, answer, satisfaction.
_PETITIONS = (
    (40, "visit", "宋守田", "money_late", "补助还没有打到卡上。", "镇财政所", 15, "已重新报盘。", "unsatisfied"),
    (31, "hotline", "梁桂兰", "quality", "新修的屋面又漏雨。", "镇村建中心", 15, "施工队已返工。", "unsatisfied"),
    (28, "letter", "何有福", "not_listed", "邻居列入改造，我家没有。", "镇村建中心", 15, None, "unknown"),
    (20, "online", "宋小雨", "neighbour", "施工占用两家共用的巷道。", "石桥村委会", 15, "两家已签协议。", "satisfied"),
    (9, "transferred", "梁永安", "appraisal", "认为应为 D 级而不是 C 级。", "县住建局", 30, None, "unknown"),
    (6, "visit", "何秀英", "money_amount", "金额与公示的不一样。", "镇财政所", 15, "已当面说明。", "unknown"),
)  # fmt: skip


def add_monitoring(session: Session, township: str, sealer: Sealer, today: date) -> bool:
    """Make the sample's months and petitions unless a round is there; says whether they were made."""
    lo, hi = area_range(session, township)
    if session.scalar(text("select 1 from monitoring_round where jur >= :lo and jur < :hi"), {"lo": lo, "hi": hi}):
        return False
    rules = read_rules()
    this = today.replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    _month(session, open_round(session, None, area=township, month=before, rules=rules, today=before), before, 1.0)
    _month(session, open_round(session, None, area=township, month=this, rules=rules, today=this), today, 0.9)
    homes = session.execute(
        text("""
            select h.id, (select max(s.id) from renovation_site s where s.household_id = h.id) as site
              from household h where h.jur >= :lo and h.jur < :hi order by h.code limit 40"""),
        {"lo": lo, "hi": hi},
    ).all()
    for n, (ago, channel, name, cause, matter, unit, within, answer, said) in enumerate(_PETITIONS):
        received = today - timedelta(days=ago)
        add_petition(
            session,
            None,
            {
                "received_on": received,
                "channel": channel,
                "petitioner": name,
                "contact": f"1990000{n:04d}",
                "cause": cause,
                "matter": matter,
                "unit": unit,
                "due_on": received + timedelta(days=within),
                "answer": answer,
                "answered_on": received + timedelta(days=5) if answer else None,
                "satisfaction": said,
            },
            sealer,
            today=today,
            household_id=homes[n * 5].id,
            site_id=homes[n * 5].site,
        )
    change_status(session, None, homes[3].id, "vacant", "全家外出务工，房屋锁闭", today=today)
    return True


def _month(session: Session, round_id: int, last: date, share: float) -> None:
    """Check a share of the households of a round, report one in forty, and close some of what was closed before."""
    ids = list(session.scalars(text("select id from monitored where round_id = :id order by id"), {"id": round_id}))
    first = last.replace(day=1)
    checked = min(last, first + timedelta(days=3))
    suspected = ids[::40]
    safe = [one for n, one in enumerate(ids) if one not in set(suspected) and n < share * len(ids)]
    act_on(session, None, safe, "checked_safe", today=checked)
    for n, one in enumerate(suspected):
        act_on(session, None, [one], "reported", today=checked, reason=_SUSPECTED[n % len(_SUSPECTED)])
    _appraise(session, suspected[: len(suspected) * 2 // 3], min(last, first + timedelta(days=14)))
    done = [one for one in suspected if share == 1.0]
    act_on(session, None, suspected[:2], "followed", today=last, follow="moved_out", reason="已搬到子女家，旧房腾空")
    act_on(session, None, done or suspected[:1], "closed", today=last)


def _appraise(session: Session, monitored: list[int], day: date) -> None:
    """Appraisals of the sample's group, as a ledger brings them: the first two dangerous, the others basically safe."""
    session.execute(
        text("""
            insert into appraisal (house_id, jur, appraised_on, standard, result, appraiser)
            select o.id, o.jur, :day, '导则 2019', case when m.place <= 2 then 'C' else 'B' end, '青禾镇鉴定小组'
              from (select household_id, row_number() over (order by id) as place from monitored
                     where id = any (:ids)) m join house o on o.household_id = m.household_id"""),
        {"ids": monitored, "day": day},
    )
