"""The fields of each kind of file: how a cell is read, and the words ledgers use for its column.

Spellings are parted by blanks; the first one that a file has wins, so the most telling words come first.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.imports.personal import read_bank_card, read_id_number, read_phone
from data.imports.values import (
    Parser,
    read_code,
    read_date,
    read_float,
    read_grade,
    read_groups,
    read_int,
    read_list,
    read_method,
    read_mode,
    read_moment,
    read_name,
    read_outcome,
    read_ruling,
    read_stage,
    read_text,
    read_year,
    read_yes,
)
from geo.errors import FangtuError, Text


class KindUnknown(FangtuError):
    """There is no such kind of file to import or export."""

    code = "kind_unknown"


@dataclass(frozen=True)
class Field:
    """One field of a kind: its name, how a cell is read, how columns are called, and whether it must be there.

    ``repeats`` allows several columns (``alias 1``, ``alias 2``); the values then form a list in column order.
    """

    name: str
    parse: Parser
    words: str
    required: bool = False
    repeats: bool = False


_PLACE = (
    Field("lon", read_float(), "lon 经度 坐标经度 东经 lng longitude x x坐标 横坐标 东坐标 easting"),
    Field("lat", read_float(), "lat 纬度 坐标纬度 坐标维度 维度 北纬 latitude y y坐标 纵坐标 北坐标 northing"),
    Field("accuracy_m", read_float(0, 1e6), "accuracy_m 定位精度 精度 定位误差 accuracy gps_accuracy_m gps_accuracy 误差"),
    Field("quality", read_int(1, 7), "quality 定位质量 定位方式等级 位置质量"),
    Field("source_system", read_text, "source_system 原坐标系"),
    Field("placed_by", read_text, "placed_by 定位方式 坐标来源"),
)
# Number of the record in our own exports; it finds a record that has no code of its own.
_FANGTU_ID = Field("fangtu_id", read_int(1), "fangtu_id 系统编号")
_HOUSEHOLD_CODE = (
    "household_code 户编号 户号 户码 户号编码 农户编号 农户户号 家庭编号 household_id hh_id hhid structure_id 户id 所属户编号"
)
_STATED = (
    "stated_area village_code 村代码 村编码 行政村代码 行政村 所在村 所在村(社区) 所属村 行政村名称 村(社区) 村(居) 村居 村社区 村名 村庄 村委会 所属社区 社区 社区名称 村 village village_name"
)
_REMARK = Field("remark", read_text, "remark 备注 备注说明 remarks note notes 说明 comment")

FIELDS: dict[str, tuple[Field, ...]] = {
    "households": (
        _FANGTU_ID,
        Field("code", read_code, _HOUSEHOLD_CODE.replace("所属户编号", "") + " code 一户一码 户主编号 编号"),
        Field(
            "head_name",
            read_name,
            "head_name 户主姓名 户主 户主名称 农户姓名 户主名 姓名 household_head head name 名字",
        ),
        Field(
            "id_number",
            read_id_number,
            "id_number 户主身份证号码 户主身份证号 户主身份证 身份证号码 身份证号 身份证 公民身份号码 证件号码 证件号 idcard id_card id_no",
        ),
        Field(
            "phone",
            read_phone,
            "phone 户主联系电话 户主联系方式 户主电话 户联系电话 联系电话 手机号码 手机号 手机 电话 电话号码 联系号码 联系方式 "
            "mobile telephone tel",
        ),
        Field(
            "bank_card",
            read_bank_card,
            "bank_card 银行卡号 银行卡卡号 银行卡 银行账号 银行帐号 一卡通账号 一卡通帐号 一卡通号 一折通账号 一折通帐号 惠农卡号 卡号 "
            "bank_account card_number",
        ),
        Field(
            "people",
            read_int(0, 200),
            "people 家庭人口数 家庭人口 家庭人数 户内人口 户籍人口 人口数 人口 人数 家庭成员数 persons household_size hh_size",
        ),
        Field("key_groups", read_groups, "key_groups 重点人群 重点类别 重点对象 重点访类别 五类重点 五个重点访 重点人群类别"),
        Field("group_party_veteran", read_yes, "是否老党员 老党员"),
        Field("group_hardship", read_yes, "是否困难群众 困难群众"),
        Field("group_lone_elder", read_yes, "是否孤寡老人 孤寡老人"),
        Field("group_left_behind_child", read_yes, "是否留守儿童 留守儿童"),
        Field("group_petitioner", read_yes, "是否上访老户 上访老户"),
        Field("address", read_text, "address 家庭住址 家庭地址 详细地址 房屋地址 现住址 现居住地 居住地址 住址 地址 户籍地址"),
        Field("house_no", read_text, "house_no 门牌号码 门牌号 门牌 house_number housenumber addr:housenumber"),
        Field("stated_area", read_text, _STATED),
        Field("natural_village", read_text, "natural_village natural_village_code 自然村 所属自然村 自然村名称 自然村(组) 村民小组 小组 村组 组 hamlet"),
        _REMARK,
        *_PLACE,
    ),
    "houses": (
        _FANGTU_ID,
        Field("code", read_code, "code 房屋编号 房屋编码 农房编号 住房编号 危房编号 危房id house_code house_id 编号"),
        Field("osm_id", read_text, "osm_id osm_way_id @id full_id"),
        Field("household_code", read_code, _HOUSEHOLD_CODE),
        Field(
            "grade",
            read_grade,
            "grade 房屋安全等级 房屋等级 危房等级 鉴定等级 住房安全等级 住房等级 安全等级 危险等级 评定等级 房屋危险等级 等级 danger_grade",
        ),
        Field("appraised_on", read_date, "appraised_on 鉴定日期 鉴定时间 评定日期 评定时间 appraisal_date"),
        Field("standard", read_text, "standard 鉴定标准 鉴定依据 标准"),
        Field("appraiser", read_text, "appraiser 鉴定单位 鉴定机构 鉴定人员 鉴定人 评定机构名称"),
        Field("structure", read_text, "structure 房屋结构 结构形式 结构类型 结构 构筑类型 building:material"),
        Field("built_year", read_year, "built_year 建造年份 建造年代 建成年份 建造时间 建成时间 建房时间 建房年份 start_date"),
        Field("area_m2", read_float(0, 1e6), "area_m2 建筑面积 房屋面积 住房面积 面积 floor_area"),
        Field("storeys", read_int(0, 200), "storeys 层数 建筑层数 房屋层数 floors levels building:levels"),
        Field("address", read_text, "address 房屋地址 详细地址 地址 房屋坐落 坐落"),
        Field("house_no", read_text, "house_no 门牌号 门牌 addr:housenumber"),
        Field("street", read_text, "addr:street street"),
        Field("stated_area", read_text, _STATED),
        _REMARK,
        *_PLACE,
    ),
    "sites": (
        _FANGTU_ID,
        Field("code", read_code, "code 改造编号 项目编号 档案编号 改造点编号 site_code site_id 编号"),
        Field("household_code", read_code, _HOUSEHOLD_CODE),
        Field("house_code", read_code, "house_code 房屋编号 房屋编码 农房编号 危房编号 house_id"),
        Field("method", read_method, "method 改造方式 改造类型 建设类型 改造方法", required=True),
        Field("grade_before", read_grade, "grade_before 改造前等级 原等级 危房等级 鉴定等级 房屋等级 等级"),
        Field("stage", read_stage, "stage 进度 工程进度 改造进度 阶段 状态 status"),
        Field("approved_on", read_date, "approved_on 批准日期 审批日期 审批时间 批准时间"),
        Field("started_on", read_date, "started_on 开工日期 开工时间"),
        Field("completed_on", read_date, "completed_on 竣工日期 竣工时间 完工日期 完工时间"),
        Field("accepted_on", read_date, "accepted_on 验收日期 验收时间"),
        Field("paid_on", read_date, "paid_on 资金发放日期 发放日期 发放时间 兑付日期 打卡日期 拨付日期"),
        Field("stated_area", read_text, _STATED),
        _REMARK,
        *_PLACE,
    ),
    "visits": (
        Field("code", read_code, "code visit_code visit_id 走访编号 走访记录编号 记录编号 uuid 编号"),
        Field("household_code", read_code, _HOUSEHOLD_CODE),
        Field("campaign", read_text, "campaign 行动 走访行动 活动 活动名称"),
        Field("round", read_int(1, 999), "round 轮次 第几轮 round_no 轮"),
        Field("visited_on", read_date, "visited_on 走访日期 入户日期 日期 visit_date date"),
        Field("started_at", read_moment, "started_at 走访开始时间 开始时间 入户时间 走访时间 start start_time begin"),
        Field("ended_at", read_moment, "ended_at 走访结束时间 结束时间 离开时间 end end_time"),
        Field("minutes", read_float(0, 100_000), "minutes 走访时长 时长 访问时长 停留时长 duration_min duration 走访分钟"),
        Field("mode", read_mode, "mode 走访方式 联系方式类型 方式"),
        Field("reason", read_text, "reason 远程原因 未入户原因 未能入户原因 原因"),
        Field("outcome", read_outcome, "outcome 走访结果 结果 走访情况"),
        Field("source_status", read_text, "status source_status 状态 走访状态"),
        Field("not_done_reason", read_text, "reason_not_done not_done_reason 未完成原因 未走访原因"),
        Field("visitor", read_text, "visitor 走访人员 走访人 走访干部 走访员 员工姓名 网格员 visitor_name operator_id"),
        Field("visitor_kind", read_text, "visitor_kind 走访人员类别 走访人员类型 走访员类型 走访人类别 人员类别"),
        Field("companions", read_text, "companions 陪同人员 同行人员 陪同走访人员"),
        Field("ruled", read_ruling, "ruled 认定 核查结果 核查结论 是否属实 认定属实 核查属实"),
        _REMARK,
        *_PLACE,
    ),
    "areas": (
        Field(
            "code",
            read_code,
            "village_code12 code adcode code_in_nbs_2023 区划代码 行政区划代码 统计用区划代码 代码 编码 区划编码 村代码 grid_code 网格编码 "
            "网格编号 gb area_code",
        ),
        Field(
            "name",
            read_text,
            "village_name name name_nbs_2023 名称 区划名称 村名 自然村 自然村名称 网格名称 村庄名称 area_name",
        ),
        Field("level", read_text, "level layer 级别 层级 类型"),
        Field("parent_code", read_code, "parent_code parent 上级代码 所属村代码 行政村代码 上级区划代码"),
        Field("parent_name", read_text, "parent_name 上级名称 行政村 所属村 所在村"),
        Field("aliases", read_list, "aliases alias 别名 曾用名 俗称 其他名称"),
        Field("old_code", read_code, "old_code code_in_old_boundary_file code_in_v3_boundary_file 原代码 旧代码", repeats=True),
        Field("old_name", read_text, "old_name name_old name_v3 原名称 旧名称 原名", repeats=True),
        Field("valid_from", read_date, "valid_from 启用日期 生效日期"),
        Field("valid_to", read_date, "valid_to 停用日期 失效日期 changed_on 变更日期"),
        Field("town_code", read_code, "town_code9 town_code 乡镇代码 街道代码"),
        Field("town_name", read_text, "town_name 乡镇名称 乡镇 街道 乡镇街道"),
        Field("county_code", read_code, "county_code6 county_code 县代码 区县代码"),
        Field("county_name", read_text, "county_name 县名称 区县名称 区县"),
        Field("city_code", read_code, "city_code4 city_code 市代码"),
        Field("city_name", read_text, "city_name 市名称"),
        Field("prov_code", read_code, "prov_code2 prov_code province_code 省代码"),
        Field("prov_name", read_text, "prov_name province_name 省名称"),
        Field("lon", read_float(), "lon 经度 lng longitude x"),
        Field("lat", read_float(), "lat 纬度 latitude y"),
        Field("derived", read_yes, "derived 推定边界"),
    ),
    "base": (
        Field("kind", read_text, "kind type 类型 类别 fclass"),
        Field("name", read_text, "name 名称"),
        Field("highway", read_text, "highway 道路等级 道路类型"),
        Field("waterway", read_text, "waterway"),
        Field("natural", read_text, "natural"),
        Field("landuse", read_text, "landuse"),
        Field("water", read_text, "water"),
    ),
}
KINDS = (*FIELDS, "campaigns")


def fields_of(kind: str) -> dict[str, Field]:
    """Give the fields of a kind by name.

    Raises
    ------
    KindUnknown
        If there is no such kind of table.
    """
    if kind not in FIELDS:
        known = ", ".join(KINDS)
        raise KindUnknown(
            Text(f"不认识的类别“{kind}”，应为：{known}。", f"Unknown kind '{kind}'; expected one of: {known}."), found=kind
        )
    return {field.name: field for field in FIELDS[kind]}
