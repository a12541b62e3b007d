"""Reading other people's files: tables, workbooks and maps become sheets with true row numbers.

Imports nothing but ``geo``. Every file is taken as hostile: see :mod:`geo.files.guards`.
"""

from geo.files.osm import read_osm
from geo.files.read import read_table
from geo.files.rows import split_rows
from geo.files.sheet import FileUnreadable, IgnoredRow, Sheet

__all__ = ["FileUnreadable", "IgnoredRow", "Sheet", "read_osm", "read_table", "split_rows"]
