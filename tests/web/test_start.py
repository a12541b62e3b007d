"""What stops a start: open demo accounts, missing keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.accounts import DemoPasswords
from data.sealing import KeysUnfit
from tests.web.conftest import Web


@pytest.fixture
def demo_account(web: Web) -> Iterator[str]:
    def switch(demo: bool, disabled: str) -> None:
        with Session(web.owner) as session, session.begin():
            session.execute(
                text(f"update account set demo = :demo, disabled_at = {disabled} where username = 'leader'"),
                {"demo": demo},
            )

    switch(True, "null")
    yield "leader"
    switch(False, "null")


def test_demo_passwords_outside_the_demonstration_stop_the_start(web: Web, demo_account: str) -> None:
    with pytest.raises(DemoPasswords) as refused:
        create_app(web.settings)
    assert refused.value.details["found"] == [demo_account]
    assert f"./fangtu user disable {demo_account}" in refused.value.text.zh
    assert f"./fangtu user password {demo_account}" in refused.value.text.en
    create_app(replace(web.settings, demo=True))


def test_a_disabled_demo_account_stops_nothing(web: Web, demo_account: str) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(text("update account set disabled_at = now() where username = :name"), {"name": demo_account})
    create_app(web.settings)


def test_without_keys_nothing_starts(web: Web, tmp_path: Path) -> None:
    with pytest.raises(KeysUnfit):
        create_app(replace(web.settings, key_file=tmp_path / "keys.json"))
