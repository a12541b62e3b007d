"""Zip archives: several files in one, and archives made to hurt."""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.files.case import Build, Case, Found, written
from tests.files.maps import NAMED, PLACE, found, kml, mark, shapefile
from tests.files.old_workbooks import book, plain
from tests.files.texts import LEDGER
from tests.files.workbooks import TWO, TWO_FOUND, simple

MIB = 1 << 20


def bundle(members: dict[str, Build | str | bytes]) -> Build:
    """A zip of files, each made by its builder."""

    def build(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                if isinstance(content, str | bytes):
                    archive.writestr(name, content)
                    continue
                inner = Path(folder, Path(name).name)
                content(inner)
                for part in sorted(Path(folder).glob(f"{inner.stem}.*")):
                    archive.write(part, str(Path(name).with_name(part.name)))
                    part.unlink()

    return build


class Member(NamedTuple):
    """A member of an archive: what it is packed to, and what the directory is to say of it."""

    name: str
    packed: bytes
    size: int
    checksum: int


def repeated(name: str, piece: bytes, times: int, begin: bytes = b"", end: bytes = b"") -> Member:
    """Deflate a piece repeated many times without ever holding it whole."""

    def pieces() -> Iterator[bytes]:
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        yield packer.compress(begin)
        yield packer.flush(zlib.Z_FULL_FLUSH)
        packed = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
        # After a full flush the same bytes mean the same anywhere.
        yield packed * times
        yield packer.compress(end) + packer.flush(zlib.Z_FINISH)

    checksum = zlib.crc32(begin)
    for _ in range(times):
        checksum = zlib.crc32(piece, checksum)
    return Member(name, b"".join(pieces()), len(begin) + len(piece) * times + len(end), zlib.crc32(end, checksum))


def archive_of(members: list[Member], path: Path) -> None:
    """Write an archive of members already packed."""
    directory = b""
    with path.open("wb") as file:
        for name, packed, size, checksum in members:
            raw = name.encode()
            common = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0, checksum, len(packed), size)
            common += struct.pack("<HH", len(raw), 0)
            directory += b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0, file.tell()) + raw
            file.write(b"PK\x03\x04" + common + raw + packed)
        start = file.tell()
        file.write(directory)
        file.write(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), start, 0))


def bomb(
    member: str, piece: bytes, times: int, begin: bytes = b"", end: bytes = b"", states: int | None = None
) -> Build:
    """A workbook of which one part unpacks to a great size, or states another size than that."""

    def build(path: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, "a.xlsx")
            simple(TWO)(whole)
            with zipfile.ZipFile(whole) as archive:
                others = [repeated(name, archive.read(name), 1) for name in archive.namelist() if name != member]
        big = repeated(member, piece, times, begin, end)
        archive_of([*others, big if states is None else big._replace(size=states)], path)

    return build


def many(path: Path) -> None:
    """An archive of thirty thousand members."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.csv", "")


def nested(path: Path) -> None:
    """An archive of workbooks, each of which unpacks to a tolerable size; all together they do not."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w") as archive:
        inner = Path(folder, "a.xlsx")
        bomb("xl/media/image1.bin", bytes(MIB), 100)(inner)
        for number in range(6):
            archive.write(inner, f"{number}.xlsx")


def locked(path: Path) -> None:
    """An archive whose directory says that its member has a password."""
    bundle({"a.csv": LEDGER})(path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)


def gbk_name(path: Path) -> None:
    """An archive whose member has a name in GBK that says nothing of it."""
    bundle({"zzzz.csv": LEDGER})(path)
    path.write_bytes(path.read_bytes().replace(b"zzzz", "甲村".encode("gbk")))


def nameless(path: Path) -> None:
    """An archive of a folder, a member whose name is empty, and a table."""
    archive_of([repeated(name, LEDGER.encode(), 1) for name in ("a/", "", "b.csv")], path)


SHEET = b'<worksheet><sheetData><row r="1">'
PLAIN_SHEETS = {"记录": TWO, "说明": [["项", "值"], ["a", "b"]]}
LEDGER_FOUND = Found(TWO_FOUND, [2, 3], [1])

ARCHIVES: tuple[Case, ...] = (
    Case(
        "one csv",
        "a.zip",
        bundle({"户.csv": LEDGER}),
        (Found(TWO_FOUND, [2, 3], [1], name="户", kind="csv"),),
        apart=True,
    ),
    Case(
        "one workbook of two sheets",
        "a.zip",
        bundle({"户.xlsx": simple(*PLAIN_SHEETS.values(), names=list(PLAIN_SHEETS))}),
        (Found(TWO_FOUND, [2, 3], [1], name="记录"), Found({"项": ["a"], "值": ["b"]}, [2], [1], name="说明")),
    ),
    Case(
        "files of many kinds in folders, and files that are none",
        "a.zip",
        bundle(
            {
                "甲/户.xlsx": simple(TWO, names=["Sheet1"]),
                "甲/旧.xls": book(plain),
                "乙/户.csv": LEDGER,
                "点.kml": kml(mark("甲")),
                "村.shp": shapefile(),
                "说明.txt": "请阅读",
                "照片.jpg": "x",
                "__MACOSX/户.csv": "x",
            }
        ),
        (
            Found(TWO_FOUND, [2, 3], [1], ((None, "没有读取：照片.jpg、说明.txt"),), name="户 Sheet1"),
            Found(TWO_FOUND, [2, 3], [1], name="旧 台账"),
            Found(TWO_FOUND, [2, 3], [1], name="户"),
            found({"name": ["甲"], "geometry": [PLACE]}, name="点", kind="kml"),
            found(NAMED, crs="cgcs2000", name="村", kind="shapefile"),
        ),
        apart=True,
    ),
    Case(
        "one sheet of several files is asked for",
        "a.zip",
        bundle({"甲.csv": LEDGER, "乙.csv": "a,b\n1,2\n"}),
        (Found({"a": ["1"], "b": ["2"]}, [2], [1], name="乙"),),
        {"sheet": "乙"},
    ),
    Case("a txt is all there is", "a.zip", bundle({"户.txt": LEDGER}), (LEDGER_FOUND,)),
    Case("a name in GBK that does not say so", "a.zip", gbk_name, (Found(TWO_FOUND, [2, 3], [1], name="甲村"),)),
    Case("a path that leads out", "a.zip", bundle({"../../etc/户.csv": LEDGER}), (LEDGER_FOUND,)),
    Case(
        "a workbook in it is called csv",
        "a.zip",
        bundle({"户.csv": simple(TWO)}),
        (Found(TWO_FOUND, [2, 3], [1], ((None, "内容其实是工作簿"),), name="Sheet1"),),
    ),
    Case(
        "one of the files is damaged",
        "a.zip",
        bundle({"户.csv": LEDGER, "坏.xlsx": b"PK\x03\x04xxxx"}),
        "a.zip/坏.xlsx",
    ),
    Case("a folder and a member without a name", "a.zip", nameless, (LEDGER_FOUND,)),
    Case("an archive in the archive", "a.zip", bundle({"内.zip": bundle({"户.csv": LEDGER})}), "only 内.zip"),
    Case("nothing to read", "a.zip", bundle({"a.docx": "x"}), "only a.docx"),
    Case("a Shapefile without its shapes", "a.zip", bundle({"a.dbf": "x", "a.prj": "x"}), "only a.dbf、a.prj"),
    Case("an archive with a password", "a.zip", locked, "has a password"),
    Case("a text called zip", "a.zip", written("hello"), "damaged"),
    Case("thirty thousand members", "a.zip", many, "too much", apart=True, large=True),
    Case("workbooks that unpack to 600 MiB together", "a.zip", nested, "too much", apart=True, large=True),
    Case(
        "a gibibyte of zeros beside the sheets",
        "a.xlsx",
        bomb("xl/media/x.bin", bytes(MIB), 1024),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "a gibibyte of blanks in the sheet",
        "a.xlsx",
        bomb("xl/worksheets/sheet1.xml", b" " * MIB, 1024, SHEET),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "a gibibyte in the shared strings, and the directory states a hundred bytes",
        "a.xlsx",
        bomb("xl/sharedStrings.xml", b"<si><t>x</t></si>" * (MIB // 17), 1024, b"<sst>", states=100),
        "damaged",
        apart=True,
        large=True,
    ),
    Case(
        "one text of 400 MiB",
        "a.xlsx",
        bomb("xl/sharedStrings.xml", b"x" * MIB, 400, b"<sst><si><t>", b"</t></si></sst>"),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "one attribute of 400 MiB",
        "a.xlsx",
        bomb("xl/worksheets/sheet1.xml", b">" * MIB, 400, b'<worksheet><sheetData><row r="', b'"/></sheetData>'),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "more cells in a row than a sheet has columns",
        "a.xlsx",
        bomb("xl/worksheets/sheet1.xml", b"<c><v>1</v></c>" * (MIB // 15), 2, SHEET, b"</row></sheetData></worksheet>"),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "40 MiB of blank cells",
        "a.xlsx",
        bomb(
            "xl/worksheets/sheet1.xml",
            b'<row r="9" s="1"><c r="A9" s="1"/><c r="B9" s="1"/></row>' * (MIB // 57),
            40,
            SHEET + b'<c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>',
            b'<row r="2"><c r="A2"><v>1</v></c></row></sheetData></worksheet>',
        ),
        (Found({"a": [1], "b": [None]}, [2], [1]),),
        apart=True,
        large=True,
    ),
    Case(
        "half a gibibyte of coordinates in a KMZ",
        "a.kmz",
        lambda path: archive_of(
            [repeated("doc.kml", b"1,2 " * (MIB // 4), 500, b"<kml><Placemark><Point><coordinates>")], path
        ),
        "too much",
        apart=True,
        large=True,
    ),
)
