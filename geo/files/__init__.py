"""Reading other people's files: tables, workbooks and maps become sheets with true row numbers.

Imports nothing but ``geo``. Every file is taken as hostile: see :mod:`geo.files.guards`.
"""

from geo.files.apart import Limits, read_apart
from geo.files.osm import read_osm
from geo.files.read import read_table
from geo.files.rows import split_rows
from geo.files.sheet import FileUnreadable, IgnoredRow, Note, Sheet

__all__ = [
    "FileUnreadable",
    "IgnoredRow",
    "Limits",
    "Note",
    "Sheet",
    "read_apart",
    "read_osm",
    "read_table",
    "split_rows",
]
