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
    """One page in the top bar, or one tab below it."""

    url: str
    label: str
    active: bool


@dataclass(frozen=True)
class Section:
    """Pages that belong together: one entry in the top bar, a tab for each page below it.

    ``under`` are further addresses that belong to the section.
    """

    pages: list[tuple[str, str]]
    label: str
    under: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether an address belongs here."""
        return any(_is_at(path, url) for url in (*(url for url, _label in self.pages), *self.under))


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
    sections = _sections(asker) if asker else []
    here = next((section for section in sections if section.holds(request.path)), None)
    return {
        "lang": language(),
        "user": User(asker.full_name, asker.role, asker.account_id) if asker else None,
        "nav": [NavItem(section.pages[0][0], section.label, section is here) for section in sections],
        "tabs": [NavItem(url, label, _is_at(request.path, url)) for url, label in here.pages]
        if here and len(here.pages) > 1
        else [],
    }


def _is_at(path: str, url: str) -> bool:
    return path == url or path.startswith(url + "/")


def _sections(asker: Asker) -> list[Section]:
    leads = asker.role in (Role.SUPERVISOR, Role.LEADER)
    arranges = asker.role in (Role.SUPERVISOR, Role.ADMIN)
    visits = [("/visits", _("台账"))]
    if arranges:
        visits.append(("/assign", _("指派")))
    visits += [
        ("/suspects", _("存疑")),
        ("/remainder", _("剩余")),
        ("/lookback", _("回头看")),
        ("/findings", _("扣分")),
    ]
    visits.append(("/publicity", _("宣讲")))
    if asker.role is not Role.INSPECTOR:
        visits.append(("/analysis", _("分析")))
    if leads:
        visits.append(("/roads", _("路网")))
        visits.append(("/hardship", _("困难户")))
    houses = [
        ("/appraisals", _("鉴定台账")),
        ("/sites", _("改造")),
        ("/monitoring", _("动态监测")),
        ("/concerns", _("整治")),
    ]
    if asker.role is not Role.INSPECTOR:
        houses.append(("/eligibility", _("身份认定")))
        houses.append(("/money", _("资金")))
    if leads:
        houses.append(("/petitions", _("信访")))
    sections = [
        _page("/map", _("地图")),
        _page("/coverage", _("覆盖率")),
        Section(visits, _("走访"), under=("/households", "/cards")),
        Section(houses, _("农房"), under=("/houses",)),
        _page("/campaigns", _("行动")),
        _page("/worklists", _("待核")),
    ]
    if asker.role is not Role.INSPECTOR:
        sections.insert(3, _page("/routes", _("路线")))
        sections.insert(0, Section([("/overview", _("总览")), ("/today", _("今日要办"))], _("总览")))
    if arranges:
        sections.insert(-2, Section([("/field-work", _("标注与到达")), ("/field-phones", _("手机"))], _("外业")))
        # A batch is looked at from the list of imports.
        sections += [_page("/areas/edit", _("边界")), _page("/imports", _("导入"), under=("/batches",))]
    else:
        sections.insert(-2, _page("/field-work", _("外业")))
    if asker.role is Role.ADMIN:
        sections += [_page("/accounts", _("账号")), _page("/audit", _("日志"))]
    return sections


def _page(url: str, label: str, under: tuple[str, ...] = ()) -> Section:
    return Section([(url, label)], label, under)
