"""Games of the phone's own modules, in Node, against the real server: what they are played with, and what came of them.

A game makes nothing anew but two inspectors with households of their own and a supervisor over both, so that a thousand
are played in one database, one after the other.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.folding import fold
from data.tables import Account, Duty
from tests.database.test_isolation import open_session
from tests.field_modules import NODE, PACKAGES, PAGES, STATIC, node
from tests.field_site import site_of
from tests.web.conftest import Web
from tests.web.field import picture

STEPS = 26
HOUSEHOLDS = 5
# Places no village of the small township has; and one in another township, where its campaign is not known.
_FIRST, _EACH, _HALF = 990101001500000, 10, 5
_AWAY = (990101003000000, 990101003001000)
_TOKENS = 5
_AT_ONCE = 25
# A step that takes longer hangs, and what it waits for is told. No whole game takes longer than the other.
STEP_S, _GAME_S = 20.0, 120
_PICTURES = [picture(seed, size=(64, 48)) for seed in range(6)]
_HOMES = """
    insert into household (natural_key, code, head_name, address, jur, village_id, quality)
    select 'game:' || :jur || ':' || n, 'G' || n, '某某', '密址' || n, :jur, :village, 7 from generate_series(1, :n) n
    returning id"""


@dataclass
class Played:
    """What came of some games.

    Attributes
    ----------
    runs, saved, photos, requests : int
        Games; visits and marks said to be saved in them with their photographs; requests of phones.
    injected : Counter
        How often each fault was made.
    failed : list of dict
        Games in which something was wrong: ``seed``, ``problems``, ``steps``.
    cpu_s : float
        Processor time of the phones.
    """

    runs: int = 0
    saved: int = 0
    photos: int = 0
    requests: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    failed: list[dict[str, Any]] = field(default_factory=list)
    cpu_s: float = 0.0

    def add(self, told: dict[str, Any]) -> None:
        """Count one game."""
        self.runs += 1
        for name in ("saved", "photos", "requests", "cpu_s"):
            setattr(self, name, getattr(self, name) + told[name])
        self.injected.update(told["injected"])
        if told["problems"]:
            self.failed.append({name: told[name] for name in ("seed", "problems", "steps")})


class Games:
    """A server on which games are played."""

    def __init__(self, web: Web, site: str) -> None:
        self._web = web
        self._site = site
        self._place = _FIRST
        self._one_at_a_time = threading.Lock()

    def play(
        self,
        seeds: Sequence[int],
        *,
        static: Path = STATIC,
        until_wrong: bool = False,
        lines: int = 1,
        step_s: float = STEP_S,
    ) -> Played:
        """Play a game for each seed.

        Parameters
        ----------
        seeds : sequence of int
        static : Path
            Folder whose ``js/field`` is played with.
        until_wrong : bool
            Whether to end with the first game in which something is wrong.
        lines : int
            How many games are played at once.
        step_s : float
            Seconds after which a step that has not ended is said to hang.

        Raises
        ------
        AssertionError
            If Node breaks down.
        """
        played = Played()
        size = min(_AT_ONCE, -(-len(seeds) // lines))
        some = [seeds[at : at + size] for at in range(0, len(seeds), size)]
        with ThreadPoolExecutor(lines) as pool:
            for _ in pool.map(lambda few: self._play(few, static, until_wrong, played, step_s), some):
                fold(self._web.owner)
        return played

    def _play(self, seeds: Sequence[int], static: Path, until_wrong: bool, played: Played, step_s: float) -> None:
        if until_wrong and played.failed:
            return
        with self._one_at_a_time:
            games = [self._game(seed) for seed in seeds]
        told = {
            "games": games,
            "pictures": [base64.b64encode(content).decode() for content in _PICTURES],
            "steps": STEPS,
            "untilWrong": until_wrong,
            "stepMs": round(step_s * 1000),
        }
        flags = (*PAGES, "--max-semi-space-size=64")
        fake = PACKAGES / "fake-indexeddb"
        command = [node(), *flags, str(NODE / "games.mjs"), str(static / "js" / "field"), str(fake), self._site]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as running:
            try:
                said, wrong = running.communicate(json.dumps(told), timeout=_GAME_S * len(seeds))
                assert running.returncode == 0, wrong[-3000:]
            except subprocess.TimeoutExpired:
                # It does not even come to look at the clock.
                running.kill()
                said, _ = running.communicate()
        ended = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
        with self._one_at_a_time:
            for game in ended:
                played.add(game)
            if len(ended) < len(seeds) and not (until_wrong and played.failed):
                stuck = {"seed": seeds[len(ended)], "problems": ["the game does not end"], "steps": []}
                played.failed.append(stuck)

    def _game(self, seed: int) -> dict[str, Any]:
        """Two inspectors with their households, each by itself, and a supervisor of both."""
        low, self._place = self._place, self._place + _EACH
        places = [(low, low + _HALF), (low + _HALF, low + _EACH)]
        with Session(self._web.owner) as session, session.begin():
            accounts = [self._account(session, "inspector", place, _TOKENS) for place in places]
            chief = self._account(session, "supervisor", (low, low + _EACH), 1)
            for account, (jur, _) in zip(accounts, places, strict=True):
                keys = {"jur": jur, "village": self._web.town.areas["990101001001"], "n": HOUSEHOLDS}
                account["households"] = list(session.scalars(text(_HOMES), keys))
        by_account = {account["id"]: place for account, place in zip(accounts, places, strict=True)}
        return {
            "seed": seed,
            "campaign": self._web.town.campaign_id,
            "accounts": accounts,
            "chief": {"token": chief["tokens"][0], "device": str(uuid.uuid4())},
            "places": {**by_account, "both": (low, low + _EACH), "away": _AWAY},
        }

    def _account(self, session: Session, role: str, place: tuple[int, int], tokens: int) -> dict[str, Any]:
        low, high = place
        name = uuid.uuid4().hex[:12]
        # Who else was at a house is told apart by name.
        account = Account(username=f"game-{name}", full_name=f"某{name}", role=role, jur=low, jur_end=high)
        session.add(account)
        session.flush()
        session.add(Duty(account_id=account.id, jur=low, jur_end=high))
        session.flush()
        made = [f"game-{uuid.uuid4().hex}" for _ in range(tokens)]
        for token in made:
            open_session(session, self._web.settings, account.id, token)
        return {"id": account.id, "tokens": made}


@contextmanager
def games_on(web: Web) -> Iterator[Games]:
    """The application on a township, ready for games, in which nobody waits half an hour until a visit counts."""
    with web.owner.begin() as connection:
        connection.execute(text("update campaign set plan = jsonb_set(plan, '{visit,min_minutes}', '0')"))
    app: Flask = create_app(web.settings)
    # A server that is killed says nothing, and its own answer to that is no game's matter.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        with site_of(app, web) as site:
            yield Games(web, site)
    finally:
        app.extensions["fangtu"].engine.dispose()
