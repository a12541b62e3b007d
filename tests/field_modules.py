"""The phone's own modules in Node, as they are and with faults planted into them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.launch.environment import find_npm
from app.launch.places import Places
from data.settings import ROOT

NODE = ROOT / "tests" / "node"
PACKAGES = ROOT / "var" / "node" / "node_modules"
STATIC = ROOT / "static"
# What Node needs to load modules anew for each page.
PAGES = ("--experimental-vm-modules", "--no-warnings")
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
            ("await note(accepted, row.id, body);", "await note(accepted, row.id, { missing: [], ...body });"),
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
            ("if (!row || row.first_try_at !== null || ", "if (!row || "),
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
                'else if (meaning === "refused") await note(refused, row.id, reasonOf(answer));',
                'else if (meaning === "refused") return { again: null };',
            ),
        ),
    ),
    "said to be saved before it is on the disk": (
        "store.js",
        (('{ durability: "strict" }', '{ durability: "relaxed" }'),),
    ),
    "a full disk is passed over in silence": (
        "phone.js",
        (
            ("rescue(account.id, row);", ""),
            (
                "async (draft) => {\n    await withRoom(() => putDraft(db, key, draft));",
                "async (draft) => {\n    await putDraft(db, key, draft).catch(() => {});",
            ),
        ),
    ),
    "one's work goes out under whoever is signed in": (
        "sender.js",
        (('if (ping.account?.id !== account) return stops("other");', ""),),
    ),
    "a sheet in another tab brings a saved draft to life again": (
        "drafts.js",
        (("if (await outbox.getKey(draft.id)) throw new AlreadySaved();", ""),),
    ),
    "a sheet in another tab forgets a photo": (
        "drafts.js",
        (("if (kept.length !== named.size || !kept.every((id) => named.has(id))) throw new DraftChanged();", ""),),
    ),
    "a clock that is set back holds what was saved": (
        "sender.js",
        ((" && row.hold_until <= now() + UNDO_MS", ""),),
    ),
    "only what the server has forgotten of today is sent again": (
        "phone.js",
        (
            (
                "await sender.compare(phone.rows);",
                "await sender.compare(phone.rows.filter((row) => row.day === dayAt(Date.now())));",
            ),
        ),
    ),
    "what the browser deleted is not put back": (
        "store.js",
        (("if (now !== made && !(await store.putBack(db))) giveWay(db);", ""),),
    ),
    "whose work it is is not said": (
        "net.js",
        ((', "X-Fangtu-Account": String(account) }', " }"),),
    ),
    "a visit that was begun in another tab is written over": (
        "drafts.js",
        (("if (!isFree(await drafts.get(draft.key), draft.id)) throw new DraftChanged();", ""),),
    ),
    "a correction does not say what it corrects": (
        "visit.js",
        (("supersedes: draft.corrects?.id ?? null,", "supersedes: null,"),),
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


def run_node(script: str, *words: object, flags: Sequence[str] = (), timeout: int = 900) -> str:
    """What a script of ``tests/node`` prints; AssertionError with its complaint if it fails."""
    command = [node(), *flags, str(NODE / script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def with_fault(name: str, folder: Path) -> Path:
    """A copy of the static files, in ``folder``, with one of :data:`PLANTED` in it."""
    file, changes = PLANTED[name]
    return with_changes(file, changes, folder)


def with_changes(file: str, changes: tuple[Change, ...], folder: Path) -> Path:
    """A copy of the static files, in ``folder``, with texts of a module exchanged."""
    for part in ("field", "map"):
        shutil.copytree(STATIC / "js" / part, folder / "js" / part)
    for one in ("i18n.js", "format.js"):
        shutil.copy(STATIC / "js" / one, folder / "js" / one)
    shutil.copy(STATIC / "package.json", folder / "package.json")
    (folder / "vendor").symlink_to(STATIC / "vendor")
    path = folder / "js" / "field" / file
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{file} has no {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return folder
