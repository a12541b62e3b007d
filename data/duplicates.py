"""Visits that are one too many (重复走访): kept, flagged and listed; coverage counts a household once anyway."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.rules.repeats import BETWEEN_NAMES, Told, find_repeats
from data.rules.visitors import VisitorKind, kinds_of, names_kinds

if TYPE_CHECKING:
    from data.imports.limits import Limits

FLAG = "duplicate"
_MOMENT = "coalesce(v.started_at, v.ended_at)"


def refresh_duplicates(
    session: Session,
    household_ids: Collection[int] | None,
    limits: Limits | None = None,
    *,
    campaign_id: int | None = None,
) -> int:
    """Reach anew, for all visits of some households, which are one too many; store what changed.

    To be called after whatever adds, changes or takes away visits, in its transaction. The order is that of the visits
    themselves and not of their arrival, so that a phone that comes back late changes nothing twice.

    Parameters
    ----------
    household_ids : collection of int or None
        None = all households.
    limits : Limits, optional
        Visits outside are neither looked at nor changed; without it, all that the session may see.
    campaign_id : int, optional
        Only this campaign's visits.

    Returns
    -------
    int
        How many visits changed. Only campaigns whose plan names its kinds of visitors can have any.
    """
    kinds = _kinds(session, campaign_id)
    # A plan that no longer names kinds takes its flags back.
    asked = [key for key, found in kinds.items() if found or campaign_id is not None]
    if not asked or (household_ids is not None and not household_ids):
        return 0
    # Of all households, those with one visit that counts have none too many.
    chosen = (
        """exists (select 1 from standing s
                    where s.campaign_id = v.campaign_id and s.round_no = v.round_no and s.household_id = v.household_id
                      and s.valid_visits > 1)"""
        if household_ids is None
        else "v.household_id = any (:ids)"
    )
    flagged = "true" if household_ids is None else chosen
    within = limits.sql("v.jur") if limits is not None else "true"
    add, remove = _wrong(session, kinds, asked, within, chosen, flagged, sorted(set(household_ids or ())))
    for ids, change in ((add, "array_append(suspect, :flag)"), (remove, "array_remove(suspect, :flag)")):
        if ids:
            session.execute(
                text(f"update visit set suspect = {change} where id = any (cast(:ids as uuid[]))"),
                {"ids": ids, "flag": FLAG},
            )
    return len(add) + len(remove)


def flagged_wrongly(session: Session) -> int:
    """How many visits are flagged otherwise than all visits of their household say, whatever is kept besides.

    Flags of campaigns whose plan names no kinds of visitors are wrong. As the owner, to see all.
    """
    kinds = _kinds(session, None)
    repeated = """exists (
        select 1 from visit o
         where o.household_id = v.household_id and o.campaign_id = v.campaign_id and o.round_no = v.round_no
           and o.id <> v.id and o.counts and o.superseded_by is null)"""
    add, remove = _wrong(session, kinds, list(kinds), "true", repeated, "true", [])
    return len(add) + len(remove)


def _kinds(session: Session, campaign_id: int | None) -> dict[int, tuple[VisitorKind, ...]]:
    """Kinds of visitors of each campaign; none where its plan names none."""
    return {
        row.id: tuple(kinds_of(row.plan)) if names_kinds(row.plan) else ()
        for row in session.execute(text("select id, plan from campaign"))
        if campaign_id is None or row.id == campaign_id
    }


def _wrong(
    session: Session,
    kinds: Mapping[int, Sequence[VisitorKind]],
    asked: Sequence[int],
    within: str,
    chosen: str,
    flagged: str,
    household_ids: Sequence[int],
) -> tuple[list[str], list[str]]:
    """Visits that lack the flag, and those that have it wrongly; ``within``, ``chosen`` and ``flagged`` are our SQL."""
    named = [key for key, found in kinds.items() if found]
    rows = session.execute(
        text(f"""
            select v.id, v.campaign_id, v.round_no, v.household_id, v.visitor, v.visitor_kind, v.companions,
                   v.started_at, v.ended_at, v.counts and v.superseded_by is null as counts,
                   :flag = any (v.suspect) as flagged
              from visit v
             where v.household_id is not null and v.campaign_id = any (:campaigns) and {within}
               and ({chosen} and v.counts and v.superseded_by is null and v.campaign_id = any (:named)
                    or {flagged} and :flag = any (v.suspect))
             order by v.campaign_id, v.round_no, v.household_id, {_MOMENT} nulls last, v.no"""),
        {"ids": list(household_ids), "campaigns": list(asked), "named": named, "flag": FLAG},
    ).all()
    add: list[str] = []
    remove: list[str] = []
    for (campaign, _, _), group in groupby(rows, key=lambda row: (row.campaign_id, row.round_no, row.household_id)):
        visits = list(group)
        counted = [row for row in visits if row.counts]
        told = [Told(row.visitor, row.visitor_kind, row.companions, row.started_at, row.ended_at) for row in counted]
        repeats = find_repeats(told, kinds[campaign]) if kinds[campaign] else [False] * len(told)
        one_too_many = {row.id for row, repeat in zip(counted, repeats, strict=True) if repeat}
        for row in visits:
            if row.flagged != (row.id in one_too_many):
                (remove if row.flagged else add).append(str(row.id))
    return add, remove


def find_companions(session: Session, stage: str) -> None:
    """Set ``companion_ids`` of staged visits: those of the named companions who are known by an account.

    A name means an account where just one with that name answers for the place of the visit.

    Parameters
    ----------
    stage : str
        Staging table with ``companions``, ``companion_ids``, ``jur`` and ``at``; ours, never user input. As the owner.
    """
    session.execute(
        text(f"""
            update {stage} s set companion_ids = coalesce(known.ids, '{{}}')
              from {stage} t left join lateral (
                select array_agg(p.id order by p.id) as ids
                  from (select distinct n.name from regexp_split_to_table(t.companions, :between) as n (name)) n
                  join lateral (
                    select min(a.id) as id from account a
                     where a.full_name = n.name and a.disabled_at is null and exists (
                           select 1 from duty d
                            where d.account_id = a.id and t.jur >= d.jur and t.jur < d.jur_end)
                    having count(*) = 1) p on true) known on true
             where s.at = t.at"""),
        {"between": BETWEEN_NAMES},
    )


def list_duplicates(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int], page: int = 1, size: int = 50
) -> tuple[list[dict[str, Any]], int]:
    """One page of the visits that are one too many, newest first, and the number of all.

    Returns
    -------
    (list of dict, int)
        Rows with ``id`` (number of the visit), household, visitor, kind and time, and who had been there before
        (``first_visitor``, ``first_kind``, ``first_at``).
    """
    keys = {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]}
    where = """v.campaign_id = :campaign and v.round_no = :round and v.jur >= :lo and v.jur < :hi
               and 'duplicate' = any (v.suspect) and v.superseded_by is null"""
    total = int(session.scalar(text(f"select count(*) from visit v where {where}"), keys) or 0)
    rows = session.execute(
        text(f"""
            select v.no as id, v.household_id, h.code, h.head_name, a.name as village, {_MOMENT} as at, v.visitor,
                   v.visitor_kind, v.mode, f.visitor as first_visitor, f.visitor_kind as first_kind, f.at as first_at
              from visit v join household h on h.id = v.household_id left join area a on a.id = h.village_id
              left join lateral (
                select o.visitor, o.visitor_kind, coalesce(o.started_at, o.ended_at) as at from visit o
                 where o.household_id = v.household_id and o.campaign_id = v.campaign_id and o.round_no = v.round_no
                   and o.counts and o.superseded_by is null and not 'duplicate' = any (o.suspect)
                 order by coalesce(o.started_at, o.ended_at) nulls last, o.no limit 1) f on true
             where {where} order by {_MOMENT} desc nulls last, v.no desc limit :limit offset :skip"""),
        {**keys, "limit": size, "skip": size * (page - 1)},
    )
    return [dict(row._mapping) for row in rows], total


def others_of(
    session: Session, visit_ids: Sequence[uuid.UUID], account_id: int
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Who else was there: up to three visits that count, of the same household and round by other visitors.

    Parameters
    ----------
    account_id : int
        Whose visits they are; the own ones are not told.

    Returns
    -------
    dict
        By visit, ``visitor`` and ``at`` (datetime or None) of each, the earliest first; visits with nobody else there
        are missing.
    """
    if not visit_ids:
        return {}
    rows = session.execute(
        text("""
            select v.id, o.visitor, coalesce(o.started_at, o.ended_at) as at from visit v
             cross join lateral (
                select o.visitor, o.started_at, o.ended_at, o.no from visit o
                 where o.household_id = v.household_id and o.campaign_id = v.campaign_id and o.round_no = v.round_no
                   and o.id <> v.id and o.counts and o.superseded_by is null
                   and o.account_id is distinct from :account and o.visitor is not null
                 order by coalesce(o.started_at, o.ended_at) nulls last, o.no limit 3) o
             where v.id = any (cast(:ids as uuid[])) order by v.id, at nulls last, o.no"""),
        {"ids": [str(one) for one in visit_ids], "account": account_id},
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.id, []).append({"visitor": row.visitor, "at": row.at})
    return found
