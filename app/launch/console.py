"""Progress in plain words, and running other programs with their chatter kept in a log."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from geo.errors import FangtuError, Text

TICK_S = 10.0


class LaunchError(FangtuError):
    """Set-up cannot go on; the text ends with the one thing to do."""

    code = "launch"


def choose_language(env: Mapping[str, str]) -> str:
    """Language of the command line: ``FANGTU_LANG``, else ``zh`` unless the locale is English, bare C/POSIX or unset.

    Parameters
    ----------
    env : Mapping
        Environment; LC_ALL goes before LC_MESSAGES before LANG, as in POSIX.

    Returns
    -------
    str
        ``"zh"`` or ``"en"``. ``C.UTF-8`` says nothing about a language and gives ``zh``.
    """
    if env.get("FANGTU_LANG"):
        return "en" if env["FANGTU_LANG"] == "en" else "zh"
    locale = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or "C"
    return "en" if locale in ("C", "POSIX") or locale.lower().startswith("en") else "zh"


class Console:
    """Where progress goes and in which language.

    Parameters
    ----------
    lang : str
        ``"zh"`` or ``"en"``.
    stream : TextIO
        Standard output for verbs whose output is the progress, standard error where a result is printed.
    log : Path, optional
        File that gets the whole output of the programs run; none before ``var/`` exists.
    """

    def __init__(self, lang: str, stream: TextIO | None = None, log: Path | None = None) -> None:
        self.lang = lang
        self.stream = stream or sys.stdout
        self.log = log

    def say(self, text: Text) -> None:
        """Print one line at once."""
        print(text.in_language(self.lang), file=self.stream, flush=True)

    def fail(self, text: Text) -> None:
        """Print a failure on standard error."""
        print(text.in_language(self.lang), file=sys.stderr, flush=True)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        failed: Text,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        stdin: str | None = None,
        **how: Any,
    ) -> None:
        """Run a program to its end, tell every ten seconds that it is still at work.

        Parameters
        ----------
        argv : sequence
            Program and arguments; no shell.
        failed : Text
            What to say, and what to do next, if it ends with an error.
        stdin : str, optional
            Text for its standard input; otherwise it gets none.
        **how
            Further arguments of :class:`subprocess.Popen` (``user``, ``group`` …).

        Raises
        ------
        LaunchError
            If the program is missing or ends with an error; its last line is added.
        """
        log_path = self.log or Path(os.devnull)
        with open(log_path, "ab") as log:
            log.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            start = log.tell()
            try:
                child = subprocess.Popen(
                    [str(a) for a in argv],
                    stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(env) if env is not None else None,
                    cwd=cwd,
                    **how,
                )
            except FileNotFoundError as error:
                raise LaunchError(_with_detail(failed, str(error))) from error
            try:
                if stdin is not None and child.stdin:
                    child.stdin.write(stdin.encode())
                    child.stdin.close()
                code = self._wait(child)
            except BaseException:
                with suppress(PermissionError):  # sudo belongs to root: it ends by itself, in order
                    child.terminate()
                child.wait()
                raise
        if code:
            raise LaunchError(_with_detail(failed, last_line(log_path, start), log_path if self.log else None))

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        begun = time.monotonic()
        while True:
            try:
                return child.wait(timeout=TICK_S)
            except subprocess.TimeoutExpired:
                seconds = round(time.monotonic() - begun)
                self.say(Text(f"  …… 已用 {seconds} 秒", f"  ... {seconds} s so far"))


def last_line(path: Path, start: int = 0, limit: int = 300) -> str:
    """Last line of a log that says something, from byte ``start`` on; an error line is preferred."""
    try:
        with open(path, "rb") as log:
            log.seek(max(start, log.seek(0, os.SEEK_END) - 20_000))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    for word in ("error", "fatal", "E:"):
        for line in reversed(lines):
            if word in (line if word == "E:" else line.lower()):
                return line[:limit]
    return lines[-1][:limit] if lines else ""


def _with_detail(text: Text, detail: str, log: Path | None = None) -> Text:
    zh, en = text
    if detail:
        zh, en = f"{zh}\n  原始信息：{detail}", f"{en}\n  It said: {detail}"
    if log:
        zh, en = f"{zh}\n  全部输出：{log}", f"{en}\n  Whole output: {log}"
    return Text(zh, en)
