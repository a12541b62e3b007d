"""Files that a page hands over: their media types and their names."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

MIME = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def name_file(answer: Response, name: str) -> None:
    """Name a download; a header holds Latin letters only, so other names are written as RFC 6266 has it."""
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
