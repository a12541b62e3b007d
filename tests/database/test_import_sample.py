"""The sample township: imported without a refusal, counted as its own records say, and exported without a change."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest

from data.db import owner_session
from data.exports import FORMATS, KINDS, ExportRefused, export_file
from data.formulas import guarded
from data.imports.report import ImportRefused
from data.imports.sample import load_sample
from data.recheck import recheck
from data.samples.expected import Expected, expected
from data.samples.township import TOWNSHIP, make_township
from geo.china import wgs84_to_gcj02
from tests.database.importing import Store, opened, write_csv


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_sample") as made:
        load_sample(made.engine, made.settings)
        yield made


@pytest.fixture(scope="module")
def truth() -> Expected:
    return expected(make_township())


def test_nothing_is_refused_and_a_second_load_is_not_needed(store: Store) -> None:
    assert store.one("select sum(refused) from batch") == 0
    told = load_sample(store.engine, store.settings)
    assert told == {
        "loaded": False,
        "counts": {"households": 12843, "houses": 13008, "sites": 341, "visits": 25038, "villages": 43},
    }


def test_coverage_of_every_village_is_what_the_records_say(store: Store, truth: Expected) -> None:
    columns = ["eligible", "visited"]
    rows = store.rows("""
        select c.round_no, a.code, sum(c.eligible)::int, sum(c.visited)::int from coverage c
        join area a on c.jur >= a.jur and c.jur < a.jur_end and a.level in ('township', 'village') group by 1, 2""")
    found = pd.DataFrame(rows, columns=["round", "code", *columns]).set_index(["round", "code"]).sort_index()
    pd.testing.assert_frame_equal(found, truth.coverage[columns], check_dtype=False, check_names=False)


def test_statuses_are_what_the_records_say(store: Store, truth: Expected) -> None:
    rows = dict(store.rows("select status, count(*) from standing where round_no = 2 group by 1"))  # type: ignore[arg-type]
    told = truth.coverage.loc[(2, TOWNSHIP)]
    assert rows == {status: told[f"status_{status}"] for status in range(8) if told[f"status_{status}"]}


def test_verdicts_and_doubts_are_what_the_records_say(store: Store, truth: Expected) -> None:
    rows = store.rows("""
        select natural_key, verdict, household_id is not null, 'far_from_house' = any (suspect),
               'two_places' = any (suspect) from visit""")
    columns = ["code", "verdict", "known", "far_from_house", "two_places"]
    found = pd.DataFrame(rows, columns=columns).sort_values("code").reset_index(drop=True)
    told = truth.visits[columns].sort_values("code").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, told, check_dtype=False, check_names=False)


def test_what_has_no_place_is_listed(store: Store, truth: Expected) -> None:
    outside = "select code from household where geom is not null and village_id is null order by 1"
    assert [code for (code,) in store.rows(outside)] == truth.outside
    assert [
        code for (code,) in store.rows("select code from household where geom is null order by 1")
    ] == truth.unplaced
    assert store.one("select count(*) from visit where household_id is null") == len(truth.unknown)


def test_three_villages_have_a_derived_boundary_and_every_household_with_a_name_its_natural_village(
    store: Store,
) -> None:
    assert store.one("select count(*) from area where level = 'village' and derived") == 3
    assert store.one("select count(*) from household where group_id is null and village_id is not null") == 0


def test_recheck_finds_no_drift(store: Store) -> None:
    with owner_session(store.engine) as session:
        assert recheck(session)["drift"] == 0


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", ["areas", "grids", "households", "houses", "sites", "visits"])
def test_an_export_imported_again_changes_nothing(store: Store, tmp_path: Path, kind: str, format: str) -> None:
    path = tmp_path / f"{kind}.{format}"
    # One village says as much as all of them, in less time.
    code = "370725108201"
    rows = export_file(store.engine, kind, path, area=code, format=format)
    assert rows > 0
    report = store.load("areas" if kind == "grids" else kind, path)
    assert (report.read, report.refused) == (rows, 0)
    assert (report.counts["inserted"], report.counts["updated"], report.counts["unchanged"]) == (0, 0, rows)


def test_exports_hide_personal_numbers_and_names(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "households.csv"
    export_file(store.engine, "households", path, area="370725108201", format="csv")
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
    assert {row["身份证号"] for row in rows} == {"************"}
    assert {row["联系电话"] for row in rows} <= {"****", ""}
    assert all("*" in row["户主姓名"] for row in rows)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_every_kind_goes_into_every_format(store: Store, tmp_path: Path) -> None:
    for kind in KINDS:
        counts = set()
        for format in FORMATS:
            path = tmp_path / f"{kind}.{format}"
            counts.add(export_file(store.engine, kind, path, area="370725108201", format=format, language="en"))
        assert len(counts) == 1
        (count,) = counts
        sheet = openpyxl.load_workbook(tmp_path / f"{kind}.xlsx").active
        assert sheet is not None
        assert sheet.max_row == count + 1
        assert len(json.loads((tmp_path / f"{kind}.geojson").read_text())["features"]) == count
        assert pyogrio.read_info(tmp_path / f"{kind}.gpkg")["features"] == count
    assert store.one("select count(*) from audit where act = 'export'") >= len(KINDS) * len(FORMATS)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_text_that_a_spreadsheet_would_run_is_guarded_and_comes_back(store: Store, tmp_path: Path, format: str) -> None:
    hostile = ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "|x", "%0a=1", "＝1+1", "'=1", "''=1"]
    insert = "insert into household (natural_key, code, head_name, remark, jur) values (%s, %s, 'x', %s, %s)"
    with store.engine.begin() as connection:
        connection.exec_driver_sql("delete from household where jur = 980000000000000")
        connection.exec_driver_sql("insert into area (code, name, level, jur, jur_end) values ('98', '测', 'province', "
                                   "980000000000000, 990000000000000) on conflict do nothing")  # fmt: skip
        for at, remark in enumerate(hostile):
            connection.exec_driver_sql(insert, (f"98:{at}", f"x{at}", remark, 980000000000000))
    path = tmp_path / f"hostile.{format}"
    assert export_file(store.engine, "households", path, area="98", format=format) == len(hostile)
    if format == "csv":
        cells = [row["备注"] for row in csv.DictReader(path.open(encoding="utf-8-sig", newline=""))]
    else:
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        place = [cell.value for cell in sheet[1]].index("备注")
        typed = [row[place] for row in sheet.iter_rows(min_row=2)]
        assert {cell.data_type for cell in typed} == {"s"}
        cells = [str(cell.value) for cell in typed]
    assert cells == ["'" + remark for remark in hostile]
    report = store.load("households", path, area="98")
    assert (report.counts["inserted"], report.counts["updated"]) == (0, 0)


@pytest.mark.parametrize("value", ["=1", "＝1", "\u3000+1", " -1", "@x", "|x", "%x", "'=1"])
def test_guarded_text_begins_with_a_quote(value: str) -> None:
    assert guarded(value) == "'" + value


def test_plain_text_is_left_alone() -> None:
    assert guarded("赵*顺") == "赵*顺"
    assert guarded("a=b") == "a=b"


def test_an_unknown_kind_or_format_is_refused(store: Store, tmp_path: Path) -> None:
    for kind, format in (("secrets", "csv"), ("areas", "pdf")):
        with pytest.raises(ExportRefused):
            export_file(store.engine, kind, tmp_path / "x", format=format)
    with pytest.raises(ExportRefused):
        export_file(store.engine, "areas", tmp_path / "no" / "x.csv", format="csv")


def shifted_ledger(store: Store, path: Path, count: int = 60) -> Path:
    """A ledger of new households that stand beside known ones, its coordinates as Chinese map services give them."""
    rows = store.rows(
        """
        select st_x(geom), st_y(geom) from household
         where code like '37072510820%' and quality = 1 order by code limit :count""",
        count=count,
    )
    lon, lat = wgs84_to_gcj02(*zip(*rows, strict=True))
    spots = enumerate(zip(lon, lat, strict=True))
    cells = [(f"新{at}", f"测新{at}", "", f"{x:.6f}", f"{y:.6f}") for at, (x, y) in spots]
    return write_csv(path, ["户编号", "户主姓名", "村", "经度", "纬度"], cells)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_shifted_file_is_not_taken_unless_its_system_is_stated(store: Store, tmp_path: Path, dry_run: bool) -> None:
    path = shifted_ledger(store, tmp_path / "ledger.csv")
    before = store.one("select count(*) from household")
    with pytest.raises(ImportRefused) as refused:
        store.load("households", path, area=TOWNSHIP, dry_run=dry_run)
    assert refused.value.details["likely"] == "gcj02"
    assert refused.value.details["shift_m"] == pytest.approx(490, abs=40)
    assert "--crs gcj02" in refused.value.text.zh
    assert "--crs gcj02" in refused.value.text.en
    assert store.one("select count(*) from household") == before


def test_a_stated_system_is_taken_and_a_doubt_told(store: Store, tmp_path: Path) -> None:
    path = shifted_ledger(store, tmp_path / "ledger.csv")
    wrong = store.load("households", path, area=TOWNSHIP, crs="wgs84", dry_run=True)
    assert [problem.code for problem in wrong.warnings if problem.code == "datum_shift"] == ["datum_shift"]
    right = store.load("households", path, area=TOWNSHIP, crs="gcj02", dry_run=True)
    assert [problem.code for problem in right.warnings if problem.code == "datum_shift"] == []
    assert (wrong.accepted, right.accepted) == (60, 60)


def test_few_places_in_a_long_ledger_raise_the_alarm_too(store: Store, tmp_path: Path) -> None:
    path = shifted_ledger(store, tmp_path / "ledger.csv")
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"空{at},测空{at},青上村,,\n" for at in range(20_000))
    with pytest.raises(ImportRefused) as refused:
        store.load("households", path, area=TOWNSHIP, dry_run=True)
    assert refused.value.details["likely"] == "gcj02"


def test_too_few_places_raise_no_alarm(store: Store, tmp_path: Path) -> None:
    path = shifted_ledger(store, tmp_path / "ledger.csv", count=19)
    assert store.load("households", path, area=TOWNSHIP, dry_run=True).accepted == 19
