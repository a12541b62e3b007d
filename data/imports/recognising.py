"""Which stored household a row of a ledger is, where its key is not the stored one: codes come and go between ledgers.

A row is the household that has its code, else its ID number, else its name and address; only where exactly one does,
and where neither the codes nor the ID numbers of the two contradict. What is too much alike to be two households and
yet is not the same one is refused or told, by the rules of ``checks.toml``; nothing is merged without being counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from data.imports.checks import SHOWN_PER_RULE, load_checks
from data.imports.merge import Job, refuse_staged
from geo.errors import Text

# Neither code nor ID number says that row s and household t are two.
_MAY_BE_ONE = """
    (s.code is null or t.code is null or s.code = t.code)
    and (s.id_index is null or t.id_index is null or s.id_index = t.id_index)"""
# The same head at the same door; a village alone has many namesakes.
_SAME_DOOR = """
    t.head_name = s.head_name and coalesce(t.address, '') = coalesce(s.address, '')
    and coalesce(t.house_no, '') = coalesce(s.house_no, '') and coalesce(s.address, s.house_no) is not null"""
# One after the other; each is a join by equality, so that it may be hashed.
_WAYS = (
    (
        "recognised_by_code",
        "t.code = s.code and split_part(t.natural_key, ':', 1) = split_part(s.natural_key, ':', 1)",
    ),
    ("recognised_by_number", f"t.id_index = s.id_index and {_MAY_BE_ONE}"),
    # The row as it was when it had no code, or no ID number, yet.
    ("recognised_by_number", f"t.natural_key = s.key_by_number and {_MAY_BE_ONE}"),
    ("recognised_by_address", f"t.natural_key = s.key_by_address and {_MAY_BE_ONE}"),
    (
        "recognised_by_address",
        f"{_SAME_DOOR} and {_MAY_BE_ONE} and (t.stated_area = s.stated_area or t.village_id = s.told_village_id)",
    ),
)


def recognise(job: Job, stage: str) -> None:
    """Give rows whose key is not stored the key of the household they are, and count how they were recognised.

    Parameters
    ----------
    stage : str
        Staged households with ``natural_key``, ``key_by_number``, ``key_by_address``, ``told_village_id`` and facts.
    """
    for name, condition in _WAYS:
        found = job.session.execute(
            text(f"""
                with pair as (
                    select s.at, t.natural_key from {stage} s join household t on {condition}
                     where {_inside(job)}
                       and not exists (select 1 from household k where k.natural_key = s.natural_key)
                       and not exists (select 1 from {stage} o where o.natural_key = t.natural_key)),
                single as (
                    select at, min(natural_key) as natural_key from pair group by at having count(*) = 1)
                update {stage} s set natural_key = n.natural_key from single n
                 where n.at = s.at and (select count(*) from pair p where p.natural_key = n.natural_key) = 1
                returning s.at""")
        ).all()
        job.report.count(**{name: len(found)})


def check_against_store(job: Job, stage: str) -> None:
    """Refuse or tell rows that give a household the ID number of another stored one (``same_id_in_store``)."""
    check_staged(
        job,
        stage,
        "same_id_in_store",
        "id_number",
        f"""s.id_index is not null
            and exists (select 1 from household t where t.id_index = s.id_index and t.id <> s.id and {_inside(job)})
            and not exists (select 1 from household t where t.id = s.id and t.id_index = s.id_index)""",
    )


def check_namesakes(job: Job, stage: str) -> None:
    """Refuse or tell new households at the door of a stored one of the same name (``same_name_and_place_in_store``)."""
    check_staged(
        job,
        stage,
        "same_name_and_place_in_store",
        "head_name",
        f"""s.is_new and s.at in (
                select s.at from {stage} s join household t on {_SAME_DOOR}
                 where {_inside(job)} and (t.village_id = s.village_id or t.stated_area = s.stated_area))""",
    )


def check_staged(job: Job, stage: str, code: str, field: str, where: str) -> int:
    """Refuse or tell staged rows by a rule of ``checks.toml``, as its severity says; returns how many.

    Parameters
    ----------
    stage : str
        Staging table with ``at``.
    code : str
        The rule.
    field : str
        What it speaks of.
    where : str
        SQL condition on the staged row ``s``; never user input.
    """
    checks = load_checks()
    rows = f"select s.at from {stage} s where {where}"
    # Rows have been matched since the stage was filled; by the older figures none is new, and the planner would join
    # the whole store anew for each that is.
    job.session.execute(text(f"analyze {stage} (at, is_new, id)"))
    if checks.refuses(code, job.report.kind):
        return refuse_staged(job, stage, f"at in ({rows})", field, None, checks.words(code), code)
    found = job.session.scalars(text(f"{rows} order by 1")).all()
    tell_rows(job, code, field, found)
    return len(found)


def tell_rows(job: Job, code: str, field: str, places: Sequence[int]) -> None:
    """Warn of records by their place, by a rule of ``checks.toml``; the first ones one by one."""
    records, words = job.records, load_checks().words(code)
    for at in places[:SHOWN_PER_RULE]:
        sheet = records.sheets[at]
        column = records.headings.get((sheet, field))
        job.report.warn(words, row=records.rows[at], sheet=sheet, column=column, code=code)
    more = len(places) - SHOWN_PER_RULE
    if more > 0:
        job.report.warn(Text(f"同类提示还有 {more} 处", f"{more} more doubts of this kind"), code=code, n=more)


def _inside(job: Job) -> str:
    scope = job.scope
    return f"""
        t.jur >= {int(scope.jur)} and t.jur < {int(scope.jur_end)} and {job.limits.sql("t.jur")}
        and t.removed_at is null"""
