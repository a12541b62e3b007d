"""Doubts about visits (存疑): a round's visits are screened all together, and what is doubtful is kept with why."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.imports.staging import copy_rows, make_stage
from data.masks import shown_name
from data.rules.detectors.arrays import Visits, codes
from data.rules.detectors.combine import DETECTORS, Asked, Suspicion, detect
from data.rules.detectors.weights import VERSION
from data.rules.plan import VisitRule
from data.rules.suspicions import MARK
from data.rules.validity import FAR_FROM_HOUSE_M
from data.rules.words import EXACT_QUALITY
from data.tables import Campaign

PAGE = 50
# A round is screened again no sooner, however many visits come in.
SCREEN_EVERY = "10 minutes"
# A detector is named as evidence from this score on, and no more than so many for a visit.
_WORTH_TELLING, _MOST_TOLD = 1.0, 4
_EARTH_M = 6_371_008.8
# Standard deviation of a recorded place by its quality.
_SIGMA_M = {1: 8.0, 2: 10.0, 3: 30.0, 4: 60.0}

_VISITS = """
    select v.id, v.household_id, v.jur,
           coalesce('a' || v.account_id, 'n' || nullif(btrim(v.visitor), ''), v.id::text) as worker,
           st_x(h.geom) as home_lon, st_y(h.geom) as home_lat, h.quality, st_x(v.geom) as lon, st_y(v.geom) as lat,
           v.accuracy_m, v.fix_age_s, extract(epoch from v.started_at)::float8 as started,
           extract(epoch from v.ended_at)::float8 as ended, extract(epoch from v.entered_at)::float8 as entered,
           case when v.entered_at is not null then extract(epoch from v.created_at)::float8 end as received, v.minutes,
           v.mode = 'home' as in_person, v.outcome = 'done' as done, v.answers, p.sha256, p.perceptual_hash, w.word,
           v.counts and v.household_id is not null and v.ruling is null as open, v.suspect
      from visit v
      left join household h on h.id = v.household_id
      left join (select distinct on (visit_id) visit_id, sha256, perceptual_hash from attachment
                  where visit_id is not null and content_type like 'image/%' order by visit_id, taken_at, id) p
        on p.visit_id = v.id
      left join (select distinct on (visit_id) visit_id, word from card_word order by visit_id, at desc, id desc) w
        on w.visit_id = v.id
     where v.campaign_id = :campaign and v.round_no = :round and v.superseded_by is null
     order by v.no"""


def rounds_to_screen(connection: Connection) -> list[tuple[int, int]]:
    """Rounds in which something changed since they were last screened, or that an older version screened."""
    rows = connection.execute(
        text(f"""
            select r.campaign_id, r.no from round r
              left join screening s on s.campaign_id = r.campaign_id and s.round_no = r.no
             where exists (select 1 from map_version m where m.campaign_id = r.campaign_id and m.round_no = r.no
                              and m.changed_at > coalesce(s.screened_at, '-infinity'))
               and coalesce(s.screened_at, '-infinity') < now() - interval '{SCREEN_EVERY}'
                or s.rules <> :rules
                or exists (select 1 from card_word w join visit v on v.id = w.visit_id
                            where v.campaign_id = r.campaign_id and v.round_no = r.no and w.at > s.screened_at)
             order by 1, 2"""),
        {"rules": VERSION},
    )
    return [(row.campaign_id, row.no) for row in rows]


def screen(session: Session, campaign_id: int, round_no: int) -> int:
    """Screen all visits of a round and store the doubts; as the owner.

    Doubts that a person answered or ruled on stay as they are; open ones that are no more go.

    Returns
    -------
    int
        How many visits are doubtful and not ruled on.
    """
    campaign = session.get_one(Campaign, campaign_id)
    rows = session.execute(text(_VISITS), {"campaign": campaign_id, "round": round_no}).all()
    found = detect(_arrays(rows), Asked.by(VisitRule.from_plan(campaign.plan)))
    told = _told(rows, found)
    make_stage(session, "stage_suspicion", _STAGE)
    copy_rows(session, "stage_suspicion", list(_STAGE), told)
    marked = session.execute(
        text(_MARKED),
        {"campaign": campaign_id, "round": round_no, "marks": list(MARK), "far": FAR_FROM_HOUSE_M},
    )
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "rules": VERSION,
        "detectors": sorted(set(DETECTORS) - {"household_denies"}),
    }
    for statement in _STORE:
        session.execute(text(statement), keys)
    return len({row[0] for row in told} | {row.visit_id for row in marked})


# What imports and reservations mark is for the same people to rule on; no probability is known of it.
_MARKED = """
    insert into stage_suspicion (visit_id, household_id, jur, detector, score, value, against, other_id, probability)
    select v.id, v.household_id, v.jur, m.mark, 0, case m.mark when 'far_from_house' then v.distance_m end,
           case m.mark when 'far_from_house' then cast(:far as float8) end, null, 0
      from visit v cross join unnest(v.suspect) m (mark)
     where v.campaign_id = :campaign and v.round_no = :round and v.superseded_by is null and v.household_id is not null
       and v.counts and m.mark = any (:marks)
    returning visit_id"""
_STAGE = {
    "visit_id": "uuid",
    "household_id": "bigint",
    "jur": "bigint",
    "detector": "text",
    "score": "double precision",
    "value": "double precision",
    "against": "double precision",
    "other_id": "uuid",
    "probability": "double precision",
}
_STORE = (
    """delete from suspicion s where s.campaign_id = :campaign and s.round_no = :round and s.state = 'open'
          and not exists (select 1 from stage_suspicion n where n.visit_id = s.visit_id and n.detector = s.detector)""",
    """insert into suspicion as s (visit_id, campaign_id, round_no, household_id, jur, detector, score, value, against,
                                   other_id, probability, rules, state)
       select n.visit_id, :campaign, :round, n.household_id, n.jur, n.detector, n.score, n.value, n.against, n.other_id,
              n.probability, :rules,
              case when exists (select 1 from suspicion_note w where w.visit_id = n.visit_id and w.act = 'answer')
                   then 'answered' else 'open' end
         from stage_suspicion n
       on conflict (visit_id, detector) do update set score = excluded.score, value = excluded.value,
              against = excluded.against, other_id = excluded.other_id, probability = excluded.probability,
              rules = excluded.rules
        where s.state <> 'ruled'
          and (s.score, s.value, s.against, s.other_id, s.probability, s.rules)
              is distinct from (excluded.score, excluded.value, excluded.against, excluded.other_id,
                                excluded.probability, excluded.rules)""",
    # A visit is marked by what is open about it; what others marked is theirs. Inspectors read these marks, and are not
    # told what a household said.
    """update visit v set suspect = n.flags
         from (select t.id, array(select f from unnest(t.suspect) f where f <> all (:detectors))
                            || array(select s.detector from suspicion s
                                      where s.visit_id = t.id and s.state <> 'ruled'
                                        and s.detector = any (:detectors)
                                      order by s.score desc, s.detector) as flags
                 from visit t where t.campaign_id = :campaign and t.round_no = :round and t.superseded_by is null
                  and (t.suspect && cast(:detectors as text[])
                       or t.id in (select visit_id from suspicion s
                                    where s.campaign_id = :campaign and s.round_no = :round and s.state <> 'ruled'
                                      and s.detector = any (:detectors)))) n
        where v.id = n.id and v.suspect is distinct from n.flags""",
    """insert into screening (campaign_id, round_no, screened_at, rules)
       values (:campaign, :round, clock_timestamp(), :rules)
       on conflict (campaign_id, round_no) do update set screened_at = excluded.screened_at, rules = excluded.rules""",
)


def _told(rows: Sequence[Row[Any]], found: Suspicion) -> list[tuple[Any, ...]]:
    """The evidence about flagged visits, strongest first, as rows of the stage."""
    told = []
    for at in np.flatnonzero(found.flagged):
        row = rows[int(at)]
        if not row.open:
            continue
        scores = sorted(((float(one.score[at]), name) for name, one in found.found.items()), reverse=True)
        for place, (score, name) in enumerate(scores[:_MOST_TOLD]):
            if place and score < _WORTH_TELLING:
                break
            one = found.found[name]
            other = int(one.other[at])
            told.append(
                (
                    row.id, row.household_id, row.jur, name, round(score, 3), _number(one.value[at]),
                    _number(one.against[at]), rows[other].id if other >= 0 else None,
                    round(float(found.probability[at]), 4),
                )
            )  # fmt: skip
    return told


def _number(value: np.float64) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def _arrays(rows: Sequence[Row[Any]]) -> Visits:
    """Stored visits as arrays, places in metres round the middle of the round."""

    def floats(name: str) -> np.ndarray:
        return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows], np.float64)

    quality = floats("quality")
    is_exact = quality <= EXACT_QUALITY
    known = floats("home_lat")[is_exact]
    known = known[np.isfinite(known)]
    east = _EARTH_M * np.cos(np.radians(known.mean() if len(known) else 35.0))
    photos = {sha: at for at, sha in enumerate(dict.fromkeys(bytes(row.sha256) for row in rows if row.sha256))}
    answers = [row.answers if isinstance(row.answers, dict) else {} for row in rows]
    questions = sorted({key for one in answers for key in one})
    table = np.full((len(rows), len(questions)), -1, np.int64)
    for column, key in enumerate(questions):
        values = {value: at for at, value in enumerate(dict.fromkeys(str(one[key]) for one in answers if key in one))}
        table[:, column] = [values[str(one[key])] if key in one else -1 for one in answers]
    word = {"confirmed": 1, "denied": -1}
    return Visits(
        worker=codes(np.array([row.worker for row in rows])) if rows else np.zeros(0, np.int64),
        household=np.array([row.household_id or -1 for row in rows], np.int64),
        home_x=np.where(is_exact, np.radians(floats("home_lon")) * east, np.nan),
        home_y=np.where(is_exact, np.radians(floats("home_lat")) * _EARTH_M, np.nan),
        home_sigma_m=np.array([_SIGMA_M.get(row.quality, 60.0) for row in rows], np.float64),
        fix_x=np.radians(floats("lon")) * east,
        fix_y=np.radians(floats("lat")) * _EARTH_M,
        accuracy_m=floats("accuracy_m"),
        fix_age_s=floats("fix_age_s"),
        started_s=floats("started"),
        ended_s=floats("ended"),
        entered_s=floats("entered"),
        received_s=floats("received"),
        minutes=floats("minutes"),
        in_person=np.array([row.in_person for row in rows], bool),
        done=np.array([row.done for row in rows], bool),
        photo=np.array([photos[bytes(row.sha256)] if row.sha256 else -1 for row in rows], np.int64),
        photo_hash=np.array([(row.perceptual_hash or 0) & (2**64 - 1) for row in rows], np.uint64),
        answers=table,
        word=np.array([word.get(row.word or "", 0) for row in rows], np.int64),
    )


@dataclass(frozen=True)
class Doubts:
    """One page of doubtful visits, most urgent first, with the number of all."""

    rows: list[dict[str, Any]]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // PAGE))


_LIST = """
    from (select s.visit_id, max(s.probability) as probability, max(s.state) as state
            from suspicion s
           where s.campaign_id = :campaign and s.round_no = :round and s.jur >= :lo and s.jur < :hi
             and (cast(:detector as text) is null or exists (
                  select 1 from suspicion d where d.visit_id = s.visit_id and d.detector = :detector))
           group by s.visit_id) s
    join visit v on v.id = s.visit_id
   where (cast(:state as text) is null or s.state = :state)
     and (cast(:visitor as text) is null or v.visitor = :visitor)"""


def list_doubts(
    session: Session,
    asker: Asker,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int],
    *,
    state: str | None = None,
    detector: str | None = None,
    visitor: str | None = None,
    page: int = 1,
) -> Doubts:
    """Doubtful visits that the asker may see: an inspector the own ones, others those of their area of duty.

    Returns
    -------
    Doubts
        Each row: the visit, ``probability``, ``state``, ``evidence`` (detector, score, value, against, other visit),
        ``notes`` (answers and rulings, oldest first), ``word`` of the household, ``is_own``, and the places of house,
        fix and the other visit in degrees. Visits of one worker's day stand together, the most doubtful day first.
    """
    keys = {
        "campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1], "state": state,
        "detector": detector, "visitor": visitor, "limit": PAGE, "skip": PAGE * (page - 1),
    }  # fmt: skip
    total = int(session.scalar(text(f"select count(*) {_LIST}"), keys) or 0)
    rows = session.execute(
        text(f"""
            select v.no, v.id, s.probability, s.state, v.visitor, v.started_at, v.ended_at, v.minutes, v.mode,
                   v.distance_m, v.accuracy_m, v.ruling, v.household_id, h.code as household_code, h.head_name,
                   a.name as village, st_x(v.geom) as lon, st_y(v.geom) as lat, st_x(h.geom) as home_lon,
                   st_y(h.geom) as home_lat, sec.is_own_visit(v.id) as is_own,
                   (coalesce(v.started_at, v.ended_at) at time zone 'Asia/Shanghai')::date as day,
                   (select w.word from card_word w where w.visit_id = v.id
                     order by w.at desc, w.id desc limit 1) as word
              from (select v.id as visit_id, s.probability, s.state,
                           max(s.probability) over (
                               partition by v.visitor, coalesce(v.started_at, v.ended_at)::date) as of_day,
                           v.visitor, v.started_at, v.no {_LIST}
                     order by s.state = 'ruled', of_day desc, v.visitor, coalesce(v.started_at, v.ended_at)::date,
                              v.started_at, v.no
                     limit :limit offset :skip) s
              join visit v on v.id = s.visit_id join household h on h.id = v.household_id
              left join area a on a.id = h.village_id
             order by s.state = 'ruled', s.of_day desc, v.visitor, coalesce(v.started_at, v.ended_at)::date,
                      v.started_at, v.no"""),
        keys,
    ).all()
    ids = [row.id for row in rows]
    evidence, notes = _evidence(session, ids), _notes(session, ids)
    listed = []
    for row in rows:
        one = {**row._mapping, "evidence": evidence.get(row.id, []), "notes": notes.get(row.id, [])}
        one["head_name"] = shown_name(row.head_name, asker.role)
        one["may_rule"] = asker.role in (Role.SUPERVISOR, Role.LEADER) and not row.is_own
        listed.append(one)
    return Doubts(listed, total, page)


def count_open(session: Session, campaign_id: int, round_no: int, within: tuple[int, int]) -> dict[str, int]:
    """Doubtful visits the asker may see, by state."""
    rows = session.execute(
        text("""
            select state, count(distinct visit_id) as n from suspicion
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi group by state"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    )
    return {"open": 0, "answered": 0, "ruled": 0} | {row.state: row.n for row in rows}


def screened_at(session: Session, campaign_id: int, round_no: int) -> datetime | None:
    """When the round was last screened."""
    return session.scalar(
        text("select screened_at from screening where campaign_id = :campaign and round_no = :round"),
        {"campaign": campaign_id, "round": round_no},
    )


def _evidence(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    rows = session.execute(
        text("""
            select s.visit_id, s.detector, s.score, s.value, s.against, o.no as other, st_x(o.geom) as other_lon,
                   st_y(o.geom) as other_lat
              from suspicion s left join visit o on o.id = s.other_id
             where s.visit_id = any (:ids) order by s.score desc, s.detector"""),
        {"ids": ids},
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.visit_id, []).append(dict(row._mapping))
    return found


def _notes(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    rows = session.execute(
        text("""select visit_id, act, ruling, words, actor, at from suspicion_note
                 where visit_id = any (:ids) order by at, id"""),
        {"ids": ids},
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.visit_id, []).append(dict(row._mapping))
    return found
