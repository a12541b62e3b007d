"""What a work plan says twice and differently: numbers that do not add up, days that cannot be kept.

Counted here from the plan's own tables; what only a reader can see stands in the plan as ``[[contradiction]]``. A
contradiction keeps nobody from carrying a plan out: it is reported, with what was taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from data.rules.plan_lines import Path, line_at
from data.rules.plan_reading import Reading, name_of
from geo.counting import counted
from geo.errors import Text


@dataclass(frozen=True)
class Contradiction:
    """One contradiction.

    Attributes
    ----------
    line : int
    field : str
    text : Text
        What is said against what, with the numbers.
    clause, clause_ref : str or None
        The words of the document and where they stand.
    counted : bool
        Found by counting; else noted by whoever made the plan from the document.
    """

    line: int
    field: str
    text: Text
    clause: str | None
    clause_ref: str | None
    counted: bool = True


def find_contradictions(reading: Reading) -> list[Contradiction]:
    """Contradictions of a plan that was read without faults, in the order of their lines."""
    content = reading.content
    found = []
    for path, text in (
        *_classes(content),
        *_figures(content),
        *_stages(content),
        *_rounds(content),
        *_visitors(content),
        *_deadlines(content),
    ):
        found.append(_at(reading, path, text, _row(content, path), counted=True))
    for at, one in enumerate(content["contradiction"]):
        said, against = (_quoted(one.get(name)) for name in ("clause", "against"))
        both = Text(
            f"{said}与{against}" if said and against else said, f"{said} against {against}" if against else said
        )
        text = Text(
            f"{one['name_zh']}：{both.zh}" + (f"；{one['taken_zh']}" if "taken_zh" in one else ""),
            f"{one['name_en']}: {both.en}" + (f"; {one['taken_en']}" if "taken_en" in one else ""),
        )
        found.append(_at(reading, ("contradiction", at), text, one, counted=False))
    return sorted(found, key=lambda one: one.line)


def _quoted(words: str | None) -> str:
    """Words of the document in quotation marks, those inside them in single ones."""
    return "“" + words.replace("“", "‘").replace("”", "’") + "”" if words else ""


def _at(reading: Reading, path: Path, text: Text, row: dict[str, Any], *, counted: bool) -> Contradiction:
    line = line_at(reading.lines, path)
    return Contradiction(line, name_of(path), text, row.get("clause"), row.get("clause_ref"), counted)


def _row(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """The table a path lies in."""
    row: Any = content
    for part in path:
        inner = row[part]
        if not isinstance(inner, dict | list):
            break
        row = inner
    return row if isinstance(row, dict) else {}


def _classes(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    stated, named = content["demands"].get("classes_stated"), content["demand_class"]
    if stated is not None and stated != len(named):
        zh = "、".join(one["name_zh"] for one in named)
        en = ", ".join(one["name_en"] for one in named)
        yield (
            ("demands", "classes_stated"),
            Text(
                f"写明 {stated} 类，列出的是 {len(named)} 类：{zh}",
                f"says {counted(stated, 'class', 'classes')} and names {len(named)}: {en}",
            ),
        )


def _figures(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    for at, one in enumerate(content["figure"]):
        unit = one.get("unit", "")
        stated = f"{one['stated']:g}" if isinstance(one["stated"], float) else f"{one['stated']}"
        if one["parts"]:
            total = math.fsum(one["parts"])
            if abs(total - one["stated"]) > 1e-6:
                parts = " + ".join(f"{part:g}" for part in one["parts"])
                parts += f" = {total:g}" if len(one["parts"]) > 1 else ""
                yield (
                    ("figure", at),
                    Text(
                        f"{one['name_zh']}：写明 {stated}{unit}，各项合计 {parts}{unit}",
                        f"{one['name_en']}: {stated} stated, the parts make {parts}",
                    ),
                )
        if one["ratio_of"]:
            part, whole = one["ratio_of"]
            percent = math.floor(part / whole * 100 * 10 ** one["decimals"] + 0.5 + 1e-9) / 10 ** one["decimals"]
            if abs(percent - one["stated"]) > 1e-9:
                yield (
                    ("figure", at),
                    Text(
                        f"{one['name_zh']}：写明 {stated}%，{part:g}/{whole:g} 为 {percent:g}%",
                        f"{one['name_en']}: {stated}% stated, {part:g} of {whole:g} is {percent:g}%",
                    ),
                )


def _stages(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    issued = content["source"].get("issued_on")
    before: tuple[str, str, date] | None = None
    for at, one in enumerate(content["stage"]):
        if issued and one.get("ends_on") and one["ends_on"] < issued:
            yield (
                ("stage", at, "ends_on"),
                Text(
                    f"阶段“{one['name_zh']}”截止 {one['ends_on']}，早于文件印发日 {issued}",
                    f"the stage '{one['name_en']}' ends on {one['ends_on']}, before the document's day {issued}",
                ),
            )
        elif issued and one.get("starts_on") and one["starts_on"] < issued:
            yield (
                ("stage", at, "starts_on"),
                Text(
                    f"阶段“{one['name_zh']}”自 {one['starts_on']} 起，早于文件印发日 {issued}",
                    f"the stage '{one['name_en']}' begins on {one['starts_on']}, before the document's day {issued}",
                ),
            )
        if before and one.get("ends_on") and one["ends_on"] < before[2]:
            yield (
                ("stage", at, "ends_on"),
                Text(
                    f"阶段“{one['name_zh']}”截止 {one['ends_on']}，早于前一阶段“{before[0]}”的 {before[2]}",
                    f"the stage '{one['name_en']}' ends on {one['ends_on']}, before '{before[1]}' does ({before[2]})",
                ),
            )
        if one.get("ends_on"):
            before = one["name_zh"], one["name_en"], one["ends_on"]


def _rounds(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    stages = {one["key"]: one for one in content["stage"]}
    for at, one in enumerate(content["round"]):
        stage = stages.get(one.get("stage", ""))
        if not stage:
            continue
        if one.get("ends_on") and stage.get("ends_on") and one["ends_on"] > stage["ends_on"]:
            yield (
                ("round", at, "ends_on"),
                Text(
                    f"“{one['name_zh']}”截止 {one['ends_on']}，晚于所在阶段“{stage['name_zh']}”的 {stage['ends_on']}",
                    f"'{one['name_en']}' ends on {one['ends_on']}, after its stage '{stage['name_en']}' "
                    f"({stage['ends_on']})",
                ),
            )
        if one.get("starts_on") and stage.get("starts_on") and one["starts_on"] < stage["starts_on"]:
            yield (
                ("round", at, "starts_on"),
                Text(
                    f"“{one['name_zh']}”自 {one['starts_on']} 起，"
                    f"早于所在阶段“{stage['name_zh']}”的 {stage['starts_on']}",
                    f"'{one['name_en']}' begins on {one['starts_on']}, before its stage '{stage['name_en']}' "
                    f"({stage['starts_on']})",
                ),
            )


def _visitors(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    """Visitors whose day is after the visiting is over; shares that are more than all; numbers nobody stated."""
    ends = [one["ends_on"] for one in content["round"] if one.get("ends_on")]
    last = max(ends) if len(ends) == len(content["round"]) else None
    shares = math.fsum(one["share"] for one in content["visitor"] if one["rule"] == "share" and not one["repeats"])
    for at, one in enumerate(content["visitor"]):
        if last and one.get("due_on") and one["due_on"] > last:
            yield (
                ("visitor", at, "due_on"),
                Text(
                    f"“{one['name_zh']}”限 {one['due_on']} 前，而走访在 {last} 截止",
                    f"'{one['name_en']}' have until {one['due_on']}, and the visits end on {last}",
                ),
            )
        if one["rule"] == "count" and "count" not in one and not any("households" in u for u in one["unit"]):
            yield (
                ("visitor", at, "rule"),
                Text(
                    f"“{one['name_zh']}”按户数走访，文中没有户数",
                    f"'{one['name_en']}' visit a number of households that the document does not state",
                ),
            )
        if one["rule"] == "count" and "count" in one and one["unit"]:
            total = sum(unit.get("households", 0) for unit in one["unit"])
            if total != one["count"]:
                yield (
                    ("visitor", at, "count"),
                    Text(
                        f"“{one['name_zh']}”写明 {one['count']} 户，各单位合计 {total} 户",
                        f"'{one['name_en']}': {counted(one['count'], 'household')} stated, the units make {total}",
                    ),
                )
    if shares > 1 + 1e-9:
        yield (
            ("visitor",),
            Text(
                f"互不重复的走访比例合计 {shares:.0%}，超过全部",
                f"shares without repeats make {shares:.0%}, more than all",
            ),
        )


def _deadlines(content: dict[str, Any]) -> Iterator[tuple[Path, Text]]:
    """Days that reach past the stage in which the plan wants it done; and gaps between the classes of days."""
    stages = {one["key"]: one for one in content["stage"]}
    for at, one in enumerate(content["deadline"]):
        begins, within = stages.get(one.get("after", ""), {}), stages.get(one.get("stage", ""), {})
        if not begins.get("ends_on") or not within.get("ends_on"):
            continue
        days = one.get("at_most", one["days"])
        due = earliest_end(begins["ends_on"], days, working=one["calendar"] == "working")
        if due > within["ends_on"]:
            words = Text("个工作日", "working days") if one["calendar"] == "working" else Text("天", "days")
            yield (
                ("deadline", at),
                Text(
                    f"“{one['name_zh']}”从 {begins['ends_on']} 起 {days} {words.zh}，最早 {due}，"
                    f"晚于阶段“{within['name_zh']}”的 {within['ends_on']}",
                    f"'{one['name_en']}': {days} {words.en} from {begins['ends_on']} end on {due} at the earliest, "
                    f"after the stage '{within['name_en']}' ({within['ends_on']})",
                ),
            )


def earliest_end(start: date, days: int, *, working: bool) -> date:
    """Last of so many days after a day; of working days with weekends left out, public holidays only make it later."""
    day = start
    left = days
    while left > 0:
        day += timedelta(days=1)
        if not working or day.weekday() < 5:
            left -= 1
    return day
