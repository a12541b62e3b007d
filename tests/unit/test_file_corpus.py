"""Every file of the corpus gives exactly what its case says, in this process and in a limited one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from geo.errors import FangtuError
from geo.files import Limits, Sheet, read_apart, read_table
from tests.files import CASES, Case, Found
from tests.files.case import told

# Far below the defaults: what is refused is refused early, what is read is read in bounded memory.
LIMITS = Limits(memory_mib=300, cpu_s=60)


def check(sheets: list[Sheet], expected: tuple[Found, ...]) -> None:
    """Compare what was read with what must come of it, types included."""
    seen = [told(sheet) for sheet in sheets]
    assert [one["records"] for one in seen] == [one.records for one in expected]
    for one, wanted in zip(seen, expected, strict=True):
        types = {name: [type(value).__name__ for value in values] for name, values in wanted.records.items()}
        assert one["types"] == types
        assert list(one["records"]) == list(wanted.records)
        assert one["rows"] == wanted.rows
        assert [row for row, _ in one["ignored"]] == wanted.ignored
        assert [row for row, _ in one["notes"]] == [row for row, _ in wanted.notes]
        for (_, text), (_, words) in zip(one["notes"], wanted.notes, strict=True):
            assert words in text.zh
            assert text.en.endswith(".")
        assert wanted.name in (None, one["name"])
        assert wanted.kind in (None, one["kind"])
        assert wanted.crs in (None, one["crs"] and one["crs"].name)


def identity(case: Case) -> str:
    return f"{case.name}: {case.trait}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """Give the file of a case, made once."""

    @cache
    def build(case: str) -> Path:
        path = tmp_path_factory.mktemp("case") / by_name[case].name
        by_name[case].build(path)
        return path

    by_name = {identity(case): case for case in CASES}
    return lambda case: build(identity(case))


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_a_file_gives_what_its_case_says(case: Case, made: Callable[[Case], Path]) -> None:
    path = made(case)
    if isinstance(case.outcome, str):
        with pytest.raises(FangtuError) as caught:
            read_table(path, **case.options)
        assert case.outcome in str(caught.value)
        assert case.name in caught.value.text.zh
    else:
        check(read_table(path, **case.options), case.outcome)


@pytest.mark.parametrize("case", [case for case in CASES if case.apart], ids=identity)
def test_a_limited_process_gives_the_same(case: Case, made: Callable[[Case], Path], tmp_path: Path) -> None:
    path, folder = made(case), tmp_path
    if isinstance(case.outcome, str):
        with pytest.raises(FangtuError) as caught:
            read_apart(path, folder=folder, limits=LIMITS, **case.options)
        assert case.outcome in str(caught.value)
    else:
        check(read_apart(path, folder=folder, limits=LIMITS, **case.options), case.outcome)
    assert not list(folder.iterdir())


def test_the_corpus_is_as_wide_as_it_is_meant_to_be() -> None:
    assert len(CASES) >= 150
    assert len({identity(case) for case in CASES}) == len(CASES)
    assert sum(case.apart for case in CASES) >= 40
