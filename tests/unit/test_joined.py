"""Scripts joined into a few texts mean what their modules mean, and what is not understood is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.joined import NotJoinable, join
from tests.field_modules import node

MODULES = {
    "a/start.js": """
import { add, Sum as Total } from "./add.js";
import { NAME } from "../names.js";
/* import nothing here */
export const told = add(1, 2);
const later = () => import("./late.js");
globalThis.told = later().then((late) => [told, new Total(4).sum, NAME, late.twice(8), late.same(add)]);
""",
    "a/add.js": """
let added = 0;
export function add(x, y) {
  added += 1;
  return x + y;
}
export class Sum {
  constructor(sum) { this.sum = sum; }
}
export async function counted() { return added; }
""",
    "names.js": "const name = 'Name of $modules';\nexport { name as NAME };\n",
    "a/late.js": """
import { add } from "./add.js";
import { deep } from "./deep.js";
export const twice = (n) => deep(n) + deep(n);
export function same(other) { return other === add; }
""",
    "a/deep.js": "export function deep(n) {\n  return n;\n}\n",
}


def joined(modules: dict[str, str], address: str = "./rest.mjs") -> tuple[str, str, tuple[str, ...]]:
    made = join("a/start.js", modules.__getitem__, lambda text: address)
    return made.first, made.rest[0] if made.rest else "", made.names


def told_by(folder: Path) -> Any:
    """What ``first.mjs`` of a folder says by ``globalThis.told`` once a script engine has run it."""
    script = "await import(process.argv[1]); console.log(JSON.stringify(await globalThis.told));"
    told = subprocess.run(
        [node(), "--input-type=module", "-e", script, str(folder / "first.mjs")],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)


def test_joined_modules_do_what_they_do_apart(tmp_path: Path) -> None:
    first, rest, names = joined(MODULES)
    assert sorted(names) == sorted(MODULES)
    assert '$modules["a/late.js"] =' not in first
    (tmp_path / "first.mjs").write_text(first, "utf-8")
    (tmp_path / "rest.mjs").write_text(rest, "utf-8")
    assert told_by(tmp_path) == [3, 4, "Name of $modules", 16, True]


def test_a_part_that_did_not_come_is_asked_for_again_under_another_address(tmp_path: Path) -> None:
    first, rest, _ = joined(MODULES)
    again = first.replace(
        "globalThis.told = later()", "globalThis.told = later().catch(() => globalThis.put().then(later))"
    )
    (tmp_path / "first.mjs").write_text(again, "utf-8")
    (tmp_path / "given.txt").write_text(rest, "utf-8")
    script = """
        import { rename } from "node:fs/promises";
        const folder = process.argv[1];
        globalThis.put = () => rename(`${folder}/given.txt`, `${folder}/rest.mjs`);
        await import(`${folder}/first.mjs`);
        console.log(JSON.stringify(await globalThis.told));"""
    told = subprocess.run(
        [node(), "--input-type=module", "-e", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout)[:2] == [3, 4]


@pytest.mark.parametrize(
    "line",
    [
        'import add from "./add.js";',
        'import * as add from "./add.js";',
        'import "./add.js";',
        "import {",
        "export let n = 1;",
        "export default 1;",
        'export { add } from "./add.js";',
        "export const { a } = {};",
        "const late = import(name);",
        "const here = import.meta.url;",
    ],
)
def test_a_form_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(NotJoinable, match=r"a/start\.js:1"):
        joined({**MODULES, "a/start.js": f"{line}\n"})


def test_what_a_page_starts_with_may_wait_and_what_it_needs_may_not(tmp_path: Path) -> None:
    waits = 'import { counted } from "./add.js";\nconst n = await counted();\nawait n;\nglobalThis.told = [n];\n'
    (tmp_path / "first.mjs").write_text(joined({**MODULES, "a/start.js": waits})[0], "utf-8")
    assert told_by(tmp_path) == [0]
    with pytest.raises(NotJoinable, match=r"a/add\.js waits"):
        joined({**MODULES, "a/add.js": MODULES["a/add.js"] + "const n = await counted();\n"})


def test_a_ring_of_modules_is_refused() -> None:
    ring = {
        **MODULES,
        "a/add.js": 'import { told } from "./start.js";\nexport function add() {}\nexport class Sum {}\n',
    }
    with pytest.raises(NotJoinable, match="ring"):
        joined(ring)


def test_what_comes_later_asks_for_nothing_later_still() -> None:
    with pytest.raises(NotJoinable, match="later still"):
        joined({**MODULES, "a/deep.js": 'export const deep = () => import("./add.js");\n'})


def test_each_part_that_comes_later_has_a_text_of_its_own_and_needs_those_before_it(tmp_path: Path) -> None:
    start = MODULES["a/start.js"].replace("(late) =>", "async (late) =>")
    start = start.replace("late.same(add)]);", "late.same(add), (await last()).told]);")
    more = 'import { deep } from "./deep.js";\nexport const told = deep("last");\n'
    start += 'const last = () => import("./last.js");\n'
    modules = {**MODULES, "a/start.js": start, "a/last.js": more}
    addresses = iter(["./late.mjs", "./last.mjs"])
    made = join("a/start.js", modules.__getitem__, lambda _: next(addresses))
    late, last = made.rest
    assert ("a/deep.js" in late, 'a/deep.js"] = (' in last) == (True, False)
    for name, content in (("first", made.first), ("late", late), ("last", last)):
        (tmp_path / f"{name}.mjs").write_text(content, "utf-8")
    assert told_by(tmp_path) == [3, 4, "Name of $modules", 16, True, "last"]
