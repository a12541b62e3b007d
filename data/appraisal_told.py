"""An appraisal as it is handed in, by a form or as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data.rules.appraising import CAUSE, GUIDELINE, MOST_POINTS, Findings, Part
from geo.errors import FangtuError, Text

MOST_WORDS, MOST_REMARK = 200, 2000


class AppraisalUnfit(FangtuError):
    """An appraisal lacks something or contradicts what is there; ``column`` names the field. Nothing was written."""

    code = "appraisal_unfit"


@dataclass(frozen=True)
class Told:
    """An appraisal as it is handed in, see :func:`read_told`."""

    client_id: uuid.UUID
    standard: str
    findings: Findings
    appraised_on: date
    appraiser: str
    cause: str
    grade: str | None = None
    reason: str | None = None
    appraised_by: str | None = None
    valid_until: date | None = None
    remark: str | None = None
    mark: int | None = None
    supersedes: int | None = None


def read_told(values: Mapping[str, Any]) -> Told:
    """Read an appraisal from a form or from JSON.

    Parameters
    ----------
    values : mapping
        ``id`` (UUID), ``standard``, ``site``, ``parts`` (by part: ``level`` and ``points``), ``measures``, ``raw``,
        ``grade``, ``reason``, ``appraised_on`` (``YYYY-MM-DD``), ``appraiser``, ``appraised_by``, ``cause``,
        ``valid_until``, ``remark``, ``mark`` (its number) and ``supersedes`` (a key). Blank is the same as missing.

    Raises
    ------
    AppraisalUnfit
        If something lacks that every appraisal has, or is of no kind it could be.
    """
    standard = _words(values, "standard") or ""
    appraised_on = _day(values, "appraised_on")
    if appraised_on is None:
        raise unfit("appraised_on", Text("请填写鉴定日期", "fill in the day of the appraisal"))
    appraiser = _words(values, "appraiser")
    if not appraiser:
        raise unfit("appraiser", Text("请填写鉴定单位或鉴定小组", "fill in the organisation or group that appraised"))
    cause = _words(values, "cause")
    if cause not in CAUSE:
        raise unfit("cause", Text("请选择鉴定缘由", "choose why it was appraised"))
    try:
        client_id = uuid.UUID(_words(values, "id") or "")
    except ValueError as error:
        raise unfit("id", Text("缺少编号（UUID）", "the id (a UUID) is missing")) from error
    return Told(
        client_id=client_id,
        standard=standard,
        findings=read_findings(values, standard),
        appraised_on=appraised_on,
        appraiser=appraiser,
        cause=cause,
        grade=_words(values, "grade"),
        reason=_words(values, "reason", MOST_REMARK),
        appraised_by=_words(values, "appraised_by"),
        valid_until=_day(values, "valid_until"),
        remark=_words(values, "remark", MOST_REMARK),
        mark=_number(values, "mark"),
        supersedes=_number(values, "supersedes"),
    )


def read_findings(values: Mapping[str, Any], standard: str) -> Findings:
    """Read the findings of a form or of JSON: parts and site by the guideline of 2019, else the grade as it stands.

    Raises
    ------
    AppraisalUnfit
        If they are of no kind they could be.
    """
    measures = _words(values, "measures")
    if standard != GUIDELINE:
        return Findings(measures=measures, raw=_words(values, "raw"))
    told = values.get("parts")
    told = {} if told is None else told
    if not isinstance(told, Mapping):
        raise unfit("parts", Text("组成部分应为对象", "parts are an object"))
    parts = {}
    for key, one in told.items():
        if not isinstance(one, Mapping):
            raise unfit("parts", Text("组成部分应有 level 和 points", "a part has level and points"))
        level = _words(one, "level")
        points = _words(one, "points", MOST_POINTS)
        if level is None and points:
            raise unfit(str(key), Text("写了危险点，请选择等级", "danger points are noted; choose the level"))
        if level is not None:
            parts[str(key)] = Part(level, points or "")
    return Findings(_words(values, "site"), parts, measures)


def _words(values: Mapping[str, Any], name: str, most: int = MOST_WORDS) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise unfit(name, Text("应为文字", "this is a text"))
    lines = ("".join(c if c.isprintable() else " " for c in line) for line in value.strip().splitlines())
    return "\n".join(" ".join(line.split()) for line in lines)[:most].strip() or None


def _day(values: Mapping[str, Any], name: str) -> date | None:
    given = _words(values, name)
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise unfit(name, Text(f"“{given}”不是日期，应如 2026-12-31", f"'{given}' is no day")) from error


def _number(values: Mapping[str, Any], name: str) -> int | None:
    given = values.get(name)
    if given is None or given == "":
        return None
    if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) < 19:
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 10**18:
        return given
    raise unfit(name, Text("应为编号", "this is a number"))


def unfit(column: str, why: Text) -> AppraisalUnfit:
    """That an appraisal is not saved, and why."""
    return AppraisalUnfit(Text(f"没有保存：{why.zh}。", f"Not saved: {why.en}."), column=column)
