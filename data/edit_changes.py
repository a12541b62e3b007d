"""One area's change in an edit of boundaries, who answers for the land afterwards, and numbers for new areas."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import MultiPolygon
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.edit_refusals import EditRefused
from data.edit_scenes import Scene
from data.imports.area_codes import next_code
from geo.errors import Text

# Key of a village that is still to be added; an area of the plan that is new has a negative one by its place in it.
NEW_VILLAGE = -2


@dataclass(frozen=True)
class Change:
    """One area before and after.

    Attributes
    ----------
    level, code, name : str
        As they will be.
    id : int or None
        None for a new area.
    village_id : int
        Of the village it is or lies in; :data:`NEW_VILLAGE` for one that is still to be added.
    before, after : MultiPolygon or None
        None for no boundary.
    was : str or None
        Its code before, where that changes.
    gone : bool
        Whether it ends: it was merged into another area or deleted.
    """

    level: str
    code: str
    name: str
    id: int | None
    village_id: int
    before: MultiPolygon | None
    after: MultiPolygon | None
    was: str | None = None
    gone: bool = False


@dataclass(frozen=True)
class Heirs:
    """An area whose number ends or whose land is divided, and the areas that answer for that land afterwards.

    Attributes
    ----------
    code : str
        Of the village or grid.
    to : tuple of str
        Codes; the first takes what is known only to lie in the area. The area's own code is among them if it stays.
    """

    code: str
    to: tuple[str, ...]


def key_of(change: Change, at: int) -> int:
    """Key of an area; a new one has a negative one by its place in the plan."""
    return change.id if change.id is not None else -1 - at


def default_name(code: str) -> str:
    """Name of a grid or settlement nobody has named."""
    if "-N" in code:
        return f"{code.split('-')[1]}自然村"
    return f"{code.split('-')[1]}组" if "-G" in code else f"{code[-3:]}网格"


def free_codes(session: Session, scene: Scene, count: int) -> list[str]:
    """Codes no grid or settlement of the scene's village has, or had before it ended or was given another.

    Raises
    ------
    EditRefused
        If the village has no number left.
    """
    return new_codes(session, scene.parent.code, scene.level, count)


def new_codes(session: Session, village: str, level: str, count: int) -> list[str]:
    """As :func:`free_codes`, for a village by its code."""
    taken = set(
        session.scalars(
            text("""
                select g.code from grid g join area v on v.id = g.village_id where v.code = :village
                union select code from area where code like :prefix
                union select code from area_alias where code like :prefix
                union
                select c->>'code' from area_edit e join batch b on b.id = e.batch_id,
                       jsonb_array_elements(e.changes) c
                 where c->>'code' like :prefix and e.act in ('merge', 'grids') and b.undone_at is null"""),
            {"village": village, "prefix": f"{village}%"},
        )
    )
    codes = []
    for _ in range(count):
        try:
            code = next_code(village, level, taken)
        except ValueError:
            raise EditRefused(
                Text("这个村的编号已用完（网格 001–999）。", "The village has no number left (grids 001-999).")
            ) from None
        codes.append(code)
        taken.add(code)
    return codes
