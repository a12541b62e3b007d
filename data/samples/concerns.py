"""Invented sites of concern (环境整治点) of the sample, with drawn pictures, seen week by week."""

from __future__ import annotations

import io
import uuid
from datetime import datetime, time, timedelta

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.concern_acts import charge, observe
from data.local_time import ZONE, today
from data.sealing import Sealer
from data.settings import Settings
from data.sync.photos import keep_photo_bytes

_KEYS = uuid.UUID("0c1b7a52-6f3e-4d6a-9c2a-5f0a7f3e9d41")
# Kind, remark, days since it was found, deadline in days from today, who answers, what was seen how many days ago.
_SITES = (
    (
        "ruin",
        "老宅东墙倒塌，砖石堆在路边",
        40,
        -5,
        "宋建国",
        ((33, "clearing"), (26, "cleared"), (12, "cleared"), (3, "untouched")),
    ),
    ("waste", "村口沟渠边生活垃圾", 35, -6, "梁树生", ((28, "untouched"), (13, "clearing"))),
    ("abandoned", "院落荒废多年，杂草过人", 33, 20, "何春生", ((20, "clearing"), (5, "cleared"))),
    ("illegal", "巷道内搭建彩钢棚", 21, 9, "宋建国", ((4, "untouched"),)),
    ("waste", "晒场旁建筑垃圾", 18, None, None, ((11, "cleared"), (2, "cleared"))),
    ("ruin", "废弃猪圈只剩半堵墙", 10, None, None, ()),
)
_WORDS = {"untouched": "现场仍有堆放", "clearing": "正在清运", "cleared": "已清理干净，地面平整"}


def add_concerns(
    session: Session, settings: Settings, sealer: Sealer, finder: int, desk: Asker, village: tuple[int, int]
) -> int:
    """Add a handful of sites near households of a village, one of them relapsed; says how many.

    Parameters
    ----------
    session : Session
        As the owner.
    finder : int
        Account of the inspector who marked them.
    desk : Asker
        In whose name they are seen and answered for.
    village : (int, int)
        Range of its jurisdiction numbers.
    """
    spots = session.execute(
        text("""
            select jur, st_x(geom) as lon, st_y(geom) as lat from household
             where jur >= :lo and jur < :hi and geom is not null order by id limit :most"""),
        {"lo": village[0], "hi": village[1], "most": 12 * len(_SITES)},
    ).all()[::12]
    now = today()
    for number, (spot, site) in enumerate(zip(spots, _SITES, strict=False)):
        kind, remark, ago, due, responsible, seen = site
        mark_id = uuid.uuid5(_KEYS, str(number))
        found = datetime.combine(now - timedelta(days=ago), time(9, 30), ZONE)
        no = session.scalar(
            text("""
                insert into mark (id, kind, account_id, marked_by, jur, at, remark, state, settled_by, settled_who,
                                  settled_at, geom, source_system, placed_by, accuracy_m, quality)
                select :id, :kind, :finder, a.full_name, :jur, :at, :remark, 'accepted', :desk, :who, :at,
                       st_setsrid(st_makepoint(:lon + 0.0002, :lat + 0.0002), 4326), 'wgs84', 'phone', 8, 1
                  from account a where a.id = :finder returning no"""),
            {
                "id": mark_id,
                "kind": kind,
                "finder": finder,
                "jur": spot.jur,
                "at": found,
                "remark": remark,
                "desk": desk.account_id,
                "who": desk.full_name,
                "lon": spot.lon,
                "lat": spot.lat,
            },
        )
        _photograph(session, settings, sealer, mark_id, spot.jur, finder, found, draw_site(number, "untouched"))
        charge(session, no, responsible=responsible, due_on=now + timedelta(days=due) if due is not None else None)
        for days, state in seen:
            picture = draw_site(number, state, days)
            observe(
                session,
                desk,
                no,
                on_day=now - timedelta(days=days),
                seen=state,
                note=_WORDS[state],
                picture=(settings, sealer, picture),
            )
    return min(len(spots), len(_SITES))


def draw_site(number: int, state: str, turn: int = 0) -> bytes:
    """A drawn place with heaps before it, fewer while it is cleared, none after; JPEG, 960 by 720 pixels."""
    from PIL import Image, ImageDraw  # here: only the sample draws

    rng = np.random.default_rng(number)
    picture = Image.new("RGB", (960, 720), (188, 212, 228))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 400, 960, 720), fill=(166, 158, 120) if state != "cleared" else (150, 172, 118))
    left = int(rng.integers(120, 260))
    pen.rectangle((left, 220, left + 420, 440), fill=(201, 184, 160), outline=(120, 100, 80), width=4)
    pen.polygon(((left - 30, 220), (left + 210, 110), (left + 450, 220)), fill=(122, 78, 66))
    pen.rectangle((left + 180, 320, left + 250, 440), fill=(92, 70, 58))
    for _ in range({"untouched": 34, "clearing": 12, "cleared": 0}[state]):
        x, y, size = (int(n) for n in (rng.integers(60, 860), rng.integers(440, 660), rng.integers(18, 58)))
        shade = int(rng.integers(70, 150))
        pen.polygon(((x, y), (x + size, y - size // 2), (x + 2 * size, y + size // 4), (x + size, y + size // 2)),
                    fill=(shade, shade - 12, shade - 24))  # fmt: skip
    if state == "clearing":
        pen.rectangle((700, 520, 880, 610), fill=(214, 150, 40))
        for wheel in (725, 830):
            pen.ellipse((wheel, 590, wheel + 46, 636), fill=(40, 40, 40))
    # No two pictures are the same one sent twice.
    pen.ellipse((40 + 20 * (turn % 40), 40, 90 + 20 * (turn % 40), 90), fill=(245, 214, 110))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _photograph(
    session: Session,
    settings: Settings,
    sealer: Sealer,
    mark_id: uuid.UUID,
    jur: int,
    finder: int,
    at: datetime,
    content: bytes,
) -> None:
    photo_id = uuid.uuid5(mark_id, "before")
    sha256 = keep_photo_bytes(settings, sealer, photo_id, content)
    session.execute(
        text("""
            insert into attachment (id, jur, mark_id, kind, file_name, content_type, size_bytes, sha256, taken_at,
                                    account_id)
            values (:id, :jur, :mark, 'house', :name, 'image/jpeg', :size, :sha256, :at, :account)"""),
        {
            "id": photo_id,
            "jur": jur,
            "mark": mark_id,
            "name": str(photo_id),
            "size": len(content),
            "sha256": sha256,
            "at": at,
            "account": finder,
        },
    )
