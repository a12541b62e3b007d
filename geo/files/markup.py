"""Reading XML in one pass, of any size, without anything XML can do beyond holding text."""

from __future__ import annotations

import codecs
import re
import xml.parsers.expat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from geo.errors import Text
from geo.files.guards import damaged, too_large
from geo.files.sheet import unreadable

_MAX_DEPTH = 200
_CHUNK = 1 << 20
# A tag or a piece of text that is longer has been made to fill the memory.
_MAX_PIECE = 1 << 24
_MAX_ELEMENTS = 300_000
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_BY_EXPAT = frozenset(["utf-8", "us-ascii", "iso-8859-1"])


class Handler(Protocol):
    """Takes the parts of a document as they come; names are without their prefix."""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag; attributes keep their prefix."""

    def end(self, name: str) -> None:
        """Take an end tag."""

    def text(self, text: str) -> None:
        """Take text; it may come in pieces."""


def parse_markup(
    stream: IO[bytes],
    path: Path,
    what: str,
    handler: Handler,
    *,
    encoding: str | None = None,
    prepare: Callable[[bytes], bytes] | None = None,
) -> None:
    """Parse a document and hand its parts over.

    Parameters
    ----------
    stream : binary file
    path : Path
        The file it is from, for messages.
    what : str
        The kind of file, for messages.
    handler : Handler
    encoding : str, optional
        Goes before what the document declares; an encoding that only Python knows (GBK) is good either way.
    prepare : callable, optional
        Changes the document piece by piece before it is parsed; a piece ends behind a ``>``.

    Raises
    ------
    FileUnreadable
        If it is no well-formed XML, has a document type (the only place for entities), is nested more than 200 deep
        or has a tag of more than 16 MiB.
    """
    start = stream.read(4096)
    name, decode = _encoding(start, encoding, path, what)
    # Expat is told the encoding in any case, so that it never meets one it does not know.
    parser = xml.parsers.expat.ParserCreate(name)
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    _connect(parser, handler, path)
    begun, sent = b"", 0
    try:
        chunk = start
        while chunk:
            piece = decode(chunk).encode() if decode else chunk
            if prepare:
                begun += piece
                cut = begun.rfind(b">") + 1
                piece, begun = prepare(begun[:cut]), begun[cut:]
            parser.Parse(piece, False)
            sent += len(piece)
            if len(begun) > _MAX_PIECE or sent - max(parser.CurrentByteIndex, 0) > _MAX_PIECE:
                raise too_large(path)
            chunk = stream.read(_CHUNK)
        parser.Parse(begun, True)
    except (xml.parsers.expat.ExpatError, UnicodeError, zlib.error) as error:
        raise damaged(path, what, error) from error


def attribute(attributes: dict[str, str], name: str) -> str | None:
    """Find an attribute by its name without prefix (``r:id`` is ``id``); None if there is none."""
    found = attributes.get(name)
    if found is not None:
        return found
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), None)


def _encoding(start: bytes, told: str | None, path: Path, what: str) -> tuple[str, Callable[[bytes], str] | None]:
    """Choose what expat reads, and what to decode before where that is none of its own."""
    marks = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", b"<\0": "utf-16le", b"\0<": "utf-16be"}
    if start[:2] in marks:
        return marks[start[:2]], None
    declared = _DECLARED.match(start.removeprefix(codecs.BOM_UTF8))
    name = (told or (declared[1].decode("ascii") if declared else "utf-8")).casefold().replace("_", "-")
    if name in _BY_EXPAT:
        return name, None
    try:
        "".encode(name)
        # GB2312 as declared is in truth any of its successors.
        codec = "gb18030" if name in ("gb2312", "gbk") else name
        # Without a mark or a zero byte UTF-16 is a word only.
        decode = None if name.startswith(("utf-16", "utf16")) else codecs.getincrementaldecoder(codec)("strict").decode
    except (LookupError, ValueError):
        raise damaged(path, what, f"encoding {name[:40]}") from None
    return "utf-8", decode


def _connect(parser: Any, handler: Handler, path: Path) -> None:
    depth = 0
    begin_element, end_element = handler.begin, handler.end

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise unreadable(
                path,
                Text("嵌套层数过多", "it is nested too deeply"),
                Text(f"不超过{_MAX_DEPTH}层", f"at most {_MAX_DEPTH} levels"),
                Text("请用原来的软件重新导出", "Export it again from the software it comes from"),
            )
        begin_element(name.rpartition(":")[2] if ":" in name else name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end_element(name.rpartition(":")[2] if ":" in name else name)

    def refuse(*_: Any) -> None:
        raise unreadable(
            path,
            Text("XML 里有文档类型声明（DTD）", "its XML declares a document type (DTD)"),
            Text("没有 DTD 和实体的 XML", "XML without DTD and entities"),
            Text("请用原来的软件重新导出", "Export it again from the software it comes from"),
        )

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = refuse


class Element:
    """An element with everything in it; for parts of a document that are small by nature."""

    __slots__ = ("attributes", "children", "name", "pieces")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name, self.attributes = name, attributes
        self.children: list[Element] = []
        self.pieces: list[str] = []

    @property
    def words(self) -> str:
        """Its own text, without that of its children."""
        return "".join(self.pieces)

    def all(self, name: str) -> list[Element]:
        """Give the children of a name."""
        return [child for child in self.children if child.name == name]

    def word(self, name: str) -> str:
        """Give the text of the first child of a name; empty if there is none."""
        return next((child.words for child in self.children if child.name == name), "")


class Gatherer:
    """Builds an element as its parts come.

    Parameters
    ----------
    path : Path
        For messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: list[Element] = []
        self._size = 0

    @property
    def is_open(self) -> bool:
        """Whether an element has begun and not ended."""
        return bool(self._open)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag; the first one begins the element."""
        self._size = self._size + 1 if self._open else 0
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        if self._size > _MAX_ELEMENTS:
            raise too_large(self._path)
        self._open.append(element)

    def end(self) -> Element | None:
        """Take an end tag; gives the element once it is whole."""
        element = self._open.pop()
        return None if self._open else element

    def text(self, text: str) -> None:
        """Take text."""
        # Every 100 characters weigh as much as an element.
        self._size += len(text) // 100
        if self._size > _MAX_ELEMENTS:
            raise too_large(self._path)
        self._open[-1].pieces.append(text)
