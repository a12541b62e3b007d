"""Assigning as a job; batches of before versions of plans were kept can be taken back."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0023_assign_jobs.sql"


def upgrade() -> None:
    """Allow the kind of job and note the versions."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Allow it no longer; what was noted does no harm."""
    op.execute("delete from job where kind = 'assign'")
    op.execute("alter table job drop constraint ck_job_kind")
    op.execute(
        "alter table job add constraint ck_job_kind check (kind in "
        "('preview', 'trial', 'import', 'undo', 'place', 'edit', 'plan'))"
    )
