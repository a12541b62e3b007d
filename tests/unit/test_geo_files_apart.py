"""Reading in a limited process: what it may use, what it sees, how it ends, and that nothing is lost on the way."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import CrsUnknown, System, parse_system
from geo.errors import Cancelled, FangtuError, Text
from geo.files import FileUnreadable, IgnoredRow, Limits, Note, Sheet, read_apart, read_table
from geo.files.wire import Received, Stopped, WireError, line_of_error, lines_of
from tests.files.case import told
from tests.files.maps import EXTENDED, LINKS, kml, mark
from tests.files.package import RELATIONS, package, rows, sheet_xml

ROOT = Path(__file__).resolve().parents[2]
CELLS = (
    st.none()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.dates()
    | st.datetimes()
)


def received(lines: Iterator[bytes] | list[bytes]) -> Received:
    taken = Received()
    for line in lines:
        taken.take(line.rstrip(b"\n"))
    return taken


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS)), st.text(max_size=20), st.none() | st.integers(1, 9))
def test_cells_come_back_as_they_were(cells: list[tuple[Any, Any]], name: str, row: int | None) -> None:
    values = np.empty((len(cells), 2), dtype=object)
    for at, pair in enumerate(cells):
        values[at, :] = pair
    frame = pd.DataFrame(values, columns=pd.Index(["a", "乙"], dtype=object), dtype=object)
    text = Text(f"中{name}", f"en{name}")
    sheet = Sheet(
        name,
        frame,
        np.arange(3, 3 + len(cells), dtype=np.int64),
        parse_system("gk39"),
        2,
        "csv",
        (IgnoredRow(1, text),),
        (Note(row, text),),
    )
    taken = received(list(lines_of([sheet, sheet])))
    assert taken.finished
    assert [told(one) for one in taken.sheets] == [told(sheet)] * 2
    assert taken.sheets[0].crs == sheet.crs
    assert taken.sheets[0].rows.dtype == np.int64


def test_shapes_come_back_bit_by_bit() -> None:
    shapes = [
        shapely.Point(0.1 + 0.2, -1e-300),
        None,
        shapely.Point(),
        shapely.from_wkt("POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))"),
        shapely.from_wkt("MULTILINESTRING Z ((1 2 3, 4 5 6))"),
        shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION EMPTY)"),
    ]
    values = pd.DataFrame({"a": pd.Series([math.inf, None, -0.0, 1, True, "x"], dtype=object)})
    for crs in (None, "EPSG:4326"):
        frame = gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(shapes, crs=crs))
        system = System("my own", Text("我", "me"), "PROJCS[…]", None)
        sheet = Sheet("x", frame, np.arange(1, 7, dtype=np.int64), system, 0, "osm")
        (back,) = received(list(lines_of([sheet]))).sheets
        assert isinstance(back.frame, gpd.GeoDataFrame)
        assert shapely.to_wkb(back.frame.geometry.to_numpy()).tolist() == shapely.to_wkb(shapes).tolist()
        assert back.frame.crs == frame.crs
        assert back.frame["a"].tolist() == values["a"].tolist()
        assert str(back.frame["a"][2]) == "-0.0"
        assert back.crs == system


@pytest.mark.parametrize(
    "error",
    [
        FileUnreadable(Text("读不了", "no"), file="a", found="b", rows=[1, {"x": None}]),
        CrsUnknown(Text("坐标", "crs"), found="x", expected="y"),
    ],
)
def test_errors_come_back_as_they_were(error: FangtuError) -> None:
    back = received([line_of_error(error)]).error
    assert type(back) is type(error)
    assert isinstance(back, FangtuError)
    assert (back.text, back.details, back.code) == (error.text, error.details, error.code)
    assert received([line_of_error(Stopped("memory"))]).error == Stopped("memory")


META = {
    "name": "a",
    "kind": "csv",
    "header_row": 1,
    "columns": ["a"],
    "map": False,
    "frame_crs": None,
    "crs": None,
    "ignored": [],
    "notes": [],
}


@pytest.mark.parametrize(
    "lines",
    [
        [b"x"],
        [b"{}"],
        [b"[]"],
        [b"\xff"],
        [b'{"what":1}'],
        [b'{"end":1}'],
        [b'{"records":{"cells":[],"rows":[]}}'],
        [b'{"error":{"code":"os.system","text":["a","b"],"details":{}}}'],
        [b'{"error":{"code":"file_unreadable","text":["a"],"details":{}}}'],
        [b"[" * 100_000],
        [META | {"columns": ["a"] * 5000}],
        [META, {"cells": [[1, 2]], "rows": [1]}],
        [META, {"cells": [[[1]]], "rows": [1]}],
        [META, {"cells": [[{"t": "no moment"}]], "rows": [1]}],
        [META, {"cells": [[1]], "rows": ["x"]}, b'{"end":1}'],
        [META | {"map": True}, {"cells": [[1]], "rows": [1], "wkb": ["!!"]}],
        [META | {"map": True}, {"cells": [[1]], "rows": [1], "wkb": []}],
        [META | {"map": True}, {"cells": [[1]], "rows": [1], "wkb": ["AAAA"]}],
        [META | {"map": True, "frame_crs": "no system"}, b'{"end":1}'],
        [META, {"cells": [[1]], "rows": [10**30]}, b'{"end":1}'],
        [META | {"crs": [1]}, b'{"end":1}'],
    ],
)
def test_an_answer_of_another_form_is_refused(lines: list[Any]) -> None:
    names = iter(["sheet", "records", "records"])
    raw = [line if isinstance(line, bytes) else json.dumps({next(names): line}).encode() for line in lines]
    with pytest.raises(WireError):
        received(raw)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "户.csv"
    path.write_text("户编号,户主\nH1,张三\n", encoding="utf-8")
    return path


def children() -> list[int]:
    """Process numbers of the children of this process."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (thread / "children").read_text().split()]
    return found


def watch(look: Callable[[int], Any]) -> Callable[[], bool]:
    """Give a ``cancelled`` that looks at the child each time it is asked, and says no."""

    def cancelled() -> bool:
        for pid in children():
            look(pid)
        return False

    return cancelled


def test_the_child_sees_none_of_our_variables(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANGTU_DATABASE_URL", "postgresql://a:secret@b/c")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: set[str] = set()

    def look(pid: int) -> None:
        if b"geo.files.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
            seen.update(one.partition("=")[0] for one in Path(f"/proc/{pid}/environ").read_text().split("\0") if one)
            assert os.getsid(pid) == pid
            assert ledger.name not in Path(f"/proc/{pid}/cmdline").read_text()

    read_apart(ledger, folder=tmp_path, cancelled=watch(look))
    assert {"TMPDIR", "PATH"} <= seen
    assert not {name for name in seen if "FANGTU" in name or "PROXY" in name or name in ("HOME", "USER")}


PROBE = """
import os, resource, sys, tempfile
from geo.files.child import give_up
give_up({"memory_mib": 400, "cpu_s": 7, "file_mib": 3, "open_files": 33})
names = ("DATA", "CPU", "FSIZE", "NOFILE", "CORE")
print([resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names])
print(os.readlink("/proc/self/ns/net"))
try:
    bytearray(350 << 20)
except MemoryError:
    print("no memory")
with tempfile.TemporaryFile() as file:
    try:
        file.write(bytes(4 << 20))
        file.flush()
    except OSError as error:
        print(error.errno)
"""


def test_the_child_limits_itself_and_leaves_the_network_where_it_may() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=False)
    limits, network, memory, file = done.stdout.splitlines()
    mib = 1 << 20
    assert limits == str([(304 * mib, 304 * mib), (7, 9), (3 * mib, 3 * mib), (33, 33), (0, 0)])
    assert (memory, file) == ("no memory", "27")
    allowed = "import ctypes; print(ctypes.CDLL(None).unshare(0x40000000) and ctypes.CDLL(None).unshare(0x50000000))"
    may = subprocess.run([sys.executable, "-c", allowed], capture_output=True, text=True, check=True).stdout.strip()
    assert (network != os.readlink("/proc/self/ns/net")) == (may == "0")


def test_a_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(b"[" + b"{}," * 10_000_000 + b"{}]")
    with pytest.raises(FileUnreadable, match="more than 200 MiB") as caught:
        read_apart(path, folder=tmp_path, limits=Limits(memory_mib=200))
    assert caught.value.details["file"] == "a.geojson"
    assert "请分成几个文件" in caught.value.text.zh


def test_a_file_that_takes_too_long_is_refused(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="takes too long"):
        read_apart(ledger, folder=tmp_path, limits=Limits(wall_s=0))
    path = tmp_path / "a.geojson"
    path.write_bytes(b"[" + b"{}," * 20_000_000 + b"{}]")
    with pytest.raises(FileUnreadable, match="takes too long"):
        read_apart(path, folder=tmp_path, limits=Limits(memory_mib=8000, cpu_s=1))


def test_an_answer_that_is_too_long_is_refused(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="too much"):
        read_apart(ledger, folder=tmp_path, limits=Limits(result_mib=0))


@pytest.mark.parametrize(("end", "words"), [(signal.SIGSEGV, "signal 11"), (signal.SIGABRT, "of memory")])
def test_a_child_that_dies_is_told_in_words(ledger: Path, tmp_path: Path, end: signal.Signals, words: str) -> None:
    with pytest.raises(FileUnreadable, match=words):
        read_apart(ledger, folder=tmp_path, cancelled=watch(lambda pid: os.kill(pid, end)))


def test_a_reader_can_be_stopped_and_nothing_stays_behind(ledger: Path, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    others = children()  # a test run may keep servers ready
    asked = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 2

    slow = tmp_path / "a.geojson"
    slow.write_bytes(b"[" + b"{}," * 20_000_000 + b"{}]")
    with pytest.raises(Cancelled) as caught:
        read_apart(slow, folder=folder, limits=Limits(memory_mib=8000), cancelled=cancelled)
    assert caught.value.code == "cancelled"
    assert len(asked) == 3
    assert not list(folder.iterdir())
    assert set(children()) <= set(others)


ORPHAN = """
import os, signal, sys
from pathlib import Path
from geo.files import Limits, read_apart

def gone():
    pids = [pid for thread in Path("/proc/self/task").iterdir() for pid in (thread / "children").read_text().split()]
    print(*pids, flush=True)
    if len(sys.argv) > 3:
        return False
    os.kill(os.getpid(), signal.SIGKILL)

read_apart(Path(sys.argv[1]), folder=Path(sys.argv[2]), limits=Limits(memory_mib=8000), cancelled=gone)
"""


@pytest.mark.parametrize("late", [False, True])
def test_the_child_dies_with_its_parent(tmp_path: Path, late: bool) -> None:
    slow = tmp_path / "a.geojson"
    slow.write_bytes(b"[" + b"{}," * 30_000_000 + b"{}]")
    more = ["late"] if late else []
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(slow), str(tmp_path), *more], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    (child,) = parent.stdout.readline().split()
    if late:
        # Once it computes, it has told the kernel what is to become of it.
        wait_until(lambda: int(Path(f"/proc/{child}/stat").read_text().split()[13]) > 150)
        parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text())


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("it did not come to that")


def test_a_file_that_is_not_there_and_an_address_are_refused_as_in_this_process(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", "http://127.0.0.1:9/a.csv"):
        with pytest.raises(FileUnreadable) as apart:
            read_apart(path, folder=tmp_path)
        with pytest.raises(FileUnreadable) as here:
            read_table(path)
        assert (apart.value.text, apart.value.details) == (here.value.text, here.value.details)


def test_paths_may_be_relative(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (sheet,) = read_apart(ledger.name, folder=Path("."))
    assert sheet.name == "户"


def test_an_unknown_system_is_told_as_in_this_process(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"EPSG:4610"}}}')
    with pytest.raises(CrsUnknown) as apart:
        read_apart(path, folder=tmp_path)
    assert apart.value.details["found"] == "EPSG:4610"


MEASURE = """
import re, resource, sys
from pathlib import Path
from geo.files import read_apart
sheet, = read_apart(Path(sys.argv[1]), folder=Path(sys.argv[2]))
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(*sheet.frame.shape, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10, own >> 10)
"""


def test_a_ledger_of_48000_households_needs_little_memory_on_both_sides(tmp_path: Path) -> None:
    table: list[list[Any]] = [[f"列{at}" for at in range(15)]]
    for n in range(48_000):
        table.append([f"H{n}", f"张{n}", *range(n * 10, n * 10 + 6), *[f"村{n}-{at}" for at in range(7)]])
    path = tmp_path / "户.xlsx"
    package(sheet_xml(rows(table)))(path)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    count, width, child_mib, parent_mib = map(int, done.stdout.split())
    assert (count, width) == (48_000, 15)
    assert child_mib <= 300
    assert parent_mib <= 300


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port on this machine, and what came in on it."""
    hits: list[str] = []

    class Count(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            hits.append("hit")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Count) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1], hits
        server.shutdown()
        thread.join()


def files_that_point_elsewhere(folder: Path, address: str) -> list[Path]:
    """One file of each kind with an address wherever the kind can have one."""
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{address}/e"><!ENTITY % p SYSTEM "{address}/p"> %p;]>'
    relations = (
        f'<Relationships><Relationship Id="rId1" Type="{RELATIONS}/externalLinkPath" Target="{address}/b.xlsx" '
        'TargetMode="External"/></Relationships>'
    )
    link = f'<externalLink xmlns:r="{RELATIONS}"><externalBook r:id="rId1"/></externalLink>'
    sheet = sheet_xml(
        rows([["a", "b"]]) + f'<row r="2"><c r="A2"><f>[1]Sheet1!A1</f><v>1</v></c><c r="B2" t="str">'
        f'<f>WEBSERVICE("{address}/w")</f><v>x</v></c></row>'
    )
    book = {"xl/externalLinks/externalLink1.xml": link, "xl/externalLinks/_rels/externalLink1.xml.rels": relations}
    package(sheet, more=book)(folder / "links.xlsx")
    package(sheet, more={"xl/worksheets/_rels/sheet1.xml.rels": relations})(folder / "sheet.xlsx")
    package(entity + sheet)(folder / "entity.xlsx")
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/{address}/a.csv</SrcDataSource>'
    vrt += "</OGRVRTLayer></OGRVRTDataSource>"
    texts = {
        "links.kml": kml(mark("甲") + LINKS.replace("http://127.0.0.1:9", address)),
        "extended.kml": kml(EXTENDED.replace("http://127.0.0.1:9", address)),
        "entity.kml": entity + "<kml>&e;</kml>",
        "entity.gpx": entity + "<gpx/>",
        "entity.osm": entity + '<osm version="0.6"/>',
        "vrt.osm": vrt,
        "vrt.gpkg": vrt,
        "vrt.shp": vrt,
        "vrt.csv": vrt,
        "curl.csv": f"a,b\n/vsicurl/{address}/a,{address}\n",
        "page.xls": f'<html><link rel="stylesheet" href="{address}/s.css"><table background="{address}/b"><tr>'
        f'<td><img src="{address}/i.png">a</td><td>b</td></tr><tr><td><iframe src="{address}/f">1</td></tr></table>',
        "crs.geojson": json.dumps(
            {"type": "FeatureCollection", "features": [], "crs": {"type": "link", "properties": {"href": address}}}
        ),
        "name.geojson": json.dumps(
            {"type": "FeatureCollection", "features": [], "crs": {"type": "name", "properties": {"name": address}}}
        ),
        "picture.svg": f'<svg><image href="{address}/i.png"/></svg>',
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs=4326).to_file(folder / "a.shp")
    (folder / "a.prj").write_text(f"/vsicurl/{address}/a.prj")
    (folder / "a.shp.xml").write_text(f'<metadata href="{address}"/>')
    return sorted(path for path in folder.iterdir() if path.suffix not in (".dbf", ".prj", ".shx", ".cpg", ".xml"))


def test_no_address_in_any_file_is_followed(tmp_path: Path, listener: tuple[int, list[str]]) -> None:
    port, hits = listener
    folder, temporary = tmp_path / "files", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    paths = files_that_point_elsewhere(folder, f"http://127.0.0.1:{port}")
    read = 0
    for path in paths:
        for door in (read_table, lambda path: read_apart(path, folder=temporary)):
            try:
                read += len(door(path))
            except FangtuError:
                pass
    assert len(paths) == 18
    assert read >= 16
    assert hits == []
    with socketserver.socket.create_connection(("127.0.0.1", port)):
        wait_until(lambda: hits == ["hit"])


def test_reading_apart_leaves_nothing_open_and_limits_only_the_child(ledger: Path, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        read_apart(ledger, folder=tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
    assert resource.getrlimit(resource.RLIMIT_DATA) == (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
