"""What every template knows: language, who is signed in, and the pages in the bar by role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from flask_babel import gettext as _

from app.language import language
from app.session import known_asker
from data.askers import Asker, Role


@dataclass(frozen=True)
class NavItem:
    """One page in the top bar."""

    url: str
    label: str
    active: bool


@dataclass(frozen=True)
class User:
    """Who is signed in, as the top bar shows it."""

    name: str
    role: Role
    account_id: int


def init_app(app: Flask) -> None:
    """Give templates ``lang``, ``user`` and ``nav``."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    asker = known_asker()
    return {
        "lang": language(),
        "user": User(asker.full_name, asker.role, asker.account_id) if asker else None,
        "nav": _nav(asker) if asker else [],
    }


def _nav(asker: Asker) -> list[NavItem]:
    pages = [("/map", _("地图")), ("/coverage", _("覆盖率")), ("/worklists", _("待核")), ("/suspects", _("存疑"))]
    if asker.role is not Role.INSPECTOR:
        pages.insert(0, ("/overview", _("总览")))
    if asker.role in (Role.SUPERVISOR, Role.ADMIN):
        pages += [("/areas/edit", _("边界")), ("/imports", _("导入"))]
    if asker.role is Role.ADMIN:
        pages += [("/accounts", _("账号")), ("/audit", _("日志"))]
    # A batch is looked at from the list of imports.
    here = "/imports" if request.path.startswith("/batches/") else request.path
    return [NavItem(url, label, here == url or here.startswith(url + "/")) for url, label in pages]
