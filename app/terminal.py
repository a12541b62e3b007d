"""The command line's manners: language, refusals as sentences, results on standard output."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.launch.console import choose_language
from data.settings import Settings, load_settings
from geo.errors import FangtuError, Text

LANG = choose_language(os.environ)
NO_TABLES = ("42P01", "42704", "3F000", "42883")  # unknown table, role, schema or function


def words(zh: str, en: str) -> str:
    """The sentence in the language of this command line."""
    return Text(zh, en).in_language(LANG)


def say(text: Text, _done: int | None = None, _total: int | None = None) -> None:
    """Tell progress on standard error, so that results stay clean."""
    click.echo(text.in_language(LANG), err=True)


def print_json(value: Any) -> None:
    """Print a result for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def rate_in_words(ratio: float | None, target: float) -> str:
    """A ratio in percent, half up to one decimal, that never looks like the target or 100 % before it is there."""
    if ratio is None:
        return "—"
    tenths = math.floor(ratio * 1000 + 0.5 + 1e-9)
    for line in (target, 1.0):
        if ratio < line:
            tenths = min(tenths, math.ceil(line * 1000 - 1e-9) - 1)
    return f"{tenths // 10}.{tenths % 10}%"


class Commands(click.Group):
    """A group whose refusals are sentences with exit status 1; a wrong command line gives 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn expected errors into words."""
        try:
            return super().invoke(ctx)
        except FangtuError as error:
            click.echo(error.text.in_language(LANG), err=True)
        except OperationalError as error:
            click.echo(
                words("数据库没有回应。请看 ./fangtu status。", "The database does not answer. See ./fangtu status."),
                err=True,
            )
            click.echo(f"  {str(error.orig).strip().splitlines()[0]}", err=True)
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) not in NO_TABLES:
                raise
            click.echo(
                words(
                    "数据库还没有数据表，或不是当前版本。请运行 ./fangtu upgrade。",
                    "The database has no tables yet, or is not of this version. Run ./fangtu upgrade.",
                ),
                err=True,
            )
        ctx.exit(1)


@contextmanager
def as_owner() -> Iterator[tuple[Settings, Engine]]:
    """Settings, and connections as the owner of the tables.

    What the command changed is folded in at its end: no background program need be running.
    """
    from data.db import owner_engine
    from data.folding import fold

    settings = load_settings()
    engine = owner_engine(settings)
    try:
        yield settings, engine
        fold(engine)
    finally:
        engine.dispose()
