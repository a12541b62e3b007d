"""The demonstration: the sample township with one account for each role, and a township that has renovated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data.accounts import set_duty
from data.areas import EVERYWHERE, area_range
from data.askers import Asker, Role
from data.audit import record
from data.db import owner_session
from data.passwords import hash_password, make_password, password_matches
from data.sealing import load_sealer
from data.settings import Settings
from data.tables import Account
from geo.errors import Text

TOWNSHIP = "370725108"
VILLAGE = "370725108201"
# Another township of the county, whose renovations of 2021 are done and paid.
RENOVATED = "370725199"
# Name, role, area of duty; the people are invented.
ACCOUNTS = (
    ("inspector", "梁小满", Role.INSPECTOR, VILLAGE),
    ("supervisor", "沈秋禾", Role.SUPERVISOR, TOWNSHIP),
    ("leader", "邵玉梅", Role.LEADER, TOWNSHIP),
    ("housing", "何安居", Role.SUPERVISOR, RENOVATED),
    ("admin", "顾长青", Role.ADMIN, None),
)
Say = Callable[[Text], None]


def load_demo(settings: Settings, engine: Engine, password: str | None, say: Say) -> dict[str, Any]:
    """Load the sample unless it is there, and open the accounts.

    Parameters
    ----------
    password : str, optional
        For all of them; without one it is made.

    Returns
    -------
    dict
        What the sample's loader tells (``loaded``, ``counts``), and ``accounts`` with ``username``, ``role``,
        ``password``.
    """
    # Generating the sample needs the whole scientific stack; opening accounts does not.
    from data.imports.sample import load_sample
    from data.samples.appraisals import add_appraisals
    from data.samples.concerns import add_concerns
    from data.samples.demands import add_demands
    from data.samples.renovation import load_renovations
    from data.samples.renovation_visits import open_renovation_campaign

    with owner_session(engine) as session:
        # Before the sample's: the newest campaign is what pages show first to those who see both townships.
        open_renovation_campaign(session, RENOVATED)
    sample = load_sample(engine, settings, say)
    load_renovations(engine, settings, say)
    chosen = password or make_password()
    with owner_session(engine) as session:
        if sample["loaded"]:
            low = area_range(session, TOWNSHIP)[0]
            record(session, act="load_sample", object_kind="area", object_id=TOWNSHIP, jur=low)
        opened = open_demo_accounts(session, chosen, say)
        if sample["loaded"]:
            # Phones hand demands in; those of the sample are the demonstration inspector's.
            inspector = session.scalar(select(Account.id).where(Account.username == ACCOUNTS[0][0], Account.demo))
            if inspector is not None:
                add_demands(session, inspector, *area_range(session, TOWNSHIP))
            supervisor = session.scalar(select(Account).where(Account.username == ACCOUNTS[1][0], Account.demo))
            if supervisor is not None:
                desk = Asker(
                    supervisor.id,
                    supervisor.username,
                    supervisor.full_name,
                    Role.SUPERVISOR,
                    None,
                    (area_range(session, TOWNSHIP),),
                    demo=True,
                )
                add_appraisals(session, desk, area_range(session, VILLAGE), VILLAGE)
                if inspector is not None:
                    sealer = load_sealer(settings.key_file)
                    add_concerns(session, settings, sealer, inspector, desk, area_range(session, VILLAGE))
    return sample | {"accounts": [{"username": n, "role": role.value, "password": chosen} for n, role in opened]}


def open_demo_accounts(session: Session, password: str, say: Say = lambda text: None) -> list[tuple[str, Role]]:
    """Make or open again the account of each role, all with one password.

    An account of the same name that is somebody's real account stays untouched, and is said.

    Returns
    -------
    list of (str, Role)
        The accounts that are open with this password.
    """
    opened = []
    for username, full_name, role, area in ACCOUNTS:
        account = session.scalar(select(Account).where(Account.username == username))
        if account is not None and not account.demo:
            say(
                Text(
                    f"账号 {username} 是正式账号，没有改动。",
                    f"The account {username} is a real one and was left alone.",
                )
            )
            continue
        duty = area_range(session, area) if area else EVERYWHERE
        if account is None:
            account = Account(username=username, full_name=full_name, role=role.value, demo=True)
            account.jur, account.jur_end = duty
            session.add(account)
        if account.id is None or not password_matches(account.password_hash, password):
            account.password_hash = hash_password(password)
        account.disabled_at = None
        session.flush()
        set_duty(session, account, [duty])
        opened.append((username, role))
    return opened
