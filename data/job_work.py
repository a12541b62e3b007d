"""Doing a claimed job and writing its end, in a process of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from data.claims import Claim, ClaimLost, end_job
from data.db import owner_engine, owner_session
from data.desk_tasks import (
    apply_work_plan,
    assign_households,
    compare_list,
    edit_areas,
    make_village_packs,
    pass_gates,
    screen_visits,
    solve_route,
)
from data.imports.outcome import log_fault
from data.imports.report import Progress
from data.imports.tasks import blockers_json, import_upload, preview_file, settle_upload, take_back, try_file
from data.imports.undo import UndoBlocked
from data.made_files import COMPARE
from data.renovation.passing import KIND as PASS
from data.route_plans.making import KIND as ROUTE
from data.sealing import load_sealer
from data.settings import Settings
from data.tasks import OF_NOBODY, PACK, SCREEN, SESSION_NAME, SETTLE, Maker, Task, require_authority
from data.upload_files import copy_name
from data.uploads import find_upload
from geo.errors import Cancelled, FangtuError, Text

log = logging.getLogger(__name__)

_STOPPED = "57014"  # PostgreSQL: query_canceled


def do_job(
    settings: Settings,
    claim: Claim,
    progress: Progress,
    cancelled: Callable[[], bool],
    on_backend: Callable[[int], None] = lambda pid: None,
    makers: Mapping[str, Maker] | None = None,
) -> None:
    """Do a claimed job and write its end.

    Parameters
    ----------
    progress : Progress
        Gets a sentence for each step.
    cancelled : callable
        Says whether somebody asked to stop.
    on_backend : callable
        Gets the number of each database process the job works with.
    makers : mapping, optional
        What does the kinds of job that need pages.

    Raises
    ------
    DBAPIError
        If the connection is lost: the job is then neither done nor ended.
    """
    engine = _job_engine(settings, claim, on_backend)
    task = Task(settings, engine, load_sealer(settings.key_file), claim, progress, cancelled)
    try:
        if claim.kind not in OF_NOBODY:
            with owner_session(engine) as session:
                require_authority(session, claim)
        (_KINDS | dict(makers or {}))[claim.kind](task)
    except ClaimLost:
        log.warning("job %s: claim %s was taken over", claim.id, claim.attempt)
    except Cancelled:
        _end(task, "cancelled")
    except UndoBlocked as error:
        _end(task, "failed", error, {"blockers": blockers_json(error.blockers)})
    except FangtuError as error:
        _end(task, "failed", error)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if error.orig is not None and getattr(error.orig, "pgcode", None) == _STOPPED and cancelled():
            _end(task, "cancelled")
        else:
            _end(task, "failed", log_fault(claim, error))
    except Exception as error:  # noqa: BLE001 (a person gets a sentence with a number, the log the place)
        _end(task, "failed", log_fault(claim, error))
    finally:
        engine.dispose()


def _end(task: Task, state: str, error: FangtuError | None = None, result: dict[str, Any] | None = None) -> None:
    """Write the end of a job whose own transaction was taken back."""
    try:
        with owner_session(task.engine) as session:
            end_job(session, task.claim, state, error=_renamed(task, error), result=result)
    except ClaimLost:
        log.warning("job %s: its end came after it had ended or was taken over", task.claim.id)


def _renamed(task: Task, error: FangtuError | None) -> FangtuError | None:
    """Let an error speak of the file by the name people know, not by that of the working copy."""
    if error is None or task.claim.upload_id is None:
        return error
    with owner_session(task.engine) as session:
        name = find_upload(session, task.claim.upload_id).file_name
    copy = f"“{copy_name(name)}”"
    zh, en = error.text
    told = FangtuError(Text(zh.replace(copy, f"“{name}”"), en.replace(copy, f"“{name}”")))
    told.code = error.code
    return told


def _job_engine(settings: Settings, claim: Claim, on_backend: Callable[[int], None]) -> Engine:
    engine = owner_engine(settings)

    @event.listens_for(engine, "connect")
    def _name(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('application_name', %s, false)", (f"{SESSION_NAME} {claim.id}",))
        connection.commit()
        on_backend(connection.info.backend_pid)

    return engine


_KINDS: dict[str, Callable[[Task], None]] = {
    "preview": preview_file,
    "trial": try_file,
    "import": import_upload,
    "undo": take_back,
    "edit": edit_areas,
    "plan": apply_work_plan,
    "assign": assign_households,
    COMPARE: compare_list,
    ROUTE: solve_route,
    PASS: pass_gates,
    SETTLE: settle_upload,
    SCREEN: screen_visits,
    PACK: make_village_packs,
}
