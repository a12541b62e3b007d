"""Demands (诉求) as phones bring them: kept with their visit as they were raised."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sync.refusals import ItemUnfit
from data.sync.visit_bodies import ToldDemand, ToldVisit
from geo.errors import Text


def keep_demands(session: Session, visit_id: uuid.UUID, told: ToldVisit) -> None:
    """Keep what was raised at a visit that is stored; a correction takes over the demands that it names again, with
    their photographs, which stay those of the visit that was corrected.

    The place of a demand is where the visitor stood at the house; of a remote visit, or without a position, that of the
    household.

    Raises
    ------
    ItemUnfit
        If an id is that of a demand of another visit.
    """
    for demand in told.demands:
        if told.supersedes is not None and _is_corrected_elsewhere(session, visit_id, told.supersedes, demand):
            continue
        kept = session.execute(
            text("""
                insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                                    from_question, photos, raised_at, geom, source_system, placed_by, accuracy_m,
                                    quality)
                select :id, v.id, v.campaign_id, v.household_id, v.jur, v.account_id, :class, :words, :solved,
                       :question, cast(:photos as uuid[]), v.ended_at, p.geom, p.source_system, p.placed_by,
                       p.accuracy_m, p.quality
                  from visit v left join household h on h.id = v.household_id
                 cross join lateral (
                    select * from (values
                        (case when v.mode = 'home' then v.geom end, v.source_system, v.placed_by, v.accuracy_m,
                         v.quality, 1),
                        (h.geom, h.source_system, case when h.geom is not null then 'household' end, h.accuracy_m,
                         coalesce(h.quality, 7::smallint), 2))
                        as two (geom, source_system, placed_by, accuracy_m, quality, pick)
                     order by two.geom is null, two.pick limit 1) p
                 where v.id = :visit
                on conflict (id) do update set
                    visit_id = excluded.visit_id, household_id = excluded.household_id, jur = excluded.jur,
                    class_key = excluded.class_key, words = excluded.words, solved = excluded.solved,
                    from_question = excluded.from_question, photos = demand.photos || array(
                        select p from unnest(excluded.photos) p where p <> all (demand.photos)),
                    raised_at = excluded.raised_at, geom = excluded.geom,
                    source_system = excluded.source_system, placed_by = excluded.placed_by,
                    accuracy_m = excluded.accuracy_m, quality = excluded.quality, updated_at = now()
                 where demand.account_id = excluded.account_id and demand.visit_id = cast(:supersedes as uuid)
                returning id"""),
            {
                "id": str(demand.id),
                "visit": str(visit_id),
                "class": demand.class_key,
                "words": demand.words,
                "solved": demand.solved,
                "question": demand.from_question,
                "photos": [str(photo) for photo in demand.photos],
                "supersedes": str(told.supersedes) if told.supersedes else None,
            },
        ).one_or_none()
        if kept is None and not _is_corrected(session, visit_id, demand.id, demand.photos):
            expected = Text("没有用过的编号", "an id that no other visit has used")
            raise ItemUnfit("demands", str(demand.id), expected)


def _is_corrected_elsewhere(session: Session, visit_id: uuid.UUID, old: uuid.UUID, demand: ToldDemand) -> bool:
    """Whether a demand of the corrected visit lies outside the duty, which moved; then it is corrected there."""
    return bool(
        session.scalar(
            text("""
                select sec.correct_demand(cast(:id as uuid), cast(:new as uuid), cast(:old as uuid), :class, :words,
                                          :solved, :question, cast(:photos as uuid[]))"""),
            {
                "id": str(demand.id),
                "new": str(visit_id),
                "old": str(old),
                "class": demand.class_key,
                "words": demand.words,
                "solved": demand.solved,
                "question": demand.from_question,
                "photos": [str(photo) for photo in demand.photos],
            },
        )
    )


def _is_corrected(session: Session, visit_id: uuid.UUID, demand_id: uuid.UUID, photos: Sequence[uuid.UUID]) -> bool:
    """Whether a demand stands already as a correction of this visit, which came first, has it; it gets its photos."""
    return bool(
        session.scalar(
            text("select sec.add_demand_photos(cast(:demand as uuid), cast(:visit as uuid), cast(:photos as uuid[]))"),
            {"demand": str(demand_id), "visit": str(visit_id), "photos": [str(photo) for photo in photos]},
        )
    )
