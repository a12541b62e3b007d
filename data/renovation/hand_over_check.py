"""A hand-over file that comes back (一户一码回传): compared with the records row by row; nothing is booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from data.areas import CodeUnknown
from data.formulas import printable
from data.renovation.hand_over import HEADINGS, KEY, OF_WHICH, hand_over_rows
from data.renovation.unfit import RenovationUnfit, lacking
from geo.errors import Text

if TYPE_CHECKING:
    from geo.files import Sheet

MOST_ROWS = 50_000
OUTCOMES = ("agrees", "changed", "double", "unknown", "missing")


@dataclass(frozen=True)
class CheckedRow:
    """A row that does not agree.

    Attributes
    ----------
    no : int or None
        Number of the row in the file; None of one that is missing there.
    outcome : str
        ``changed``, ``double``, ``unknown`` or ``missing``.
    site : str
        Number of the renovation as written.
    household : str or None
        Code of the household; of an unknown row as written.
    changes : list of dict
        ``heading, ours, theirs`` of each cell that differs.
    """

    no: int | None
    outcome: str
    site: str
    household: str | None
    changes: list[dict[str, str | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """What came of a file: township and year it is of, rows by outcome, those that do not agree, columns it lacks."""

    township: str
    name: str
    year: int
    as_of: date | None
    counts: dict[str, int]
    rows: list[CheckedRow]
    without: list[str]


def check_hand_over(session: Session, sheets: Sequence[Sheet]) -> Checked:
    """Compare a file with what would be handed over now.

    Parameters
    ----------
    sheets : sequence of Sheet
        The file as read (:func:`geo.files.read_table`). Township and year are read from its first row.

    Returns
    -------
    Checked
        A renovation is compared once: a second row of it is ``double``. A row of another township or year, or of a
        renovation that is not among the records, is ``unknown``.

    Raises
    ------
    RenovationUnfit
        If no sheet has the columns 乡镇代码, 年度 and 改造号, there are no rows or too many, or the asker sees no such
        township.
    """
    sheet, names = _sheet(sheets)
    rows = [
        (int(no), {name: _plain(values[at]) for name, at in names.items()})
        for no, values in zip(sheet.rows, sheet.frame.itertuples(index=False, name=None), strict=True)
    ]
    if not rows or len(rows) > MOST_ROWS:
        raise lacking(
            "hand_over_file",
            f"文件有 {len(rows)} 行，应为 1 至 {MOST_ROWS} 行",
            f"the file has {len(rows)} rows; 1 to {MOST_ROWS} are expected",
            found=len(rows),
        )
    town, year = (rows[0][1][name] for name in OF_WHICH)
    if not town or not year or not (year.isascii() and year.isdigit() and len(year) == 4):
        raise lacking(
            "hand_over_file",
            f"第 {rows[0][0]} 行没有乡镇代码或四位年度，不知道与哪里核对",
            f"row {rows[0][0]} has no township code or year of four digits, so it is not known what to compare with",
        )
    try:
        ours = hand_over_rows(session, town, int(year))
    except CodeUnknown as error:
        raise RenovationUnfit(error.text, column="hand_over_file") from error
    waiting = {str(row[KEY]): {name: _plain(row[name]) for name in HEADINGS} for row in ours.rows}
    seen: set[str] = set()
    counts: Counter[str] = Counter(rows=len(rows))
    found: list[CheckedRow] = []
    for no, theirs in rows:
        site = theirs[KEY] or ""
        known = waiting.get(site)
        if known is None or any(theirs[name] != known[name] for name in OF_WHICH):
            one = CheckedRow(no, "unknown", site, theirs.get("户编号"))
        elif site in seen:
            one = CheckedRow(no, "double", site, known["户编号"])
        else:
            seen.add(site)
            changes: list[dict[str, str | None]] = [
                {"heading": name, "ours": known[name], "theirs": theirs[name]}
                for name in names
                if theirs[name] != known[name]
            ]
            one = CheckedRow(no, "changed" if changes else "agrees", site, known["户编号"], changes)
        counts[one.outcome] += 1
        if one.outcome != "agrees":
            found.append(one)
    left = [CheckedRow(None, "missing", site, row["户编号"]) for site, row in waiting.items() if site not in seen]
    counts["missing"] = len(left)
    return Checked(
        ours.township,
        ours.name,
        ours.year,
        ours.as_of,
        {name: counts[name] for name in ("rows", *OUTCOMES)},
        found + left,
        [name for name in HEADINGS if name not in names],
    )


def as_plain(found: Checked) -> dict[str, Any]:
    """What came of a comparison as JSON holds it: days as text."""
    return {**asdict(found), "as_of": found.as_of.isoformat() if found.as_of else None}


def _sheet(sheets: Sequence[Sheet]) -> tuple[Sheet, dict[str, int]]:
    for sheet in sheets:
        columns = [str(name) for name in sheet.frame.columns]
        names = {name: columns.index(name) for name in HEADINGS if name in columns}
        if {*OF_WHICH, KEY} <= set(names):
            return sheet, names
    found = "、".join(str(name) for sheet in sheets for name in sheet.frame.columns)[:300] or "—"
    raise RenovationUnfit(
        Text(
            f"没有核对：文件须有“乡镇代码”“年度”“改造号”列，文件里是：{found}。",
            f"Not compared: the file needs the columns 乡镇代码, 年度 and 改造号; it has: {found}.",
        ),
        column="hand_over_file",
        found=found,
        expected=[*OF_WHICH, KEY],
    )


def _plain(cell: Any) -> str | None:
    """A cell as it is compared: what a spreadsheet makes of a number, a day or a line break is no change."""
    if cell is None:
        return None
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell == int(cell) else f"{cell:.2f}"
    words = " ".join(printable(str(cell)).removeprefix("'").split())
    # An amount in yuan may come back as a number: 7500.00 as 7500.
    return words.removesuffix(".00") or None if words.replace(".", "", 1).isdigit() else words or None
