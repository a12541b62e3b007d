"""Files made in the background: archives of households and sheets of labels, as whoever asked may see them."""

from __future__ import annotations

import csv
import io
import os
import uuid
import zipfile
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.making import MAKERS_OF, make_files
from data.claims import PAPER, claim_job
from data.db import owner_engine
from data.household_archive import MOST_FILES, why_not
from data.made_files import KEPT_HOURS, made_path, sweep_made
from data.sealing import load_sealer
from data.tasks import Task
from data.worker import LIMIT_S, Worker
from geo.errors import Cancelled, Text
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web
from tests.web.test_renovation_pages import Hand


def work(web: Web, limits_s: dict[str, float] | None = None) -> None:
    Worker(web.settings, {**LIMIT_S, **(limits_s or {})}, makers=MAKERS_OF).run(until_idle=True)


def begin(hand: Hand, path: str, **form: str) -> str:
    sent = hand.post(path, **form)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["Location"])


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def acts(web: Web, act: str) -> list[dict[str, object]]:
    with Session(web.owner) as session:
        return list(session.scalars(text("select details from audit where act = :act order by id"), {"act": act}))


def test_the_files_of_a_village_come_as_one_zip_with_a_table_of_contents(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/files", area=VILLAGES[1])
    assert "data-job" in hand.get(where).text
    assert hand.get(f"{where}/file").status_code == 404  # nothing is made yet
    work(web)
    told = hand.get(where).text
    assert "下载（zip）" in told
    assert "保留到" in told
    answer = hand.get(f"{where}/file")
    assert answer.mimetype == "application/zip"
    archive = opened(answer.data)
    assert archive.testzip() is None
    names = archive.namelist()
    rows = list(csv.DictReader(io.StringIO(archive.read("00-目录.csv").decode("utf-8-sig"))))
    with Session(web.owner) as session:
        homes = set(
            session.scalars(
                text("""select h.code from household h join area v on v.id = h.village_id
                         where v.code = :code and h.removed_at is null"""),
                {"code": VILLAGES[1]},
            )
        )
    assert homes
    assert {row["户编号"] for row in rows} == homes
    assert {row["文件"] for row in rows} == {name for name in names if not name.startswith("00-")}
    paper = pypdf.PdfReader(io.BytesIO(archive.read(rows[0]["文件"])))
    first = "".join(page.extract_text() for page in paper.pages)
    assert "一户一档" in first
    assert "测试supervisor" in first
    listed = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(archive.read("00-目录.pdf"))).pages)
    assert f"共 {len(homes)} 户" in listed
    assert sum(int(str(one["files"])) for one in acts(web, "household_files")) == len(homes)
    assert len(acts(web, "made_fetch")) == 1
    # Sealed where it lies.
    kept = made_path(web.settings, uuid.UUID(where.rpartition("/")[2])).read_bytes()
    assert not kept.startswith(b"PK")
    assert b"%PDF" not in kept


def test_of_a_year_only_the_households_renovated_in_it_are_filed(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    with Session(web.owner) as session, session.begin():
        session.execute(text("update renovation_site set year = 2024 where household_id is not null"))
        n = session.scalar(text("select count(distinct household_id) from renovation_site where year = 2024"))
    assert n
    where = begin(hand, "/houses/files", area=TOWNSHIP, year="2024")
    assert hand.post("/houses/files", area=TOWNSHIP, year="1999").status_code == 422  # nobody
    work(web)
    names = opened(hand.get(f"{where}/file").data).namelist()
    assert len([name for name in names if not name.startswith("00-")]) == n


def test_sheets_of_labels_of_a_township_come_village_by_village(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/labels/all", area=TOWNSHIP)
    work(web)
    archive = opened(hand.get(f"{where}/file").data)
    sheets = [name for name in archive.namelist() if name.endswith(".pdf")]
    assert {name[: len(VILLAGES[0])] for name in sheets} >= set(VILLAGES[:2])
    with Session(web.owner) as session:
        lacking = session.scalar(
            text("""
                select count(*) from household h join area v on v.id = h.village_id
                 where h.removed_at is null and v.code = any (:villages) and not exists (
                    select from file_code f where f.household_id = h.id and f.ended_at is null)"""),
            {"villages": list(VILLAGES)},
        )
    assert lacking == 0
    assert "户码标签" in hand.get("/houses/files").text


def test_only_the_own_area_and_the_own_jobs(app: Flask, web: Web) -> None:
    where = begin(Hand(app, web), "/houses/files", area=VILLAGES[0])
    work(web)
    assert Hand(app, web, "outsider").post("/houses/files", area=VILLAGES[0]).status_code == 422
    assert Hand(app, web).post("/houses/files", area="no such").status_code == 422
    for who in ("outsider", "admin"):
        assert Hand(app, web, who).get(where).status_code == 404, who
        assert Hand(app, web, who).get(f"{where}/file").status_code == 404, who
    for who in ("inspector", "leader"):
        assert Hand(app, web, who).get("/houses/files").status_code == 403, who


def test_a_second_wish_waits_for_the_first(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    begin(hand, "/houses/files", area=VILLAGES[0])
    again = hand.post("/houses/files", area=VILLAGES[1])
    assert again.status_code == 422
    assert "上一步还在进行" in again.text
    work(web)


def test_a_cancelled_one_leaves_nothing(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/files", area=VILLAGES[1])
    job = uuid.UUID(where.rpartition("/")[2])
    with owner_engine(web.settings).connect() as connection:
        claim = claim_job(connection, PAPER)
    assert claim is not None
    assert claim.id == job
    before = acts(web, "household_files")
    told: list[int | None] = []
    task = Task(
        web.settings,
        owner_engine(web.settings),
        load_sealer(web.settings.key_file),
        claim,
        lambda text, done=None, total=None: told.append(done),
        lambda: len(told) >= 2,  # after two households somebody presses cancel
    )
    with pytest.raises(Cancelled):
        make_files(task)
    assert told == [0, 1]
    assert [path.name for path in made_path(web.settings, job).parent.glob(f"*{job}*")] == []
    assert acts(web, "household_files") == before
    # Its session is closed.
    with Session(web.owner) as session:
        open_ones = session.scalar(
            text("select count(*) from session where agent = :name and ended_at is null"),
            {"name": f"fangtu-job {job}"},
        )
    assert open_ones == 0
    with Session(web.owner) as session, session.begin():
        session.execute(text("update job set state = 'cancelled', finished_at = now() where id = :id"), {"id": job})
    assert "没有留下文件" in hand.get(where).text


def test_one_whose_worker_died_is_taken_up_again(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/files", area=VILLAGES[1])
    with owner_engine(web.settings).connect() as connection:
        assert claim_job(connection, PAPER) is not None
    # What a killed process leaves: a job that seems to run, and a draft.
    draft = made_path(web.settings, uuid.UUID(where.rpartition("/")[2]))
    draft.parent.mkdir(parents=True, exist_ok=True)
    left = draft.with_name(f".{draft.name}.999999-1")
    left.write_bytes(b"half")
    work(web)
    assert opened(hand.get(f"{where}/file").data).testzip() is None
    with Session(web.owner) as session:
        connection = session.connection()
        sweep_made(connection, web.settings)
    assert not left.exists()


def test_it_is_swept_after_its_day(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/files", area=VILLAGES[1])
    work(web)
    job = uuid.UUID(where.rpartition("/")[2])
    path = made_path(web.settings, job)
    past = datetime.now(UTC) - timedelta(hours=KEPT_HOURS + 1)
    with Session(web.owner) as session, session.begin():
        session.execute(text("update job set finished_at = :at where id = :id"), {"at": past, "id": job})
    os.utime(path, (past.timestamp(), past.timestamp()))
    with Session(web.owner) as session:
        sweep_made(session.connection(), web.settings)
    assert not path.exists()
    gone = hand.get(f"{where}/file")
    assert gone.status_code == 410
    assert "只保留" in gone.text


def test_who_lost_the_area_meanwhile_gets_nothing(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = begin(hand, "/houses/files", area=VILLAGES[1])
    job = uuid.UUID(where.rpartition("/")[2])
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update account set disabled_at = now() where id = :id"), {"id": web.accounts["supervisor"]}
        )
    try:
        work(web)
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(
                text("update account set disabled_at = null where id = :id"), {"id": web.accounts["supervisor"]}
            )
    with Session(web.owner) as session:
        row = session.execute(text("select state, error_code from job where id = :id"), {"id": job}).one()
    assert (row.state, row.error_code) == ("failed", "job_not_allowed")
    assert not made_path(web.settings, job).exists()


def test_why_not_says_a_number() -> None:
    assert why_not(1) is None
    many = why_not(MOST_FILES + 1)
    assert isinstance(many, Text)
    assert str(MOST_FILES + 1) in many.zh
    assert str(MOST_FILES) in many.en
