"""What an export of each kind holds: its query, and its columns with their headings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.masks import mask_name
from data.rules.suspicions import DETECTOR
from data.rules.words import AID_GROUP, KEY_GROUP, LEVEL, METHOD, MODE, OUTCOME, STAGE, STATUS, SUSPECT, VERDICT
from data.tables.coverage import STATUS_COLUMNS
from geo.errors import Text


@dataclass(frozen=True)
class Column:
    """A column: name, Chinese heading, ``int`` or ``float`` for numbers, its mask, and words for its codes."""

    name: str
    zh: str
    number: str = ""
    mask: Callable[[str], str] | None = None
    labels: Mapping[str, Text] | None = None


@dataclass(frozen=True)
class Export:
    """The query (parameters ``jur`` and ``jur_end``; ``shape`` is the geometry as WKB) and columns of a kind."""

    sql: str
    columns: tuple[Column, ...]


_ID = Column("fangtu_id", "系统编号", "int")
_PLACE = (
    Column("lon", "经度", "float"),
    Column("lat", "纬度", "float"),
    Column("quality", "定位质量", "int"),
    Column("accuracy_m", "定位误差", "float"),
    Column("placed_by", "定位方式"),
    Column("source_system", "原坐标系"),
)
_PLACE_SQL = """st_x({t}.geom) as lon, st_y({t}.geom) as lat, {t}.quality, {t}.accuracy_m, {t}.placed_by,
                {t}.source_system"""
_INSIDE = "{t}.jur >= :jur and {t}.jur < :jur_end"

EXPORTS: dict[str, Export] = {
    "areas": Export(
        """
        select a.code, a.name, a.level, p.code as parent_code, st_x(a.centre) as lon, st_y(a.centre) as lat,
               array(select x.name from area_alias x where x.area_id = a.id and x.name is not null order by 1)
                   as aliases,
               case when a.derived then 'yes' else 'no' end as derived, a.valid_from, st_asbinary(a.geom) as shape
        from area a left join area p on p.id = a.parent_id
        where a.valid_to is null and a.jur >= :jur and a.jur < :jur_end
        order by a.jur, length(a.code), a.code""",
        (
            Column("code", "代码"),
            Column("name", "名称"),
            Column("level", "级别", labels=LEVEL),
            Column("parent_code", "上级代码"),
            Column("aliases", "别名"),
            Column("lon", "经度", "float"),
            Column("lat", "纬度", "float"),
            Column("derived", "推定边界"),
            Column("valid_from", "启用日期"),
        ),
    ),
    "grids": Export(
        """
        select g.code, g.name, 'grid' as level, v.code as parent_code, st_asbinary(g.geom) as shape
        from grid g join area v on v.id = g.village_id
        where g.jur >= :jur and g.jur < :jur_end order by g.code""",
        (
            Column("code", "代码"),
            Column("name", "名称"),
            Column("level", "级别", labels=LEVEL),
            Column("parent_code", "上级代码"),
        ),
    ),
    "households": Export(
        f"""
        select h.id as fangtu_id, h.code, h.head_name, h.people, h.aid_group, h.key_groups, h.address, h.house_no,
               h.stated_area, h.stated_hamlet as natural_village, v.code as in_village, s.name as in_natural_village,
               g.code as in_grid, h.remark,
               case when h.id_sealed is not null then '************' end as id_number,
               case when h.phone_sealed is not null then '****' end as phone,
               case when h.card_sealed is not null then '************' end as bank_card,
               {_PLACE_SQL.format(t="h")}, st_asbinary(h.geom) as shape
        from household h left join area v on v.id = h.village_id left join area s on s.id = h.group_id
        left join grid g on g.id = h.grid_id
        where {_INSIDE.format(t="h")} and h.removed_at is null order by h.jur, h.id""",
        (
            _ID,
            Column("code", "户编号"),
            Column("head_name", "户主姓名", mask=mask_name),
            Column("id_number", "身份证号"),
            Column("phone", "联系电话"),
            Column("bank_card", "银行卡号"),
            Column("people", "家庭人口", "int"),
            Column("aid_group", "低收入类型", labels=AID_GROUP),
            Column("key_groups", "重点人群", labels=KEY_GROUP),
            Column("address", "地址"),
            Column("house_no", "门牌号"),
            Column("stated_area", "行政村"),
            # As the ledger has it; what the household was found to belong to follows and is not read again.
            Column("natural_village", "自然村"),
            Column("in_village", "归属村代码"),
            Column("in_natural_village", "归属自然村"),
            Column("in_grid", "归属网格代码"),
            Column("remark", "备注"),
            *_PLACE,
        ),
    ),
    "houses": Export(
        f"""
        select h.id as fangtu_id, h.code, coalesce(h.household_ref, k.code) as household_code, h.grade,
               a.appraised_on, a.standard, a.appraiser, h.structure, h.built_year, h.area_m2, h.storeys, h.address,
               h.remark,
               {_PLACE_SQL.format(t="h")}, st_asbinary(coalesce(h.outline, h.geom)) as shape
        from house h left join lateral (select * from latest_appraisal l where l.house_id = h.id) a on true
        left join household k on k.id = h.household_id
        where {_INSIDE.format(t="h")} order by h.jur, h.id""",
        (
            _ID,
            Column("code", "房屋编号"),
            Column("household_code", "户编号"),
            Column("grade", "鉴定等级"),
            Column("appraised_on", "鉴定日期"),
            Column("standard", "鉴定标准"),
            Column("appraiser", "鉴定单位"),
            Column("structure", "结构类型"),
            Column("built_year", "建成年份", "int"),
            Column("area_m2", "建筑面积", "float"),
            Column("storeys", "层数", "int"),
            Column("address", "地址"),
            Column("remark", "备注"),
            *_PLACE,
        ),
    ),
    "sites": Export(
        f"""
        select r.id as fangtu_id, r.code, coalesce(r.household_ref, k.code) as household_code, h.code as house_code,
               r.method, r.grade_before, r.stage, r.approved_on, r.started_on, r.completed_on, r.accepted_on, r.paid_on,
               r.subsidy_yuan::float8 as subsidy_yuan, r.remark, {_PLACE_SQL.format(t="r")},
               st_asbinary(r.geom) as shape
        from renovation_site r left join house h on h.id = r.house_id left join household k on k.id = r.household_id
        where {_INSIDE.format(t="r")} order by r.jur, r.id""",
        (
            _ID,
            Column("code", "改造编号"),
            Column("household_code", "户编号"),
            Column("house_code", "房屋编号"),
            Column("method", "改造方式", labels=METHOD),
            Column("grade_before", "改造前等级"),
            Column("stage", "阶段", labels=STAGE),
            Column("approved_on", "批准日期"),
            Column("started_on", "开工日期"),
            Column("completed_on", "竣工日期"),
            Column("accepted_on", "验收日期"),
            Column("paid_on", "发放日期"),
            Column("subsidy_yuan", "补助资金（元）", "float"),
            Column("remark", "备注"),
            *_PLACE,
        ),
    ),
    "visits": Export(
        f"""
        select v.id::text as code, coalesce(v.household_ref, h.code) as household_code, c.code as campaign,
               v.round_no as round, v.started_at, v.ended_at, v.minutes, v.mode, v.reason, v.outcome,
               v.source_status as status, v.visitor, v.visitor_kind, v.companions, v.ruling as ruled, v.verdict,
               v.suspect,
               v.distance_m, v.remark, {_PLACE_SQL.format(t="v")}, st_asbinary(v.geom) as shape
        from visit v join campaign c on c.id = v.campaign_id left join household h on h.id = v.household_id
        where {_INSIDE.format(t="v")} and v.superseded_by is null order by v.jur, v.no""",
        (
            Column("code", "走访编号"),
            Column("household_code", "户编号"),
            Column("campaign", "行动"),
            Column("round", "轮次", "int"),
            Column("started_at", "开始时间"),
            Column("ended_at", "结束时间"),
            Column("minutes", "走访时长", "float"),
            Column("mode", "走访方式", labels=MODE),
            Column("reason", "远程原因"),
            Column("outcome", "走访结果", labels=OUTCOME),
            Column("status", "状态"),
            Column("visitor", "走访员"),
            Column("visitor_kind", "走访员类型"),
            Column("companions", "陪同人员"),
            Column("ruled", "认定"),
            Column("verdict", "系统判定", labels=VERDICT),
            Column("suspect", "系统存疑", labels={**SUSPECT, **DETECTOR}),
            Column("distance_m", "系统测距", "float"),
            Column("remark", "备注"),
            *_PLACE,
        ),
    ),
    "coverage": Export(
        f"""
        select c.code as campaign, r.no as round, a.code, a.name, t.*,
               t.eligible - t.visited as remaining, t.visited::float8 / t.eligible as ratio,
               st_asbinary(a.geom) as shape
        from campaign c join round r on r.campaign_id = c.id
        join area a on a.level = 'village' and a.valid_to is null and a.jur >= :jur and a.jur < :jur_end
        join lateral (
            select sum(eligible)::integer as eligible, sum(visited)::integer as visited,
                   {", ".join(f"sum({name})::integer as {name}" for name in STATUS_COLUMNS)}
            from coverage k where k.campaign_id = c.id and k.round_no = r.no and k.jur >= a.jur and k.jur < a.jur_end
        ) t on t.eligible > 0
        order by c.id, r.no, a.code""",
        (
            Column("campaign", "行动"),
            Column("round", "轮次", "int"),
            Column("code", "村代码"),
            Column("name", "村"),
            Column("eligible", "应访户数", "int"),
            Column("visited", "有效走访户数", "int"),
            Column("remaining", "未走访户数", "int"),
            Column("ratio", "走访覆盖率", "float"),
            *(Column(name, label.zh, "int") for name, label in zip(STATUS_COLUMNS, STATUS.values(), strict=True)),
        ),
    ),
}
