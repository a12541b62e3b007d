"""What keeps a batch from being taken back, in words: which records, why, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from geo.errors import Text

CHANGED, REFERS, RESTS = "changed", "refers", "rests"
_RECORDS = {
    "area": Text("辖区 {n} 个", "{n} {n:area|areas}"),
    "area_alias": Text("别名或原代码 {n} 个", "{n} other {n:name|names} or older {n:code|codes}"),
    "grid": Text("网格 {n} 个", "{n} {n:grid|grids}"),
    "campaign": Text("行动 {n} 次", "{n} {n:campaign|campaigns}"),
    "round": Text("轮次 {n} 个", "{n} {n:round|rounds}"),
    "campaign_version": Text("方案版本 {n} 个", "{n} {n:version|versions} of a plan"),
    "household": Text("农户 {n} 户", "{n} {n:household|households}"),
    "house": Text("房屋 {n} 栋", "{n} {n:house|houses}"),
    "appraisal": Text("鉴定 {n} 次", "{n} {n:appraisal|appraisals}"),
    "disaster": Text("灾害 {n} 次", "{n} {n:disaster|disasters}"),
    "renovation_site": Text("改造点 {n} 处", "{n} renovation {n:site|sites}"),
    "visit": Text("走访 {n} 次", "{n} {n:visit|visits}"),
    "base_feature": Text("底图要素 {n} 个", "{n} {n:feature|features} of the base map"),
    "road_edge": Text("道路 {n} 段", "{n} {n:piece|pieces} of road"),
    "duty": Text("账号的辖区 {n} 项", "{n} {n:area|areas} of duty of accounts"),
    "attachment": Text("附件 {n} 个", "{n} {n:attachment|attachments}"),
    "hardship_case": Text("困难户台账 {n} 条", "{n} {n:case|cases} of hardship"),
    "publicity": Text("宣讲记录 {n} 条", "{n} {n:record|records} of publicity"),
    "mark": Text("现场标注 {n} 条", "{n} {n:mark|marks} from the field"),
    "site_gate": Text("改造环节 {n} 步", "{n} {n:step|steps} of renovations"),
    "site_inspection": Text("质量巡查 {n} 次", "{n} {n:inspection|inspections} of sites"),
    "entitlement": Text("核定补助 {n} 笔", "{n} {n:entitlement|entitlements}"),
    "payment": Text("付款 {n} 笔", "{n} {n:payment|payments}"),
    "renovation_plan": Text("年度计划 {n} 个", "{n} {n:plan|plans} of a year"),
    "monitoring_round": Text("动态监测 {n} 个月", "{n} {n:round|rounds} of monitoring"),
    "monitored": Text("动态监测 {n} 户次", "{n} {n:household|households} in rounds of monitoring"),
    "monitoring_act": Text("动态监测记录 {n} 条", "{n} {n:act|acts} of monitoring"),
    "housing_status": Text("住房安全状态变动 {n} 条", "{n} {n:change|changes} of housing status"),
    "petition": Text("信访 {n} 件", "{n} {n:petition|petitions}"),
    "renovation_plan_line": Text("年度计划 {n} 行", "{n} {n:line|lines} of a plan of a year"),
    "funding": Text("到位资金 {n} 笔", "{n} {n:receipt|receipts} of money"),
    "subsidy_rate": Text("补助标准 {n} 条", "{n} {n:rate|rates} of subsidy"),
    "payment_batch": Text("报盘批次 {n} 个", "{n} {n:batch|batches} of payments"),
    "placement": Text("手工定位 {n} 处", "{n} {n:place|places} set by hand"),
}
_WHY = {
    CHANGED: Text("在本批之后改过", "changed since"),
    REFERS: Text("用到本批新增的记录", "that {n:refers|refer} to records of this batch"),
    RESTS: Text("的位置、归属或判定取决于本批", "whose place, area or verdict rests on this batch"),
}


@dataclass(frozen=True)
class Blocker:
    """Records of one kind that keep a batch from being taken back, and where they come from.

    Attributes
    ----------
    table : str
        Kind of record: ``household``, ``house``, ``visit`` …
    why : str
        ``changed`` since; ``refers`` to a row the batch added; ``rests`` on what the batch decided.
    n : int
        How many.
    batch : int or None
        The later batch they come from; None for what was done by hand.
    source : Text
        That batch or act in words: file, day, person.
    """

    table: str
    why: str
    n: int
    batch: int | None
    source: Text

    @property
    def text(self) -> Text:
        """The whole in a sentence."""
        records, why = _RECORDS[self.table].fill(n=self.n), _WHY[self.why].fill(n=self.n)
        return Text(
            f"{records.zh}{why.zh}：{self.source.zh}",
            f"{records.en} {why.en}: {self.source.en}",
        )


def read_blockers(session: Session, batch: int) -> list[Blocker]:
    """Give what was found, in groups by kind, reason and source; the most numerous first."""
    rows = session.execute(
        text("""
            with sourced as (
                select f.table_name, f.why, f.row_key,
                       (select max(c.batch_id) from batch_change c join batch b on b.id = c.batch_id
                         where c.table_name = f.table_name and c.row_key = f.row_key and c.batch_id > :batch
                           and b.undone_at is null) as batch_id
                  from undo_found f),
            by_hand as (
                select s.table_name, s.row_key, max(p.created_at) as at, max(a.full_name) as who
                  from sourced s join placement p on p.household_id::text = s.row_key and p.undone_at is null
                  join batch b on b.id = :batch and p.created_at > b.created_at
                  left join account a on a.id = p.account_id
                 where s.batch_id is null and s.table_name = 'household' group by 1, 2
                union all
                select s.table_name, s.row_key, max(d.at), max(d.actor)
                  from sourced s join audit d on d.object_kind = s.table_name and d.object_id = s.row_key
                  join batch b on b.id = :batch and d.at > b.created_at
                 where s.batch_id is null and d.act not like 'reveal%' group by 1, 2),
            latest as (
                select distinct on (table_name, row_key) * from by_hand order by table_name, row_key, at desc)
            select s.table_name, s.why, s.batch_id, b.file_name, a.full_name, b.created_at, count(*) as n,
                   max(l.at) as hand_at, string_agg(distinct l.who, '、') as hands
              from sourced s left join batch b on b.id = s.batch_id left join account a on a.id = b.account_id
              left join latest l on l.table_name = s.table_name and l.row_key = s.row_key
             group by 1, 2, 3, 4, 5, 6 order by n desc, 1, 2, 3"""),
        {"batch": batch},
    ).all()
    return [Blocker(row.table_name, row.why, row.n, row.batch_id, _source(row)) for row in rows]


def _source(row: Row[Any]) -> Text:
    if row.batch_id is not None:
        day = f"{row.created_at:%Y-%m-%d}"
        who = Text(row.full_name or "命令行", row.full_name or "the command line")
        return Text(
            f"批次 {row.batch_id}（{row.file_name}，{day}，{who.zh}）",
            f"batch {row.batch_id} ({row.file_name}, {day}, {who.en})",
        )
    if row.hands:
        return Text(f"人工（{row.hands}，{row.hand_at:%Y-%m-%d}）", f"by hand ({row.hands}, {row.hand_at:%Y-%m-%d})")
    return Text("人工", "by hand")
