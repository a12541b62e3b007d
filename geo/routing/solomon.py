"""Instances of Solomon (1987) and of Gehring and Homberger as problems: the textbook form of planning with windows.

Total distance counts, in the DIMACS way (ten times the straight line, truncated), and every customer has to be served
by the fleet the file names. Times are tenths of the file's unit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from geo.errors import Text
from geo.routing.problem import TOP_PRIORITY, Household, Inspector, Problem, ProblemError, Shift, Window
from geo.routing.travel import TruncatedPlane

_SCALE = 10


def is_solomon(text: str) -> bool:
    """Whether a text looks like such an instance."""
    return any(line.split()[:1] == ["VEHICLE"] for line in text.upper().splitlines()[:12])


# The largest number there may be: ways and moments are kept in whole tenths of 32 bits.
MOST = 100_000_000


def read_solomon(text: str, file: str | Path = "") -> Problem:
    """Read an instance.

    Parameters
    ----------
    text : str
        The file's text.
    file : str or Path
        Its name, for what is said about faults.

    Returns
    -------
    Problem
        Vehicles as inspectors ``1`` …, customers as households by their number, the depot as everyone's start and end.

    Raises
    ------
    ProblemError
        Naming file and line, what was found and what is expected.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    filled = [(number, words) for number, words in lines if words]
    heads = [at for at, (_, words) in enumerate(filled) if words[0].upper() == "NUMBER"]
    if not heads or heads[0] + 1 >= len(filled):
        raise _wrong(file, len(lines), Text("找不到 NUMBER CAPACITY 一节。", "there is no section NUMBER CAPACITY."))
    number, words = filled[heads[0] + 1]
    vehicles, capacity = _numbers(file, number, words, 2, Text("车辆数和容量", "number of vehicles and capacity"))
    rows: list[tuple[int, list[float]]] = []
    for number, words in filled[heads[0] + 2 :]:
        if not words[0].lstrip("+-").replace(".", "", 1).isdigit():
            if rows:
                raise _wrong(file, number, Text(f"“{words[0]}”不是数字。", f"“{words[0]}” is not a number."))
            continue
        values = _numbers(file, number, words, 7, Text("7 个数字", "7 numbers"))
        if max(abs(value) for value in values) > MOST:
            found = next(value for value in values if abs(value) > MOST)
            raise _wrong(
                file,
                number,
                Text(f"{found:g} 太大，最大为 {MOST:,}。", f"{found:g} is too large; {MOST:,} is the most."),
            )
        rows.append((number, values))
    if not rows:
        raise _wrong(file, len(lines), Text("没有客户，也没有车场。", "there is neither a depot nor a customer."))
    if vehicles < 1 or vehicles != int(vehicles):
        raise _wrong(
            file,
            filled[heads[0] + 1][0],
            Text(
                f"车辆数是 {vehicles:g}，应为不小于 1 的整数。",
                f"{vehicles:g} vehicles; a whole number of at least 1 is expected.",
            ),
        )
    return _problem(rows, int(vehicles), capacity, file)


def _problem(rows: list[tuple[int, list[float]]], vehicles: int, capacity: float, file: str | Path) -> Problem:
    if capacity < 0:
        raise _wrong(
            file, rows[0][0], Text(f"容量 {capacity:g} 小于 0。", f"a capacity of {capacity:g}, which is below 0.")
        )
    table = np.array([values for _, values in rows])
    households = []
    for place, (number, values) in enumerate(rows[1:], 1):
        who, _, _, demand, ready, due, service = values
        if due < ready:
            raise _wrong(
                file,
                number,
                Text(
                    f"时段在开始（{ready:g}）之前结束（{due:g}）。",
                    f"the window ends at {due:g}, before it begins at {ready:g}.",
                ),
            )
        households.append(
            Household(
                f"{who:g}",
                place,
                service_s=round(service * _SCALE),
                priority=TOP_PRIORITY,
                windows=(Window(int(np.ceil(ready * _SCALE)), int(due * _SCALE)),),
                load=int(np.ceil(demand)),
            )
        )
    shift = Shift(int(rows[0][1][4] * _SCALE), int(rows[0][1][5] * _SCALE))
    most = min(int(capacity), MOST)
    fleet = tuple(
        Inspector(str(at + 1), 0, 0, (shift,), capacity=most) for at in range(min(vehicles, max(1, len(rows))))
    )
    return Problem(TruncatedPlane(table[:, 1:3]), fleet, tuple(households), all_required=True, time_unit="tenths")


def _numbers(file: str | Path, line: int, words: list[str], many: int, what: Text) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != many or not np.isfinite(values).all():
        found = " ".join(words)[:80]
        raise _wrong(file, line, Text(f"读到“{found}”，应为{what.zh}。", f"found “{found}”; {what.en} are expected."))
    return values


def _wrong(file: str | Path, line: int, what: Text) -> ProblemError:
    name = Path(file).name
    return ProblemError(
        Text(f"{name} 第 {line} 行：{what.zh}", f"{name}, line {line}: {what.en}"), file=name, line=line
    )
