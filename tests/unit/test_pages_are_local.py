"""Templates, styles and scripts ask no other host for anything and put no text into the page as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.settings import ROOT

# A namespace is a name that looks like an address; nothing is fetched from it.
NAMESPACES = re.compile(r"http://www\.w3\.org/(2000/svg|1999/xlink|1999/xhtml|XML/1998/namespace)")
OUTSIDE = re.compile(
    r"(?:https?|wss?|ftp)://[^\s'\"`)<>]+|(?<=[\"'`(=])//[a-z0-9-]+\.[a-z][^\s'\"`)<>]*", re.IGNORECASE
)
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)>")
ATTRIBUTE = re.compile(r"([\w:@.-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)|([\w:@.-]+)")
# Every way a script can turn text into markup or code.
MARKUP = {
    "innerHTML": r"\.innerHTML\b",
    "outerHTML": r"\.outerHTML\b",
    "insertAdjacentHTML": r"insertAdjacentHTML",
    "document.write": r"document\s*\.\s*write",
    "eval": r"\beval\s*\(",
    "Function": r"\bnew\s+Function\b|\bFunction\s*\(",
    "timer with text": r"\bset(?:Timeout|Interval)\s*\(\s*[\"'`]",
    "DOMParser": r"\bDOMParser\b",
    "createContextualFragment": r"createContextualFragment",
    "srcdoc": r"\bsrcdoc\b",
    "setHTML": r"\.setHTML(?:Unsafe)?\s*\(",
    "attribute that is code": r"setAttribute\(\s*[\"'`](?:on\w+|style)[\"'`]",
    "javascript: address": r"[\"'`]\s*javascript:",
}


def sources(*patterns: str) -> list[Path]:
    """Files of our own: neither vendored nor documentation for readers."""
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    ours = [path for path in found if not {"vendor", "node_modules", "docs"} & set(path.relative_to(ROOT).parts)]
    assert ours, f"no file matches {patterns}"
    return ours


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


TEMPLATES = sources("templates/**/*.html")
SCRIPTS = sources("static/js/**/*.js")
ALL = [*TEMPLATES, *SCRIPTS, *sources("static/css/**/*.css", "static/img/**/*.svg")]


def without_comments(path: Path) -> str:
    """The text of a file; comments are no code, and a licence may name its address."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".html", ".svg"}:
        return re.sub(r"<!--.*?-->|\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"(^|[\s;{}])//[^\n]*", r"\1", text) if path.suffix == ".js" else text


def tags(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Tags of a template with their attributes; template code stands for a word."""
    text = JINJA.sub("x", without_comments(path))
    for tag, attributes in TAG.findall(text):
        yield (
            tag.lower(),
            {(key or bare).lower(): value.strip("\"'") for key, value, bare in ATTRIBUTE.findall(attributes)},
        )


@pytest.mark.parametrize("path", ALL, ids=name)
def test_no_file_names_another_host(path: Path) -> None:
    assert OUTSIDE.findall(NAMESPACES.sub("", without_comments(path))) == []


@pytest.mark.parametrize("path", sources("static/css/**/*.css"), ids=name)
def test_a_style_loads_only_what_lies_beside_it(path: Path) -> None:
    text = without_comments(path)
    assert "@import" not in text
    for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        assert address.startswith(("data:image/", "../", "/static/", "#")), address


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_holds_no_script_style_or_handler_of_its_own(path: Path) -> None:
    for tag, attributes in tags(path):
        assert tag != "style"
        assert tag not in {"iframe", "object", "embed", "base"}
        if tag == "script":
            assert attributes.get("src"), "a script without src"
        wrong = [key for key in attributes if key == "style" or re.fullmatch(r"on[a-z]+", key)]
        assert wrong == [], f"<{tag}> has {wrong}"
        for key in ("href", "src", "action", "formaction"):
            assert not attributes.get(key, "").lower().strip().startswith(("javascript:", "data:text"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_marks_nothing_safe_but_the_fixed_shell_and_icons(path: Path) -> None:
    text = without_comments(path)
    fixed = "icons|safe" if name(path) == "templates/field/shell.html" else "shell.body|safe"
    assert re.findall(r"[\w.()\[\]]+\s*\|\s*safe\b", text.replace(fixed, "")) == []
    assert re.search(r"autoescape\s+false", text) is None


def test_the_icons_in_a_page_are_shapes_and_nothing_else() -> None:
    found = list(tags(ROOT / "static" / "img" / "icons.svg"))
    assert {tag for tag, _attributes in found} <= {"svg", "symbol", "path", "circle", "rect", "g"}
    assert [key for _tag, attributes in found for key in attributes if key.startswith(("on", "href", "style"))] == []


# A sentence of the catalogue, as Jinja's own gettext takes it: what is put into it is escaped.
CATALOGUE = {"app/language.py": "(Markup(translated) if context.eval_ctx.autoescape else translated) % values"}


@pytest.mark.parametrize("path", sources("app/**/*.py", "layers/**/*.py"), ids=name)
def test_no_python_of_a_page_marks_text_as_markup(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if excepted := CATALOGUE.get(name(path)):
        assert text.count(excepted) == 1
        text = text.replace(excepted, "")
    assert re.search(r"\bMarkup\s*\(|render_template_string|autoescape\s*=\s*False", text) is None


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_puts_text_in_as_text(path: Path) -> None:
    text = without_comments(path)
    found = {way: re.findall(pattern, text) for way, pattern in MARKUP.items()}
    assert {way: places for way, places in found.items() if places} == {}


def test_the_scan_sees_what_it_looks_for(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p onclick="x()" style="a">{{ a }}</p><script>1</script><a href="javascript:1">', encoding="utf-8")
    found = list(tags(page))
    assert {"onclick", "style"} <= set(found[0][1])
    assert found[1] == ("script", {})
    assert found[2][1]["href"] == "javascript:1"
    assert OUTSIDE.findall('src="//cdn.example.org/x.js" href="https://example.org"') != []
    script = tmp_path / "x.js"
    script.write_text("a = 1; // see https://example.org\nb.innerHTML = c; /* eval( */", encoding="utf-8")
    left = without_comments(script)
    assert OUTSIDE.findall(left) == []
    assert re.search(MARKUP["innerHTML"], left)
    assert re.search(MARKUP["eval"], left) is None
