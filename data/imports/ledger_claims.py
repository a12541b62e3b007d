"""Which stored house and renovation site a ledger's row means, through the household it is of.

Codes come and go between one ledger and the next: a row with a code may be the house that had none before, and a row
without one the only house there is. What could mean several is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from data.imports import households, houses, sites
from data.imports.merge import Job
from data.imports.recognising import check_staged
from data.imports.staging import copy_rows, make_stage

_HOMES, _WORKS = houses.STAGE, sites.STAGE
# The stored sites of a row's household that it may speak of: nothing says that they are two.
_MAY_BE_ONE = """
    t.household_id = s.household_id and (s.method is null or t.method = s.method)
    and (s.house_id is null or t.house_id is null or t.house_id = s.house_id)
    and (s.approved_on is null or t.approved_on is null
         or extract(year from t.approved_on) = extract(year from s.approved_on))"""


def claim_houses(job: Job) -> None:
    """Give staged houses their household, and the key of the stored house they are; refuse what may be several."""
    session = job.session
    _own(job, _HOMES)
    # A code that is stored with this household under another key, then the one house of the household without a code.
    _adopt(job, _HOMES, "house", "s.code is not null and t.household_id = s.household_id and t.code = s.code")
    _adopt(job, _HOMES, "house", "s.code is not null and t.household_id = s.household_id and t.code is null")
    _adopt(job, _HOMES, "house", "s.code is null and t.household_id = s.household_id")
    _adopt(job, _HOMES, "house", "s.code is null and t.household_id = s.household_id and t.code is null")
    check_staged(
        job,
        _HOMES,
        "house_unclear",
        "code",
        f"{_is_line('s')} and exists (select 1 from house t where t.household_id = s.household_id)",
    )
    session.execute(
        text(f"""
            update {_HOMES} s set natural_key = split_part(natural_key, ':', 1) || ':home:' || household_id
             where {_is_line("s")}""")
    )


def claim_sites(job: Job, house_of: Mapping[int, int]) -> None:
    """Give staged sites their household and house, and the key of the stored site they are.

    Parameters
    ----------
    house_of : mapping of int to int
        Line of a row to the line that tells of its house.
    """
    session = job.session
    _own(job, _WORKS)
    make_stage(session, "stage_home_of", {"line": "integer", "home": "integer"})
    copy_rows(session, "stage_home_of", ["line", "home"], house_of.items())
    session.execute(
        text(f"""
            update {_WORKS} s set house_id = h.id from stage_home_of n join {_HOMES} h on h.line = n.home
             where n.line = s.line""")
    )
    _adopt(job, _WORKS, "renovation_site", "s.code is not null and t.household_id = s.household_id and t.code = s.code")
    _adopt(job, _WORKS, "renovation_site", f"s.code is not null and t.code is null and {_MAY_BE_ONE}")
    _adopt(job, _WORKS, "renovation_site", f"s.code is null and {_MAY_BE_ONE}")
    check_staged(
        job,
        _WORKS,
        "site_unclear",
        "code",
        f"""s.code is null and {_is_line("s")}
            and exists (select 1 from renovation_site t where {_MAY_BE_ONE})""",
    )
    session.execute(
        text(f"""
            update {_WORKS} s
               set natural_key = split_part(natural_key, ':', 1) || ':work:' || household_id || ':'
                                 || coalesce(house_id::text, '') || ':' || coalesce(method, '') || ':'
                                 || coalesce(extract(year from approved_on)::text, '')
             where {_is_line("s")}""")
    )


def _own(job: Job, stage: str) -> None:
    job.session.execute(
        text(f"update {stage} s set household_id = h.id from {households.STAGE} h where h.line = s.owner")
    )


def _is_line(row: str) -> str:
    """SQL that is true while a row has no key but that of its line."""
    return f"({row}.code is null and split_part({row}.natural_key, ':', 2) = 'line')"


def _adopt(job: Job, stage: str, table: str, condition: str) -> None:
    """Give rows the key of the only stored record they may be, if no other row may be it."""
    job.session.execute(
        text(f"""
            with pair as (
                select s.line, t.natural_key from {stage} s join {table} t on {condition}
                 where not exists (select 1 from {table} k where k.natural_key = s.natural_key)
                   and not exists (select 1 from {stage} o where o.natural_key = t.natural_key)),
            single as (select line, min(natural_key) as natural_key from pair group by line having count(*) = 1)
            update {stage} s set natural_key = n.natural_key from single n
             where n.line = s.line and (select count(*) from pair p where p.natural_key = n.natural_key) = 1""")
    )
