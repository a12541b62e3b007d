"""Comparing a long list in the background: the file is read in a limited process apart, then compared as any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from data.askers import Asker
from data.renovation.list_comparison import compare_list
from data.renovation.unfit import RenovationUnfit
from data.sealing import Sealer
from geo.errors import Text
from geo.files import FileUnreadable, Limits, Sheet, read_apart

MOST_LIST_BYTES = 16 << 20
# What a process that reads gets for each eight mebibytes.
_MIB = 8


def limits_for(most_bytes: int) -> Limits:
    """Time and memory of the process that reads a file of at most so many bytes: 30 s of processor time, 60 s by the
    clock, 256 MiB and 64 MiB of results for each 8 MiB."""
    times = max(1, most_bytes // (_MIB << 20))
    return Limits(cpu_s=30 * times, wall_s=30.0 + 30.0 * times, file_mib=256 * times, result_mib=64 * times)


def read_table_apart(copy: Path, folder: Path, field: str, most_bytes: int) -> list[Sheet]:
    """Read a table in a limited process apart.

    Raises
    ------
    RenovationUnfit
        If it cannot be read; names the field of the form.
    """
    try:
        return list(read_apart(copy, folder=folder, limits=limits_for(most_bytes)))
    except FileUnreadable as error:
        raise RenovationUnfit(error.text, column=field) from error


def payload_of(file: str, name: str, area_id: int, office: str, on_day: date, group: str | None) -> dict[str, Any]:
    """What a job of this kind carries; ``file`` is the number under which the list lies sealed."""
    return {
        "file": file,
        "name": name,
        "area_id": area_id,
        "office": office,
        "on_day": on_day.isoformat(),
        "group": group,
    }


def compare_as_asked(
    session: Session,
    asker: Asker,
    wanted: Mapping[str, Any],
    copy: Path,
    folder: Path,
    sealer: Sealer,
    say: Callable[..., None],
    stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Read and compare a list as :func:`payload_of` tells, in the running transaction.

    Parameters
    ----------
    copy, folder : Path
        A plain working copy and the private folder it lies in.
    say : callable
        Gets a sentence for each step, with rows done and of how many.
    stopped : callable
        Says whether somebody asked to stop.

    Returns
    -------
    dict
        ``list`` (key), ``again`` (whether this very file was compared before) and ``rows``.

    Raises
    ------
    RenovationUnfit, RecordUnknown, Cancelled
        As :func:`data.renovation.list_comparison.compare_list`; then nothing is kept.
    """
    say(Text("正在读取名单", "Reading the list"))
    content = copy.read_bytes()
    found = compare_list(
        session,
        asker,
        area_id=int(wanted["area_id"]),
        office=str(wanted["office"]),
        on_day=date.fromisoformat(str(wanted["on_day"])),
        name=str(wanted["name"]),
        content=content,
        sheets=read_table_apart(copy, folder, "list_file", MOST_LIST_BYTES),
        sealer=sealer,
        group=wanted["group"],
        say=say,
        stopped=stopped,
    )
    return {"list": found.id, "again": found.again, "rows": found.counts.get("rows", 0)}
