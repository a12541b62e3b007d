"""Hand-over files of a township (一户一码移交): each renovation of a year with its gates and money, packed as one zip.

The return data that goes to a township for import into the 一户一码 system (``domain E6``). Nothing in the pack comes
from a clock, so that the same records give the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import area_range
from data.audit import record
from data.formulas import guarded
from data.masks import mask_name
from data.renovation.bank_files import reference_of
from data.renovation.site_file import gate_line
from data.renovation.unfit import lacking
from data.rules.gates import GATES
from data.rules.words import METHOD, PAYMENT_STATE, SITE_STATE, STAGE
from data.workbooks import write_rows

AMOUNTS = ("应补（分）", "已发放（分）")
KEY = "改造号"
# What a file that comes back is known by, before its rows are compared.
OF_WHICH = ("乡镇代码", "年度")
GATE_HEADINGS = {gate: f"{STAGE[gate].zh}日期" for gate in GATES}
HEADINGS = (
    *OF_WHICH,
    KEY,
    "户编号",
    "户主姓名",
    "身份证号",
    "村",
    "改造前等级",
    "改造方式",
    "状态",
    *GATE_HEADINGS.values(),
    "应补（分）",
    "应补（元）",
    "已发放（分）",
    "已发放（元）",
    "报盘明细号",
    "银行结果",
    "备注",
)
Value = str | int | None
# The first day a zip can name.
_STILL = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class HandOver:
    """What is handed over.

    Attributes
    ----------
    township, name : str
        Code and name of the township.
    jur : int
        Its jurisdiction number.
    year : int
    as_of : date or None
        Day of the newest act or booking among the rows; None without any.
    rows : list of dict
        A value for each of :data:`HEADINGS`, by the number of the renovation. Amounts in yuan are text with two
        decimals; what is not known is None, never 0.
    households : int
        Different households among the rows.
    """

    township: str
    name: str
    jur: int
    year: int
    as_of: date | None
    rows: list[dict[str, Value]]
    households: int

    def sum_of(self, heading: str) -> int:
        """Sum of one of :data:`AMOUNTS`, in fen; rows without an amount add nothing."""
        return sum(fen for row in self.rows if isinstance(fen := row[heading], int))


def hand_over_rows(session: Session, area: str, year: int) -> HandOver:
    """Read what is handed to a township.

    Parameters
    ----------
    area : str
        Code of a township the asker answers for, or its name.
    year : int
        Year of the plan.

    Returns
    -------
    HandOver
        A row for each renovation: a household that began twice in the year has two. Names are masked and ID numbers
        starred, as in every list that leaves the house (the household's code joins the rows).

    Raises
    ------
    CodeUnknown
        If the asker sees no such area.
    RenovationUnfit
        If it is no township.
    """
    jur, jur_end = area_range(session, area)
    town = session.execute(
        text("""
            select code, name from area
             where jur = :jur and jur_end = :end and level = 'township' and valid_to is null order by id limit 1"""),
        {"jur": jur, "end": jur_end},
    ).one_or_none()
    if town is None:
        raise lacking("area", f"“{area}”不是乡镇，请选择乡镇", f"'{area}' is no township; choose one", found=area)
    keys = {"lo": jur, "hi": jur_end, "year": year}
    sites = [dict(row) for row in session.execute(text(_SITES), keys).mappings()]
    acts = _by_site(session, _ACTS, keys)
    payments = _by_site(session, _PAYMENTS, keys)
    days = [act["on_day"] for many in acts.values() for act in many]
    days += [one[name] for many in payments.values() for one in many for name in ("paid_on", "booked_on") if one[name]]
    as_of = max(days, default=None)
    rows = [
        {"乡镇代码": town.code, "年度": year, **_row(site, acts[site["id"]], payments[site["id"]])} for site in sites
    ]
    homes = {site["household_code"] or site["id"] for site in sites}
    return HandOver(town.code, town.name, jur, year, as_of, rows, len(homes))


_OF = "s.jur >= :lo and s.jur < :hi and s.year = :year"
_SITES = f"""
    select s.id, coalesce(h.code, s.household_ref) as household_code, h.head_name, h.id_sealed is not null as has_id,
           v.name as village, s.grade_before, s.method, s.stage, s.state, s.stage_on, s.approved_on, s.started_on,
           s.completed_on, s.accepted_on, s.paid_on, s.entitled_fen, s.remark
      from renovation_site s left join household h on h.id = s.household_id left join area v on v.id = s.village_id
     where {_OF} order by s.id"""
_ACTS = f"""
    select g.site_id, g.no, g.act, g.gate, g.on_day from site_gate g join renovation_site s on s.id = g.site_id
     where {_OF} order by g.site_id, g.no"""
_PAYMENTS = f"""
    select p.site_id, p.batch_id, p.line_no, p.fen, p.state, p.paid_on, p.failure,
           (select max((r.at at time zone 'Asia/Shanghai')::date) from bank_return_row w
              join bank_return r on r.id = w.return_id where w.payment_id = p.id) as booked_on
      from payment p join renovation_site s on s.id = p.site_id
     where {_OF} and p.state <> 'cancelled' order by p.site_id, p.id"""


def _by_site(session: Session, sql: str, keys: dict[str, Any]) -> defaultdict[int, list[dict[str, Any]]]:
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in session.execute(text(sql), keys).mappings():
        found[row["site_id"]].append(dict(row))
    return found


def _row(site: dict[str, Any], acts: list[dict[str, Any]], payments: list[dict[str, Any]]) -> dict[str, Value]:
    # No step is late or stalled here: that would be a judgement of the day the file is made.
    line = gate_line({**site, "late": False, "stalled": False}, acts, date.min)
    passed = {step.gate: step.on_day for step in line if step.state == "done"}
    last = payments[-1] if payments else None
    paid = sum(one["fen"] for one in payments if one["state"] == "paid")
    return {
        KEY: site["id"],
        "户编号": site["household_code"],
        "户主姓名": mask_name(site["head_name"]) if site["head_name"] else None,
        "身份证号": "*" * 12 if site["has_id"] else None,
        "村": site["village"],
        "改造前等级": site["grade_before"] or "无房户",
        "改造方式": METHOD[site["method"]].zh,
        "状态": SITE_STATE[site["state"]].zh,
        **{heading: _iso(passed.get(gate)) for gate, heading in GATE_HEADINGS.items()},
        "应补（分）": site["entitled_fen"],
        "应补（元）": _yuan(site["entitled_fen"]),
        "已发放（分）": paid,
        "已发放（元）": _yuan(paid),
        # Number of batch and line as the bank was told: the batch's name may be out of a township's sight.
        "报盘明细号": reference_of(last["batch_id"], last["line_no"]) if last else None,
        "银行结果": _bank(last) if last else None,
        "备注": site["remark"],
    }


def _bank(payment: dict[str, Any]) -> str:
    said = PAYMENT_STATE[payment["state"]].zh
    return f"{said}：{payment['failure']}" if payment["failure"] else said


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{fen // 100}.{fen % 100:02d}"


def pack_hand_over(session: Session, area: str, year: int, *, reason: str | None = None) -> bytes:
    """Make the zip of a township: workbook, CSV and ``manifest.json``; that it was made is written down.

    Parameters
    ----------
    area, year
        As for :func:`hand_over_rows`.
    reason : str, optional
        Why, for the log.

    Returns
    -------
    bytes
        The same records give the same bytes.

    Raises
    ------
    CodeUnknown, RenovationUnfit
        As :func:`hand_over_rows`; also if there is no renovation to hand over.
    """
    found = hand_over_rows(session, area, year)
    if not found.rows:
        raise lacking(
            "year",
            f"{found.name} {year} 年没有改造，没有可移交的数据",
            f"{found.name} has no renovation of {year} to hand over",
            found=year,
        )
    name = f"{found.township}-{year}"
    files = {f"{name}.xlsx": _workbook(found.rows), f"{name}.csv": _csv(found.rows)}
    manifest = {
        "township": found.township,
        "name": found.name,
        "year": year,
        "as_of": _iso(found.as_of),
        "rows": len(found.rows),
        "households": found.households,
        "entitled_fen": found.sum_of("应补（分）"),
        "rows_without_entitlement": sum(row["应补（分）"] is None for row in found.rows),
        "paid_fen": found.sum_of("已发放（分）"),
        "headings": list(HEADINGS),
        "files": [
            {"name": one, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for one, content in files.items()
        ],
    }
    files["manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
    record(
        session,
        act="hand_over",
        object_kind="renovation_site",
        fields=["head_name"],
        reason=reason,
        details={"area": found.township, "year": year, "rows": len(found.rows)},
        jur=found.jur,
    )
    return _zip(files)


def _csv(rows: Sequence[dict[str, Value]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    writer.writerows([_safe(row[name]) for name in HEADINGS] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _workbook(rows: Sequence[dict[str, Value]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.xlsx")
        write_rows(path, "一户一码移交", HEADINGS, ([_safe(row[name]) for name in HEADINGS] for row in rows))
        # Packed anew: each part of a workbook bears the moment it was written.
        with zipfile.ZipFile(path) as book:
            return _zip({part: book.read(part) for part in book.namelist()})


def _safe(value: Value) -> Value:
    return guarded(value) if isinstance(value, str) else value


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _STILL)
            entry.external_attr = 0o644 << 16
            pack.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
