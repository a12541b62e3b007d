"""Throw changed files at the reader: ``python -m tests.fuzz.fuzz_files --seconds 60 [--kind sheet.xml]``.

Whatever the bytes, the limited process must answer with sheets or with an error that has words of its own. A part of a
workbook is changed inside of a whole package, as the checksum of the archive would stop every change to it.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["geo.files"], enable_loader_override=False):
    from geo.errors import FangtuError
    from geo.files import child
    from geo.files.wire import Received, Stopped

from tests.files import CASES

_MAX_SEED = 20_000
_SECONDS_FOR_ONE = 60


def as_it_is(content: bytes) -> bytes:
    return content


def as_part(name: str) -> Callable[[bytes], bytes]:
    """Give a function that puts a content into a small workbook as one of its parts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.xlsx")
        next(case for case in CASES if case.name == "a.xlsx" and case.trait == "plain").build(path)
        with zipfile.ZipFile(path) as archive:
            parts = {one: archive.read(one) for one in archive.namelist()}

    def wrap(content: bytes) -> bytes:
        return packed({**parts, name: content})

    return wrap


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


# What is changed: the ending of the file, and how the changed bytes become the file.
KINDS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    **{
        ending: (ending, as_it_is)
        for ending in ("csv", "xls", "xlsx", "zip", "kml", "gpx", "geojson", "osm", "shp", "gpkg")
    },
    "sheet.xml": ("xlsx", as_part("xl/worksheets/sheet1.xml")),
    "texts.xml": ("xlsx", as_part("xl/sharedStrings.xml")),
    "styles.xml": ("xlsx", as_part("xl/styles.xml")),
    "workbook.xml": ("xlsx", as_part("xl/workbook.xml")),
    "rels.xml": ("xlsx", as_part("xl/_rels/workbook.xml.rels")),
    "doc.kml": ("kmz", lambda content: packed({"doc.kml": content})),
    "html.xls": ("xls", lambda content: b"<html>" + content),
    "dbf.zip": ("zip", lambda content: packed({"a.shp": _SHAPES[".shp"], "a.dbf": content, "a.prj": content[:500]})),
}
_SHAPES: dict[str, bytes] = {}


def seeds(kinds: list[str], folder: Path) -> int:
    """Write the small files of the corpus, and their parts, each behind the number of its kind; count them."""
    count = 0
    for case in CASES:
        if case.large:
            continue
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, case.name)
            case.build(path)
            found = {case.name.rpartition(".")[2]: path.read_bytes()} if path.stat().st_size <= _MAX_SEED else {}
            if path.suffix == ".shp":
                _SHAPES.setdefault(".shp", path.read_bytes())
                table = path.with_suffix(".dbf")
                found["dbf.zip"] = table.read_bytes() if table.exists() else b""
            for name, member in _parts(path).items():
                found[name] = member
        for kind, content in found.items():
            kind = "html.xls" if kind == "xls" and content.startswith(b"<") else kind
            if kind in kinds and len(content) <= _MAX_SEED:
                (folder / f"{count}").write_bytes(bytes([kinds.index(kind)]) + content)
                count += 1
    return count


def _parts(path: Path) -> dict[str, bytes]:
    names = {
        "xl/worksheets/sheet1.xml": "sheet.xml",
        "xl/sharedStrings.xml": "texts.xml",
        "xl/styles.xml": "styles.xml",
        "xl/workbook.xml": "workbook.xml",
        "xl/_rels/workbook.xml.rels": "rels.xml",
        "doc.kml": "doc.kml",
    }
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {one.filename: one.file_size for one in archive.infolist()}
            return {
                names[name]: archive.read(name) for name, size in sizes.items() if name in names and size <= _MAX_SEED
            }
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return {}


def check(path: Path) -> None:
    """Read a file as the limited process does, and see that its answer is one.

    Raises
    ------
    AssertionError
        If it is not.
    """
    out = io.BytesIO()
    child.answer(str(path), None, None, out)
    received = Received()
    for line in out.getvalue().splitlines():
        received.take(line)
    if isinstance(received.error, Stopped):
        raise AssertionError(f"{path.name}: {received.error.reason}")
    assert received.finished or isinstance(received.error, FangtuError)


def main() -> None:
    """Fuzz for a number of seconds; the process ends with 77 if anything was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--kind", action="append", choices=sorted(KINDS), help="all kinds by default")
    options.add_argument("--memory-mib", type=int, default=1500)
    chosen = options.parse_args()
    kinds = chosen.kind or list(KINDS)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        # The fuzzer ends its process without a further word, so somebody else has to clear up.
        child_id = os.fork()
        if not child_id:
            fuzz(kinds, Path(folder), chosen.seconds, chosen.memory_mib)
        ended = os.waitstatus_to_exitcode(os.waitpid(child_id, 0)[1])
    sys.exit(ended)


def fuzz(kinds: list[str], folder: Path, seconds: int, memory_mib: int) -> None:
    """Fuzz in a folder of our own; does not come back."""
    corpus, place = folder / "corpus", folder / "files"
    corpus.mkdir()
    place.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(place)
    print(f"{seeds(kinds, corpus)} files to begin with", flush=True)

    def one_input(data: bytes) -> None:
        if data:
            ending, wrap = KINDS[kinds[data[0] % len(kinds)]]
            path = place / f"a.{ending}"
            path.write_bytes(wrap(data[1:]))
            check(path)

    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={memory_mib}", f"-timeout={_SECONDS_FOR_ONE}"]
    # What was found stands in the message; nothing is left in the folder of whoever runs this.
    places = [f"-artifact_prefix={folder}/", str(corpus)]
    atheris.Setup([sys.argv[0], *limits, f"-max_len={_MAX_SEED}", *places], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
