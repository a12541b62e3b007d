"""How Alembic reaches the database: as the owner of the tables, with the address given by the caller."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from data.tables import Base

config = context.config


def run() -> None:
    """Run the migrations in one transaction as ``fangtu_owner``."""
    engine = create_engine(config.attributes["url"])
    with engine.connect() as connection, connection.begin():
        connection.execute(text("set local role fangtu_owner"))
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=False,
            include_object=lambda _object, name, kind, _reflected, _compared: (
                not (kind == "table" and name == "spatial_ref_sys")
            ),
        )
        context.run_migrations()
    engine.dispose()


run()
