"""The web server: gunicorn in its own session, watched by the launcher, recorded for ``stop``."""

from __future__ import annotations

import errno
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping

from app.launch.console import Console, LaunchError, last_line
from app.launch.places import Places
from app.launch.processes import (
    WebServer,
    command_of,
    end,
    identify,
    pids_of_group,
    read_json,
    read_web_server,
    write_web_server,
)
from geo.errors import Text

START_S = 90
GRACE_S = 15
RECORD = "web.json"
WORKER = "app.web_worker.WebWorker"
# An open stream holds a thread while it waits, so there are as many threads more as there may be streams; pages keep
# theirs. Twins of data/settings.py.
PAGE_THREADS, STREAMS, MOST_STREAMS = 8, 100, 500
REASON_STATUS = 9
# Building the application once more in the foreground tells a refusal in its own words and language.
ASK_REASON = f"""
import sys
from app.factory import wsgi
from geo.errors import FangtuError
try:
    wsgi()
except FangtuError as error:
    print(error.text.in_language(sys.argv[1]))
    sys.exit({REASON_STATUS})
"""


def threads_of(env: Mapping[str, str]) -> int:
    """Threads of one web process; a setting that does not parse is refused by the application in its own words."""
    given = env.get("FANGTU_STREAMS") or str(STREAMS)
    streams = int(given) if given.isascii() and given.isdigit() else STREAMS
    return PAGE_THREADS + min(streams, MOST_STREAMS)


def find_web_server(places: Places) -> WebServer | None:
    """The web server of this checkout, if it runs."""
    return read_web_server(places.run / RECORD)


def require_port(bind: str, port: int) -> None:
    """Refuse a port that cannot be had, before anything else is started.

    Raises
    ------
    LaunchError
        With the port and the way out (``--port``).
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LaunchError(
                    Text(
                        f"端口 {port} 已被别的程序占用。请换一个端口，例如：--port {other_port(port)}",
                        f"Port {port} is taken by another program. Choose another one, e.g. --port {other_port(port)}",
                    ),
                    port=port,
                ) from error
            raise LaunchError(
                Text(
                    f"无法使用地址 {bind} 端口 {port}（{error.strerror}）。请换一个，例如：--port 8000",
                    f"Address {bind} port {port} cannot be used ({error.strerror}). Choose another, e.g. --port 8000",
                ),
                port=port,
            ) from error


def other_port(port: int) -> int:
    """A port to propose instead: the next one, or 8000 from the end of the range."""
    return port + 1 if 1024 <= port < 65535 else 8000


def start_web_server(
    places: Places, *, bind: str, port: int, demo: bool, env: Mapping[str, str], lang: str
) -> tuple[WebServer, subprocess.Popen[bytes]]:
    """Start gunicorn and wait until ``/healthz`` answers.

    Raises
    ------
    LaunchError
        If it ends or does not answer; the last line of its log is added.
    """
    log_path = places.logs / "web.log"
    host = f"[{bind}]" if ":" in bind else bind
    with open(log_path, "ab") as log:
        begin = log.tell()
        server = subprocess.Popen(
            [
                str(places.venv / "bin" / "gunicorn"),
                "app.factory:wsgi()",
                f"--bind={host}:{port}",
                "--workers=2",
                f"--threads={threads_of(env)}",
                f"--worker-class={WORKER}",
                f"--graceful-timeout={GRACE_S - 5}",
                f"--chdir={places.root}",
                "--no-control-socket",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**env, "FANGTU_PORT": str(port), **({"FANGTU_DEMO": "1"} if demo else {})},
            cwd=places.root,
            start_new_session=True,  # Ctrl-C reaches the launcher only, which stops the server in order
        )
    process, launcher = identify(server.pid), identify(os.getpid())
    if process and launcher:
        web = WebServer(process, launcher, bind, port, demo)
        write_web_server(places.run / RECORD, web)
    try:
        _wait_for_answer(server, bind, port)
    except BaseException as error:
        stop_process_group(server.pid)
        (places.run / RECORD).unlink(missing_ok=True)
        if isinstance(error, TimeoutError):
            if reason := _ask_reason(places, env, lang):
                raise LaunchError(Text(reason, reason)) from error
            said = last_line(log_path, begin)
            raise LaunchError(
                Text(
                    f"网页服务没有启动。请查看 {log_path}\n  原始信息：{said}",
                    f"The web server did not start. Look at {log_path}\n  It said: {said}",
                )
            ) from error
        raise
    return web, server


def stop_web_server(places: Places, web: WebServer) -> None:
    """Stop exactly that server: first it may finish what it is answering, then it must go."""
    if not end(web.server, signal.SIGTERM, GRACE_S):
        stop_process_group(web.server.pid)
    (places.run / RECORD).unlink(missing_ok=True)


def clear_orphans(places: Places) -> None:
    """Kill the workers of a gunicorn of this checkout that was itself killed; they still hold its port."""
    content = read_json(places.run / RECORD).get("server") or {}
    group = content.get("pid")
    for pid in pids_of_group(group) if isinstance(group, int) and identify(group) is None else ():
        command = command_of(pid)
        if "gunicorn" in command and str(places.root) in command and (process := identify(pid)):
            end(process, signal.SIGKILL, 5)


def stop_process_group(pid: int) -> None:
    """Kill a server together with its workers; it leads a group of its own."""
    process = identify(pid)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    if process:
        end(process, signal.SIGKILL, 5)


def stop_launched(places: Places, console: Console) -> bool:
    """Stop the web server through the launcher that watches it, or directly if that one is gone."""
    web = find_web_server(places)
    if web is None:
        return False
    if web.launcher.pid != os.getpid() and end(web.launcher, signal.SIGTERM, GRACE_S + 60):
        web = find_web_server(places)
    if web is not None:
        stop_web_server(places, web)
    console.say(Text("网页服务已停止", "The web server is stopped"))
    return True


def _ask_reason(places: Places, env: Mapping[str, str], lang: str) -> str | None:
    asked = subprocess.run(
        [str(places.python), "-P", "-c", ASK_REASON, lang],
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    return asked.stdout.strip() if asked.returncode == REASON_STATUS else None


def _wait_for_answer(server: subprocess.Popen[bytes], bind: str, port: int) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise TimeoutError
        try:
            connection = http.client.HTTPConnection(host, port, timeout=10)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            pass  # not listening yet
        except http.client.HTTPException:
            pass  # cut off in mid-answer while a worker starts again
        time.sleep(0.1)
    raise TimeoutError
