"""Files made in the background (打包、标签): what the worker's process does for jobs that need pages.

It asks as whoever asked for the job does, with a session of its own that the database proves and that ends with the
job: row-level security, roles and masks are those of the pages, and a role or an area taken away ends the work.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Any

from flask import Flask, g, render_template
from flask_babel import gettext as _

from app.factory import create_app
from app.file_codes import MAKERS, label_sheet
from app.household_paper import PAPER_STYLE, Paper, file_on_paper
from app.paper import pages
from app.session import SignInNeeded, asker, db, release
from app.view import ZONE
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.claims import end_job
from data.db import owner_session
from data.file_codes import LabelsRefused, labels_by_village
from data.formulas import guarded
from data.household_archive import MOST_FILES, households_to_file, why_not
from data.imports.batches import bind_account
from data.made_files import FileNotMade, made_path, write_zip
from data.sealing import load_secret
from data.sessions import open_session, sign_out
from data.tasks import SESSION_NAME, JobNotAllowed, Task, require_authority
from data.upload_files import clean_name
from geo.errors import Cancelled, Text

Part = Callable[[], AbstractContextManager[Asker]]


def make_files(task: Task) -> None:
    """Put the files of the households of an area, or of a year's renovations, into one zip with a table of contents."""
    wanted, claim = task.claim.payload, task.claim
    within, year = (claim.jur, claim.jur_end), wanted["year"]
    rows: list[tuple[str, Paper, int]] = []
    gone = 0
    with _pages(task) as part:
        with part():
            keys = households_to_file(db(), within, year)
        if (refusal := why_not(len(keys))) is not None:
            raise FileNotMade(refusal, found=len(keys), expected=MOST_FILES)
        with write_zip(task.settings, task.sealer, claim.id) as archive:
            for at, key in enumerate(keys):
                _go_on(task, Text("正在生成一户一档", "Making the files of households"), at, len(keys))
                try:
                    with part():
                        made = file_on_paper(key)
                except RecordUnknown:
                    gone += 1  # taken away, or to another area, since the work began
                    continue
                name = clean_name(f"{len(rows) + 1:04d}-{made.village or '—'}-{made.code or key}.pdf")
                archive.writestr(name, made.content)
                rows.append((name, made, key))
            _go_on(task, Text("正在生成目录", "Making the table of contents"), len(keys), len(keys))
            with part() as who:
                archive.writestr(f"00-{_('目录')}.pdf", _contents_on_paper(rows, wanted["title"], year, gone, who))
                archive.writestr(f"00-{_('目录')}.csv", _contents_as_table(rows))
    by_jur: dict[int, list[int]] = {}
    for _name, made, key in rows:
        by_jur.setdefault(made.jur, []).append(key)
    notes = [(jur, {"files": len(homes), "households": homes, "year": year}) for jur, homes in sorted(by_jur.items())]
    _finish(task, "household_files", notes, {"files": len(rows), "left_out": gone})


def make_labels(task: Task) -> None:
    """Put the sheets of labels of all villages of an area into one zip; households without a code are given one.

    Codes are given village by village: one that was given stays, as it does when a sheet is printed by hand.
    """
    within = (task.claim.jur, task.claim.jur_end)
    sheets: list[tuple[str, str, int, int, int]] = []
    done = 0
    with _pages(task) as part:
        with part():
            found = labels_by_village(db(), within)
        villages = [village for village in found if village.code]
        total = sum(village.households for village in villages)
        outside = sum(village.households for village in found) - total
        if not total:
            raise FileNotMade(
                Text(
                    "没有制标签：所选范围内没有属于某个村的农户。请先定位，或换一个辖区。",
                    "No labels: no household there belongs to a village. Place them first, or choose another area.",
                ),
                found=outside,
            )
        with write_zip(task.settings, task.sealer, task.claim.id) as archive:
            for village in villages:
                for no, first, last in village.parts:
                    _go_on(task, Text("正在制标签", "Making labels"), done, total)
                    with suppress(LabelsRefused), part():  # a household less since they were counted
                        name = clean_name(f"{village.code}-{village.name}-{no}.pdf")
                        archive.writestr(name, label_sheet(str(village.code), no))
                        sheets.append((name, str(village.name), no, first, last))
                    done += last - first + 1
            with part():
                head = (_("文件"), _("村"), _("第几份"), _("从第几户"), _("到第几户"))
            archive.writestr("00-contents.csv", _table([head, *sheets]))
    _finish(task, "label_files", [(within[0], {"sheets": len(sheets), "labels": done})], _told(sheets, outside))


MAKERS_OF = {"files": make_files, "labels": make_labels}


def _told(sheets: list[tuple[str, str, int, int, int]], outside: int) -> dict[str, Any]:
    return {"files": len(sheets), "left_out": outside}


@contextmanager
def _pages(task: Task) -> Iterator[Part]:
    """Give what opens one transaction after the other as whoever asked for the job."""
    app = create_app(task.settings)
    key = load_secret(task.settings.key_file, "session")
    with owner_session(task.engine) as session:
        opened = open_session(
            session, task.claim.account_id, kind="web", key=key, agent=f"{SESSION_NAME} {task.claim.id}"
        )
    try:
        yield lambda: _part(app, task, opened.token)
    finally:
        with owner_session(task.engine) as session:
            sign_out(session, opened.token)


@contextmanager
def _part(app: Flask, task: Task, token: str) -> Iterator[Asker]:
    headers = {"Authorization": f"Bearer {token}"}
    with app.test_request_context("/", base_url=task.claim.payload["host"], headers=headers):
        g.language = task.claim.payload["language"]
        try:
            who = asker()
        except SignInNeeded as error:
            raise JobNotAllowed from error
        if who.role not in MAKERS or not who.covers(task.claim.jur, task.claim.jur_end):
            raise JobNotAllowed
        yield who
        release()


def _go_on(task: Task, step: Text, done: int, total: int) -> None:
    if task.cancelled():
        raise Cancelled(Text("已停止，没有留下文件。", "Stopped; no file is kept."))
    task.progress(step, done, total)


def _finish(task: Task, act: str, notes: list[tuple[int, dict[str, Any]]], told: dict[str, Any]) -> None:
    """Write the end of the job and what was taken out, a line of the log in each jurisdiction."""
    size = made_path(task.settings, task.claim.id).stat().st_size
    with owner_session(task.engine) as session:
        bind_account(session, task.claim.account_id)
        for jur, details in notes:
            record(session, act=act, object_kind="job", object_id=task.claim.id, details=details, jur=jur)
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result={**told, "bytes": size})


def _contents_on_paper(
    rows: list[tuple[str, Paper, int]], title: str, year: int | None, gone: int, who: Asker
) -> bytes:
    html = render_template(
        "archive_paper.html", rows=rows, title=title, year=year, gone=gone, who=who, at=datetime.now(ZONE)
    )
    return pages(html, PAPER_STYLE.read_text(encoding="utf-8"))


def _contents_as_table(rows: list[tuple[str, Paper, int]]) -> bytes:
    head = (_("文件"), _("户编号"), _("户主"), _("村"), _("房屋"), _("改造"))
    told = [
        (
            name,
            guarded(made.code or ""),
            guarded(made.head_name or ""),
            guarded(made.village or ""),
            made.houses,
            made.sites,
        )
        for name, made, _key in rows
    ]
    return _table([head, *told])


def _table(rows: list[tuple[Any, ...]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")
