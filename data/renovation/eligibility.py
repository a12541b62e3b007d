"""The facts by which households are judged (:mod:`data.rules.eligibility`), read for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.local_time import today
from data.renovation.household_words import open_objections
from data.renovation.repeat_rules import earlier_help
from data.rules.eligibility import Eligibility, Exclusion, Listing, eligibility_on
from geo.errors import Text

# Rows by which a household is on a list. One that is not understood or waits for a person makes the list silent of it.
_LISTED = ("agrees", "differs", "lapsed", "double")
_SILENT = ("unclear", "to_confirm")


def eligibility_of(session: Session, household_ids: Sequence[int], day: date | None = None) -> dict[int, Eligibility]:
    """The eligibility of households on a day, by key; those the asker does not see are missing.

    Parameters
    ----------
    day : date, optional
        Today by default. What excludes a household today does so for an earlier day as well: nobody passes a gate of
        last week on the ground that it was not known then.

    Returns
    -------
    dict
        Four readings whatever the number of households.
    """
    keys = {"ids": list(household_ids)}
    now = today()
    day = day or now
    homes = session.execute(text("select id, jur, aid_group from household where id = any (:ids)"), keys).all()
    lists = session.execute(
        text("""
            select id, jur, jur_end, office, on_day, groups from aid_list
             where withdrawn_at is null and on_day <= :day order by id"""),
        {"day": day},
    ).all()
    rows: dict[tuple[int, int], Row[Any]] = {}
    for row in session.execute(
        text("""
            select household_id, list_id, outcome, aid_group, monitored, valid_from, valid_until from aid_list_row
             where household_id = any (:ids) and outcome = any (:known) order by id"""),
        {**keys, "known": [*_LISTED, *_SILENT]},
    ):
        rows.setdefault((row.list_id, row.household_id), row)
    exclusions: dict[int, list[Exclusion]] = {}
    for one in session.execute(
        text(
            "select household_id, kind, from_on, lifted_on from exclusion where household_id = any (:ids) order by id"
        ),
        keys,
    ):
        known = Exclusion(one.kind, one.from_on, one.lifted_on)
        if known.holds_on(now) or known.holds_on(day):
            # As of the day asked about, which may lie before it was entered.
            exclusions.setdefault(one.household_id, []).append(Exclusion(one.kind, min(one.from_on, day)))
    for key, help_before in earlier_help(session, household_ids, day).items():
        exclusions.setdefault(key, []).append(help_before)
    return {
        home.id: eligibility_on(day, home.aid_group, _listings(home, lists, rows), exclusions.get(home.id, []))
        for home in homes
    }


def _listings(home: Row[Any], lists: Sequence[Row[Any]], rows: dict[tuple[int, int], Row[Any]]) -> list[Listing]:
    found = []
    for one in lists:
        row = rows.get((one.id, home.id))
        if not one.jur <= home.jur < one.jur_end or (row is not None and row.outcome in _SILENT):
            continue
        found.append(
            Listing(
                one.id,
                one.office,
                one.on_day,
                one.groups,
                row is not None,
                row.aid_group if row is not None else None,
                row.valid_from if row is not None else None,
                row.valid_until if row is not None else None,
                row.monitored if row is not None else None,
            )
        )
    return found


def what_stops(session: Session, site_ids: Sequence[int], gate: str, day: date | None = None) -> dict[int, Text]:
    """Why sites may not pass a gate without a reason; sites that may are missing.

    At ``accepted`` an objection of the household that nobody has answered stops (migration 0040 guards the same).
    At ``compared`` a verdict of :data:`data.rules.eligibility.STOPPING` stops; at ``approved`` only what excludes the
    household and was entered since the reason given before; an earlier help within the years of the policy at both,
    unless a reason was given before. The database guards exclusions (migration 0032).
    """
    if gate == "accepted":
        return open_objections(session, site_ids)
    if gate not in ("compared", "approved"):
        return {}
    sites = session.execute(
        text("""
            select s.id, s.household_id, exists (
                       select from exclusion e where e.household_id = s.household_id and e.lifted_on is null
                          and not exists (select from site_gate g where g.site_id = s.id and g.act = 'passed'
                                             and g.reason is not null and g.gate in ('compared', 'approved')
                                             and g.at >= e.at)) as is_open,
                   exists (select from site_gate g where g.site_id = s.id and g.act = 'passed' and g.reason is not null
                              and g.gate in ('compared', 'approved')) as passed_over
              from renovation_site s where s.id = any (:ids) and s.household_id is not null"""),
        {"ids": list(site_ids)},
    ).all()
    found = eligibility_of(session, [site.household_id for site in sites], day)
    stopped = {}
    for site in sites:
        one = found.get(site.household_id)
        if one is None or not one.stops:
            continue
        repeats = one.repeated and not site.passed_over
        if (
            repeats
            or (one.verdict == "excluded" and site.is_open)
            or (gate == "compared" and one.verdict != "excluded")
        ):
            stopped[site.id] = joined(one.reasons)
    return stopped


def joined(reasons: Sequence[Text]) -> Text:
    """Several reasons as one sentence."""
    return Text("；".join(one.zh for one in reasons), "; ".join(one.en for one in reasons))
