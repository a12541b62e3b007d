"""What phones send from the field: devices, accepted and refused items, demands, photographs to come."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0020_sync.sql"


def upgrade() -> None:
    """Add the tables and functions."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them; sessions of phones end, and who asks is told as before."""
    op.execute("drop trigger visit_moved on public.visit")
    op.execute("drop function public.visit_moved()")
    for table in ("pulled", "demand", "field_visit", "sync_reject", "synced_photo", "synced_item"):
        op.execute(f"drop table public.{table}")
    for name in (
        "keep_photo(uuid, uuid, text, bigint)",
        "known_people(text[], bigint)",
        "jur_of_place(public.geometry)",
        "name_of_sender(bigint)",
        "may_send_for(bigint)",
        "revoke_device(uuid, boolean)",
        "device_state(uuid)",
        "keep_device(uuid, text, text, text, smallint, boolean, boolean, integer, integer, timestamptz, bigint)",
    ):
        op.execute(f"drop function sec.{name}")
    op.execute("delete from public.session where kind = 'device'")
    op.execute("alter table public.session drop column device_id")
    op.execute("alter table public.session drop constraint ck_session_kind")
    op.execute("alter table public.session add constraint ck_session_kind check (kind in ('web', 'token'))")
    op.execute("drop table public.device")
