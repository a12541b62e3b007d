"""A table that came with a form, read in a limited process apart: return files, plans, lists, hand-over files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.receiving import Received
from app.session import release, store
from data.sealed_files import FileTooLarge
from data.upload_files import clean_name, open_upload
from data.work_folders import work_folder

if TYPE_CHECKING:
    from geo.files import Sheet

# Tables of a township's renovations; ten thousand rows are read in a few seconds.
MOST_TABLE_BYTES = 8 << 20


def read_received(
    received: Received, field: str, *, most_bytes: int = MOST_TABLE_BYTES
) -> tuple[str, bytes, list[Sheet]]:
    """Read it: its name, its bytes and its sheets.

    Parameters
    ----------
    field : str
        Its name in the form, named in a refusal.
    most_bytes : int, optional
        How large it may be. The process that reads it gets time and memory in proportion: 30 s of processor time, 60 s
        by the clock, 256 MiB and 64 MiB of results for :data:`MOST_TABLE_BYTES`.

    Raises
    ------
    FileTooLarge
        Above ``most_bytes``.
    RenovationUnfit
        If it cannot be read.
    """
    # Here: no page that takes no file needs what reads files.
    from data.renovation.list_work import read_table_apart

    if received.size_bytes > most_bytes:
        raise FileTooLarge(most_bytes)
    received.finish()
    name = clean_name(received.name)
    # Reading may take seconds; no lock and no connection waits for it.
    release()
    settings, sealer = store().settings, store().sealer
    with work_folder(settings) as folder, open_upload(settings, sealer, received.id, name, folder) as copy:
        return name, copy.read_bytes(), read_table_apart(copy, folder, field, most_bytes)
