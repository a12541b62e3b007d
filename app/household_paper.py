"""The file of a household (一户一档) on paper: one PDF with everything known of it, as who asks may see it."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, render_template

from app.access import require
from app.appraisals import WORDS as HOUSE_WORDS
from app.file_codes import shown_code
from app.household_file import WORDS as FILE_WORDS
from app.household_file import files_of, heard_at
from app.paper import pages
from app.renovation import SiteFiles, sees_money
from app.session import asker, db, store
from app.view import ZONE, today
from data.askers import RecordUnknown
from data.audit import record
from data.field_photos import show_photo
from data.household_file import demands_of, marks_of
from data.households import household_card
from data.houses import house_card
from data.photo_views import PhotoBroken
from data.renovation.funds import yuan
from data.renovation.site_file import site_file
from data.rules.words import KEY_GROUP, MODE, OUTCOME, VERDICT
from data.settings import ROOT
from data.tables import Household

bp = Blueprint("household_paper", __name__)
PAPER_STYLE = ROOT / "static" / "css" / "household-file.css"
WORDS = {
    **HOUSE_WORDS,
    **FILE_WORDS,
    "key_group": KEY_GROUP,
    "mode": MODE,
    "outcome": OUTCOME,
    "verdict": VERDICT,
}
# On paper a photograph is some eight centimetres wide: 200 dots to the inch.
PHOTO_EDGE = 640
MOST_PHOTOS = 12


@dataclass(frozen=True)
class Paper:
    """A file of a household as it goes on paper, with what a table of contents says of it."""

    content: bytes
    code: str | None
    head_name: str | None
    village: str | None
    houses: int
    sites: int
    jur: int


@bp.get("/households/<key:household_id>/file.pdf")
@require()
def paper(household_id: int) -> Response:
    """Facts, appraisals, gates, money, photographs and visits of a household; numbers are masked for everybody."""
    made = file_on_paper(household_id)
    record(
        db(),
        act="household_file",
        object_kind="household",
        object_id=household_id,
        details={"houses": made.houses, "sites": made.sites},
        jur=made.jur,
    )
    answer = Response(made.content, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"fangtu-household-{household_id}.pdf")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def file_on_paper(household_id: int) -> Paper:
    """The file of a household as a PDF, as the asker may see it; whoever hands it out notes that in the log.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household.
    """
    card = household_card(db(), household_id, asker(), store().sealer, round_=None, today=today())
    houses = [house_card(db(), one["id"], asker()) for one in card["houses"]]
    sites = [(site_file(db(), one["id"], money=sees_money()), files_of(one["id"])) for one in card["sites"]]
    html = render_template(
        "household_paper.html",
        card=card,
        houses=houses,
        sites=[(file, files, _pictures(files)) for file, files in sites],
        words=WORDS,
        code=shown_code(household_id),
        heard=heard_at([one["id"] for one in card["sites"]]),
        demands=demands_of(db(), household_id),
        marks=marks_of(db(), household_id),
        money=sees_money(),
        yuan=yuan,
        who=asker(),
        at=datetime.now(ZONE),
        most_photos=MOST_PHOTOS,
    )
    return Paper(
        pages(html, PAPER_STYLE.read_text(encoding="utf-8")),
        card["code"],
        card["head_name"],
        card["village"],
        len(houses),
        len(sites),
        db().get_one(Household, household_id).jur,
    )


def _pictures(files: SiteFiles) -> list[tuple[dict[str, object], str]]:
    """Photographs that open, with their bytes as an address of their own: nothing is fetched while paper is made."""
    found: list[tuple[dict[str, object], str]] = []
    for one in files.photos[:MOST_PHOTOS]:
        try:
            content = show_photo(
                db(), store().settings, store().sealer, asker(), uuid.UUID(one["id"]), long_edge=PHOTO_EDGE
            )
        except (RecordUnknown, PhotoBroken):
            continue  # one whose bytes are lost does not keep the rest from paper
        found.append((one, f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"))
    return found
