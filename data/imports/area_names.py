"""Other names and codes of an area in a file of areas, and rows that contradict each other."""

from __future__ import annotations

from datetime import datetime

from data.imports.area_codes import neat_code
from data.imports.area_entries import Alias, Entry, Unclear
from data.imports.atlas import Known
from data.imports.merge import Job
from data.imports.scope import display_village, fold_village
from data.imports.values import LOCAL_ZONE
from geo.errors import Text


def aliases_of(job: Job, at: int, name: str | None, level: str, local_code: str | None) -> list[Alias]:
    """Other names and older codes that a row states for its area.

    Parameters
    ----------
    job : Job
    at : int
        Place of the row among the records.
    name : str or None
    level : str
    local_code : str or None
        A code of another form than codes of this level have.

    Returns
    -------
    list of Alias
        A village's own spelling is among them if it is shown in another one. Empty if the row states none.
    """
    records = job.records
    day = records.column("valid_to")[at]
    aliases: list[Alias] = [(alias, None, None) for alias in records.column("aliases")[at] or ()]
    if name and level == "village" and display_village(name) != name:
        aliases.append((name, None, None))
    codes, names = records.column("old_code")[at] or [], records.column("old_name")[at] or []
    for number in range(max(len(codes), len(names))):
        older = neat_code(codes[number], level) if number < len(codes) and codes[number] else None
        other = names[number] if number < len(names) else None
        own = records.column("code")[at]
        if older and older != own:
            aliases.append((other, older, day))
        elif other and other != name:
            aliases.append((other, None, day))
    # A short number is only known inside its village; as an older code it would name areas everywhere.
    if local_code and len(local_code) >= 6:
        aliases.append((None, local_code, None))
    return aliases


def note_other_name(job: Job, at: int, known: Known, name: str, drawn: bool, aliases: list[Alias]) -> None:
    """Keep a differing name: a layer's as an alias of the stored one; a list renames, and the old name is an alias."""
    if drawn or fold_village(known.name) == fold_village(name):
        aliases.append((name, None, None))
        return
    if any(alias == name for alias, _, _ in aliases):
        return
    job.report.warn(
        Text(f"{known.code} 原名“{known.name}”，改名", f"{known.code} was '{known.name}'; renamed"),
        row=job.records.rows[at],
        sheet=job.records.sheets[at],
        found=name,
    )
    aliases.append((known.name, None, datetime.now(LOCAL_ZONE).date()))
    known.name = name


def refuse_twice(job: Job, entry: Entry, first: dict[str, Entry]) -> None:
    """Refuse a second row for an area, unless it adds a part of its shape or an older code.

    Raises
    ------
    Unclear
    """
    before = first.get(entry.code)
    assert entry.at is not None
    if before is None or before.at is None:
        return
    row = job.records.rows[before.at]
    own, other = job.records.column("name")[entry.at], job.records.column("name")[before.at]
    if own and other and fold_village(own) != fold_village(other):
        raise Unclear(
            "name",
            own,
            Text(f"“{other}”（第 {row} 行）", f"'{other}' (row {row})"),
            Text("同一代码有两个名称", "one code has two names"),
        )
    if (entry.shape is None or before.shape is None) and not any(code for _, code, _ in entry.aliases):
        raise Unclear(
            "code",
            job.records.column("code")[entry.at],
            Text("每个辖区只出现一次", "each area once only"),
            Text(f"与第 {row} 行重复", f"the same area as row {row}"),
        )


def warn_of_twins(job: Job, entries: list[Entry]) -> None:
    """Warn of two areas of one level and name under one parent; both are kept."""
    names: dict[tuple[str, str | None, str], Entry] = {}
    for entry in entries:
        twin = names.setdefault((entry.level, entry.parent, entry.name), entry)
        if twin.code != entry.code and entry.at is not None:
            job.report.warn(
                Text(
                    f"同一上级下有两个“{entry.name}”：{twin.code}、{entry.code}",
                    f"two areas named '{entry.name}' under one parent: {twin.code}, {entry.code}",
                ),
                row=job.records.rows[entry.at],
                sheet=job.records.sheets[entry.at],
                found=entry.name,
            )
