"""Reading a file that came in as a working copy: apart, and under the name people know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from geo.files import Sheet, read_apart


def read_file(
    path: Path,
    *,
    folder: Path,
    sheet: str | None = None,
    file_name: str | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Sheet]:
    """Read a file's sheets in a limited process of their own.

    Parameters
    ----------
    path : Path
        The file, or a working copy of it.
    folder : Path
        Private folder for what reading leaves.
    sheet : str, optional
        Only this sheet, by the name given here.
    file_name : str, optional
        What people call the file; a table that has no name but the file's is called after it.

    Raises
    ------
    FileUnreadable, CrsUnknown, Cancelled
        See :func:`geo.files.read_apart`.
    """
    known = Path(file_name).stem if file_name else path.stem
    wanted = None if sheet == known else sheet
    found = read_apart(path, sheet=wanted, folder=folder, cancelled=cancelled)
    named = [replace(one, name=known) if one.name == path.stem else one for one in found]
    return [one for one in named if sheet in (None, one.name)]
