"""Reading an office's list (名单): the columns it must have, and each row as it was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from data.imports.days import read_date
from data.imports.findings import Cannot, Doubtful
from data.imports.personal import read_id_number
from data.imports.values import read_text
from data.renovation.unfit import RenovationUnfit
from data.rules.aid_groups import Meaning, meaning_of
from geo.errors import Text

if TYPE_CHECKING:
    from geo.files import Sheet

MOST_ROWS = 100_000
HEADINGS = {
    "name": ("户主姓名", "姓名", "户主", "申请人", "申请人姓名", "对象姓名", "残疾人姓名"),
    "id_number": ("身份证号", "身份证号码", "户主身份证号", "公民身份号码", "证件号码", "身份证", "户主证件号码"),
    "area": (
        "村",
        "行政村",
        "村（社区）",
        "村(社区)",
        "所在村",
        "村名",
        "村居",
    ),
    "group": ("类别", "对象类别", "保障类别", "救助类别", "人员类别", "农户类型", "监测对象类别", "户类型", "身份类别"),
    "valid_from": ("有效期起", "起始日期", "认定日期", "批准日期", "纳入日期", "享受开始日期"),
    "valid_until": ("有效期止", "截止日期", "终止日期", "到期日期", "退出日期"),
}
_SUMS = re.compile(r"(合计|总计|小计|备注|说明|填表|审核|单位).*")
_LONGEST = 200


@dataclass(frozen=True)
class ListRow:
    """One row of a list.

    Attributes
    ----------
    no : int
        Number of the row in the file.
    name, area, group : str or None
        As written.
    id_number : str or None
        The whole number if it holds its check; None if there is none.
    id_wrong : bool
        Whether there is one that cannot stand: broken by a spreadsheet, or wrong in its check.
    meaning : Meaning or None
        What the group means; None if it is not known.
    unread : tuple of str
        Which of ``valid_from`` and ``valid_until`` could not be read.
    """

    no: int
    name: str | None
    area: str | None
    group: str | None
    id_number: str | None
    id_wrong: bool = False
    meaning: Meaning | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    unread: tuple[str, ...] = ()


def read_list(sheets: Sequence[Sheet], group: str | None = None) -> list[ListRow]:
    """Read a list from the first sheet that has its columns.

    Parameters
    ----------
    sheets : sequence of Sheet
        The file as read (:func:`geo.files.read_table`).
    group : str, optional
        A key of ``AID_GROUP`` that the whole list is of, for a list without a column of the group.

    Returns
    -------
    list of ListRow
        Rows with neither name nor number, and sums and remarks below the table, are no rows.

    Raises
    ------
    RenovationUnfit
        If no sheet has a name or number and a group (the columns it has are named), it has no rows, or too many.
    """
    for sheet in sheets:
        columns = _columns(list(sheet.frame.columns))
        if ("id_number" in columns or {"name", "area"} <= set(columns)) and ("group" in columns or group):
            break
    else:
        found = "、".join(str(name) for sheet in sheets for name in sheet.frame.columns)[:300] or "—"
        raise RenovationUnfit(
            Text(
                f"没有比对：名单须有“身份证号”（或“姓名”和“村”）和“类别”列，文件里是：{found}。",
                f"Not compared: a list needs the columns 身份证号 (or 姓名 and 村) and 类别; the file has: {found}.",
            ),
            column="list_file",
            found=found,
            expected=["身份证号", "姓名", "村", "类别"],
        )
    whole = Meaning(group) if group else None
    rows = []
    for no, values in zip(sheet.rows, sheet.frame.itertuples(index=False, name=None), strict=True):
        row = _row(int(no), {name: values[at] for name, at in columns.items()}, whole)
        if row is not None:
            rows.append(row)
    if not rows:
        raise RenovationUnfit(
            Text("没有比对：名单里没有一行。", "Not compared: the list has no rows."), column="list_file"
        )
    if len(rows) > MOST_ROWS:
        raise RenovationUnfit(
            Text(
                f"没有比对：名单有 {len(rows)} 行，最多 {MOST_ROWS} 行。请分成几个文件。",
                f"Not compared: the list has {len(rows)} rows, at most {MOST_ROWS}. Split the file.",
            ),
            column="list_file",
            found=len(rows),
            expected=MOST_ROWS,
        )
    return rows


def _columns(names: list[Any]) -> dict[str, int]:
    plain = [re.sub(r"\s", "", str(name)) for name in names]
    found: dict[str, int] = {}
    for what, words in HEADINGS.items():
        at = next((plain.index(word) for word in words if word in plain), None)
        if at is not None:
            found[what] = at
    return found


def _row(no: int, cells: dict[str, Any], whole: Meaning | None) -> ListRow | None:
    name, area, group = (_words(cells.get(what)) for what in ("name", "area", "group"))
    number, wrong = _number(cells.get("id_number"))
    if (name is None or _SUMS.fullmatch(name)) and number is None and not wrong:
        return None
    start, start_wrong = _day(cells.get("valid_from"))
    end, end_wrong = _day(cells.get("valid_until"))
    return ListRow(
        no,
        name,
        area,
        group,
        number,
        wrong,
        meaning_of(group) if group else whole,
        start,
        end,
        tuple(what for what, is_wrong in (("valid_from", start_wrong), ("valid_until", end_wrong)) if is_wrong),
    )


def _words(cell: Any) -> str | None:
    found = read_text(cell)
    return " ".join(found.split())[:_LONGEST] or None if found else None


def _number(cell: Any) -> tuple[str | None, bool]:
    """The number of a cell, and whether it is one that cannot stand: broken by a spreadsheet, or wrong in its check."""
    try:
        found = read_id_number(cell)
    except Cannot:
        return None, True
    # An unknown county is an old one: a doubt, and the number of a person all the same.
    return (found.value if isinstance(found, Doubtful) else found), False


def _day(cell: Any) -> tuple[date | None, bool]:
    try:
        found = read_date(cell)
    except Cannot:
        return None, True
    return (found.value if isinstance(found, Doubtful) else found), False
