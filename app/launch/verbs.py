"""The verbs of ``./fangtu``: what each one sets up, runs and stops again."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import subprocess
import sys
import traceback
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from app.launch.background import KeptWorker, find_worker, stop_worker
from app.launch.checks import run_benchmarks, run_checks
from app.launch.cluster import find_postmaster, stop_cluster
from app.launch.console import Console, LaunchError, choose_language
from app.launch.keys import demo_password
from app.launch.lock import only_one
from app.launch.places import Places, find_places
from app.launch.processes import WebServer
from app.launch.server import (
    clear_orphans,
    find_web_server,
    require_port,
    start_web_server,
    stop_launched,
    stop_web_server,
)
from app.launch.setup import Ready, Wish, app_environment, run_app, set_up, upgrade, upgrade_once
from app.launch.status import find_own_cluster, print_status
from app.launch.words import HELP, ROLES
from geo.errors import Text

APP_VERBS = (
    "worker",
    "upgrade",
    "import",
    "undo",
    "template",
    "sample",
    "export",
    "coverage",
    "gaps",
    "assign",
    "grids",
    "lookback",
    "houses",
    "roads",
    "route",
    "recheck",
    "campaign",
    "user",
)
PROGRESS_VERBS = ("demo", "serve", "stop", "test")
WATCH_S = 2.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The person or the system asked this command to end."""


def main(arguments: Sequence[str]) -> int:
    """Run one verb.

    Parameters
    ----------
    arguments : sequence of str
        What stands behind ``./fangtu``.

    Returns
    -------
    int
        0 when it was done, 1 when it failed (with the one thing to do), 2 for a wrong command line, 130 when it was
        interrupted before it was done.
    """
    env = dict(os.environ)
    words = [word for word in arguments if word != "--no-install"]
    install = len(words) == len(arguments)
    verb = words[0] if words else "help"
    console = Console(choose_language(env), sys.stdout if verb in PROGRESS_VERBS else sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if verb in ("help", "-h", "--help"):
        print(HELP.in_language(console.lang), end="")
        return 0
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup is to be respected
            signal.signal(number, _on_signal)
    places = find_places(Path(__file__).resolve().parents[2], env)
    if "FANGTU_VAR_DIR" in env:
        env["FANGTU_VAR_DIR"] = str(places.var)  # a relative one means the same wherever a child runs
    try:
        return _run(verb, words[1:], places, console, env, install)
    except Stopped:
        console.fail(Text("已中断；再运行同一命令即可继续。", "Interrupted; the same command goes on from here."))
        return 130
    except LaunchError as error:
        console.fail(error.text)
        return 1
    except BrokenPipeError:
        return 1
    except OSError as error:
        console.fail(_explain(error, places))
        return 1
    except Exception:  # noqa: BLE001 (the last stop: a person gets a sentence, the log gets the trace)
        _log_trace(places)
        console.fail(
            Text(
                f"意外错误。请把 {places.logs / 'launch.log'} 发给维护人员。",
                f"An unexpected error. Send {places.logs / 'launch.log'} to whoever maintains this.",
            )
        )
        return 1


def _run(verb: str, words: list[str], places: Places, console: Console, env: dict[str, str], install: bool) -> int:
    if verb == "status":
        return print_status(places, env, as_json="--json" in words, lang=console.lang)
    if verb == "stop":
        return _stop(places, console, env)
    if verb not in (*APP_VERBS, "demo", "serve", "test", "bench"):
        console.fail(Text(f"没有命令 {verb}。请看：./fangtu help", f"There is no command {verb}. See: ./fangtu help"))
        return 2
    options = _parse(verb, words, env, console.lang) if verb in ("demo", "serve") else None
    places.make()
    console.log = places.logs / "setup.log"
    if options:
        return _serve(options, places, console, env, install)
    if verb == "test":
        return _test(words, places, console, env, install)
    if verb == "bench":
        return _bench(words, places, console, env, install)
    with only_one(places.run / "lock", console):
        set_up(places, Wish(stay=True, install=install), console, env)
        if verb != "upgrade" and (code := upgrade_once(places, env)):
            return code
    return run_app(places, env, verb, *words)


def _parse(verb: str, words: list[str], env: Mapping[str, str], lang: str) -> argparse.Namespace:
    def port(text: str) -> int:
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise argparse.ArgumentTypeError("1-65535")
        return int(text)

    english = lang == "en"
    parser = argparse.ArgumentParser(prog=f"./fangtu {verb}", allow_abbrev=False)
    parser.add_argument(
        "--port",
        type=port,
        default=env.get("FANGTU_PORT") or "8000",
        help="port of the web server (8000)" if english else "网页服务的端口（8000）",
    )
    if verb == "demo":
        parser.add_argument(
            "--no-browser", action="store_true", help="do not open a browser" if english else "不打开浏览器"
        )
        parser.add_argument(
            "--password", help="password of the four demo accounts" if english else "四个示例账号的密码"
        )
        parser.set_defaults(bind="127.0.0.1", demo=True)
    else:
        parser.add_argument(
            "--bind",
            default="127.0.0.1",
            help="address to listen on (127.0.0.1)" if english else "监听地址（127.0.0.1）",
        )
        parser.set_defaults(demo=False, no_browser=True, password=None)
    return parser.parse_args(words)


def _serve(options: argparse.Namespace, places: Places, console: Console, env: dict[str, str], install: bool) -> int:
    if options.demo:
        env = {**env, "FANGTU_DEMO": "1"}
    ready: Ready | None = None
    web: WebServer | None = None
    server: subprocess.Popen[bytes] | None = None
    try:
        with only_one(places.run / "lock", console):
            running = find_web_server(places)
            if running and running.is_watched():
                set_up(places, Wish(pages=True, stay=True, install=install), console, env)  # its database may be down
                if options.password and running.demo:
                    run_app(places, env, "load-sample", "--password", demo_password(places, options.password))
                _announce(running, places, console, again=True)
                return 0
            if running:
                stop_web_server(places, running)
            stop_worker(places)
            clear_orphans(places)
            require_port(options.bind, options.port)
            ready = set_up(places, Wish(pages=True, install=install), console, env)
            console.say(Text("· 升级数据库结构", "- Bringing the database to the present version"))
            if code := upgrade(places, env):
                return code
            if options.demo:
                password = demo_password(places, options.password)
                console.say(
                    Text("· 载入示例乡镇（首次约半分钟）", "- Loading the sample township (first time: half a minute)")
                )
                if code := run_app(places, env, "load-sample", "--password", password):
                    return code
            console.say(Text("· 启动网页服务", "- Starting the web server"))
            web, server = start_web_server(
                places,
                bind=options.bind,
                port=options.port,
                demo=options.demo,
                env=app_environment(places, env),
                lang=console.lang,
            )
            worker = KeptWorker(places, env)
        _announce(web, places, console)
        if options.demo and not options.no_browser and (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
            webbrowser.open(web.url)
        code = _wait(server, worker)
        console.say(Text("网页服务已被停止", "The web server was stopped"))
        return 0 if code <= 0 else 1
    except Stopped:
        if web is None:
            raise
        return 0
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # stopping in order must not be cut short by a second Ctrl-C
        if web is not None:
            console.say(Text("正在停止……", "Stopping ..."))
            stop_worker(places)
            stop_web_server(places, web)
        if ready and ready.cluster and ready.must_stop:
            stop_cluster(places, ready.cluster)


def _wait(server: subprocess.Popen[bytes], worker: KeptWorker) -> int:
    """Wait for the end of the web server, and keep the worker running until then."""
    while True:
        try:
            return server.wait(timeout=WATCH_S)
        except subprocess.TimeoutExpired:
            worker.look()


def _announce(web: WebServer, places: Places, console: Console, again: bool = False) -> None:
    console.say(Text(f"\n访图已在运行：{web.url}", f"\nFangtu is running: {web.url}"))
    if web.demo:
        password = demo_password(places, None)
        for name, role in ROLES.items():
            console.say(Text(f"  {role.zh}\t{name}\t{password}", f"  {role.en:<14} {name:<11} {password}"))
    if again:
        console.say(Text("停止：./fangtu stop", "To stop it: ./fangtu stop"))
    else:
        console.say(Text("停止：按 Ctrl-C", "To stop it: Ctrl-C"))


def _test(words: list[str], places: Places, console: Console, env: dict[str, str], install: bool) -> int:
    ready: Ready | None = None
    try:
        with only_one(places.run / "lock", console):
            wish = Wish(tests=True, all_tests=not words, pages=True, install=install)
            ready = set_up(places, wish, console, env)
        return run_checks(places, words, console, app_environment(places, env))
    finally:
        if ready and ready.cluster and ready.must_stop:
            stop_cluster(places, ready.cluster)


def _bench(words: list[str], places: Places, console: Console, env: dict[str, str], install: bool) -> int:
    """Run the benchmarks; they need what the tests need."""
    ready: Ready | None = None
    try:
        with only_one(places.run / "lock", console):
            ready = set_up(places, Wish(tests=True, pages=True, install=install), console, env)
        return run_benchmarks(places, words, app_environment(places, env))
    finally:
        if ready and ready.cluster and ready.must_stop:
            stop_cluster(places, ready.cluster)


def _stop(places: Places, console: Console, env: Mapping[str, str]) -> int:
    cluster = find_own_cluster(places, env)
    ran = cluster is not None and find_postmaster(cluster) is not None
    stopped = stop_launched(places, console)
    if find_worker(places):
        stopped = stop_worker(places) or stopped
    if cluster:
        stop_cluster(places, cluster)
    if ran:
        console.say(Text("数据库已停止", "The database is stopped"))
        stopped = True
    if not stopped:
        console.say(Text("没有在运行的服务", "Nothing was running"))
    return 0


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _explain(error: OSError, places: Places) -> Text:
    where = error.filename or places.root
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Text(
            f"磁盘已满（{where}）。请腾出空间后再运行一次。",
            f"The disk is full ({where}). Free some space and run this again.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Text(
            f"没有写 {where} 的权限。请用拥有本目录的用户运行。",
            f"{where} may not be written. Run this as the user who owns this folder.",
        )
    return Text(
        f"{where}：{error.strerror or error}。请检查后再运行一次。",
        f"{where}: {error.strerror or error}. Check it and run this again.",
    )


def _log_trace(places: Places) -> None:
    try:
        with open(places.logs / "launch.log", "a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
    except OSError:
        traceback.print_exc()
