"""English numbers agree with their nouns, on pages and in scripts alike; what a record says is never a mark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, g, render_template_string
from flask_babel import gettext

from app import language
from geo.counting import counted, form, with_forms
from geo.errors import Text
from tests.field_modules import STATIC, run_node

HOUSEHOLDS = "%(n)s {n:household|households}"
HOSTILE = "{n:a|b} %(n)s {0} %% $&"
# A sentence, its values, and what is read.
CASES: list[tuple[str, dict[str, Any], str]] = [
    (HOUSEHOLDS, {"n": 1}, "1 household"),
    (HOUSEHOLDS, {"n": "1"}, "1 household"),
    (HOUSEHOLDS, {"n": 0}, "0 households"),
    (HOUSEHOLDS, {"n": 2}, "2 households"),
    (HOUSEHOLDS, {"n": 11}, "11 households"),
    (HOUSEHOLDS, {"n": "1,234"}, "1,234 households"),
    (HOUSEHOLDS, {"n": "1.0"}, "1.0 households"),
    (HOUSEHOLDS, {"n": "-1"}, "-1 households"),
    (HOUSEHOLDS, {"n": "—"}, "— households"),
    (HOUSEHOLDS, {"n": ""}, " households"),
    ("%(n)s {n:is|are} left", {"n": 1}, "1 is left"),
    ("%(n)s {n:is|are} left", {"n": 3}, "3 are left"),
    ("%(a)s of %(b)s {b:visit|visits}", {"a": 1, "b": 3}, "1 of 3 visits"),
    ("%(a)s of %(b)s {b:visit|visits}", {"a": 0, "b": 1}, "0 of 1 visit"),
    ("area{n:|s}: %(n)s", {"n": 1}, "area: 1"),
    ("area{n:|s}: %(n)s", {"n": 2}, "areas: 2"),
    # No mark: another name than any value, three forms, one form, no forms.
    ("%(n)s {m:x|y}", {"n": 1}, "1 {m:x|y}"),
    ("%(n)s {n:x|y|z}", {"n": 1}, "1 {n:x|y|z}"),
    ("%(n)s {n:x} {n}", {"n": 1}, "1 {n:x} {n}"),
    # A record says what looks like a mark.
    ("%(name)s has " + HOUSEHOLDS, {"name": HOSTILE, "n": 1}, f"{HOSTILE} has 1 household"),
    (HOUSEHOLDS + " of %(name)s", {"name": HOSTILE, "n": 2}, f"2 households of {HOSTILE}"),
    (HOUSEHOLDS, {"n": HOSTILE}, f"{HOSTILE} households"),
    ("%(left)s%(right)s", {"left": "{n:a", "right": "|b}", "n": 1}, "{n:a|b}"),
    ("{name:one|more} %(name)s", {"name": "{name:one|more}"}, "more {name:one|more}"),
]


@pytest.mark.parametrize(("sentence", "values", "read"), CASES)
def test_a_sentence_takes_the_form_of_its_number(sentence: str, values: dict[str, Any], read: str) -> None:
    assert with_forms(sentence, values) % values == read


def test_the_scripts_read_the_same_sentences_alike(tmp_path: Path) -> None:
    asked = tmp_path / "cases.json"
    asked.write_text(json.dumps([[sentence, values] for sentence, values, _ in CASES]), encoding="utf-8")
    told = json.loads(run_node("counting.mjs", STATIC / "js" / "i18n.js", asked))
    assert told == [read for _, _, read in CASES]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Flask]:
    """An application that knows the sentences above and no others, asked in English."""
    catalogue = Catalog(locale="en")
    for no, (sentence, _, _) in enumerate(CASES):
        catalogue.add(key(no, CASES[no][1]), sentence)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    monkeypatch.setattr(language, "compiled_catalogue", compiled.getvalue)
    # It keeps what it has read for all applications of a process.
    monkeypatch.setattr(language, "babel", type(language.babel)())
    site = Flask("counting")
    language.init_app(site, tmp_path)
    with site.test_request_context():
        g.language = "en"
        yield site


def key(no: int, values: dict[str, Any]) -> str:
    return f"第{no}句：" + "，".join(f"%({name})s" for name in values)


def test_a_translated_sentence_takes_the_form_of_its_number(site: Flask) -> None:
    assert [gettext(key(no, values), **values) for no, (_, values, _) in enumerate(CASES)] == [one[2] for one in CASES]


def test_a_page_takes_the_form_of_the_number(site: Flask) -> None:
    page = "{% autoescape false %}{{ _(key, **values) }}{% endautoescape %}"
    assert [
        render_template_string(page, key=key(no, values), values=values) for no, (_, values, _) in enumerate(CASES)
    ] == [read for _, _, read in CASES]


def test_a_page_escapes_values_and_no_more(site: Flask) -> None:
    no = next(no for no, (sentence, _, _) in enumerate(CASES) if sentence.startswith("%(name)s has"))
    said = render_template_string(
        "{% autoescape true %}{{ _(key, name='<b>{n:a|b}</b>', n=1) }}{% endautoescape %}", key=key(no, CASES[no][1])
    )
    assert said == "&lt;b&gt;{n:a|b}&lt;/b&gt; has 1 household"


def test_chinese_is_as_it_was(site: Flask) -> None:
    g.language = "zh"
    assert gettext("%(n)s 户", n=1) == "1 户"
    assert gettext("没有数字") == "没有数字"


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1 household"), ("1", "1 household"), (0, "0 households"), (1.0, "1.0 households")]
)
def test_a_number_and_its_noun(n: object, said: str) -> None:
    assert counted(n, "household") == said


def test_a_noun_that_is_irregular_and_a_verb() -> None:
    assert (counted(1, "person", "people"), counted(2, "person", "people")) == ("1 person", "2 people")
    assert (form(1, "is", "are"), form(2, "is", "are")) == ("is", "are")


def test_a_sentence_in_both_languages_takes_the_form_of_its_number() -> None:
    sentence = Text("{name} 有 {n} 户", "{name} has {n} {n:household|households}")
    assert sentence.fill(n=1, name="{n:a|b}") == Text("{n:a|b} 有 1 户", "{n:a|b} has 1 household")
    assert sentence.fill(n=2, name="x").en == "x has 2 households"
