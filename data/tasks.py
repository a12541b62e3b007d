"""One job at work: its claim, whoever asked for it, and whether they still may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.claims import Claim
from data.imports.report import Progress
from data.sealing import Sealer
from data.settings import Settings
from geo.errors import FangtuError, Text

# Every database session of a job carries this name and the job's number, so that it can be stopped by it.
SESSION_NAME = "fangtu-job"
# No job of the table: what an import still had to do when its process was killed after the commit.
SETTLE = "settle"
# Nor this: looking at the visits of a round, which nobody asked for.
SCREEN = "screen"
# Nor this: making the offline packs of some villages.
PACK = "pack"
OF_NOBODY = (SETTLE, SCREEN, PACK)


class JobNotAllowed(FangtuError):
    """Whoever asked for a job may no longer do it; nothing was changed."""

    code = "job_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有执行：账号已停用，或角色、辖区已变动。如需办理请联系管理员。",
                "Not done: the account is disabled, or its role or area has changed. Ask your administrator.",
            )
        )


@dataclass
class Task:
    """One job at work: its claim, and how to tell its progress and to learn that it should stop."""

    settings: Settings
    engine: Engine
    sealer: Sealer
    claim: Claim
    progress: Progress
    cancelled: Callable[[], bool]


Maker = Callable[[Task], None]


def require_authority(session: Session, claim: Claim) -> None:
    """Check that the account still may do this: enabled, supervisor or administrator, answering for the whole area.

    Raises
    ------
    JobNotAllowed
    """
    allowed = session.scalar(
        text("""
            select a.disabled_at is null and a.role in ('supervisor', 'admin')
                   and coalesce((select range_agg(int8range(d.jur, d.jur_end)) from duty d where d.account_id = a.id),
                                '{}') @> int8range(:jur, :jur_end)
              from account a where a.id = :account"""),
        {"account": claim.account_id, "jur": claim.jur, "jur_end": claim.jur_end},
    )
    if not allowed:
        raise JobNotAllowed


def asker_of(session: Session, account_id: int) -> Asker:
    """Whoever asked for a job, with the areas of duty as they are now."""
    row = session.execute(
        text("select username, full_name, role from account where id = :account"), {"account": account_id}
    ).one()
    ranges = tuple(
        session.execute(
            text("select jur, jur_end from duty where account_id = :account order by jur"), {"account": account_id}
        ).tuples()
    )
    return Asker(account_id, row.username, row.full_name, Role(row.role), None, ranges)
