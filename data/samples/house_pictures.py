"""Drawn pictures of a house before, during and after its renovation, for sites of the sample (改造前、中、后)."""

from __future__ import annotations

import io
import uuid
from datetime import date

import numpy as np
from PIL import Image, ImageDraw
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.files import add_file
from data.rules.site_files import PHASE
from data.sealing import Sealer
from data.settings import Settings

SITES = 12
SIZE = (960, 720)
_GROUND, _LEFT, _RIGHT = 560, 200, 760
_SPACE = uuid.UUID("6f0c1c36-6f0b-4d52-8f2b-6a3f0d2f9a11")


def add_pictures(session: Session, settings: Settings, sealer: Sealer, township: str) -> int:
    """Put drawn pictures of the first :data:`SITES` completed sites of a township in, as an upload does.

    Parameters
    ----------
    township : str
        Code of the township.

    Returns
    -------
    int
        Pictures added; one that is there already adds nothing.
    """
    sites = session.execute(
        text("""
            select s.id, s.code, s.method, s.started_on, s.completed_on,
                   (select min(g.on_day) from site_gate g where g.site_id = s.id) as begun_on
              from renovation_site s join area a on a.code = :town and s.jur >= a.jur and s.jur < a.jur_end
             where s.started_on is not null and s.completed_on is not null order by s.id limit :most"""),
        {"town": township, "most": SITES},
    ).all()
    added = 0
    for number, site in enumerate(sites):
        days: dict[str, date] = {
            "before": site.begun_on or site.started_on,
            "during": site.started_on + (site.completed_on - site.started_on) // 2,
            "after": site.completed_on,
        }
        for phase in PHASE:
            content = draw_house(phase, number, rebuilt=site.method != "repair")
            name = f"{PHASE[phase].zh}.jpg"
            added += add_file(
                session,
                settings,
                sealer,
                None,
                site.id,
                uuid.uuid5(_SPACE, f"{site.id}/{phase}"),
                content,
                name=name,
                phase=phase,
                taken_on=days[phase],
            )
    return added


def draw_house(phase: str, number: int, *, rebuilt: bool) -> bytes:
    """Draw one house from the same place at one phase.

    Parameters
    ----------
    phase : str
        A key of ``PHASE``.
    number : int
        Which house: its walls, windows and hills differ from those of others.
    rebuilt : bool
        Whether a new house stands there afterwards, not the old one repaired.

    Returns
    -------
    bytes
        A JPEG of :data:`SIZE` pixels, the same for the same arguments.
    """
    rng = np.random.default_rng(1000 + number)
    hills = [int(y) for y in rng.integers(260, 420, 9)]
    wall = tuple(int(c) for c in rng.integers((150, 110, 80), (200, 150, 115)))
    fresh = tuple(int(c) for c in rng.integers((225, 215, 195), (250, 245, 235)))
    left, right = _LEFT + int(rng.integers(-60, 60)), _RIGHT + int(rng.integers(-60, 60))
    picture = Image.new("RGB", SIZE, (196, 220, 236) if phase == "after" else (205, 211, 214))
    draw = ImageDraw.Draw(picture)
    ridge = [(x * SIZE[0] // 8, y) for x, y in enumerate(hills)]
    draw.polygon([(0, SIZE[1]), *ridge, SIZE], fill=(132, 158, 128))
    draw.rectangle((0, _GROUND, *SIZE), fill=(150, 140, 112) if phase != "after" else (190, 188, 180))
    top = 330 if not (rebuilt and phase == "after") else 290
    if phase == "during" and rebuilt:
        _frame(draw, left, right, top)
    else:
        _walls(draw, left, right, top, fresh if phase == "after" else wall, cracked=phase == "before", rng=rng)
        _roof(draw, left, right, top, phase)
        if phase == "during":
            _scaffold(draw, left, right, top)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _walls(
    draw: ImageDraw.ImageDraw,
    left: int,
    right: int,
    top: int,
    colour: tuple[int, ...],
    *,
    cracked: bool,
    rng: np.random.Generator,
) -> None:
    draw.rectangle((left, top, right, _GROUND), fill=colour, outline=(90, 80, 70), width=3)
    middle = (left + right) // 2
    draw.rectangle((middle - 45, _GROUND - 150, middle + 45, _GROUND), fill=(110, 62, 42))
    for x in (left + 60, right - 150):
        draw.rectangle((x, top + 60, x + 90, top + 140), fill=(70, 90, 104), outline=(235, 235, 230), width=6)
    for _ in range(4 if cracked else 0):
        x, y = int(rng.integers(left + 20, right - 20)), top + 5
        while y < _GROUND - 30:
            step = (x + int(rng.integers(-22, 23)), y + int(rng.integers(20, 45)))
            draw.line((x, y, *step), fill=(60, 45, 35), width=4)
            x, y = step


def _roof(draw: ImageDraw.ImageDraw, left: int, right: int, top: int, phase: str) -> None:
    middle, colour = (left + right) // 2, (164, 62, 46) if phase == "after" else (92, 86, 80)
    draw.polygon([(left - 40, top), (middle, top - 130), (right + 40, top)], fill=colour, outline=(70, 50, 45))
    if phase == "before":
        # The beam has given way and the tiles are gone.
        draw.polygon([(middle + 40, top - 100), (middle + 150, top - 55), (middle + 70, top - 20)], fill=(38, 34, 32))


def _frame(draw: ImageDraw.ImageDraw, left: int, right: int, top: int) -> None:
    draw.rectangle((left, _GROUND - 90, right, _GROUND), fill=(178, 104, 78))
    for x in range(left, right + 1, (right - left) // 4):
        draw.rectangle((x - 8, top, x + 8, _GROUND), fill=(150, 150, 148))
    draw.rectangle((left - 8, top, right + 8, top + 16), fill=(150, 150, 148))


def _scaffold(draw: ImageDraw.ImageDraw, left: int, right: int, top: int) -> None:
    for x in range(left - 20, right + 40, 110):
        draw.line((x, top - 60, x, _GROUND), fill=(196, 150, 60), width=7)
    for y in range(top - 20, _GROUND, 90):
        draw.line((left - 30, y, right + 30, y), fill=(196, 150, 60), width=7)
