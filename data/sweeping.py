"""Sweeping up after uploads: what has expired, what belongs to nothing, what a killed process left behind."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from data.db import owner_session
from data.imports.undo import KEPT_DAYS, purge_changes
from data.made_files import lists_on_their_way, sweep_made
from data.processes import is_alive
from data.settings import Settings
from data.sync.photos import sweep_photos
from data.upload_files import refused_path, upload_path
from data.work_folders import YOUNG_S, sweep_work

log = logging.getLogger(__name__)

_SETTLED_WITHIN = "1 hour"
# What a phone was told of; one that stays away longer is told everything anew.
_PULLED_DAYS = 60
_LOCK_NOT_AVAILABLE = "55P03"


def sweep(connection: Connection, settings: Settings) -> list[uuid.UUID]:
    """Bring ``var/uploads``, ``var/refused`` and ``var/work`` into line with the table of uploads, and one folder of
    ``var/photos`` in turn with that of photographs; drop made files that were kept long enough.

    Uploads that expired or lost their content are closed and their content deleted; files without a row go when they
    are older than ten minutes, half-written ones as soon as their process is gone.

    Parameters
    ----------
    connection : Connection
        Of the owner, committing by itself.

    Returns
    -------
    list of UUID
        Imported uploads whose file of refused rows is still to be made (the process that should have was killed).
    """
    sweep_work(settings)
    sweep_made(connection, settings)
    sweep_photos(connection, settings, int(time.time() // 60))
    connection.execute(
        text("""
            update upload u set state = 'expired', updated_at = now()
             where u.state in ('new', 'ready') and u.expires_at < now()
               and not exists (select from job j where j.upload_id = u.id and j.state = 'running')""")
    )
    # What was found in an imported file is of no more use once its refused rows are gone.
    connection.execute(
        text("""
            update upload set preview = null, trial = null
             where state = 'imported' and expires_at < now() and (preview, trial) is distinct from (null, null)""")
    )
    rows = connection.execute(
        text(f"""
            select id, state, created_at < now() - interval '{YOUNG_S} s' as old,
                   state = 'imported' and expires_at > now() as has_refused,
                   state = 'imported' and updated_at > now() - interval '{_SETTLED_WITHIN}' as settles
              from upload where state in ('new', 'ready', 'imported')""")
    ).all()
    found = {row.id: row for row in rows}
    lists = lists_on_their_way(connection)
    unsettled = []
    for upload_id, path in _files(upload_path(settings, uuid.UUID(int=0)).parent):
        row = found.get(upload_id)
        if row is None and upload_id not in lists and _is_old(path):
            path.unlink(missing_ok=True)
        elif row is not None and row.settles:
            unsettled.append(upload_id)
        elif row is not None and row.state == "imported":
            log.warning("upload %s: no file of refused rows could be made", upload_id)
            path.unlink(missing_ok=True)
    for row in rows:
        if row.state in ("new", "ready") and row.old and not upload_path(settings, row.id).exists():
            connection.execute(
                text("""
                    update upload set state = 'expired', updated_at = now()
                     where id = :id and state in ('new', 'ready')"""),
                {"id": row.id},
            )
    for upload_id, path in _files(refused_path(settings, uuid.UUID(int=0)).parent):
        row = found.get(upload_id)
        if row is None or not row.has_refused:
            path.unlink(missing_ok=True)
    return unsettled


def purge(engine: Engine) -> None:
    """Delete what is kept for a time only: what old batches replaced (it holds personal data), jobs long ended, and
    what phones were told of long ago.

    Where an import is under way it is left for the next time, so that the worker never waits for one.
    """
    try:
        with owner_session(engine) as session:
            session.execute(text("set local lock_timeout = '1s'"))
            batches = purge_changes(session)
            session.execute(
                text("delete from pulled where at < now() - make_interval(days => :days)"), {"days": _PULLED_DAYS}
            )
            session.execute(
                text("delete from job where finished_at < now() - make_interval(days => :days)"), {"days": KEPT_DAYS}
            )
        if batches:
            log.info("%s batches are kept without what they replaced", batches)
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise


def _files(folder: Path) -> Iterator[tuple[uuid.UUID, Path]]:
    """Give the finished files of a folder; removes half-written ones of processes that are gone."""
    for path in list(folder.glob("*")) + list(folder.glob(".*")):
        if path.name.startswith("."):
            if not is_alive(path.name.rpartition(".")[2]):
                path.unlink(missing_ok=True)
            continue
        try:
            yield uuid.UUID(path.name), path
        except ValueError:
            continue


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > YOUNG_S
    except FileNotFoundError:
        return False
