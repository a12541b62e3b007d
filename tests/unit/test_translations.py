"""English is complete: every sentence of pages and scripts has its translation, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
# What is asked for inside a template literal, the extractor of scripts does not see.
IN_SCRIPT = re.compile(r'\bt\(\s*"((?:[^"\\]|\\.)*)"')
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
# The two forms of an English word and the value that chooses: geo/counting.py.
MARK = re.compile(r"\{(\w+):([^{}|%]*)\|([^{}|%]*)\}")
# What English counts; a new noun belongs here.
PLURALS = (
    "accounts|answers|appraisals|areas|arrangements|batches|boundaries|bytes|cards|cases|cells|changes"
    "|characters|columns|contradictions|corners|counties|days|demands|errors|faults|files|findings|gaps|grids"
    "|hours|houses|households|inspectors|items|kilometres|labels|letters|lines|looks|marks|minutes|months"
    "|objections|others|pairs|parts|payments|people|periods|persons|person-days|petitions|phones|photographs"
    "|photos|pieces|places|plans|points|problems|proposals|records|renovations|results|rounds|routes|rows"
    "|seconds|sessions|sheets|sites|steps|stops|suspects|terms|times|townships|units|versions|villages|visitors"
    "|visits|weights|workdays|years|are|were|have"
)
COUNTED = re.compile(rf"%\(\w+\)s (?:[a-z-]+ ){{0,2}}(?:{PLURALS})\b|\b(?:are|were) %\(\w+\)s")
# What needs no mark.
UNMARKED = {
    "辖区外 %(n)s 户。": "all villages are meant",
    "%(share)s 落在村庄内（%(n)s / %(m)s 点）": "the villages are not counted",
    "%(part)s写了危险点，请选择等级。": "the points are not counted",
    "%(names)s 等 %(n)s 人": "the others are not counted",
    "别人改动 %(n)s 户，不动 %(m)s 户": "the visits of others, of which some moved",
    "“%(name)s”有 %(size)s，最多 %(most)s。请按村拆成几个文件。": "a size",
    "由后台生成，可以离开页面或取消；做好后保留 %(hours)s 小时供下载，每次都记入日志。"
    "只含您负责的辖区，证件、电话、卡号打码。": "24",
    "%(what)s：记录为 %(ours)s，文件为 %(theirs)s": "the records are not counted",
    "%(left)s有空档，共缺 %(missed)s 次。": "the gaps are not those that are counted before them",
    "新收下 %(n)s 条，此前已收下 %(m)s 条，缺照片 %(p)s 条，没有收下 %(r)s 条。": "the photographs are not counted",
    "已锁定 %(who)s 的路线": "a name",
    "已解除锁定 %(who)s 的路线": "a name",
    "最多的是%(name)s，%(n)s 条": "a name",
    "这里有 %(n)s 户，超过一次计算的 %(most)s 户。请从下面的排名进入下一级看成片未访。": "too many",
    "至少要 %(n)s 个点。": "2 or 3",
    "这里有 %(n)s 个角点，请放大后再改。": "more than can be moved",
    "符合条件的走访超过 %(n)s 条。": "more than are counted",
    "只列出前 %(n)s 行。": "500",
    "每户一份 PDF，另附目录，打成一个 zip。一次最多 %(most)s 户。": "the most that is made at once",
}
# The number stands beside the sentence in an element of its own; each call gives it by this name.
BESIDE = {"户，约 %(n)s 人日": "households", "处改造": "n", "这天户数": "n", "天（平均）": "n"}
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


def test_a_number_agrees_with_its_noun() -> None:
    lacking = {chinese: translated for chinese, translated in english().items() if COUNTED.search(translated)}
    assert {chinese: text for chinese, text in lacking.items() if chinese not in UNMARKED} == {}
    assert sorted(set(UNMARKED) - set(lacking)) == []


def test_a_mark_names_a_value_of_its_sentence_and_two_forms() -> None:
    for chinese, translated in english().items():
        for name, one, many in MARK.findall(translated):
            assert f"%({name})s" in chinese or name == BESIDE.get(chinese), chinese
            assert one != many, chinese
        assert not set("{}|") & set(MARK.sub("", translated)), chinese
        assert not MARK.search(chinese), chinese


def test_a_number_beside_its_sentence_is_given_to_it() -> None:
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "app").rglob("*.py"), *SCRIPTS]
    texts = [path.read_text(encoding="utf-8") for path in pages]
    for chinese, name in BESIDE.items():
        calls = [call for text in texts for call in re.findall(rf'"{re.escape(chinese)}"([^"\n]{{0,90}})', text)]
        assert calls, chinese
        assert [call for call in calls if not re.search(rf"\b{name}\s*[=:]", call)] == [], chinese


@pytest.mark.parametrize(
    "sentence",
    ["%(n)s households", "%(n)s more households", "%(n)s of these visits", "%(n)s are left", "There are %(n)s of them"],
)
def test_a_number_that_does_not_agree_is_noticed(sentence: str) -> None:
    assert COUNTED.search(sentence)


@pytest.mark.parametrize(
    "sentence", ["%(n)s {n:household is|households are}", "%(name)s has", "%(n)s m", "all households"]
)
def test_what_agrees_is_left_alone(sentence: str) -> None:
    assert not COUNTED.search(sentence)
