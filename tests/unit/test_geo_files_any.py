"""Whatever the bytes are, a file gives sheets or an error in words; never anything else."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo.crs import CrsUnknown
from geo.files import FileUnreadable, Sheet, read_table
from tests.files import CASES, Case

ROOT = Path(__file__).resolve().parents[2]
ENDINGS = (
    *(".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".geojson", ".json", ".gpkg", ".shp"),
    *(".kml", ".kmz", ".gpx", ".zip", ".osm", ".pbf"),
)
STARTS = (
    *(b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"SQLite format 3\0", b"\x00\x00\x27\x0a", b"<html>"),
    *(b"<kml>", b"<gpx>", b'<osm version="0.6">', b'{"type":', b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"sep=;\n"),
    *(b"<?xml version='1.0' encoding='gbk'?>", b"\0\0\0\x0d\x0a\x09OSMHeader", b'a,b\n"'),
)
SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path) -> None:
    """Read a file and see that what comes is what may come."""
    try:
        sheets = read_table(path)
    except (FileUnreadable, CrsUnknown):
        return
    assert sheets
    for sheet in sheets:
        assert isinstance(sheet, Sheet)
        assert len(sheet.rows) == len(sheet.frame)
        assert sheet.frame.columns.is_unique
        assert all(isinstance(name, str) and name.encode() for name in sheet.frame.columns)


@pytest.mark.parametrize("ending", ENDINGS)
@SLOW
@given(start=st.sampled_from(STARTS), content=st.binary(max_size=2000))
def test_any_bytes_under_any_ending(ending: str, tmp_path: Path, start: bytes, content: bytes) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(start + content)
    read(path)


@cache
def sample(name: str) -> bytes:
    """A small file of a kind that can be read."""
    case = next(one for one in CASES if one.name == name and not one.large and not isinstance(one.outcome, str))
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        case.build(path)
        return path.read_bytes()


CHANGE = st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=8), st.integers(0, 40))
CHANGES = st.lists(CHANGE, min_size=1, max_size=4)
SMALL = [case for case in CASES if not case.large]


@pytest.mark.parametrize("name", sorted({case.name for case in CASES if not isinstance(case.outcome, str)}))
@SLOW
@example(changes=[(0.6640625, b"\x80", 0)])  # a GeoPackage whose table of contents is no UTF-8
@given(changes=CHANGES)
def test_a_good_file_with_bytes_changed(name: str, tmp_path: Path, changes: list[tuple[float, bytes, int]]) -> None:
    content = sample(name)
    for place, piece, dropped in changes:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + dropped :]
    path = tmp_path / name
    path.write_bytes(content)
    read(path)


@pytest.mark.parametrize("case", SMALL, ids=lambda case: f"{case.name}: {case.trait}")
def test_every_file_of_the_corpus_under_every_other_ending(case: Case, tmp_path: Path) -> None:
    made = tmp_path / case.name
    case.build(made)
    content = made.read_bytes()
    for ending in ENDINGS:
        path = tmp_path / f"other{ending}"
        path.write_bytes(content)
        read(path)


def test_ten_seconds_of_fuzzing_find_nothing(tmp_path: Path) -> None:
    bound = 3 << 30
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzz_files", "--seconds", "10"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (bound, bound)),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "files to begin with" in done.stdout
