"""The generated part of ``templates/docs/benchmarks.md``: a table of all figures and a plot of those beside peers.

Everything outside the two marks of the page is written by hand and stays. Plots are SVG, drawn here: bars of one unit
need no plotting library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from data.settings import ROOT

FOLDER = Path(__file__).parent
PAGE = ROOT / "templates" / "docs" / "benchmarks.md"
PICTURES = PAGE.parent / "img"
BEGIN = "<!-- measured by ./fangtu bench --write: begin -->"
END = "<!-- measured by ./fangtu bench --write: end -->"
HEAD = ("what", "measured", "goal", "beside", "ratio", "conditions")
# Picture, in pixels.
WIDTH, LABEL, BAR, GAP, ROOM = 860, 250, 16, 14, 120
OURS, THEIRS, INK, PAPER, LINE = "#0C5A63", "#B9B2A3", "#22272B", "#FFFFFF", "#D8D3C7"


class MarksMissing(Exception):
    """The page does not say where the generated part belongs."""


def write_page(results: Mapping[str, Mapping[str, Any]], page: Path = PAGE, pictures: Path = PICTURES) -> list[Path]:
    """Put the results between the marks of the page, and the plots beside it.

    What stands there of other benchmarks stays: they may have been measured on another day, by another copy.

    Parameters
    ----------
    results : mapping
        What ``./fangtu bench --json`` prints: by benchmark, its conditions and figures.
    page : Path
        Page with both marks, each once and in order.
    pictures : Path
        Folder of the plots; those of benchmarks that have no peers are removed.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    MarksMissing
        If the page lacks a mark; nothing is written then.
    """
    words = page.read_text(encoding="utf-8")
    if words.count(BEGIN) != 1 or words.count(END) != 1 or words.index(BEGIN) > words.index(END):
        raise MarksMissing(f"{page.name} must hold, once each and in this order: {BEGIN} and {END}")
    pictures.mkdir(parents=True, exist_ok=True)
    written = []
    for name, told in results.items():
        file = pictures / f"bench-{name}.svg"
        drawing = plot(name, told["figures"])
        if drawing is None:
            file.unlink(missing_ok=True)
            continue
        file.write_text(drawing, encoding="utf-8")
        written.append(file)
    before, rest = words.split(BEGIN)
    between, after = rest.split(END)
    shown = {file.stem.removeprefix("bench-") for file in written}
    sections = {**_sections_of(between), **_sections(results, shown)}
    body = "\n".join(sections[name] for name in sorted(sections))
    page.write_text(f"{before}{BEGIN}\n\n{body}\n{END}{after}", encoding="utf-8")
    return [page, *written]


def _sections_of(between: str) -> dict[str, str]:
    """What a generated part says of each benchmark that there still is."""
    pieces = re.split(r"(?m)^### `(\w+)`$", between)[1:]
    return {
        name: f"### `{name}`\n\n{text.strip()}\n"
        for name, text in zip(pieces[::2], pieces[1::2], strict=True)
        if (FOLDER / f"bench_{name}.py").exists()
    }


def _sections(results: Mapping[str, Mapping[str, Any]], plotted: set[str]) -> dict[str, str]:
    """Markdown for each benchmark: when and where it ran, its figures, and its plot."""
    parts = {}
    for name, told in results.items():
        lines = [f"### `{name}`", "", _circumstances(told), ""]
        for key, words in (("answers_differ", "Answers differ, so nothing is compared"), ("unavailable", "Not run")):
            if key in told:
                lines += [f"**{words}:** {_cell(told[key])}", ""]
        if told["figures"]:
            lines += [f"| {' | '.join(HEAD)} |", f"|{' --- |' * len(HEAD)}"]
            lines += [f"| {' | '.join(row(figure))} |" for figure in told["figures"]]
            lines.append("")
        if name in plotted:
            lines += [f"![{name}: measured beside peers](img/bench-{name}.svg)", ""]
        parts[name] = "\n".join(lines)
    return parts


def row(figure: Mapping[str, Any]) -> list[str]:
    """Cells of one figure."""
    goal = "" if figure["goal"] is None else f"{'≥' if figure['at_least'] else '≤'} {figure['goal']:g}"
    missed = figure["met"] is False
    value = f"{number(figure['value'])} {figure['unit']}".strip()
    cells = [
        figure["what"],
        f"**{value}, missed**" if missed else value,
        goal,
        figure["peer"],
        "" if figure["ratio"] is None else number(figure["ratio"]),
        figure["conditions"],
    ]
    return [_cell(cell) for cell in cells]


def number(value: float) -> str:
    """Three figures that count, without an exponent."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}"


def plot(name: str, figures: Sequence[Mapping[str, Any]]) -> str | None:
    """Bars of the figures that have peers' numbers beside them; None where there are none."""
    groups = [
        [("Fangtu", figure["value"]), *figure["beside"].items()] if figure["beside"] else [] for figure in figures
    ]
    chosen = [(figure, group) for figure, group in zip(figures, groups, strict=True) if group]
    if not chosen:
        return None
    parts, y = [], 34
    for figure, group in chosen:
        most = max([value for _, value in group] + [figure["goal"] or 0]) or 1
        scale = (WIDTH - LABEL - ROOM) / most
        words = f"{figure['what']}, {figure['unit']}".rstrip(", ")
        parts.append(_text(16, y + 4, words, weight=600))
        y += 14
        top = y
        for who, value in group:
            colour = OURS if who == "Fangtu" else THEIRS
            wide = max(1.0, value * scale)
            parts.append(_text(LABEL - 10, y + 12, who, anchor="end"))
            parts.append(f'<rect x="{LABEL}" y="{y}" width="{wide:.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(_text(LABEL + wide + 6, y + 12, number(value)))
            y += BAR + 4
        if figure["goal"]:
            at = LABEL + figure["goal"] * scale
            parts.append(
                f'<path d="M{at:.1f} {top - 3}V{y}" stroke="{INK}" stroke-dasharray="3 3" fill="none">'
                f"<title>goal {figure['goal']:g}</title></path>"
            )
        y += GAP + 8
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img" '
        f'font-family="sans-serif" font-size="12">\n<title>{escape(name)}: measured beside peers; the dashed line is '
        f'the goal</title>\n<rect width="{WIDTH}" height="{y}" fill="{PAPER}" stroke="{LINE}"/>\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, words: str, *, weight: int = 400, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def _circumstances(told: Mapping[str, Any]) -> str:
    machine = told["machine"].split("-")[0]  # the kernel's own number says nothing to a reader
    size = f"{told['households']:,} households asked for" if told.get("households") else "sizes of its own"
    speed = ""
    if "yardstick_before" in told:
        speed = f" yardstick {told['yardstick_before']:.0f} and {told['yardstick_after']:.0f} ms;"
    if "lost_before" in told:
        speed += f" {told['lost_before']:.0%} and {told['lost_after']:.0%} lost with all cores busy;"
    return (
        f"{told['began'][:10]}; {told['cores']} cores, {machine}; load {told['load_before']:.1f} at the beginning and "
        f"{told['load_after']:.1f} at the end;{speed} {size}."
    )


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")
