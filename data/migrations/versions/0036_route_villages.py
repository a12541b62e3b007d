"""How far the villages of a plan of routes are while it is solved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Plans have where their villages stand; the policies of the table hold for it."""
    op.add_column("route_plan", sa.Column("villages", JSONB, nullable=False, server_default="{}"))


def downgrade() -> None:
    """It is of use only while a plan is solved."""
    op.drop_column("route_plan", "villages")
