"""Free space, asked before a step writes rather than after it has failed half-way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from app.launch.console import LaunchError
from geo.errors import Text

MIB = 1 << 20


def free_mib(folder: Path) -> int:
    """Free MiB where ``folder`` is or will be (its nearest existing parent)."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free // MIB


def require_room(folder: Path, mib: int, what: Text, free: Callable[[Path], int] = free_mib) -> None:
    """Refuse to begin a step that would fill the disk.

    Parameters
    ----------
    folder : Path
        Where the step writes; it need not exist.
    mib : int
        What the step needs, in MiB.
    what : Text
        What is being set up, for the message.

    Raises
    ------
    LaunchError
        With the room found and the room needed.
    """
    found = free(folder)
    if found < mib:
        raise LaunchError(
            Text(
                f"磁盘空间不足：{folder} 只剩 {found} MB，{what.zh}需要约 {mib} MB。请腾出空间后再运行一次。",
                f"The disk is nearly full: {found} MB left at {folder}, {what.en} needs about {mib} MB. "
                "Free some space and run this again.",
            ),
            free_mib=found,
            needed_mib=mib,
        )
