"""An import as a whole: everything or nothing, whoever stops or kills it, and two at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from data.db import owner_session
from data.exports import export_file
from data.imports.report import ImportOptions, ImportReport
from data.imports.run import import_file
from data.imports.undo import UndoBlocked, undo_batch
from data.recheck import recheck
from data.work_folders import sweep_work
from geo.errors import Cancelled, FangtuError, Text
from geo.files import FileUnreadable
from tests.database.importing import TOWNSHIP, Store, opened, write_csv
from tests.database.rich_town import CHANGES, HOUSEHOLDS, PEOPLE, build
from tests.database.store_dump import Dump, differences, dump

MANY = 1200
ROOT = Path(__file__).resolve().parent.parent.parent
# Imports a file, and prints each step and the report; what is to be killed runs so, in a process of its own.
PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path
from data.db import owner_engine
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.settings import load_settings
database, var, kind, path, area = sys.argv[1:]
settings = replace(load_settings(database=database), var=Path(var))
def tell(step, done=None, total=None):
    print("step", step.en, flush=True)
report = import_file(owner_engine(settings), settings, kind, path, ImportOptions(area=area), tell)
print("report", json.dumps(report.to_json("en")), flush=True)
"""


class Town:
    """The rich town, with a folder of its own for working copies."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.settings = replace(store.settings, var=folder / "var")
        build(store, folder)
        store.keep()
        self.untouched = self.dump()

    def dump(self) -> Dump:
        """Everything it holds now."""
        with self.store.engine.connect() as connection:
            return dump(connection)

    def load(self, kind: str, path: Path, progress: Callable[..., None] = lambda *_: None, **more: Any) -> ImportReport:
        """Import for the township."""
        options = ImportOptions(area=TOWNSHIP, **more.pop("options", {}))
        return import_file(self.store.engine, self.settings, kind, path, options, progress, **more)

    def left_behind(self) -> list[str]:
        """Names of working copies that are on the disk."""
        home = self.settings.var / "work"
        return sorted(folder.name for folder in home.iterdir()) if home.is_dir() else []

    def start(self, kind: str, path: Path) -> subprocess.Popen[str]:
        """Begin an import in a process of its own."""
        database = str(self.settings.admin_url.database)
        arguments = [database, str(self.settings.var), kind, str(path), TOWNSHIP]
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def settle(self) -> None:
        """Wait until the database has seen that killed processes are gone."""
        for _ in range(200):
            busy = self.store.one("""
                select count(*) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and application_name = 'fangtu-command'
                   and state <> 'idle'""")
            if not busy:
                return
            time.sleep(0.1)
        raise AssertionError("a session of a killed process is still at work")


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_import_run") as store:
        yield Town(store, tmp_path_factory.mktemp("town"))


@pytest.fixture
def town(rich: Town) -> Town:
    """The town as it was loaded."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    assert rich.left_behind() == []
    return rich


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of many new households."""
    rows = [
        (f"K{n}", f"赵测{n}", "", "", "测试1村", "", f"{n}号", 118.8001 + n % 100 * 9e-5, 36.4001 + n // 100 * 5e-4, "")
        for n in range(MANY)
    ]
    return write_csv(tmp_path_factory.mktemp("ledger") / "many.csv", HOUSEHOLDS, rows)


def test_a_batch_knows_its_account_sender_name_and_counts(town: Town, ledger: Path) -> None:
    who = town.store.account("run_tester", "测试录入员", TOWNSHIP)
    path = CHANGES["new households"].write(ledger.parent)
    given = {"account_id": who, "sender": "镇建设办", "file_name": "危房台账.csv"}
    report = town.load("households", path, options=given)
    stored = town.store.rows(
        "select account_id, sender, file_name, counts, undone_at from batch where id = :id", id=report.batch
    )
    assert stored == [(who, "镇建设办", "危房台账.csv", report.counts, None)]
    told = town.store.rows("""
        select account_id, actor, role, details->>'sender', details->>'file' from audit where act = 'import'
         order by id desc limit 1""")
    assert told == [(who, "run_tester", "supervisor", "镇建设办", "危房台账.csv")]


def test_problems_are_kept_with_the_code_of_their_rule_and_counted_by_it(town: Town, tmp_path: Path) -> None:
    rows = [
        ("H1", "赵测一", "340299199001010001", "", "", "", "", "", "", ""),
        ("H2", "钱测二", "340299199001020021", "", "", "", "", "", "", ""),
        ("H3", "孙测三", "", "13800138000、13900139000", "", "", "", "", "", ""),
    ]
    report = town.load("households", write_csv(tmp_path / "bad.csv", HOUSEHOLDS, rows))
    stored = town.store.rows(
        "select code, count(*) from batch_problem where batch_id = :id and refused group by 1", id=report.batch
    )
    assert stored == [("id_check_digit", 2)]
    groups = report.to_json("zh")["groups"]
    wrong = {"code": "id_check_digit", "reason": "身份证号校验码不对", "n": 2, "unit": "row", "refused": True}
    assert groups[0] == wrong
    assert all(not group["refused"] for group in groups[1:])


def test_what_finish_writes_is_there_with_the_import_or_not_at_all(town: Town, ledger: Path) -> None:
    seen: list[tuple[int | None, int]] = []

    def finish(session: Session, report: ImportReport) -> None:
        number = session.scalar(text("select count(*) from household where batch_id = :id"), {"id": report.batch})
        seen.append((report.batch, int(number or 0)))
        session.execute(text("update household set remark = 'finish' where code = 'H1'"))
        if len(seen) == 1:
            raise FangtuError(Text("停", "stop"))

    path = CHANGES["new households"].write(ledger.parent)
    with pytest.raises(FangtuError):
        town.load("households", path, finish=finish)
    assert differences(town.untouched, town.dump()) == {}
    report = town.load("households", path, finish=finish)
    assert seen == [(seen[0][0], 1), (report.batch, 1)]
    assert town.store.one("select remark from household where code = 'H1'") == "finish"


def test_a_dry_run_leaves_nothing_and_does_not_finish(town: Town, ledger: Path) -> None:
    path = CHANGES["a household that a visit, a house and a site have waited for"].write(ledger.parent)
    before = town.store.rows("select count(*) from batch union all select count(*) from audit")
    report = town.load("households", path, options={"dry_run": True}, finish=lambda *_: pytest.fail("finished"))
    assert (report.batch, report.accepted, report.counts["linked_visits"]) == (None, 1, 1)
    assert differences(town.untouched, town.dump()) == {}
    assert town.store.rows("select count(*) from batch union all select count(*) from audit") == before
    assert town.store.one("select count(*) from batch_change where act = 'none'") == 0


def test_stopping_at_any_step_changes_nothing_and_leaves_no_file(town: Town, ledger: Path) -> None:
    steps: list[str] = []
    told: Callable[..., None] = lambda step, *_: steps.append(step.en)  # noqa: E731
    town.load("households", ledger, told, options={"dry_run": True})
    assert len(steps) >= 4
    # After the last step there is nothing left to stop.
    for number in range(len(steps) - 1):
        seen: list[str] = []
        with pytest.raises(Cancelled):
            town.load(
                "households",
                ledger,
                lambda step, *_, seen=seen: seen.append(step.en),  # type: ignore[misc]
                cancelled=lambda seen=seen, number=number: len(seen) > number,  # type: ignore[misc]
            )
        assert len(seen) <= number + 2
    assert differences(town.untouched, town.dump()) == {}
    assert town.left_behind() == []


def test_a_statement_ended_from_outside_is_a_stop_where_somebody_asked_for_it(town: Town, ledger: Path) -> None:
    path = CHANGES["new households"].write(ledger.parent)
    asked = threading.Event()

    def end_statement(pid: int) -> None:
        asked.set()
        server = create_engine(town.settings.admin_url)
        with server.connect() as connection:
            connection.execute(text("select pg_cancel_backend(:pid)"), {"pid": pid})
        server.dispose()

    def finish(session: Session, _report: ImportReport) -> None:
        pid = session.scalar(text("select pg_backend_pid()"))
        threading.Timer(0.3, end_statement, [pid]).start()
        # As a statement of the driver's own, between two questions whether to stop.
        with session.connection().connection.driver_connection.cursor() as cursor:
            cursor.execute("select pg_sleep(30)")

    with pytest.raises(Cancelled):
        town.load("households", path, finish=finish, cancelled=asked.is_set)
    assert differences(town.untouched, town.dump()) == {}


def test_a_file_that_cannot_be_read_leaves_no_file_behind(town: Town, tmp_path: Path) -> None:
    (tmp_path / "no.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(FileUnreadable):
        town.load("households", tmp_path / "no.xlsx")
    assert town.left_behind() == []
    assert differences(town.untouched, town.dump()) == {}


def _complete(town: Town) -> bool:
    """Whether the ledger is in the store as a whole; it is not there at all otherwise."""
    number = town.store.one("select count(*) from household where code like 'K%'")
    assert number in (0, MANY)
    assert town.store.one("select count(*) from batch where file_name = 'many.csv'") == (1 if number else 0)
    with owner_session(town.store.engine) as session:
        assert recheck(session)["drift"] == 0
    return bool(number)


def _children(pid: int) -> list[int]:
    tasks = Path("/proc", str(pid), "task")
    try:
        return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _is_gone(pid: int) -> bool:
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _wait_for(what: Callable[[], bool]) -> None:
    for _ in range(300):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("number", range(6))
def test_killed_at_any_moment_it_has_done_everything_or_nothing(town: Town, ledger: Path, number: int) -> None:
    process = town.start("households", ledger)
    assert process.stdout is not None
    assert process.stderr is not None
    children: list[int] = []
    # After one step more each time, and a moment of no particular length.
    for _ in range(number + 1):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        children += _children(process.pid)
        if line.startswith("report"):
            break
    time.sleep(random.Random(number).uniform(0, 0.6))
    children += _children(process.pid)
    process.kill()
    process.communicate()
    for child in children:
        _wait_for(lambda child=child: _is_gone(child))  # type: ignore[misc]
    town.settle()
    assert town.store.rows("select relname from pg_class where relpersistence = 't' and relname like 'stage%'") == []
    sweep_work(town.settings)
    assert town.left_behind() == []
    if not _complete(town):
        assert differences(town.untouched, town.dump()) == {}
        town.load("households", ledger)
        assert _complete(town)


def test_an_import_whose_reader_is_killed_says_so_and_changes_nothing(town: Town, ledger: Path) -> None:
    process = town.start("households", ledger)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("step")
    _wait_for(lambda: bool(_children(process.pid)))
    for child in _children(process.pid):
        os.kill(child, signal.SIGKILL)
    out, said = process.communicate()
    assert process.returncode != 0
    assert "FileUnreadable" in said
    assert "report" not in out
    assert town.left_behind() == []
    assert differences(town.untouched, town.dump()) == {}


def test_two_imports_of_one_township_at_once_double_nothing_and_tell_the_truth(town: Town, ledger: Path) -> None:
    processes = [town.start("households", ledger) for _ in range(2)]
    reports = []
    for process in processes:
        out, said = process.communicate()
        assert process.returncode == 0, said
        reports.append(json.loads(next(line for line in out.splitlines() if line.startswith("report"))[7:]))
    assert sorted((report["inserted"], report["unchanged"]) for report in reports) == [(0, MANY), (MANY, 0)]
    assert {(report["read"], report["accepted"], report["refused"]) for report in reports} == {(MANY, MANY, 0)}
    assert town.store.rows("""
        select count(*), count(distinct natural_key), count(distinct code) from household
         where code like 'K%'""") == [(MANY, MANY, MANY)]
    with owner_session(town.store.engine) as session:
        assert recheck(session)["drift"] == 0


def test_what_the_rich_town_exports_changes_nothing_when_it_comes_back(town: Town, tmp_path: Path) -> None:
    people = [
        (*row, group, hamlet)
        for row, group, hamlet in zip(
            PEOPLE, ["低保户", "监测户", "", "", "特困", ""], ["东测庄", "", "", "", "", ""], strict=True
        )
    ]
    people = [(*row[:5], row[-1], *row[6:-1]) for row in people]
    town.load("households", write_csv(tmp_path / "more.csv", [*HOUSEHOLDS, "农户类型"], people))
    sites = [("G4", "H4", "F4", "拆除重建", "2025-06-01", "3.125")]
    town.load(
        "sites",
        write_csv(
            tmp_path / "s.csv", ["改造编号", "户编号", "房屋编号", "改造方式", "批准日期", "补助资金（万元）"], sites
        ),
    )
    assert town.store.rows("select aid_group, stated_hamlet from household where code = 'H1'") == [
        ("minimum_living", "东测庄")
    ]
    assert town.store.one("select subsidy_yuan::text from renovation_site where code = 'G4'") == "31250.00"
    before = town.dump()
    for kind, form in (
        ("areas", "geojson"),
        ("households", "xlsx"),
        ("houses", "xlsx"),
        ("sites", "csv"),
        ("visits", "xlsx"),
    ):
        path = tmp_path / f"{kind}.{form}"
        export_file(town.store.engine, kind, path, area=TOWNSHIP, format=form)
        report = town.load(kind, path)
        assert (report.refused, report.counts["inserted"], report.counts["updated"]) == (0, 0, 0), (
            kind,
            report.problems,
        )
    assert differences(before, town.dump()) == {}


_ACTS = st.lists(st.one_of(st.sampled_from(sorted(CHANGES)), st.integers(0, 5)), min_size=3, max_size=7)


@given(acts=_ACTS)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_imported_and_taken_back_in_any_order_ends_where_it_began(
    rich: Town, tmp_path: Path, acts: list[str | int]
) -> None:
    """A name is an import; a number takes back that batch of those that stand, which may be blocked."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    standing: list[tuple[int, Dump | None]] = []
    for act in acts:
        if isinstance(act, str):
            change = CHANGES[act]
            before = rich.dump()
            options = change.options or ({} if change.kind == "areas" else {"area": TOWNSHIP, "campaign": "test-2026"})
            report = rich.store.load(change.kind, change.write(tmp_path), **options)
            assert report.batch is not None
            standing.append((report.batch, before))
        elif standing:
            _take_back(rich, standing, act % len(standing))
    while standing:
        _take_back(rich, standing, len(standing) - 1)
    assert differences(rich.untouched, rich.dump()) == {}


def _take_back(rich: Town, standing: list[tuple[int, Dump | None]], place: int) -> None:
    (batch, before), now = standing[place], rich.dump()
    later = {number for number, _ in standing[place + 1 :]}
    stopped: list[int | None] | None = None
    try:
        with owner_session(rich.store.engine) as session:
            undo_batch(session, batch)
    except UndoBlocked as blocked:
        stopped = [blocker.batch for blocker in blocked.blockers]
    if stopped is not None:
        assert later >= set(stopped) > set()  # so nothing stands in the way of the last one
        assert differences(now, rich.dump()) == {}
        return
    if before is not None and not later:
        assert differences(before, rich.dump()) == {}
    # What came later has to be taken back to something else from now on.
    standing[place:] = [(number, None) for number, _ in standing[place + 1 :]]
    with owner_session(rich.store.engine) as session:
        assert recheck(session)["drift"] == 0
