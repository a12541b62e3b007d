"""Modules of scripts joined into a few texts: to ask for a file costs a slow phone or line more than what stands in it.

Modules stay as they are written, one function around each. Only the plain forms of import and export are read, those
the project writes; any other is refused, so that no script is served that means something else than its modules.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

_IMPORT = re.compile(r'import \{ ([^{}]+) \} from "(\.[^"]+)";')
_EXPORT = re.compile(
    r"export (?=(?:async )?function\*? (?P<function>\w+)|class (?P<class>\w+)|const (?P<const>\w+) = )"
)
_EXPORTED = re.compile(r"export \{ ([^{}]+) \};")
# A part that comes later is asked for by one name in one place.
_LATER = re.compile(r'\bimport\("(\.[^"]+)"\)')
# A module that waits for something before its page is ready, which only the one it starts with may.
_WAITS = re.compile(r"^(?:await|(?:const|let) .*= await)\b", re.MULTILINE)
_OTHER = re.compile(r"\bimport\s*\(|\bimport\.meta\b")


@dataclass(frozen=True)
class _Module:
    """One module as it is joined."""

    text: str
    needs: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """The text a page starts with, and those it asks for later.

    Attributes
    ----------
    first : str
        Text of the modules it starts with.
    rest : tuple of str
        A text for each module that is asked for later, in the order they are first named: what it needs that is in
        none of the texts before it, which come first.
    names : tuple of str
        Every module in them.
    """

    first: str
    rest: tuple[str, ...]
    names: tuple[str, ...]


class NotJoinable(ValueError):
    """A module in a form that is not read here, or a ring of them."""


def join(start: str, read: Callable[[str], str], address_of: Callable[[str], str]) -> Joined:
    """Join what a module needs at once, and apart from it each module it asks for later by ``import("…")``.

    Parameters
    ----------
    start : str
        Name of the module the page starts with, a path below one folder.
    read : callable
        Text of the module of a name.
    address_of : callable
        Address under which the text of what comes later is served.

    Returns
    -------
    Joined

    Raises
    ------
    NotJoinable
    """
    modules: dict[str, _Module] = {}
    first = _ordered([start], read, modules, set())
    named = dict.fromkeys(name for one in first for name in modules[one].later)
    doors = [name for name in named if name not in first]
    names, rest = list(first), []
    for door in doors:
        part = _ordered([door], read, modules, set(names))
        if asked := [one for one in part if modules[one].later]:
            raise NotJoinable(f"{asked[0]} comes later and asks for something later still")
        rest.append(
            "".join(
                [
                    "export default ($modules) => {\n",
                    *(_wrapped(name, modules[name]) for name in part),
                    "return $modules;\n};\n",
                ]
            )
        )
        names += part
    head = "const $modules = {};\n"
    if rest:
        # An attempt that failed is not the last one: a browser may remember the address of what did not come.
        head += (
            f"const $rest = {json.dumps([address_of(text) for text in rest])};\n"
            f"const $doors = {json.dumps(doors)};\nconst $tries = $rest.map(() => 0);\nconst $came = [];\n"
            "const $come = (n) => import($tries[n] ? `${$rest[n]}?${$tries[n]}` : $rest[n])"
            ".then(($part) => { if (!$came[n]) { $part.default($modules); $came[n] = true; } },"
            " ($lost) => { $tries[n] += 1; throw $lost; });\n"
            "const $later = async (name) => { for (let n = 0; n <= $doors.indexOf(name); n += 1)"
            " if (!$came[n]) await $come(n); return $modules[name]; };\n"
        )
    if waiting := [name for name in names if name != start and _WAITS.search(modules[name].text)]:
        raise NotJoinable(f"{waiting[0]} waits, and is not the one the page starts with")
    return Joined(head + "".join(_wrapped(name, modules[name]) for name in first), tuple(rest), tuple(names))


def _ordered(start: list[str], read: Callable[[str], str], modules: dict[str, _Module], done: set[str]) -> list[str]:
    """Names of these modules and what they need, each after what it needs."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise NotJoinable(f"a ring of imports: {' → '.join((*above, name))}")
        if name in done or name in order:
            return
        if name not in modules:
            modules[name] = _module(name, read(name))
        for needed in modules[name].needs:
            visit(needed, (*above, name))
        order.append(name)

    for name in start:
        visit(name, ())
    return order


def _module(name: str, text: str) -> _Module:
    def place(path: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))

    needs, exported, later, lines = [], [], [], []
    for number, line in enumerate(text.splitlines(), 1):
        told = line
        if line.startswith("import"):
            found = _IMPORT.fullmatch(line)
            if found is None:
                raise NotJoinable(f"{name}:{number}: {line}")
            needs.append(place(found[2]))
            told = f"const {{ {_renamed(found[1])} }} = $modules[{json.dumps(needs[-1])}];"
        elif line.startswith("export"):
            if (found := _EXPORTED.fullmatch(line)) is not None:
                exported += _given(found[1])
                told = ""
            elif (found := _EXPORT.match(line)) is not None:
                exported.append(next(one for one in found.groups() if one))
                told = line[found.end() :]
            else:
                raise NotJoinable(f"{name}:{number}: {line}")
        for door in _LATER.findall(told):
            later.append(place(door))
        told = _LATER.sub(lambda found: f"$later({json.dumps(place(found[1]))})", told)
        if _OTHER.search(told):
            raise NotJoinable(f"{name}:{number}: {line}")
        lines.append(told)
    lines.append(f"return {{ {', '.join(exported)} }};")
    return _Module("\n".join(lines), tuple(needs), tuple(later))


def _renamed(names: str) -> str:
    """Names of an import as those of a pattern: ``a as b`` is ``a: b``."""
    return re.sub(r"(\w+) as (\w+)", r"\1: \2", names)


def _given(names: str) -> list[str]:
    """Names of an export as those of an object: ``a as b`` is ``b: a``."""
    return [re.sub(r"(\w+) as (\w+)", r"\2: \1", one.strip()) for one in names.split(",")]


def _wrapped(name: str, module: _Module) -> str:
    run, make = ("await ", "async ") if _WAITS.search(module.text) else ("", "")
    return f"// {name}\n$modules[{json.dumps(name)}] = {run}({make}() => {{\n{module.text}\n}})();\n"
