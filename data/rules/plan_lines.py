"""Where each key of a TOML text stands: the reader of the language keeps no lines, a fault names one."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_OPEN, _SHUT = "[{", "]}"


def lines_of(text: str) -> dict[Path, int]:
    """Index the tables and keys of a TOML text that is known to be valid.

    Parameters
    ----------
    text : str
        The text; of one that is not valid the lines are a guess.

    Returns
    -------
    dict of tuple to int
        Line (from 1) by path: names, and numbers from 0 for the tables of a list, as in ``("round", 1, "ends_on")``.
        Tables written inline have the line of their key.
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    rows = text.split("\n")
    at = 0
    while at < len(rows):
        header = _HEADER.match(rows[at])
        key = _KEY.match(rows[at])
        if header:
            table = _table(_names(header[2]), counts, listed=header[1] == "[[")
            found.setdefault(table, at + 1)
            if table and isinstance(table[-1], int):
                found.setdefault(table[:-1], at + 1)
            at += 1
        elif key:
            found[(*table, *_names(key[1]))] = at + 1
            at = _after_value(rows, at, key.end())
        else:
            at += 1
    return found


def line_at(lines: dict[Path, int], path: Path) -> int:
    """Line of a key, or of the nearest table around it where the key is missing; 1 for the text as a whole."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted))


def _table(names: tuple[str, ...], counts: dict[Path, int], *, listed: bool) -> Path:
    """Path of a table by its header; a name that is a list stands for its last table so far."""
    path: Path = ()
    for depth, name in enumerate(names):
        path = (*path, name)
        if listed and depth == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def value_end(row: str, begin: int) -> int:
    """Column after the value that begins in a row, before spaces and a comment; the row's end if it reaches further."""
    quote = ""
    for column in range(begin, len(row)):
        mark = row[column]
        if quote:
            quote = "" if mark == quote and row[column - 1] != "\\" else quote
        elif mark in "\"'":
            quote = mark
        elif mark == "#":
            return len(row[:column].rstrip())
    return len(row.rstrip())


def _after_value(rows: list[str], at: int, column: int) -> int:
    """Index of the row after the value that begins here: lists and long strings reach over several rows."""
    depth = 0
    quote = ""
    while at < len(rows):
        row = rows[at]
        while column < len(row):
            mark = row[column]
            if quote:
                if mark == "\\" and quote[0] == '"':
                    column += 1
                elif row.startswith(quote, column):
                    column += len(quote) - 1
                    quote = ""
            elif mark == "#":
                break
            elif mark in "\"'":
                quote = mark * 3 if row.startswith(mark * 3, column) else mark
                column += len(quote) - 1
            elif mark in _OPEN:
                depth += 1
            elif mark in _SHUT:
                depth -= 1
            column += 1
        at, column = at + 1, 0
        if not depth and len(quote) < 3:
            return at
    return at
