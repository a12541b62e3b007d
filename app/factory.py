"""The web application, put together from its parts."""

from __future__ import annotations

import gc
from typing import Any

from flask import Flask, redirect
from flask.json.provider import DefaultJSONProvider
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Engine, text
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from app import (
    access,
    account,
    accounts,
    agenda,
    analysis,
    api,
    appraisals,
    appraisals_due,
    areas,
    assets,
    assignment_acts,
    assignments,
    audit,
    base_maps,
    batches,
    campaign_editing,
    campaigns,
    cards,
    compression,
    concerns,
    concerns_api,
    coverage,
    devices,
    editing,
    eligibility,
    eligibility_api,
    eligibility_lists,
    errors,
    field,
    field_door,
    field_houses,
    field_phones,
    field_visits,
    field_work,
    file_codes,
    findings,
    hand_over,
    hardship,
    headers,
    health,
    household_paper,
    household_words,
    households,
    houses,
    import_steps,
    imports,
    jobs,
    language,
    live,
    lookback,
    lookback_report,
    made_files,
    map_renovation,
    maps,
    marks,
    money_batches,
    money_plans,
    monitoring,
    monitoring_api,
    monitoring_map,
    navigation,
    outbox,
    overview,
    packs,
    petitions,
    placing,
    publicity,
    receiving,
    renovation,
    renovation_acts,
    renovation_all,
    renovation_api,
    renovation_lists,
    renovation_money,
    renovation_ranking,
    reservations,
    roads,
    route_changes,
    route_files,
    route_giving,
    routes_api,
    routes_page,
    search,
    signin,
    site_files,
    sites,
    suspects,
    sync,
    tiles,
    visit_ledger,
    visits,
    worklists,
)
from app import session as sessions
from app.access import public
from app.session import Store, bearer_token
from app.tile_door import TileDoor
from data.accounts import DemoPasswords
from data.askers import Role
from data.db import app_engine
from data.sealing import load_sealer, load_secret
from data.settings import ROOT, Settings, load_settings
from geo.errors import Text

# In this order, which is also that of the route table.
BLUEPRINTS = (
    health.bp,
    language.bp,
    signin.bp,
    overview.bp,
    agenda.bp,
    analysis.bp,
    field.bp,
    map_renovation.bp,
    maps.bp,
    live.bp,
    tiles.bp,
    base_maps.bp,
    packs.bp,
    coverage.bp,
    campaigns.bp,
    campaign_editing.bp,
    worklists.bp,
    lookback.bp,
    lookback_report.bp,
    findings.bp,
    suspects.bp,
    roads.bp,
    cards.bp,
    file_codes.bp,
    placing.bp,
    editing.bp,
    assignments.bp,
    assignment_acts.bp,
    reservations.bp,
    routes_api.bp,
    routes_page.bp,
    route_changes.bp,
    route_files.bp,
    route_giving.bp,
    imports.bp,
    import_steps.bp,
    batches.bp,
    jobs.bp,
    made_files.bp,
    households.bp,
    household_paper.bp,
    houses.bp,
    sites.bp,
    concerns.bp,
    concerns_api.bp,
    renovation_api.bp,
    eligibility_api.bp,
    renovation_lists.bp,
    visits.bp,
    sync.bp,
    devices.bp,
    field_visits.bp,
    field_houses.bp,
    marks.bp,
    field_work.bp,
    field_phones.bp,
    outbox.bp,
    visit_ledger.bp,
    publicity.bp,
    hardship.bp,
    monitoring.bp,
    monitoring_api.bp,
    monitoring_map.bp,
    petitions.bp,
    appraisals.bp,
    appraisals_due.bp,
    eligibility.bp,
    eligibility_lists.bp,
    renovation.bp,
    renovation_acts.bp,
    household_words.bp,
    site_files.bp,
    renovation_all.bp,
    renovation_money.bp,
    renovation_ranking.bp,
    money_batches.bp,
    hand_over.bp,
    money_plans.bp,
    areas.bp,
    search.bp,
    account.bp,
    accounts.bp,
    audit.bp,
    api.bp,
)
DEMO_ACCOUNTS = ("inspector", "supervisor", "leader", "admin", "housing")
MIB = 1024 * 1024


class KeyConverter(BaseConverter):
    """Key of a record in an address: a whole number the database can hold."""

    regex = r"[1-9]\d{0,17}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


def create_app(settings: Settings) -> Flask:
    """Put the application together.

    Parameters
    ----------
    settings : Settings
        Where it runs.

    Returns
    -------
    Flask
        Ready to serve; connections open with the first request that needs one.

    Raises
    ------
    KeysUnfit
        If the key file is missing or incomplete.
    DemoPasswords
        If accounts of the demonstration are open although this is not the demonstration.
    """
    app = Flask("app", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(
        SECRET_KEY=load_secret(settings.key_file, "flask"),
        SESSION_COOKIE_NAME="fangtu_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=32 * MIB,
        MAX_FORM_MEMORY_SIZE=MIB,
    )
    app.json = _plain_json(app)
    engine = app_engine(settings)
    _refuse_demo_passwords(settings, engine)
    app.extensions["fangtu"] = Store(
        settings, engine, load_sealer(settings.key_file), load_secret(settings.key_file, "session")
    )
    live.init_app(app, settings)
    app.url_map.converters["key"] = KeyConverter
    # After a view the functions run backwards: commit or roll back first, then headers, compression last.
    compression.init_app(app)
    headers.init_app(app, settings.base_maps.origins())
    sessions.init_app(app)
    receiving.init_app(app)
    field_door.init_app(app)
    access.init_app(app)
    _guard_forms(app)
    language.init_app(app, settings.var / "translations")
    navigation.init_app(app)
    errors.init_app(app)
    base_maps.init_app(app, settings.base_maps)
    assets.init_app(app, ROOT / "static")
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", public(_home))
    app.extensions["fangtu_tiles"] = app.wsgi_app = TileDoor(app, app.wsgi_app, settings)  # type: ignore[method-assign]
    if settings.proxies:
        # Without this, one address behind the proxy would stand for everybody in the sign-in throttle.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    return app


def wsgi() -> Flask:
    """The application with the settings of the environment, for gunicorn (``app.factory:wsgi()``)."""
    app = create_app(load_settings())
    live.end_with_the_server(app)
    # What is here now stays: no list of ten thousand rows makes the collector go through all of it again.
    gc.freeze()
    return app


def _plain_json(app: Flask) -> DefaultJSONProvider:
    """JSON as it was put together: Chinese as Chinese, keys in their order, no indentation."""
    provider = DefaultJSONProvider(app)
    provider.ensure_ascii, provider.sort_keys, provider.compact = False, False, True
    return provider


def _home() -> AnyResponse:
    """Where each begins: a leader with the answer, the others with the map."""
    who = sessions.asker_or_none()
    if who is None:
        return redirect("/sign-in")
    return redirect("/overview" if who.role is Role.LEADER else "/map")


def _guard_forms(app: Flask) -> None:
    """Ask for the form token on every unsafe request but those that prove themselves by a token of their own, and those
    from the field: their header no page of another origin can send."""
    csrf = CSRFProtect(app)

    def check() -> None:
        if bearer_token() is None and not field_door.is_from_field():
            csrf.protect()

    app.before_request(check)


def _refuse_demo_passwords(settings: Settings, engine: Engine) -> None:
    if settings.demo:
        return
    with engine.connect() as connection:
        found: list[Any] = [
            name
            for name in DEMO_ACCOUNTS
            if connection.scalar(text("select demo and not disabled from sec.find_login(:name)"), {"name": name})
        ]
    engine.dispose()
    if found:
        names = "、".join(found)
        raise DemoPasswords(
            Text(
                f"没有启动：演示账号仍在使用（{names}），密码人人皆知。请逐个执行 ./fangtu user disable {found[0]} "
                f"或 ./fangtu user password {found[0]}；只看演示请用 ./fangtu demo。",
                f"Not started: demo accounts with well-known passwords are open ({', '.join(found)}). For each run "
                f"./fangtu user disable {found[0]} or ./fangtu user password {found[0]}; "
                "to see the demo use ./fangtu demo.",
            ),
            found=found,
        )
