"""English is complete: every sentence of pages and scripts has its translation, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
# What is asked for inside a template literal, the extractor of scripts does not see.
IN_SCRIPT = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "t": None}


def sentences() -> set[str]:
    with (ROOT / "app" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = set()
    for top in ("app", "templates", "static/js"):
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / top, _below(methods, top), options_map=_options(options, top), keywords=KEYWORDS
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found | {sentence for path in SCRIPTS for sentence in IN_SCRIPT.findall(path.read_text(encoding="utf-8"))}


def _below(methods: list[tuple[str, str]], top: str) -> list[tuple[str, str]]:
    return [(pattern.removeprefix(f"{top}/"), method) for pattern, method in methods if pattern.startswith(f"{top}/")]


def _options(options: dict[str, dict[str, str]], top: str) -> dict[str, dict[str, str]]:
    return {pattern.removeprefix(f"{top}/"): values for pattern, values in options.items()}


def english() -> dict[str, str]:
    with (ROOT / "app" / "translations" / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def test_every_sentence_has_its_english() -> None:
    known = english()
    assert sorted(sentence for sentence in sentences() if not known.get(sentence)) == []


def test_no_translation_is_left_over() -> None:
    assert sorted(set(english()) - sentences()) == []


def test_english_fills_in_nothing_else() -> None:
    for chinese, translated in english().items():
        assert set(PLACEHOLDER.findall(translated)) <= set(PLACEHOLDER.findall(chinese)), chinese


def test_english_is_english() -> None:
    chinese = re.compile(r"[一-鿿]")
    assert [text for text in english().values() if chinese.search(text)] == []
