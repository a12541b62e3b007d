"""Jobs about what is in the store: boundaries, plans, assigning, gates, lists, routes, doubts and packs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.assigning_work import assign_as_asked
from data.campaign_versions import apply_plan
from data.claims import end_job
from data.db import owner_session
from data.edit_wishes import read_wish
from data.edits import apply_edit
from data.imports.batches import bind_account
from data.imports.limits import Limits
from data.pack_making import make_packs
from data.renovation.list_work import compare_as_asked
from data.renovation.passing import pass_as_asked
from data.route_plans.solving import solve_plan
from data.rules.plan import read_plan
from data.suspicions import screen
from data.tasks import Task, asker_of, require_authority
from data.upload_files import open_upload, upload_path
from data.work_folders import work_folder
from geo.errors import Text


def edit_areas(task: Task) -> None:
    """Change boundaries as previewed."""
    task.progress(Text("修改边界", "Changing boundaries"))
    with owner_session(task.engine) as session:
        own = session.execute(
            text("select jur, jur_end from duty where account_id = :account"), {"account": task.claim.account_id}
        ).tuples()
        ranges = tuple(own.all())
        done = apply_edit(
            session,
            read_wish(task.claim.payload["wish"]),
            str(task.claim.payload["revision"]),
            Limits(ranges, ranges),
            account_id=task.claim.account_id,
        )
        # In the edit's own transaction: the boundaries and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(
            session,
            task.claim,
            "done",
            batch_id=done.batch,
            result={"edit": done.id, "moved": done.moved, "moves": done.moves},
        )


def apply_work_plan(task: Task) -> None:
    """Apply a version of a work plan (实施方案) and judge the visits anew."""
    task.progress(Text("应用实施方案", "Applying the work plan"))
    payload = task.claim.payload
    with owner_session(task.engine) as session:
        ranges = tuple(
            session.execute(
                text("select jur, jur_end from duty where account_id = :account"), {"account": task.claim.account_id}
            ).tuples()
        )
        bind_account(session, task.claim.account_id)
        done = apply_plan(
            session,
            read_plan(payload["text"]),
            str(payload["revision"]),
            (int(payload["jur"]), int(payload["jur_end"])),
            Limits(ranges, ranges),
            account_id=task.claim.account_id,
            note=payload["note"],
        )
        # In the same transaction: the version and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        result = {"campaign": done.code, "version": done.version, "visits": done.visits}
        end_job(session, task.claim, "done", result=result)


def assign_households(task: Task) -> None:
    """Give households to visitors by rule or by grid."""
    with owner_session(task.engine) as session:
        asker = asker_of(session, task.claim.account_id)
        bind_account(session, task.claim.account_id)
        within = (task.claim.jur, task.claim.jur_end)
        told = assign_as_asked(session, asker, within, task.claim.payload, task.progress)
        # In the act's own transaction: what was assigned and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result=told)


def pass_gates(task: Task) -> None:
    """Pass a gate for many renovation sites, part by part."""
    with owner_session(task.engine) as session:
        asker = asker_of(session, task.claim.account_id)

    @contextmanager
    def begin() -> Iterator[Session]:
        # Each part is a transaction of its own, as long as whoever asked may still do it.
        with owner_session(task.engine) as session:
            bind_account(session, task.claim.account_id)
            require_authority(session, task.claim)
            yield session

    told = pass_as_asked(begin, asker, task.claim.payload, task.progress, task.cancelled)
    is_stopped = told["looked"] < told["total"]
    with owner_session(task.engine) as session:
        # What was passed stays, also where somebody stopped it between two parts.
        end_job(session, task.claim, "cancelled" if is_stopped else "done", result=told)


def compare_list(task: Task) -> None:
    """Compare an office's list with the store, row by row."""
    file = uuid.UUID(str(task.claim.payload["file"]))
    with (
        work_folder(task.settings) as folder,
        open_upload(task.settings, task.sealer, file, str(task.claim.payload["name"]), folder) as copy,
        owner_session(task.engine) as session,
    ):
        asker = asker_of(session, task.claim.account_id)
        bind_account(session, task.claim.account_id)
        told = compare_as_asked(
            session, asker, task.claim.payload, copy, folder, task.sealer, task.progress, task.cancelled
        )
        # In the comparison's own transaction: the list and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result=told)
    upload_path(task.settings, file).unlink(missing_ok=True)


def solve_route(task: Task) -> None:
    """Solve a plan of routes."""
    told = solve_plan(task.engine, task.claim.id, task.claim.payload, task.progress, task.cancelled)
    with owner_session(task.engine) as session:
        # The plan itself is kept already, the best one also where somebody stopped it.
        end_job(session, task.claim, "cancelled" if told is None or task.cancelled() else "done", result=told)


def screen_visits(task: Task) -> None:
    """Look for doubtful visits of a round."""
    with owner_session(task.engine) as session:
        screen(session, task.claim.payload["campaign"], task.claim.payload["round"])


def make_village_packs(task: Task) -> None:
    """Make the offline packs of some villages."""
    for village_id in task.claim.payload["villages"]:
        # One at a time: what is made stays although the next one fails.
        with owner_session(task.engine) as session:
            make_packs(session, task.settings, village_id)
