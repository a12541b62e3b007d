"""The areas there are, in memory: found by code, older code or name while a list of areas is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.scope import fold_village

if TYPE_CHECKING:
    from data.imports.limits import Limits


@dataclass
class Known:
    """One current area or grid, stored or about to be."""

    code: str
    name: str
    level: str
    parent: str | None
    id: int | None = None
    has_geom: bool = False
    has_centre: bool = False


@dataclass
class Atlas:
    """Areas by code and by name; what a file adds is added here as well, so that later rows can refer to it."""

    by_code: dict[str, Known] = field(default_factory=dict)
    older: dict[str, str] = field(default_factory=dict)
    _names: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def add(self, area: Known, names: Iterable[str] = ()) -> Known:
        """Take an area in, or further names of one."""
        self.by_code[area.code] = area
        for name in (area.name, *names):
            for form in {name, fold_village(name)}:
                self._names.setdefault((area.level, form), set()).add(area.code)
        return area

    def find_code(self, code: str) -> Known | None:
        """Find by the current code, else by an older one."""
        return self.by_code.get(code) or self.by_code.get(self.older.get(code, ""))

    def find_name(self, level: str, name: str, within: str) -> list[Known]:
        """Find by name or alias below a code; exact names first, folded ones if there are none.

        Settlements and villages must be of this very parent or below it by code; several are possible.
        """
        for form in (name, fold_village(name)):
            codes = [code for code in self._names.get((level, form), ()) if code.startswith(within)]
            exact = sorted(code for code in codes if code != within or not within)
            if exact:
                return [self.by_code[code] for code in exact]
        return []

    @property
    def codes(self) -> set[str]:
        """All codes in use, older ones too."""
        return self.by_code.keys() | self.older.keys()


def load_atlas(session: Session, limits: Limits) -> Atlas:
    """Read all current areas, grids and aliases, but those that neither lie inside the limits nor hold them."""
    atlas = Atlas()
    rows = session.execute(
        text(f"""
            select a.id, a.code, a.name, a.level, p.code as parent, a.geom is not null and not a.derived as has_geom,
                   a.centre is not null as has_centre,
                   array(select x.name from area_alias x where x.area_id = a.id and x.name is not null) as names,
                   array(select x.code from area_alias x where x.area_id = a.id and x.code is not null) as codes
            from area a left join area p on p.id = a.parent_id
            where a.valid_to is null and {limits.sql_meets("a")}
            union all
            select g.id, g.code, g.name, 'grid', v.code, true, true, '{{}}', '{{}}'
            from grid g join area v on v.id = g.village_id where {limits.sql_meets("g")}""")
    )
    for row in rows:
        atlas.add(Known(row.code, row.name, row.level, row.parent, row.id, row.has_geom, row.has_centre), row.names)
        atlas.older |= dict.fromkeys(row.codes, row.code)
    return atlas
