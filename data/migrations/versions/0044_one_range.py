"""Policies ask once in a statement whether a duty is one range, and then not for each row."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0044"
down_revision = "0043"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0044_one_range.sql"

_BACK = """
do $$
declare p record;
begin
    for p in select schemaname, tablename, policyname, qual from pg_policies
              where cmd = 'SELECT' and 'fangtu_app' = any (roles) and qual like '%sec.one_range()%'
    loop
        execute format('alter policy %I on %I.%I using (%s)', p.policyname, p.schemaname, p.tablename,
                       replace(p.qual, '( SELECT sec.one_range() AS one_range) OR ', ''));
    end loop;
end $$;
drop function sec.one_range();
"""


def upgrade() -> None:
    """Let the policies ask first whether the duty is one range."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Let them ask the duty for each row again."""
    op.get_bind().connection.cursor().execute(_BACK)
