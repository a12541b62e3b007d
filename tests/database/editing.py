"""Editing boundaries of the rich town: asking what an edit would do, doing it, and saying who moved."""

from __future__ import annotations

from typing import Any

from data.areas import number_range
from data.askers import Asker, Role
from data.db import owner_session
from data.edit_wishes import Wish
from data.edits import Edited, Preview, apply_edit, limits_of, preview_edit
from tests.database.importing import TOWNSHIP
from tests.database.test_import_undo import Town

ROUND = {"campaign_id": 1, "round_no": 1}


def asker(code: str = TOWNSHIP, account_id: int = 1) -> Asker:
    return Asker(account_id, "editor", "编辑", Role.SUPERVISOR, "zh", (number_range(code),))


def preview(town: Town, wish: Wish, who: Asker | None = None) -> Preview:
    with owner_session(town.store.engine) as session:
        found = preview_edit(session, wish, who or asker(), **ROUND)
        session.rollback()
        return found


def edit(town: Town, wish: Wish, revision: str | None = None, who: Asker | None = None) -> Edited:
    seen = revision or preview(town, wish, who).plan.revision
    with owner_session(town.store.engine) as session:
        return apply_edit(session, wish, seen, limits_of(who or asker()), account_id=None)


def spoken(moves: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Moves as ``(n, from, to)``: village and number of the grid, or settlement."""

    def place(found: dict[str, Any] | None) -> str:
        if found is None:
            return "outside"
        part = found.get("grid") or found.get("settlement") or ""
        return f"{found['village']} {part.replace('网格', '').strip()}"

    return sorted((move["n"], place(move["from"]), place(move["to"])) for move in moves)
