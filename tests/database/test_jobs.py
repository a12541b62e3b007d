"""The worker: killed at any moment it leaves nothing or everything; jobs end in words; one works at a time."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.claims import HEAVY, QUICK, Claim, ClaimLost, claim_job, end_job, note_progress, take_up_again
from data.db import app_engine, enter
from data.imports.choices import NO_CHOICES, trial_mark
from data.imports.run import IMPORT_LOCK
from data.jobs import WORKER_LOCK
from data.processes import process_mark
from data.sealing import load_sealer
from data.settings import ROOT, Settings
from data.sweeping import YOUNG_S, purge, sweep
from data.tables import Account, Duty, Upload
from data.upload_files import upload_path, upload_writer
from data.worker import LIMIT_S, Worker
from geo.errors import Text
from tests.database.importing import Store, opened
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP

AREA = number_range(TOWNSHIP)
MANY = 3000
# Number of the last batch of the township itself.
BASE: list[int] = []
DEADLOCK = "40P01"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A township with two accounts, in a database of this module's own."""
    with opened("fangtu_test_jobs") as made:
        made.empty()
        made.township(tmp_path_factory.mktemp("township"))
        with Session(made.engine) as session, session.begin():
            for name in ("sender", "other"):
                account = Account(username=name, full_name=name, role="supervisor", jur=AREA[0], jur_end=AREA[1])
                session.add(account)
                session.flush()
                session.add(Duty(account_id=account.id, jur=AREA[0], jur_end=AREA[1]))
                session.flush()
                open_session(session, made.settings, account.id, f"token-of-{name}")
        BASE[:] = [made.one("select max(id) from batch")]
        yield made


def _emptied(store: Store) -> bool:
    try:
        with store.engine.begin() as connection:
            connection.execute(
                text(
                    "truncate upload, job, household, standing, standing_change, coverage_folded, batch_change cascade"
                )
            )
            connection.execute(text("delete from batch where id > :base"), {"base": BASE[0]})
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) == DEADLOCK:
            return False
        raise
    return True


@pytest.fixture(autouse=True)
def nothing_left(store: Store) -> Iterator[None]:
    """Every test begins without uploads, jobs and households, and leaves no file and no process behind."""
    yield
    # A worker that has just ended may still be leaving the database, with locks in another order than a truncation's.
    until(lambda: _emptied(store))
    for folder in ("uploads", "refused", "work"):
        for path in (store.settings.var / folder).glob("*"):
            path.unlink()


def many_rows(count: int, code: str = "K") -> bytes:
    rows = [
        f"{code}{n},赵新{n},测试1村,{118.8002 + n % 90 / 10000:.6f},{36.4002 + n % 83 / 10000:.6f}"
        for n in range(count)
    ]
    return "\n".join(["户编号,户主姓名,行政村,经度,纬度", *rows]).encode()


def send(
    store: Store, content: bytes, *, kind: str = "households", name: str = "台账.csv", tried: bool = True
) -> uuid.UUID:
    """An upload with its content, tried if wanted."""
    key = uuid.uuid4()
    writer = upload_writer(store.settings, load_sealer(store.settings.key_file), key)
    writer.write(content)
    digest = writer.finish()
    with Session(store.engine) as session, session.begin():
        upload = Upload(
            id=key,
            account_id=session.scalar(text("select id from account where username = 'sender'")),
            jur=AREA[0],
            jur_end=AREA[1],
            file_name="台账.csv",
            size_bytes=len(content),
            sha256=digest,
            kind="households",
            choices=dict(NO_CHOICES),
            expires_at=text("now() + interval '1 day'"),
        )
        session.add(upload)
        session.flush()
        session.refresh(upload)
        if tried:
            upload.trial = {"mark": trial_mark(upload), "remembered": {}, "counts": {}, "report": {"zh": {}, "en": {}}}
    return key


def ask(store: Store, kind: str, upload: uuid.UUID | None = None, **more: Any) -> uuid.UUID:
    """A waiting job."""
    with Session(store.engine) as session, session.begin():
        held = session.get(Upload, upload) if upload else None
        payload = {"mark": trial_mark(held)} if held else more.get("payload", {})
        return session.scalar(  # type: ignore[return-value]
            text("""
                insert into job (kind, account_id, jur, jur_end, upload_id, batch_id, payload)
                select :kind, id, :jur, :jur_end, :upload, :batch, cast(:payload as jsonb)
                  from account where username = 'sender' returning id"""),
            {
                "kind": kind,
                "jur": AREA[0],
                "jur_end": AREA[1],
                "upload": upload,
                "batch": more.get("batch"),
                "payload": json.dumps(payload),
            },
        )


def job(store: Store, key: uuid.UUID) -> Any:
    with store.engine.connect() as connection:
        return connection.execute(text("select * from job where id = :id"), {"id": key}).one()


def households(store: Store) -> int:
    return int(store.one("select count(*) from household"))


def batches(store: Store) -> int:
    return int(store.one("select count(*) from batch where id > :base", base=BASE[0]))


def work(store: Store, **limits_s: float) -> None:
    """Let a worker of this process do what waits."""
    Worker(store.settings, {**LIMIT_S, **limits_s}).run(until_idle=True)


@contextmanager
def worker_process(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The worker as an installation runs it; killed with all it started at the end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("FANGTU_")}
    env |= {
        "FANGTU_DATABASE_URL": settings.admin_url.render_as_string(hide_password=False),
        "FANGTU_VAR_DIR": str(settings.var),
        "FANGTU_KEY_FILE": str(settings.key_file),
    }
    with log.open("ab") as out:
        command = [sys.executable, "-m", "app.cli", "worker"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return found


def children_of(pid: int) -> list[int]:
    """Living processes that a process started, and those that they started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == str(pid) and fields[0] not in "ZX":
                found += [int(entry.name), *children_of(int(entry.name))]
    return found


def is_gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def until_gone(pids: list[int]) -> None:
    """Wait until none of the processes lives."""
    until(lambda: all(map(is_gone, pids)), 20)


def test_a_job_is_claimed_once_and_in_order(store: Store) -> None:
    first, second = ask(store, "trial"), ask(store, "trial")
    with store.engine.connect() as one, store.engine.connect() as two:
        assert claim_job(one, QUICK) is None
        assert claim_job(one, HEAVY).id == first  # type: ignore[union-attr]
        assert claim_job(two, HEAVY).id == second  # type: ignore[union-attr]
        assert claim_job(one, HEAVY) is None


def test_a_claim_that_was_taken_over_ends_nothing(store: Store) -> None:
    key = ask(store, "trial")
    with store.engine.connect() as connection:
        old = claim_job(connection, HEAVY)
        assert take_up_again(connection) == [key]
        new = claim_job(connection, HEAVY)
        assert isinstance(old, Claim)
        assert isinstance(new, Claim)
        assert (old.attempt, new.attempt) == (1, 2)
        with pytest.raises(ClaimLost):
            end_job(connection, old, "done")
        connection.rollback()
        note_progress(connection, old, Text("甲", "a"), 1, 2, 3)
        assert job(store, key).step_zh is None
        end_job(connection, new, "done", result={"n": 1})
        connection.commit()
        with pytest.raises(ClaimLost):
            end_job(connection, new, "failed")
    assert (job(store, key).state, job(store, key).result) == ("done", {"n": 1})


def test_what_broke_off_three_times_fails_in_words(store: Store) -> None:
    key = ask(store, "trial")
    with store.engine.connect() as connection:
        for attempt in (1, 2, 3):
            assert job(store, key).state == "waiting"
            assert claim_job(connection, HEAVY).attempt == attempt  # type: ignore[union-attr]
            take_up_again(connection)
        assert claim_job(connection, HEAVY) is None
    ended = job(store, key)
    assert (ended.state, ended.error_code) == ("failed", "broke_off")
    assert "没有写入任何数据" in ended.error_zh
    assert ended.error_en


def test_the_pages_may_ask_for_work_but_not_say_what_came_of_it(store: Store) -> None:
    engine = app_engine(store.settings)
    own = send(store, many_rows(1), tried=False)
    with Session(engine) as session:

        def refused(statement: str) -> bool:
            enter(session, "token-of-sender")
            try:
                session.execute(text(statement), {"id": own})
            except DBAPIError:
                return True
            finally:
                session.rollback()
            return False

        assert not refused("update upload set sender = 'a' where id = :id")
        assert not refused("""
            insert into job (kind, account_id, jur, jur_end, upload_id)
            select 'trial', account_id, jur, jur_end, id from upload where id = :id""")
        for statement in (
            "update upload set trial = '{}' where id = :id",
            "update upload set preview = '{}' where id = :id",
            "update upload set batch_id = 1 where id = :id",
            "update upload set expires_at = now() + interval '1 year' where id = :id",
            "update upload set account_id = account_id + 1 where id = :id",
            "update upload set jur = 0 where id = :id",
            "update job set state = 'done'",
            "delete from upload where id = :id",
            "insert into job (kind, account_id, jur, jur_end, state) select 'trial', account_id, jur, jur_end, 'done'"
            " from upload where id = :id",
            "insert into job (kind, account_id, jur, jur_end) select 'trial', account_id, 0, jur_end from upload"
            " where id = :id",
            "insert into job (kind, account_id, jur, jur_end) select 'trial', account_id + 1, jur, jur_end from upload"
            " where id = :id",
        ):
            assert refused(statement), statement
        enter(session, "token-of-other")
        for table in ("upload", "job"):
            assert session.scalar(text(f"select count(*) from {table}")) == 0
    engine.dispose()


def test_a_dropped_upload_forgets_its_preview_even_if_one_comes_later(store: Store) -> None:
    key = send(store, many_rows(1))
    with store.engine.begin() as connection:
        connection.execute(text("update upload set preview = '{\"a\": 1}' where id = :id"), {"id": key})
        connection.execute(text("update upload set state = 'discarded' where id = :id"), {"id": key})
        connection.execute(text("update upload set preview = '{\"a\": 1}' where id = :id"), {"id": key})
    assert store.rows("select preview, trial from upload") == [(None, None)]


def test_a_second_worker_waits_for_the_first(store: Store) -> None:
    key = ask(store, "preview", send(store, many_rows(1)))
    with store.engine.connect() as holder:
        holder.execute(text("select pg_advisory_lock(:lock)"), {"lock": WORKER_LOCK})
        waiting = Worker(store.settings)
        signal.signal(signal.SIGALRM, lambda *_: waiting.stop())
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        waiting.run()
        assert job(store, key).state == "waiting"
        holder.execute(text("select pg_advisory_unlock(:lock)"), {"lock": WORKER_LOCK})
    work(store)
    assert job(store, key).state == "done", job(store, key)


def test_a_job_that_takes_too_long_is_ended_in_words(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.imports.tasks.make_preview", lambda *_a, **_k: time.sleep(120))
    key = ask(store, "preview", send(store, many_rows(1)))
    work(store, preview=0.5)
    ended = job(store, key)
    assert (ended.state, ended.error_code) == ("failed", "took_too_long")
    assert "没有写入" in ended.error_zh
    assert list((store.settings.var / "work").glob("*")) == []


def test_a_fault_is_told_by_a_number_that_stands_in_the_log_and_nothing_of_the_record(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("赵新一 340299199001020008")

    monkeypatch.setattr("data.imports.tasks.make_preview", fail)
    log = tmp_path / "log"
    key = ask(store, "preview", send(store, many_rows(1)))
    # The child writes to the same standard error.
    keep, out = os.dup(2), os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 2)
    try:
        work(store)
    finally:
        os.dup2(keep, 2)
    ended = job(store, key)
    assert (ended.state, ended.error_code) == ("failed", "fault")
    number = ended.error_en.rpartition(" ")[2].rstrip(".")
    assert number in ended.error_zh
    assert "340299199001020008" not in log.read_text() + ended.error_zh


def test_a_cancelled_import_stops_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    key = ask(store, "import", send(store, many_rows(20_000)))
    with worker_process(store.settings, tmp_path / "log"):
        until(lambda: (job(store, key).step_zh or "").startswith(("读到", "写入")))
        assert job(store, key).backend_pid
        with store.engine.begin() as connection:
            connection.execute(text("update job set cancel_asked_at = now() where id = :id"), {"id": key})
        until(lambda: job(store, key).finished_at)
    assert job(store, key).state == "cancelled"
    assert households(store) == batches(store) == 0
    assert store.one("select state from upload") == "new"


def test_pages_and_a_preview_go_on_while_an_import_runs(store: Store, tmp_path: Path) -> None:
    big = ask(store, "import", send(store, many_rows(20_000)))
    with worker_process(store.settings, tmp_path / "log"):
        until(lambda: job(store, big).step_zh)
        small = ask(store, "preview", send(store, many_rows(2, "P")))
        until(lambda: job(store, small).state == "done")
        # Nor does whoever plans routes wait for it; there is no such plan, which is seen at once.
        routes = ask(store, "route", payload={"plan": 0})
        until(lambda: job(store, routes).finished_at)
        assert job(store, big).state == "running"
        later = ask(store, "import", send(store, many_rows(2, "L")))
        until(lambda: job(store, big).state == "done", 300)
        until(lambda: job(store, later).state == "done")
        assert job(store, later).started_at > job(store, big).finished_at
    assert households(store) == 20_002


def test_a_worker_told_to_stop_puts_its_job_back(store: Store, tmp_path: Path) -> None:
    key = ask(store, "import", send(store, many_rows(20_000)))
    with worker_process(store.settings, tmp_path / "log") as process:
        until(lambda: job(store, key).step_zh)
        started = children_of(process.pid)
        assert started
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        until_gone(started)
    assert (job(store, key).state, job(store, key).attempts) == ("waiting", 1)
    assert households(store) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_worker_killed_in_the_middle_leaves_nothing_or_everything(store: Store, tmp_path: Path, seed: int) -> None:
    """Killed at a random moment, and again; the third one finishes."""
    chance = random.Random(seed)
    key = ask(store, "import", send(store, many_rows(MANY)))
    for _ in range(2):
        with worker_process(store.settings, tmp_path / "log") as process:
            until(lambda: job(store, key).state != "waiting")
            time.sleep(chance.uniform(0, 4))
            started = children_of(process.pid)
            process.kill()
            process.wait()
            until_gone(started)
        # The database may still be taking the last statement back, or committing it.
        until(lambda: not store.one("select count(*) from pg_stat_activity where application_name like 'fangtu-job%'"))
        done = job(store, key).state == "done"
        assert households(store) == (MANY if done else 0)
        assert batches(store) == int(done)
        if done:
            break
    work(store)
    ended = job(store, key)
    assert ended.state == "done"
    assert households(store) == MANY
    assert batches(store) == 1
    assert store.rows("select state, batch_id > 0 from upload") == [("imported", True)]
    assert [path for folder in ("uploads", "work") for path in (store.settings.var / folder).glob("*")] == []
    left = "select count(*) from pg_class where relpersistence = 't' and relname like 'stage%'"
    assert store.one(left) == 0


def test_a_child_killed_in_the_middle_is_taken_up_again_by_the_same_worker(store: Store, tmp_path: Path) -> None:
    key = ask(store, "import", send(store, many_rows(MANY)))
    with worker_process(store.settings, tmp_path / "log") as process:
        until(lambda: job(store, key).step_zh)
        for pid in children_of(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: job(store, key).finished_at)
    assert (job(store, key).state, job(store, key).attempts) == ("done", 2)
    assert households(store) == MANY


def test_a_worker_outlives_its_database_connections(store: Store, tmp_path: Path) -> None:
    with worker_process(store.settings, tmp_path / "log"):
        first = ask(store, "preview", send(store, many_rows(1)))
        until(lambda: job(store, first).state == "done")
        server = store.engine.execution_options(isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text("reset role"))
            connection.execute(
                text("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and pid in (
                        select pid from pg_locks where locktype = 'advisory' and objid = :lock)"""),
                {"lock": WORKER_LOCK},
            )
        store.engine.dispose()
        second = ask(store, "preview", send(store, many_rows(1)))
        until(lambda: job(store, second).state == "done")


class CutOff(Worker):
    """A worker that has read the server's last words with an answer: it meets the end while it listens for notices."""

    cuts = 0

    def _claim(self, connection: Connection) -> bool:
        claimed = super()._claim(connection)
        if self.cuts:
            self.stop()
            return claimed
        self.cuts += 1
        raw: Any = connection.connection.dbapi_connection
        engine = create_engine(self._settings.admin_url)
        with engine.connect() as other:
            other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": raw.get_backend_pid()})
        engine.dispose()
        with suppress(psycopg2.Error):
            raw.poll()
        return claimed


def test_a_worker_cut_off_while_it_listens_works_on(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    worker = CutOff(store.settings)
    with caplog.at_level("INFO", "data.worker"):
        worker.run()
    told = [record.message.partition(" (")[0] for record in caplog.records if record.name == "data.worker"]
    assert (worker.cuts, told) == (1, ["at work", "no database", "at work"])


def test_the_sweep_keeps_what_is_needed_and_nothing_else(store: Store) -> None:
    uploads = store.settings.var / "uploads"
    kept, expired, imported = (send(store, many_rows(1)) for _ in range(3))
    without_file = send(store, many_rows(1))
    upload_path(store.settings, without_file).unlink()
    with store.engine.begin() as connection:
        connection.execute(text("update upload set created_at = now() - interval '2 hours'"))
        connection.execute(
            text("update upload set expires_at = now() - interval '1 minute' where id = :id"), {"id": expired}
        )
        connection.execute(
            text("update upload set state = 'imported', updated_at = now() - interval '2 hours' where id = :id"),
            {"id": imported},
        )
    stray, young = uploads / str(uuid.uuid4()), uploads / str(uuid.uuid4())
    half_dead, half_alive = uploads / f".{uuid.uuid4()}.1-1", uploads / f".{uuid.uuid4()}.{process_mark()}"
    refused = store.settings.var / "refused"
    refused.mkdir(exist_ok=True)
    of_nobody = refused / str(uuid.uuid4())
    for path in (stray, young, half_dead, half_alive, of_nobody):
        path.write_bytes(b"x")
    old = time.time() - YOUNG_S - 60
    for path in (stray, upload_path(store.settings, expired)):
        os.utime(path, (old, old))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert sweep(connection, store.settings) == []
    states = dict(store.rows("select id, state from upload"))
    assert states == {kept: "new", expired: "expired", imported: "imported", without_file: "expired"}
    assert {path.name for path in uploads.iterdir()} == {str(kept), young.name, half_alive.name}
    assert list(refused.iterdir()) == []


def test_what_is_kept_for_a_time_is_purged_without_waiting_for_an_import(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text("""
                insert into batch (kind, file_name, sha256, jur, jur_end, counts, created_at)
                values ('households', 'a.csv', '\\x00', 0, 1, '{}', now() - interval '1 year')""")
        )
        connection.execute(
            text("""
                insert into batch_change (batch_id, table_name, row_key, act, before)
                select max(id), 'household', '1', 'update', '{"head_name": "a"}' from batch""")
        )
    ask(store, "trial")
    with store.engine.begin() as connection:
        connection.execute(text("update job set state = 'done', finished_at = now() - interval '1 year'"))
    with store.engine.begin() as importing:
        importing.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
        purge(store.engine)
        assert store.one("select purged_at from batch where id > :base", base=BASE[0]) is None
    purge(store.engine)
    assert store.one("select purged_at from batch where id > :base", base=BASE[0]) is not None
    assert store.one("select count(*) from batch_change") == store.one("select count(*) from job") == 0


def test_no_job_is_for_an_area_without_a_name_of_its_own(store: Store) -> None:
    key = send(store, many_rows(1))
    with store.engine.begin() as connection:
        connection.execute(text("update upload set jur_end = jur_end - 1 where id = :id"), {"id": key})
    asked = ask(store, "preview", key)
    with store.engine.begin() as connection:
        connection.execute(text("update job set jur_end = jur_end - 1 where id = :id"), {"id": asked})
    work(store)
    assert job(store, asked).error_code == "upload_closed"
