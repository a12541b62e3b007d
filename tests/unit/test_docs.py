"""The documentation says what is: links, paths, functions, addresses, options, settings and words exist as named."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from data.imports.fields import KINDS, all_fields
from data.rules import words
from data.rules.plan import VisitRule, read_plan
from data.settings import NAMES, ROOT
from geo.errors import Text

DOCS = ROOT / "templates" / "docs"
PAGES = sorted([*ROOT.glob("README*.md"), *DOCS.rglob("*.md")])
PACKAGES = ("app", "layers", "data", "geo", "tests")
# Made by the set-up, so not there in a fresh checkout.
MADE = re.compile(r"(var|\.venv|static/vendor)(/|$)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")
PATH = re.compile(rf"(?<![\w./<-])(?:{'|'.join(PACKAGES)}|static|templates|\.ci)/[\w./-]*")
LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
ADDRESS = re.compile(r"`(/(?:map|tiles|api|i18n|coverage|worklists|account|audit|openapi|healthz|sign|language)[^`]*)`")

by_page = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors_of(page: Path) -> set[str]:
    """Anchors of the headings of a page, as Markdown renderers make them."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@cache
def names_in(path: Path) -> dict[str, set[str]]:
    """Names a module defines at its top level; for a class also the names in it."""
    found: dict[str, set[str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = node.body if isinstance(node, ast.ClassDef) else []
            found[node.name] = {name for part in inside for name in _names(part)}
        found |= {name: set() for name in _names(node) if name not in found}
    return found


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def exists(dotted: str) -> bool:
    """Whether a package, module, or name inside a module is there."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        rest = parts[length:]
        if base.is_dir() and not rest:
            return True
        if base.with_suffix(".py").is_file():
            names = names_in(base.with_suffix(".py"))
            return not rest or (rest[0] in names and (len(rest) == 1 or (len(rest) == 2 and rest[1] in names[rest[0]])))
    return False


def source(*patterns: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def words_by_table() -> dict[str, dict[object, Text]]:
    tables = {name: table for name, table in vars(words).items() if isinstance(table, dict) and name.isupper()}
    return {name: t for name, t in tables.items() if all(isinstance(label, Text) for label in t.values())}


@by_page
def test_every_relative_link_and_picture_resolves(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", text_of(page))):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            broken.append(target)
    assert broken == []


@by_page
def test_every_path_and_function_named_exists(page: Path) -> None:
    text = text_of(page)
    paths = {path.rstrip(".") for path in PATH.findall(text)}
    lost = sorted(path for path in paths if not MADE.match(path) and not (ROOT / path).exists())
    lost += sorted(name for name in set(DOTTED.findall(text)) if not exists(name))
    assert lost == []


@by_page
def test_every_function_of_the_database_named_exists(page: Path) -> None:
    made = set(re.findall(r"create (?:function|table|view) ([\w.]+)", source("data/migrations/sql/*.sql")))
    named = set(re.findall(r"`(sec\.\w+)", text_of(page)))
    triggers = re.findall(r"(?<![\w.])((?:add|refresh)_\w+|\w+_changed)", text_of(page))
    named |= {f"public.{name}" for name in triggers}
    assert named - made == set()


@by_page
def test_every_option_of_the_command_named_exists(page: Path) -> None:
    known = set(
        re.findall(
            r'"(--[a-z-]+)"',
            source(
                "app/cli.py", "app/commands_*.py", "app/users.py", "app/launch/*.py", "tests/benchmarks/__main__.py"
            ),
        )
    )
    text = re.sub(r"^(?!.*\./fangtu).*\b(?:tar|curl|install|sudo) .*$", "", text_of(page), flags=re.MULTILINE)
    assert set(OPTION.findall(text)) - known - {"--help"} == set()


@by_page
def test_every_verb_of_the_command_named_exists(page: Path) -> None:
    cli, users, launch = (
        source("app/cli.py", "app/commands_*.py"),
        source("app/users.py"),
        source("app/launch/verbs.py"),
    )
    commands = r'@\w+\.command\((?:\s*"(\w+)")?.*?\ndef (\w+)\('
    verbs = {name or function for name, function in re.findall(commands, cli, re.DOTALL)}
    # A noun of its own: a group, or a single command.
    nouns = r"^@click\.(?:group|command)\(.*?\ndef (\w+)\("
    verbs |= set(re.findall(nouns, source("app/commands_*.py"), re.DOTALL | re.MULTILINE))
    progress = launch.split("PROGRESS_VERBS = ", 1)[1].split("\n", 1)[0]
    verbs |= set(re.findall(r"@click\.group\(.*?\ndef (\w+)\(", source("app/commands_*.py"), re.DOTALL))
    verbs |= {"status", "user", "bench", *re.findall(r'"([a-z]+)"', progress)}
    # A noun has a module of its own, with its acts as commands.
    verbs |= {path.stem.removeprefix("commands_") for path in ROOT.glob("app/commands_*.py")}
    text = text_of(page)
    named = set(re.findall(r"\./fangtu ([a-z]\w+)", text))
    assert named - verbs == set()
    for_users = {name or function for name, function in re.findall(commands, users, re.DOTALL)}
    assert set(re.findall(r"\./fangtu user ([a-z]\w+)", text)) - for_users == set()
    assert set(re.findall(r"\./fangtu import ([a-z]\w+)", text)) - set(KINDS) == set()


@by_page
def test_every_address_named_is_in_a_route_table(page: Path) -> None:
    routes = set(re.findall(r'@bp\.(?:get|post)\("([^"]+)"', source("app/*.py"))) | {"/"}
    routes = {re.sub(r"<\w+:", "<", route) for route in routes}
    patterns = [re.sub(r"<\w+>", "[^/]+", re.escape(route).replace(r"\<", "<").replace(r"\>", ">")) for route in routes]
    named = {address.split("?")[0] for address in ADDRESS.findall(text_of(page))} - {"/map/shell.js"}
    lost = {address for address in named if not any(re.fullmatch(pattern, address) for pattern in patterns)}
    assert lost == set()


@by_page
def test_no_page_names_a_host_elsewhere(page: Path) -> None:
    hosts = re.findall(r"https?://(?!127\.0\.0\.1)[^\s)`]+", text_of(page))
    hosts += re.findall(r"(?<![\w.@])(?:[a-z0-9-]+\.)+(?:org|com|net|io|cn|dev|edu|gov)\b", text_of(page))
    assert hosts == []


@by_page
def test_every_work_plan_shown_can_be_read(page: Path) -> None:
    for kind, body in FENCE.findall(text_of(page)):
        if kind == "toml" and "[campaign]" in body:
            assert read_plan(body).rounds
        elif kind == "toml":
            assert VisitRule.from_plan(tomllib.loads(body))


@by_page
def test_every_setting_named_exists(page: Path) -> None:
    assert set(re.findall(r"FANGTU_[A-Z_]*[A-Z]", text_of(page))) - NAMES == set()


def test_settings_are_all_described() -> None:
    described = set(re.findall(r"^\| `(FANGTU_\w+)`", text_of(DOCS / "settings.md"), re.MULTILINE))
    assert described == NAMES


def test_the_changelog_begins_with_the_present_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.findall(r"^## (\S+)", text_of(DOCS / "changelog.md"), re.MULTILINE)[0] == version


@pytest.mark.parametrize("table", words_by_table())
def test_every_word_of_the_field_is_in_the_glossary(table: str) -> None:
    rows = text_of(DOCS / "glossary.md").splitlines()
    lost = []
    for code, label in words_by_table()[table].items():
        shown = int(code) if isinstance(code, int) else code
        if f"| `{shown}` | {label.zh} | {label.en} |" not in rows:
            lost.append((shown, *label))
    assert lost == []


@pytest.mark.parametrize("kind", all_fields())
def test_every_field_of_an_import_is_in_the_guide(kind: str) -> None:
    page = text_of(DOCS / "guide" / "importing.md")
    general = page.split("\n## Fields\n")[1].split("\n### ")[0]
    own = page.split(f"\n### {kind}\n")[1].split("\n## ")[0].split("\n### ")[0]
    shown = set(re.findall(r"`(\w+)`", general + own))
    assert set(all_fields()[kind]) - shown == set()


def test_every_decision_is_listed_and_has_its_parts() -> None:
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    listing = text_of(DOCS / "decisions" / "README.md")
    for page in pages:
        text = text_of(page)
        assert f"({page.name})" in listing
        assert text.startswith(f"# {page.name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Options", "Choice", "Good", "Bad"]
