"""Plans to take away: a workbook, GPX for navigators, GeoJSON and KML for maps, ICS for calendars.

Names of heads are masked and text is made harmless, whoever asks.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as Xml

from data.formulas import guarded, printable
from data.local_time import ZONE
from data.route_plans.lines import Drawn
from geo.routing.problem import clock

GPX = "application/gpx+xml"
KML = "application/vnd.google-earth.kml+xml"
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Words:
    """Words of a file in the language of the asker: headings of the workbook by column, names of its sheets.

    ``reasons`` are those of households left out, by key of the household.
    """

    headings: Mapping[str, str]
    planned: str
    left: str
    yes: str
    reasons: Mapping[int, str]


# Columns of the workbook, of what is planned and what is left out.
PLANNED = (
    "date", "inspector", "companions", "no", "arrive", "start", "leave", "code", "head", "village", "grade",
    "key_groups", "overdue_days", "travel_min", "travel_m", "estimated", "lon", "lat",
)  # fmt: skip
LEFT = ("code", "head", "village", "grade", "key_groups", "overdue_days", "reason", "lon", "lat")


def workbook(plan: Mapping[str, Any], words: Words) -> bytes:
    """A plan as a workbook of two sheets: visits in order, and households left out with the reason.

    Parameters
    ----------
    plan : mapping
        As :func:`data.route_plans.showing.plan_json` gives it, or some of its routes.
    """
    import openpyxl  # brings much along, which pages without files need not load
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)

    def sheet_of(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"

        def typed(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            cell = WriteOnlyCell(sheet, value=printable(guarded(value)))
            cell.data_type, cell.number_format = "s", "@"
            return cell

        sheet.append([typed(words.headings[name]) for name in columns])
        for row in rows:
            sheet.append([typed(row[name]) for name in columns])

    planned = [
        _row(stop)
        | {
            "date": route["date"],
            "inspector": route["inspector"]["name"],
            "companions": "、".join(one["name"] for one in route["companions"]),
            "no": at + 1,
            "arrive": minute(stop["arrive"]),
            "start": minute(stop["start"]),
            "leave": minute(stop["leave"]),
            "travel_min": round(stop["travel_s"] / 60),
            "travel_m": stop["travel_m"],
            "estimated": words.yes if stop["estimated"] else "",
        }
        for route in plan["routes"]
        for at, stop in enumerate(route["stops"])
    ]
    left = [_row(one) | {"reason": words.reasons.get(one["household"], one["reason"])} for one in plan["unplanned"]]
    sheet_of(words.planned, PLANNED, planned)
    sheet_of(words.left, LEFT, left)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    names = ("code", "head", "village", "grade", "overdue_days", "lon", "lat")
    return {name: one[name] for name in names} | {"key_groups": "、".join(one["key_groups"] or ())}


def gpx(plan: Mapping[str, Any], drawn: Sequence[Drawn]) -> bytes:
    """A plan as GPX 1.1: each day of an inspector as a route of points and as a track along its ways."""
    root = Xml.Element("gpx", {"version": "1.1", "creator": "Fangtu", "xmlns": "http://www.topografix.com/GPX/1/1"})
    lines = {(one.account_id, one.day): one for one in drawn}
    # The order of the form: routes before tracks.
    for route in plan["routes"]:
        one = Xml.SubElement(root, "rte")
        _text(one, "name", _title(route))
        for at, stop in enumerate(route["stops"]):
            if stop["lon"] is None:
                continue
            point = Xml.SubElement(one, "rtept", {"lat": f"{stop['lat']:.6f}", "lon": f"{stop['lon']:.6f}"})
            _text(point, "name", f"{at + 1} {_called(stop)}")
            _text(point, "desc", f"{minute(stop['start'])}–{minute(stop['leave'])}")
    for route in plan["routes"]:
        line = lines.get((route["inspector"]["id"], route["day"]))
        if line is None:
            continue
        one = Xml.SubElement(root, "trk")
        _text(one, "name", _title(route))
        for part in line.lines:
            segment = Xml.SubElement(one, "trkseg")
            for lon, lat in part.coords:
                Xml.SubElement(segment, "trkpt", {"lat": f"{lat:.6f}", "lon": f"{lon:.6f}"})
    return _written(root)


def kml(plan: Mapping[str, Any], drawn: Sequence[Drawn]) -> bytes:
    """A plan as KML 2.2: a folder for each day of an inspector, with its stops and its way."""
    root = Xml.Element("kml", {"xmlns": "http://www.opengis.net/kml/2.2"})
    document = Xml.SubElement(root, "Document")
    lines = {(one.account_id, one.day): one for one in drawn}
    for route in plan["routes"]:
        folder = Xml.SubElement(document, "Folder")
        _text(folder, "name", _title(route))
        for at, stop in enumerate(route["stops"]):
            if stop["lon"] is None:
                continue
            mark = Xml.SubElement(folder, "Placemark")
            _text(mark, "name", f"{at + 1} {_called(stop)}")
            _text(mark, "description", f"{minute(stop['start'])}–{minute(stop['leave'])}")
            point = Xml.SubElement(mark, "Point")
            _text(point, "coordinates", f"{stop['lon']:.6f},{stop['lat']:.6f}")
        line = lines.get((route["inspector"]["id"], route["day"]))
        if line is not None:
            mark = Xml.SubElement(folder, "Placemark")
            _text(mark, "name", _title(route))
            many = Xml.SubElement(mark, "MultiGeometry")
            for part in line.lines:
                way = Xml.SubElement(many, "LineString")
                _text(way, "coordinates", " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in part.coords))
    return _written(root)


def geojson(plan: Mapping[str, Any], lines: Mapping[str, Any]) -> bytes:
    """A plan as GeoJSON: ways as lines and stops as points."""
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [stop["lon"], stop["lat"]]}
            if stop["lon"] is not None
            else None,
            "properties": {
                "inspector": route["inspector"]["id"],
                "name": route["inspector"]["name"],
                "day": route["day"],
                "date": route["date"],
                "position": at,
                **{name: stop[name] for name in ("household", "code", "head", "village", "grade", "estimated")},
                "start": minute(stop["start"]),
                "leave": minute(stop["leave"]),
            },
        }
        for route in plan["routes"]
        for at, stop in enumerate(route["stops"])
    ]
    whole = {"type": "FeatureCollection", "features": [*lines["features"], *points]}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False).encode()


def calendar(plan: Mapping[str, Any], made_at: datetime) -> bytes:
    """A plan as a calendar (RFC 5545): one event for each visit, in the field's time."""
    stamp = made_at.astimezone(ZONE).strftime("%Y%m%dT%H%M%S")
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Fangtu//routes//ZH",
        "BEGIN:VTIMEZONE", "TZID:Asia/Shanghai", "BEGIN:STANDARD", "DTSTART:19910915T000000", "TZOFFSETFROM:+0800",
        "TZOFFSETTO:+0800", "END:STANDARD", "END:VTIMEZONE",
    ]  # fmt: skip
    for route in plan["routes"]:
        day = date.fromisoformat(route["date"])
        for at, stop in enumerate(route["stops"]):
            lines += [
                "BEGIN:VEVENT",
                f"UID:plan{plan['id']}-{stop['household']}@fangtu",
                f"DTSTAMP;TZID=Asia/Shanghai:{stamp}",
                f"DTSTART;TZID=Asia/Shanghai:{_moment(day, stop['start'])}",
                f"DTEND;TZID=Asia/Shanghai:{_moment(day, stop['leave'])}",
                f"SUMMARY:{_escaped(f'{at + 1} ' + _called(stop))}",
                f"DESCRIPTION:{_escaped(route['inspector']['name'])}",
            ]
            if stop["village"]:
                lines.append(f"LOCATION:{_escaped(stop['village'])}")
            if stop["lon"] is not None:
                lines.append(f"GEO:{stop['lat']:.6f};{stop['lon']:.6f}")
            lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) + "\r\n" for line in lines).encode()


def minute(second: int) -> str:
    """A second of the day as ``HH:MM``."""
    return clock(second // 60 * 60)


def _moment(day: date, second: int) -> str:
    return (datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)).strftime("%Y%m%dT%H%M%S")


def _called(stop: Mapping[str, Any]) -> str:
    return " ".join(word for word in (stop["code"], stop["head"]) if word) or str(stop["household"])


def _title(route: Mapping[str, Any]) -> str:
    return f"{route['inspector']['name']} {route['date']}"


def _text(parent: Xml.Element, name: str, words: str) -> None:
    Xml.SubElement(parent, name).text = _UNWRITABLE.sub(" ", words)


def _written(root: Xml.Element) -> bytes:
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _escaped(words: str) -> str:
    plain = _UNWRITABLE.sub(" ", words).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r", " ").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A line in parts of at most 75 bytes, none of them cutting a character."""
    parts, part, size = [], "", 0
    for letter in line:
        wide = len(letter.encode())
        if size + wide > 75:
            parts.append(part)
            part, size = " ", 1
        part, size = part + letter, size + wide
    return "\r\n".join([*parts, part])
