"""The plan of a year from a county's table, and the same figures as sums over households."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.renovation.funds import entitle, set_rate, wan
from data.renovation.gates import advance_many
from data.renovation.openings import open_site
from data.renovation.plans import plan_totals, take_plan
from data.renovation.totals import renovation_totals
from data.renovation.unfit import RenovationUnfit
from data.rules.gates import GATES
from data.tables import Area, House, Household
from geo.files import read_table
from tests.renovation import DAY

COUNTY = "990231"
METHODS = {"C": "repair", "D": "rebuild", "none": "new"}


@pytest.fixture
def county(owner: Session) -> int:
    jur, jur_end = number_range(COUNTY)
    area = Area(code=COUNTY, name="测试县", level="county", jur=jur, jur_end=jur_end)
    owner.add(area)
    owner.flush()
    return area.id


def towns(owner: Session, names: list[str]) -> dict[str, int]:
    for n, name in enumerate(names):
        jur, jur_end = number_range(f"{COUNTY}{100 + n}")
        owner.add(Area(code=f"{COUNTY}{100 + n}", name=name, level="township", jur=jur, jur_end=jur_end))
    owner.flush()
    return {name: number_range(f"{COUNTY}{100 + n}")[0] for n, name in enumerate(names)}


@pytest.mark.outside_data
def test_a_published_plan_is_taken_over_and_its_sums_are_those_over_households(
    owner: Session, county: int, shared_data: Path
) -> None:
    sheets = read_table(shared_data / "dianjiang_2021_plan.csv")
    names = [str(name) for name in sheets[0].frame.iloc[:, 1]]
    where = towns(owner, names)
    plan = take_plan(owner, None, area_id=county, year=2021, name="2021 年计划", sheets=sheets, source="公开表")
    assert (plan.areas, plan.households, wan(plan.fen), plan.unknown) == (23, 57, "115.65", [])
    for grade, fen in (("C", 7_500_00), ("D", 21_000_00), ("none", 21_000_00)):
        set_rate(
            owner, None, area_id=county, year=2021, grade=grade, method=METHODS[grade], fen=fen, source="2021 年标准"
        )
    sites = _carry_out(owner, plan.plan_id, where)
    for gate in GATES[1 : GATES.index("approved") + 1]:
        assert advance_many(owner, None, sites, gate, on_day=DAY).left_out == []
    assert sum(entitle(owner, None, site) for site in sites) == plan.fen
    found = renovation_totals(owner, number_range(COUNTY), 2021)
    assert (found["sites"]["total"], wan(found["money"]["entitled"])) == (57, "115.65")
    assert {grade: n for grade, n in found["sites"]["by_grade"].items() if n} == {"C": 3, "D": 42, "none": 12}
    told = plan_totals(owner, plan.plan_id)
    assert told["by_grade"]["D"] == {"households": 42, "fen": 88_200_000, "sites": 42}
    # Taken over again it stands once.
    again = take_plan(owner, None, area_id=county, year=2021, name="2021 年计划", sheets=sheets)
    assert (again.plan_id, plan_totals(owner, plan.plan_id)["fen"]) == (plan.plan_id, plan.fen)


def _carry_out(owner: Session, plan: int, where: dict[str, int]) -> list[int]:
    """A household and a site for each one planned."""
    sites = []
    lines = owner.execute(
        text("select stated_area, grade, households from renovation_plan_line where plan_id = :id order by no, grade"),
        {"id": plan},
    ).all()
    for line in lines:
        for n in range(line.households):
            jur = where[line.stated_area]
            home = Household(
                natural_key=f"{jur}:{line.grade}{n}", head_name="赵测一", jur=jur, aid_group="minimum_living"
            )
            owner.add(home)
            owner.flush()
            house = None
            if line.grade != "none":
                house = House(natural_key=f"{jur}:{line.grade}{n}:F", household_id=home.id, jur=jur)
                owner.add(house)
                owner.flush()
                owner.execute(
                    text("""
                        insert into appraisal (house_id, jur, appraised_on, result)
                        values (:id, :jur, '2026-04-01', :grade)"""),
                    {"id": house.id, "jur": jur, "grade": line.grade},
                )
                owner.expire_all()
            sites.append(
                open_site(
                    owner,
                    None,
                    household_id=home.id,
                    house_id=house.id if house else None,
                    method=METHODS[line.grade],
                    on_day=DAY,
                    year=2021,
                    responsible="责任人甲",
                )
            )
    return sites


def _table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "计划.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_row_that_does_not_add_up_is_refused_where_it_stands(owner: Session, county: int, tmp_path: Path) -> None:
    towns(owner, ["甲镇"])
    path = _table(
        tmp_path, "乡镇,C级户数,C级补助资金(万元),总户数,总补助资金(万元)", "甲镇,2,1.5,2,1.5", "乙镇,1,0.75,2,0.75"
    )
    with pytest.raises(RenovationUnfit) as refused:
        take_plan(owner, None, area_id=county, year=2021, name="计划", sheets=read_table(path))
    assert (refused.value.details["row"], refused.value.details["column"]) == (3, "总户数")
    assert owner.scalar(text("select count(*) from renovation_plan")) == 0


def test_a_cell_that_is_no_number_and_a_table_that_is_no_plan_are_refused(
    owner: Session, county: int, tmp_path: Path
) -> None:
    for lines, said in (
        (("乡镇,C级户数,C级补助资金(万元)", "甲镇,两户,1.5"), "第 2 行“C级户数”"),
        (("姓名,金额", "甲,1"), "姓名、金额"),
    ):
        with pytest.raises(RenovationUnfit) as refused:
            take_plan(owner, None, area_id=county, year=2021, name="计划", sheets=read_table(_table(tmp_path, *lines)))
        assert said in refused.value.text.zh


def test_a_name_that_is_no_township_keeps_its_line_and_is_said(owner: Session, county: int, tmp_path: Path) -> None:
    towns(owner, ["甲镇"])
    path = _table(tmp_path, "乡镇,C级户数,C级补助资金(元)", "甲镇,2,15000", "别处镇,1,7500.50")
    plan = take_plan(owner, None, area_id=county, year=2021, name="计划", sheets=read_table(path))
    assert (plan.households, plan.fen, plan.unknown) == (3, 22_500_50, ["别处镇"])
