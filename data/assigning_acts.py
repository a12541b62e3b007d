"""Acts of assignment (指派): each is written with what it changed, household by household, and can be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.assigning import Assigned, Change, Proposal, lock_round
from data.audit import record
from geo.errors import FangtuError, Text

_PIECE = 5000
_IMAGE = """jsonb_build_object('account_id', {t}.account_id, 'owner', {t}.owner, 'how', {t}.how, 'act_id', {t}.act_id,
    'repeats', {t}.repeats)"""


class CannotTakeBack(FangtuError):
    """An act was taken back before, or everything it assigned has changed since."""

    code = "cannot_take_back"


def write_proposal(
    session: Session, asker: Asker | None, campaign_id: int, round_no: int, how: str, proposal: Proposal
) -> int | None:
    """Store what was worked out (:mod:`data.assigning`) as one act; None if it changes nothing.

    The caller has locked the round (:func:`data.assigning.lock_round`) before working it out.
    """
    return write_act(session, asker, campaign_id, round_no, how, proposal.changes, proposal.counts())


def undo_act(session: Session, asker: Asker | None, act_id: int) -> dict[str, int]:
    """Take an act back: every household it changed and nobody changed since is as before.

    Returns
    -------
    dict
        ``restored`` and ``kept`` households; kept are those changed since.

    Raises
    ------
    RecordUnknown
        If there is no such act in the asker's area of duty.
    CannotTakeBack
        If it was taken back before, or all of it has changed since.
    """
    act = session.execute(
        text("select campaign_id, round_no, jur, how, undone_at from assignment_act where id = :id"), {"id": act_id}
    ).one_or_none()
    if act is None:
        raise RecordUnknown
    lock_round(session, act.campaign_id, act.round_no)
    undone = session.scalar(text("select undone_at from assignment_act where id = :id"), {"id": act_id})
    if undone is not None:
        raise CannotTakeBack(
            Text("这次指派已经撤销过，没有再改动。", "This act was taken back before; nothing was changed."),
            found="undone",
        )
    rows = session.execute(
        text(f"""
            select c.household_id, c.kind, c.before, c.jur,
                   ({_IMAGE.format(t="a")} = c.after or (a.household_id is null and c.after is null))
                   -- Its place may have been taken since by another kind, which the act knows nothing of.
                   and not (coalesce(not (c.before->>'repeats')::boolean, false) and exists (
                       select 1 from assignment o
                        where o.campaign_id = :campaign and o.round_no = :round and o.household_id = c.household_id
                          and not o.repeats and o.kind <> c.kind and not exists (
                              select 1 from assignment_change d where d.act_id = c.act_id
                                 and d.household_id = c.household_id and d.kind = o.kind))) as same
              from assignment_change c left join assignment a
                on a.campaign_id = :campaign and a.round_no = :round and a.household_id = c.household_id
                   and a.kind = c.kind
             where c.act_id = :act order by c.household_id, c.kind"""),
        {"act": act_id, "campaign": act.campaign_id, "round": act.round_no},
    ).all()
    # A household that moved from one kind to another has two rows: it goes back with both or with none.
    changed = {row.household_id for row in rows if not row.same}
    back = [row for row in rows if row.household_id not in changed]
    restored = {row.household_id for row in back}
    if rows and not restored:
        raise CannotTakeBack(
            Text(
                "没有撤销：这些农户后来又改过指派，请逐户核对。",
                "Not taken back: these households were assigned anew since. Check them one by one.",
            ),
            found="changed",
        )
    _delete(session, act.campaign_id, act.round_no, [(row.household_id, row.kind) for row in back])
    _insert(
        session,
        act.campaign_id,
        act.round_no,
        [
            {"household_id": row.household_id, "kind": row.kind, "jur": row.jur, **row.before}
            for row in back
            if row.before is not None
        ],
    )
    account = asker.account_id if asker else None
    session.execute(
        text("update assignment_act set undone_at = now(), undone_by = :account where id = :id"),
        {"account": account, "id": act_id},
    )
    told = {"restored": len(restored), "kept": len(changed)}
    record(session, act="assign_undo", object_kind="assignment", object_id=act_id, details=told, jur=act.jur)
    return told


def list_acts(session: Session, campaign_id: int, round_no: int, limit: int = 20) -> list[dict[str, Any]]:
    """Newest acts of a round that the asker answers for; who acted is named where that account may be seen."""
    rows = session.execute(
        text("""
            select c.id, c.how, c.counts, c.created_at, c.undone_at, a.full_name as who
              from assignment_act c left join account a on a.id = c.account_id
             where c.campaign_id = :campaign and c.round_no = :round order by c.created_at desc, c.id desc limit :n"""),
        {"campaign": campaign_id, "round": round_no, "n": limit},
    )
    return [dict(row._mapping) for row in rows]


def write_act(
    session: Session,
    asker: Asker | None,
    campaign_id: int,
    round_no: int,
    how: str,
    changes: Sequence[Change],
    counts: dict[str, int],
) -> int | None:
    """Write changes as one act; gives its number, None if there are none. The round is locked by the caller.

    Parameters
    ----------
    asker : Asker or None
        Who acts; the machine's operator without one.
    how : str
        ``rule``, ``grid`` or ``drawn``.
    counts : dict
        What is told of the act.
    """
    if not changes:
        return None
    jurs = [change.jur for change in changes]
    act = int(
        session.execute(
            text("""
                insert into assignment_act (campaign_id, round_no, jur, jur_end, how, account_id, counts)
                values (:campaign, :round, :jur, :end, :how, :account, cast(:counts as jsonb)) returning id"""),
            {
                "campaign": campaign_id,
                "round": round_no,
                "jur": min(jurs),
                "end": max(jurs) + 1,
                "how": how,
                "account": asker.account_id if asker else None,
                "counts": json.dumps(counts),
            },
        ).scalar_one()
    )
    rows: list[dict[str, Any]] = [
        {
            "household_id": change.household_id,
            "kind": change.kind,
            "jur": change.jur,
            "before": _image(change.before) if change.before else None,
            "after": _image(Assigned(change.after, how, act, change.repeats)) if change.after else None,
        }
        for change in changes
    ]
    for piece in _pieces(rows):
        session.execute(_NOTE, {"act": act, "rows": json.dumps(piece)})
    _delete(session, campaign_id, round_no, [(one.household_id, one.kind) for one in changes if one.before is not None])
    _insert(
        session,
        campaign_id,
        round_no,
        [
            {"household_id": row["household_id"], "kind": row["kind"], "jur": row["jur"], **row["after"]}
            for row in rows
            if row["after"] is not None
        ],
    )
    record(
        session,
        act="assign",
        object_kind="assignment",
        object_id=act,
        fields=["owner"],
        details={"how": how, "campaign": campaign_id, "round": round_no, **counts},
        jur=min(jurs),
    )
    return act


_NOTE = text("""
    insert into assignment_change (act_id, household_id, kind, jur, before, after)
    select :act, household_id, kind, jur, nullif(before, 'null'), nullif(after, 'null')
      from jsonb_to_recordset(cast(:rows as jsonb)) as t (
           household_id bigint, kind text, jur bigint, before jsonb, after jsonb)""")


def _image(one: Assigned) -> dict[str, Any]:
    return {
        "account_id": one.owner.account_id,
        "owner": one.owner.name,
        "how": one.how,
        "act_id": one.act_id,
        "repeats": one.repeats,
    }


def _delete(session: Session, campaign_id: int, round_no: int, keys: Sequence[tuple[int, str]]) -> None:
    for piece in _pieces(keys):
        session.execute(
            text("""
                delete from assignment a
                 using unnest(cast(:homes as bigint[]), cast(:kinds as text[])) as t (home, kind)
                 where a.campaign_id = :campaign and a.round_no = :round and a.household_id = t.home
                   and a.kind = t.kind"""),
            {
                "campaign": campaign_id,
                "round": round_no,
                "homes": [home for home, _ in piece],
                "kinds": [kind for _, kind in piece],
            },
        )


def _insert(session: Session, campaign_id: int, round_no: int, rows: Sequence[dict[str, Any]]) -> None:
    for piece in _pieces(rows):
        session.execute(
            text("""
                insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, account_id, owner, how,
                                        act_id)
                select :campaign, :round, household_id, kind, jur, repeats, account_id, owner, how, act_id
                  from jsonb_to_recordset(cast(:rows as jsonb)) as t (
                       household_id bigint, kind text, jur bigint, repeats boolean, account_id bigint, owner text,
                       how text, act_id bigint)"""),
            {"campaign": campaign_id, "round": round_no, "rows": json.dumps(piece)},
        )


def _pieces(rows: Sequence[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(rows), _PIECE):
        yield list(rows[start : start + _PIECE])
