"""Private folders for working copies (``var/work``), each named after its process and swept when that one is gone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.processes import is_alive, process_mark
from data.settings import Settings

# A file may be there a moment before its row is committed, and a row a moment before its file is cleared away.
YOUNG_S = 600.0


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """Give a fresh folder that only this account may enter; it is removed with all it holds at the end."""
    home = settings.var / "work"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{process_mark()}-", dir=home)).absolute()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_work(settings: Settings) -> int:
    """Remove the folders of processes that are gone; gives how many."""
    home = settings.var / "work"
    gone = [folder for folder in home.glob("*-*-*") if not is_alive(folder.name.rpartition("-")[0])]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return len(gone)
