"""The phone's own modules in Node: games against a faulty world, as they are and with faults planted into them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.launch.environment import find_npm
from app.launch.places import Places
from data.settings import ROOT

NODE = ROOT / "tests" / "node"
PACKAGES = ROOT / "var" / "node" / "node_modules"
STATIC = ROOT / "static"
Change = tuple[str, str]

# Name of the fault: file, and the texts exchanged in it. Each must be caught.
PLANTED: dict[str, tuple[str, tuple[Change, ...]]] = {
    "a new id for each attempt": (
        "sender.js",
        (
            ("PATHS[row.kind] + row.id, {", "PATHS[row.kind] + crypto.randomUUID(), {"),
            ("body.id !== row.id || ", ""),
        ),
    ),
    "a photo is deleted before it is confirmed": (
        "sender.js",
        (("    const path = `${PATHS", "    await photoAccepted(db, row.id, photo.id);\n    const path = `${PATHS"),),
    ),
    "done before it is sent": (
        "sender.js",
        (
            (
                "    const bytes = await rowBytes(key, started);",
                "    await accepted(db, row.id, { missing: [] });\n    const bytes = await rowBytes(key, started);",
            ),
        ),
    ),
    "any answer confirms": (
        "sender.js",
        (
            ('return body && typeof body === "object" ? "ok" : "again"', 'return "ok"'),
            ("if (body.id !== row.id || body.sha256 !== row.sha256 || !Array.isArray(body.missing))", "if (false)"),
            ("await accepted(db, row.id, body);", "await accepted(db, row.id, { missing: [], ...body });"),
        ),
    ),
    "a gateway's refusal parks the visit": (
        "sender.js",
        (
            ('if (!body || typeof body.error !== "string") return "again";', ""),
            ("  if (status === 403)", "  if (body && status === 403)"),
            ('code: body.error, message: String(body.message || ""), details: body.details || {}', 'code: ""'),
        ),
    ),
    "taken back while it is being sent": (
        "outbox.js",
        (
            ("if (!row || row.first_try_at !== null) throw", "if (!row) throw"),
            (", draft: null }));", " }));"),
        ),
    ),
    "missing photos are not sent": (
        "outbox.js",
        (("const wanted = new Set(missing);", "const wanted = new Set();"),),
    ),
    "bytes made anew for each attempt": (
        "sender.js",
        (
            (
                "const bytes = await rowBytes(key, started);",
                "const bytes = encoder.encode(`${new TextDecoder().decode(await rowBytes(key, started))} `"
                " + ' '.repeat(started.tries));",
            ),
        ),
    ),
    "a refused one blocks those behind it": (
        "sender.js",
        (
            (
                'else if (meaning === "refused") await refused(db, row.id, reasonOf(answer));',
                'else if (meaning === "refused") return { again: null };',
            ),
        ),
    ),
    "what the server has forgotten stays done": (
        "outbox.js",
        (('row.state !== "queued" && row.sealed &&', 'row.state === "sent" && row.sealed &&'),),
    ),
}


def node() -> str:
    """The program Node: the machine's, else that of the Python package."""
    npm = find_npm(Places(ROOT, ROOT / "var"), os.environ)
    assert npm is not None, "there is no Node"
    return npm[0] if len(npm) > 1 else str(shutil.which("node"))


def run_node(script: str, *words: object, timeout: int = 900) -> str:
    """What a script of ``tests/node`` prints; AssertionError with its complaint if it fails."""
    command = [node(), str(NODE / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def play(first: int, runs: int, *, static: Path = STATIC) -> dict[str, Any]:
    """Play games of random acts and faults.

    Parameters
    ----------
    first : int
        Seed of the first game.
    runs : int
        How many games.
    static : Path
        Folder whose ``js/field`` is played with.

    Returns
    -------
    dict
        ``runs``, ``visits`` that were said to be saved, ``wrong`` games, and the first ``failed`` with their problems.
    """
    told: dict[str, Any] = json.loads(
        run_node("faults.mjs", static / "js" / "field", PACKAGES / "fake-indexeddb", first, runs)
    )
    return told


def with_fault(name: str, folder: Path) -> Path:
    """A copy of the static files, in ``folder``, with one of :data:`PLANTED` in it."""
    file, changes = PLANTED[name]
    for part in ("field", "map"):
        shutil.copytree(STATIC / "js" / part, folder / "js" / part)
    for one in ("i18n.js", "format.js"):
        shutil.copy(STATIC / "js" / one, folder / "js" / one)
    shutil.copy(STATIC / "package.json", folder / "package.json")
    (folder / "vendor").symlink_to(STATIC / "vendor")
    path = folder / "js" / "field" / file
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{name}: {file} has no {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return folder
