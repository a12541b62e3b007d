"""Sealing of personal numbers of staged households."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from data.imports.merge import Job
from data.imports.staging import copy_rows, make_stage
from data.sealing import SEALED_FIELDS


def seal_numbers(job: Job, stage: str) -> None:
    """Seal numbers that are new or differ from the stored ones; equal ones keep their seal."""
    session, sealer, records = job.session, job.sealer, job.records
    for field in SEALED_FIELDS.values():
        session.execute(
            text(f"""
                update {stage} s set {field.column} = t.{field.column} from household t
                 where t.id = s.id and not s.is_new and s.{field.index} is not distinct from t.{field.index}""")
        )
    lacking = " or ".join(f"({f.index} is not null and {f.column} is null)" for f in SEALED_FIELDS.values())
    rows = session.execute(
        text(f"""
            select at, natural_key, id, id_sealed is null as id_number, phone_sealed is null as phone,
                   card_sealed is null as bank_card from {stage} where {lacking}""")
    ).all()
    if not rows:
        return
    make_stage(session, "stage_seal", {"at": "integer", **{f.column: "bytea" for f in SEALED_FIELDS.values()}})

    def sealed() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            cells = []
            for field in SEALED_FIELDS.values():
                value = records.column(field.name)[row.at]
                wanted = value and getattr(row, field.name)
                cells.append(sealer.seal(value, f"household.{field.column}", row.id) if wanted else None)
            yield (row.at, *cells)

    columns = [field.column for field in SEALED_FIELDS.values()]
    copy_rows(session, "stage_seal", ["at", *columns], sealed())
    listed = ", ".join(f"{column} = coalesce(n.{column}, s.{column})" for column in columns)
    session.execute(text(f"update {stage} s set {listed} from stage_seal n where n.at = s.at"))
