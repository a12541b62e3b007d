"""What came from phones, read and deleted beside the server, and visits of others sent without a phone."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from PIL import Image
from sqlalchemy import text

from data.local_time import ZONE
from tests.browser.chromium import WAIT_MS
from tests.browser.stand import Stand


def forget_field(stand: Stand) -> None:
    """Delete all that phones sent, and the phones."""
    with stand.owner.begin() as connection:
        connection.execute(text("update session set device_id = null, kind = 'web'"))
        for table in (
            "mark_change",
            "mark",
            "demand",
            "field_visit",
            "synced_photo",
            "sync_reject",
            "pulled",
            "device",
        ):
            connection.execute(text(f"delete from {table}"))
        connection.execute(text("delete from attachment where visit_id in (select id from synced_item)"))
        connection.execute(text("delete from visit where id in (select id from synced_item)"))
        connection.execute(text("delete from synced_item"))


def visits_in(stand: Stand) -> list[str]:
    """Outcomes of the visits that came from phones, one for each that is stored."""
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("select v.outcome from visit v join synced_item s on s.id = v.id order by v.started_at")
        )
        return [row.outcome for row in rows]


def photos_in(stand: Stand) -> set[str]:
    """SHA-256 of the photos that are stored."""
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("select encode(sha256, 'hex') as sum from synced_photo where received_at is not null")
        )
        return {row.sum for row in rows}


def unsent_told(stand: Stand) -> list[int]:
    """What each phone last told of its unsent records."""
    with stand.owner.connect() as connection:
        return list(connection.scalars(text("select unsent from device")))


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds outside the page."""
    end = time.monotonic() + WAIT_MS / 1000
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def picture(folder: Path) -> Path:
    """A photo as a camera writes it: large, with noise."""
    path = folder / "photo.jpg"
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(path, quality=85)
    return path


def count_at_once(stand: Stand) -> None:
    """Let visits count however short they are: nobody waits half an hour in a test."""
    with stand.owner.begin() as connection:
        connection.execute(text("update campaign set plan = jsonb_set(plan, '{visit,min_minutes}', '0')"))


def standing_of(stand: Stand, household: str) -> tuple[int | None, int]:
    """Status number and number of valid visits of a household in the round."""
    with stand.owner.connect() as connection:
        row = connection.execute(
            text("select status, valid_visits from standing where household_id = :id and round_no = 1"),
            {"id": stand.town.households[household]},
        ).one()
        return row.status, row.valid_visits or 0


def visit_as(site: str, stand: Stand, who: str, household: str) -> None:
    """A visit that somebody else hands in, of just now and of this day, also soon after midnight."""
    end = datetime.now(ZONE)
    start = max(end - timedelta(minutes=40), end.replace(hour=0, minute=0, second=0, microsecond=0))
    body = {
        "schema": 1,
        "household_id": stand.town.households[household],
        "campaign": stand.town.campaign_id,
        "round": 1,
        "started_at": start.isoformat(),
        "ended_at": end.isoformat(),
        "entered_at": end.isoformat(),
        "mode": "home",
        "outcome": "done",
    }
    asked = Request(
        f"{site}/api/v1/visits/{uuid.uuid4()}",
        data=json.dumps(body).encode(),
        method="PUT",
        headers={
            "Authorization": f"Bearer {stand.tokens[who]}",
            "X-Fangtu-Device": str(uuid.uuid4()),
            "Content-Type": "application/json",
        },
    )
    with urlopen(asked) as answer:
        assert answer.status == 201
