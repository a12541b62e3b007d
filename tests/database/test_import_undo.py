"""Taking a batch back: exactly what was there, to the bit, for every kind; or nothing, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from data.askers import RecordUnknown
from data.db import owner_session
from data.imports.changes import NOTED
from data.imports.undo import UndoBlocked, UndoRefused, UndoReport, find_blockers, purge_changes, undo_batch
from data.recheck import recheck
from data.settings import ROOT
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, square_ring, write_csv, write_geojson
from tests.database.rich_town import CHANGES, HOUSEHOLDS, HOUSES, NEIGHBOUR, PEOPLE, VISITS, Change, build
from tests.database.store_dump import Dump, differences, dump

HOME = {"area": TOWNSHIP}


class Town:
    """The rich town, and what it holds when nothing was done to it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        build(store, folder)
        store.keep()
        self.untouched = self.dump()

    def dump(self) -> Dump:
        """Everything it holds now."""
        with self.store.engine.connect() as connection:
            return dump(connection)

    def undo(self, batch: int | None) -> UndoReport:
        """Take a batch back."""
        assert batch is not None
        with owner_session(self.store.engine) as session:
            return undo_batch(session, batch)

    def blockers(self, batch: int | None) -> list[str]:
        """What stands in the way, in Chinese."""
        assert batch is not None
        with owner_session(self.store.engine) as session:
            return [blocker.text.zh for blocker in find_blockers(session, batch)]

    def drift(self) -> int:
        """Rows kept otherwise than the facts say."""
        with owner_session(self.store.engine) as session:
            return int(recheck(session)["drift"])

    def change(self, change: Change, folder: Path) -> int:
        """Load a change; gives its batch."""
        options = change.options or ({} if change.kind == "areas" else HOME)
        report = self.store.load(change.kind, change.write(folder), **options)
        assert report.refused == 0, report.problems
        assert report.batch is not None
        return report.batch


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_import_undo") as store:
        yield Town(store, tmp_path_factory.mktemp("town"))


@pytest.fixture
def town(rich: Town) -> Town:
    """The town as it was loaded; an undo should leave it so, else it is loaded again."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    return rich


@pytest.mark.parametrize("name", CHANGES)
def test_taking_a_batch_back_leaves_what_was_there(town: Town, tmp_path: Path, name: str) -> None:
    change = CHANGES[name]
    batch = town.change(change, tmp_path)
    changed = set(differences(town.untouched, town.dump()))
    assert changed >= change.tables
    assert town.drift() == 0
    assert town.blockers(batch) == []
    assert set(differences(town.untouched, town.dump())) == changed  # asking has changed nothing
    report = town.undo(batch)
    assert differences(town.untouched, town.dump()) == {}
    assert town.drift() == 0
    assert sum(report.removed.values()) + sum(report.restored.values()) > 0
    assert town.store.one("select count(*) from batch_change where batch_id = :batch", batch=batch) == 0


def test_the_first_import_of_areas_can_be_taken_back(town: Town, tmp_path: Path) -> None:
    town.store.empty()
    rows = [("990101", "测试县", "county"), (TOWNSHIP, "测试镇", "township"), (VILLAGES[0], "测试1村", "village")]
    report = town.store.load("areas", write_csv(tmp_path / "a.csv", ["code", "name", "level"], rows))
    assert town.store.one("select count(*) from area") == 3
    assert town.undo(report.batch).removed == {"area": 3}
    assert town.store.one("select count(*) from area") == 0


def test_boundaries_derived_from_households_go_and_come_with_them(town: Town, tmp_path: Path) -> None:
    town.store.empty()
    rows = [(TOWNSHIP, "测试镇", "township"), *((code, f"测试{code[-1]}村", "village") for code in VILLAGES[:2])]
    town.store.load("areas", write_csv(tmp_path / "areas.csv", ["code", "name", "level"], rows))
    layer = [({"code": TOWNSHIP}, square_ring(118.80, 118.82))]
    town.store.load("areas", write_geojson(tmp_path / "layer.geojson", layer))
    people = [row for row in PEOPLE if row[0] in ("H1", "H4")]
    empty = town.dump()
    first = town.store.load("households", write_csv(tmp_path / "h.csv", HOUSEHOLDS, people), **HOME)
    assert first.counts["derived"] == 2
    derived = town.dump()
    more = [("H8", "王测八", "", "", "测试2村", "", "八号", 118.811, 36.405, "")]
    second = town.store.load("households", write_csv(tmp_path / "more.csv", HOUSEHOLDS, more), **HOME)
    assert second.counts["derived"] > 0
    with pytest.raises(UndoBlocked):
        town.undo(first.batch)
    town.undo(second.batch)
    assert differences(derived, town.dump()) == {}
    town.undo(first.batch)
    assert differences(empty, town.dump()) == {}


def test_two_batches_are_taken_back_the_later_one_first(town: Town, tmp_path: Path) -> None:
    first = town.change(CHANGES["new households"], tmp_path)
    between = town.dump()
    moved = ("H7", "郑测七", "", "", "测试2村", "", "七号", 118.816, 36.405, "")
    second = town.store.load("households", write_csv(tmp_path / "moved.csv", HOUSEHOLDS, [moved]), **HOME)
    before = town.dump()
    with pytest.raises(UndoBlocked) as blocked:
        town.undo(first)
    assert blocked.value.blockers[0].batch == second.batch
    assert "moved.csv" in blocked.value.text.zh
    assert differences(before, town.dump()) == {}
    town.undo(second.batch)
    assert differences(between, town.dump()) == {}
    town.undo(first)
    assert differences(town.untouched, town.dump()) == {}


def test_a_batch_is_taken_back_once(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    town.undo(batch)
    with pytest.raises(UndoRefused) as refused:
        town.undo(batch)
    assert f"批次 {batch} 已于" in refused.value.text.zh
    with pytest.raises(RecordUnknown):
        town.undo(999_999)


def test_the_audit_and_the_batch_tell_who_took_it_back(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    who = town.store.account("undo_tester", "测试撤销员", TOWNSHIP)
    with owner_session(town.store.engine) as session:
        undo_batch(session, batch, account_id=who)
    assert town.store.rows("select undone_by, undone_at is not null from batch where id = :batch", batch=batch) == [
        (who, True)
    ]
    told = town.store.rows(
        "select actor, object_kind, object_id, details->'removed'->>'household' from audit where act = 'import_undo'"
        " order by id desc limit 1"
    )
    assert told == [("undo_tester", "households", str(batch), "1")]


def test_old_before_images_are_purged_and_the_batch_stays(town: Town, tmp_path: Path) -> None:
    old = town.change(CHANGES["new households"], tmp_path)
    with town.store.engine.begin() as connection:
        connection.execute(text("update batch set created_at = now() - interval '91 days' where id = :id"), {"id": old})
    with owner_session(town.store.engine) as session:
        assert purge_changes(session, days=90) == 1
        assert purge_changes(session, days=90) == 0
    assert town.store.one("select count(*) from batch_change where batch_id = :batch", batch=old) == 0
    with pytest.raises(UndoRefused) as refused:
        town.undo(old)
    assert "90 天" in refused.value.text.zh
    assert town.store.one("select count(*) from household where code = 'H7'") == 1


def _blocked(town: Town, batch: int) -> list[str]:
    """Blockers of a batch, after making sure that trying changes nothing."""
    before = town.dump()
    with pytest.raises(UndoBlocked):
        town.undo(batch)
    assert differences(before, town.dump()) == {}
    found = town.blockers(batch)
    assert differences(before, town.dump()) == {}
    return found


def _visit(code: str, household: str, times: str = "09:00 09:40", lon: object = "", who: str = "测") -> list[Any]:
    start, end = (f"2026-05-01 {time}" for time in times.split())
    return [code, household, who, start, end, "入户", "完成", lon, 36.405 if lon else ""]


def _home(lon: object, lat: object, village: str = "") -> list[Any]:
    return ["H8", "王测八", "", "", village, "", "八号", lon, lat, ""]


_REFERS, _RESTS = "用到本批新增的记录", "的位置、归属或判定取决于本批"
# A batch, what comes after it (kind, headings, row), and what is said of that.
LATER: list[tuple[str, str, list[str], list[Any], str]] = [
    ("new households", "visits", VISITS, _visit("V8", "H7"), f"走访 1 次{_REFERS}"),
    ("new households", "houses", HOUSES, ["F7", "H7", "", "", "", "砖混", 70, "", ""], f"房屋 1 栋{_REFERS}"),
    (
        "new houses with appraisals",
        "houses",
        HOUSES,
        ["F3", "H3", "B", "2026-04-01", "JGJ/T 363-2014", "砖混", 120, "", ""],
        "房屋 1 栋在本批之后改过",
    ),
    ("names, aliases and new villages", "households", HOUSEHOLDS, _home("", "", "测试4村"), f"农户 1 户{_REFERS}"),
    ("boundaries that move households", "households", HOUSEHOLDS, _home(118.8065, 36.405), f"农户 1 户{_RESTS}"),
    ("grids, changed and new", "households", HOUSEHOLDS, _home(118.803, 36.404), f"农户 1 户{_RESTS}"),
    ("a new campaign", "visits", [*VISITS, "行动"], [*_visit("V8", "H1"), "other-2026"], f"走访 1 次{_REFERS}"),
    ("a campaign's rule that judges visits otherwise", "visits", VISITS, _visit("V8", "H2"), f"走访 1 次{_RESTS}"),
    (
        "households with other places, in other villages",
        "visits",
        VISITS,
        _visit("V8", "H1", lon=118.813),
        f"走访 1 次{_RESTS}",
    ),
    (
        "visits new, longer, and at two places at once",
        "visits",
        VISITS,
        _visit("V9", "H2", "09:36 10:10", 118.803, "测试员"),
        f"走访 1 次{_RESTS}",
    ),
]


@pytest.mark.parametrize(
    ("earlier", "kind", "headings", "row", "said"),
    LATER,
    ids=[f"{kind} after {earlier}" for earlier, kind, *_ in LATER],
)
def test_what_rests_on_a_batch_keeps_it_from_being_taken_back(
    town: Town, tmp_path: Path, earlier: str, kind: str, headings: list[str], row: list[Any], said: str
) -> None:
    batch = town.change(CHANGES[earlier], tmp_path)
    middle = town.dump()
    options = HOME | ({} if "行动" in headings else {"campaign": "test-2026"} if kind == "visits" else {})
    after = town.store.load(kind, write_csv(tmp_path / "later.csv", headings, [row]), **options)
    assert after.refused == 0
    found = _blocked(town, batch)
    assert any(line.startswith(said) and f"批次 {after.batch}（later.csv" in line for line in found), found
    town.undo(after.batch)
    assert differences(middle, town.dump()) == {}
    town.undo(batch)
    assert differences(town.untouched, town.dump()) == {}
    assert town.drift() == 0


def test_what_was_done_by_hand_since_blocks_and_is_named(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    who = town.store.account("hand_tester", "测试定位员", TOWNSHIP)
    with town.store.engine.begin() as connection:
        connection.execute(text("update household set remark = '手工' where code = 'H7'"))
        connection.execute(
            text("""
                insert into placement (bulk_id, household_id, jur, account_id, method, before, after)
                select gen_random_uuid(), id, jur, :who, 'click', '{}', '{}' from household where code = 'H7'"""),
            {"who": who},
        )
    found = _blocked(town, batch)
    assert [line for line in found if line.startswith("农户 1 户在本批之后改过：人工（测试定位员，")], found
    assert [line for line in found if line.startswith("手工定位 1 处用到本批新增的记录")], found


def test_what_was_done_by_hand_and_taken_back_does_not_block(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    with town.store.engine.begin() as connection:
        # As placing by hand and taking that back leave it: all as before, but for the count and time of changes.
        connection.execute(
            text("update household set revision = revision + 2, updated_at = now() where code in ('H7', 'H1')")
        )
        connection.execute(
            text("""
                insert into placement (bulk_id, household_id, jur, method, before, after, undone_at)
                select gen_random_uuid(), id, jur, 'click', '{}', '{}', now() from household where code = 'H7'""")
        )
    town.undo(batch)
    assert set(differences(town.untouched, town.dump())) == {"household"}  # H1 was changed twice, which stays
    assert town.store.one("select count(*) from household where code = 'H7'") == 0


def test_a_visit_recorded_on_a_phone_since_blocks(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, verdict,
                                   counts)
                select gen_random_uuid(), 'by-phone', c.id, 1, h.id, h.jur, 'home', 'nobody_home', 'not_done', false
                  from household h, campaign c where h.code = 'H7'""")
        )
    assert _blocked(town, batch) == ["走访 1 次用到本批新增的记录：人工"]


def test_a_mark_from_the_field_since_blocks(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    who = town.store.account("mark_tester", "测试标注员", TOWNSHIP)
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                insert into mark (id, kind, account_id, marked_by, household_id, jur, at)
                select gen_random_uuid(), 'impression', :who, 'a', id, jur, now() from household where code = 'H7'"""),
            {"who": who},
        )
    assert [line for line in _blocked(town, batch) if line.startswith("现场标注 1 条用到本批新增的记录")]


def test_an_appraisal_that_corrects_one_of_the_batch_blocks(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new houses with appraisals"], tmp_path)
    who = town.store.account("appraisal_tester", "测试鉴定员", TOWNSHIP)
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                insert into appraisal (house_id, jur, appraised_on, standard, appraiser, cause, computed, result,
                                       account_id, client_id, supersedes)
                select a.house_id, a.jur, '2025-04-02', 'jgj125', 'a', 'again', 'B', 'B', :who, gen_random_uuid(), a.id
                  from appraisal a join house h on h.id = a.house_id where h.code = 'F3'"""),
            {"who": who},
        )
    assert any(line.startswith("鉴定 1 次用到本批新增的记录") for line in _blocked(town, batch))


def test_an_import_of_the_neighbour_does_not_stand_in_the_way(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["boundaries that move households"], tmp_path)
    other = [("N2", "陈邻二", "", "", "邻测村", "", "二号", 118.836, 36.405, "")]
    town.store.load("households", write_csv(tmp_path / "n.csv", HOUSEHOLDS, other), area=NEIGHBOUR)
    assert town.blockers(batch) == []


def test_a_campaign_of_before_plans_had_versions_is_taken_back(town: Town, tmp_path: Path) -> None:
    """The upgrade that kept versions made the first one of each campaign, which its batch knew nothing of."""
    batch = town.change(CHANGES["a new campaign"], tmp_path)
    note = "from batch_change where batch_id = :id and table_name = 'campaign_version'"
    with town.store.engine.begin() as connection:
        hashes = connection.scalars(text(f"select after_hash {note}"), {"id": batch}).all()
        connection.execute(text(f"delete {note}"), {"id": batch})
    assert len(hashes) == 1
    assert any(line.startswith("方案版本 1 个用到本批新增的记录") for line in _blocked(town, batch))
    script = (ROOT / "data/migrations/sql/0023_assign_jobs.sql").read_text(encoding="utf-8")
    with town.store.engine.begin() as connection:
        connection.connection.cursor().execute(script[script.index("do $$") :])
        assert connection.scalars(text(f"select after_hash {note}"), {"id": batch}).all() == hashes
    town.undo(batch)
    assert differences(town.untouched, town.dump()) == {}


@pytest.mark.parametrize("table", [noted.name for noted in NOTED])
def test_a_row_is_written_down_cell_by_cell(town: Town, table: str) -> None:
    with town.store.engine.connect() as connection:
        names = [column["name"] for column in inspect(connection).get_columns(table) if not column.get("computed")]
        shapes = {column["name"] for column in inspect(connection).get_columns(table) if "geom" in repr(column["type"])}
        cells = ", ".join(f"to_jsonb(t.{name}{'::text' if name in shapes else ''})" for name in names)
        image = connection.scalar(text("select row_image(to_regclass('public.' || :table), 't')"), {"table": table})
        rows = connection.execute(text(f"select {image}, {cells} from {table} t")).all()
    assert rows or table in ("area_alias", "road_edge", "duty")
    for row in rows:
        assert row[0] == dict(zip(names, row[1:], strict=True))


def test_a_batch_that_changed_nothing_is_taken_back_as_well(town: Town, tmp_path: Path) -> None:
    again = town.store.load("households", write_csv(tmp_path / "same.csv", HOUSEHOLDS, PEOPLE), **HOME)
    assert again.counts["updated"] == again.counts["inserted"] == 0
    assert differences(town.untouched, town.dump()) == {}
    report = town.undo(again.batch)
    assert (report.removed, report.restored, report.added) == ({}, {}, {})


def test_a_batch_from_before_changes_were_noted_cannot_be_taken_back(town: Town, tmp_path: Path) -> None:
    batch = town.change(CHANGES["new households"], tmp_path)
    with town.store.engine.begin() as connection:
        connection.execute(text("delete from batch_change where batch_id = :id"), {"id": batch})
        connection.execute(text("update batch set counts = null where id = :id"), {"id": batch})
    with pytest.raises(UndoRefused):
        town.undo(batch)
