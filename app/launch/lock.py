"""One set-up at a time per checkout: the second start waits for the first."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.launch.console import Console
from geo.errors import Text


@contextmanager
def only_one(path: Path, console: Console) -> Iterator[None]:
    """Hold the set-up lock; the system gives it back by itself if the holder is killed."""
    with open(path, "a+", encoding="ascii") as file:
        waited = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not waited:
                    file.seek(0)
                    holder = file.read().strip() or "?"
                    console.say(
                        Text(
                            f"· 另一个 ./fangtu（进程 {holder}）正在准备，等它完成",
                            f"- Another ./fangtu (process {holder}) is setting up; waiting for it",
                        )
                    )
                    waited = True
                time.sleep(0.2)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
