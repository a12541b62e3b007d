"""Every address of the application, filled in for one asker's own records or for somebody else's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.field import parts
from data.cards import new_code, plain_code
from data.file_codes import KIND, PLACE
from data.made_files import write_zip
from data.pack_making import make_packs
from data.sealing import load_sealer
from data.sync.photos import write_photo
from data.upload_files import seal_refused
from geo.tiles import world_xy
from tests.field_records import from_field
from tests.township import VILLAGES
from tests.web.conftest import Web

# Which household stands for an account's own records, and which for those of others.
OWN = {"inspector": "H1", "inspector_two": "H6", "supervisor": "H6", "leader": "H6", "admin": "H6"}
FOREIGN = {"inspector": "H6", "inspector_two": "H1", "outsider": "H6"}
HOUSEHOLD_SPOT = {"H1": (118.802, 36.405), "H6": (118.815, 36.405)}
FILES = {
    "form": "csv",
    "filename": "css/base.css",
    "start": "js/page.js",
    "lang": "en",
    "kind": "households",
    "name": "town",
    "layer": "records",
    "card": "AAAAA-AAAAA",
    "label": "AAAAA-AAAAA",
    "campaign": "test-2026",
    "version": 1,
    "rule": "visit.min_minutes",
    "part": parts()[0].name,
}
NO_UUID = uuid.UUID(int=0)
ABSENT = 999_999_999
# What phones made and nobody else: theirs are told from those of others in test_field_sync.py.
FROM_PHONES: dict[str, object] = dict.fromkeys(("device_id", "visit_id", "photo_id", "mark_id", "item_id"), NO_UUID)


@dataclass(frozen=True)
class Call:
    """One request to make."""

    rule: str
    method: str
    path: str
    endpoint: str


def all_calls(app: Flask, arguments: dict[str, object]) -> list[Call]:
    """Every route with every method, its arguments filled in.

    Raises
    ------
    KeyError
        If a route has an argument nobody thought of here: then this test does not cover it.
    """
    calls = []
    for rule in app.url_map.iter_rules():
        path = _fill(app, rule, arguments)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            calls.append(Call(rule.rule, method, path, rule.endpoint))
    return sorted(calls, key=lambda call: (call.rule, call.method))


def records_of(web: Web, household: str, account: str) -> dict[str, object]:
    """Arguments of all routes for the records around one household; ``account_id`` is that account's key."""
    key = web.town.households[household]
    lon, lat = HOUSEHOLD_SPOT[household]
    x, y = world_xy(lon, lat, zoom=16)
    with Session(web.owner) as session:

        def one(sql: str) -> int:
            return int(session.scalar(text(sql), {"id": key}) or ABSENT)

        return {
            **FILES,
            "household_id": key,
            "house_id": one("select id from house where household_id = :id"),
            "site_id": one("select id from renovation_site where household_id = :id"),
            "no": one("select min(no) from visit where household_id = :id"),
            "code": _packed(web, session, VILLAGES[0] if household == "H1" else VILLAGES[1]),
            "account_id": web.accounts[account],
            "record_id": _made(session, "publicity", key),
            "case_id": _made(session, "hardship_case", key),
            "appraisal_id": one(
                "select min(a.id) from appraisal a join house h on h.id = a.house_id where h.household_id = :id"
            ),
            "disaster_id": _made(session, "disaster", key),
            "gap_id": _made(session, "road_gap", key),
            "payment_batch_id": _made(session, "payment_batch", key),
            "monitoring_id": _made(session, "monitoring_round", key),
            "petition_id": _made(session, "petition", key),
            "return_id": _made(session, "bank_return", key),
            "plan_version_id": _made(session, "renovation_plan_version", key),
            "funding_id": _made(session, "funding", key),
            "inspection_id": _made(session, "site_inspection", key),
            "rule_id": _made(session, "repeat_rule", key),
            "word_id": _made(session, "household_word", key),
            "made_id": _made_file(web, account),
            "file_id": NO_UUID,
            "label": _label(web, key),
            "paper_id": _paper(web, key),
            "concern_no": _made(session, "mark", key),
            "payment_id": ABSENT,
            "aid_list_id": _made(session, "aid_list", key),
            "exclusion_id": _made(session, "exclusion", key),
            "row_id": ABSENT,
            **_upload_of(web, account),
            "bulk_id": NO_UUID,
            "edit_id": ABSENT,
            "act_id": ABSENT,
            **FROM_PHONES,
            **_sent(web, household, key),
            **_lookback_at(web, key),
            "route_id": _route_plan(web, household, key),
            "z": 16,
            "x": int(x),
            "y": int(y),
        }


def _label(web: Web, key: int) -> str:
    """A code of a household's file; the one before ends."""
    sealer, code = load_sealer(web.settings.key_file), plain_code(new_code())
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update file_code set ended_at = now() where household_id = :id and ended_at is null"), {"id": key}
        )
        session.execute(
            text("""insert into file_code (household_id, jur, code_index, code_sealed, account_id)
                    select id, jur, :index, :sealed, :account from household where id = :id"""),
            {
                "id": key,
                "index": sealer.index(code, KIND),
                "sealed": sealer.seal(code, PLACE, key),
                "account": web.accounts["supervisor"],
            },
        )
    return code


def _sent(web: Web, household: str, key: int) -> dict[str, object]:
    """What the inspector of a household's village sent of it."""
    sender = web.accounts["inspector" if household == "H1" else "inspector_two"]
    with Session(web.owner) as session, session.begin():
        return from_field(session, web.settings, key, sender)


def _paper(web: Web, key: int) -> object:
    """A paper of a household's renovation; made once."""
    sender = web.accounts["inspector_two" if key == web.town.households["H6"] else "inspector"]
    with Session(web.owner) as session, session.begin():
        site = session.execute(
            text("select id, jur from renovation_site where household_id = :id"), {"id": key}
        ).one_or_none()
        if site is None:
            return NO_UUID
        paper = uuid.uuid5(NO_UUID, f"paper {site.id}")
        session.execute(
            text("""
                insert into attachment (id, jur, site_id, kind, file_name, content_type, size_bytes, sha256, account_id)
                values (:id, :jur, :site, 'agreement', 'a.pdf', 'application/pdf', 5, '\\x00', :account)
                on conflict do nothing"""),
            {"id": paper, "jur": site.jur, "site": site.id, "account": sender},
        )
    write_photo(web.settings, load_sealer(web.settings.key_file), paper, b"%PDF-")
    return paper


def _packed(web: Web, session: Session, code: str) -> str:
    """The code of a village, once its offline packs are made."""
    make_packs(session, web.settings, web.town.areas[code])
    session.commit()
    return code


def _made(session: Session, table: str, household: int) -> int:
    """The record of a table that belongs to a household's village; made once."""
    found = session.scalar(text(_KEEP[table]), {"id": household})
    session.commit()
    return int(found)


_KEEP = {
    "mark": """
        with made as (
            insert into mark (id, kind, account_id, marked_by, jur, at, state, quality)
            select gen_random_uuid(), 'waste', (select min(id) from account), '测试员', h.jur, now(), 'accepted', 7
              from household h where h.id = :id and not exists (
                select 1 from mark m where m.kind = 'waste' and m.state = 'accepted' and m.jur = h.jur) returning no)
        select coalesce((select no from made), (
            select min(m.no) from mark m join household h on h.jur = m.jur
             where h.id = :id and m.kind = 'waste' and m.state = 'accepted'))""",
    "publicity": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into publicity (campaign_id, area_id, jur, jur_end, item, done_on)
            select (select min(id) from campaign), v.id, v.jur, v.jur_end, 'other', '2026-05-04' from village v
             where not exists (select 1 from publicity p where p.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(p.id) from publicity p join village v on v.id = p.area_id where p.removed_at is null))""",
    "hardship_case": """
        with made as (
            insert into hardship_case (household_id, jur, cause, situation, state)
            select h.id, h.jur, 'illness', '测试', 'open' from household h
             where h.id = :id and not exists (select 1 from hardship_case k where k.household_id = h.id) returning id)
        select coalesce((select id from made), (select min(id) from hardship_case where household_id = :id))""",
    "monitoring_round": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into monitoring_round (area_id, jur, jur_end, month, opened_on, names_by, appraised_by, closed_by,
                                          source)
            select v.id, v.jur, v.jur_end, '2026-05-01', '2026-05-01', '2026-05-05', '2026-05-20', '2026-05-31', '测试'
              from village v where not exists (select 1 from monitoring_round r where r.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(r.id) from monitoring_round r join village v on v.id = r.area_id))""",
    "petition": """
        with made as (
            insert into petition (household_id, jur, received_on, channel, petitioner, cause, matter, unit)
            select h.id, h.jur, '2026-05-04', 'visit', '测试', 'quality', '测试', '测试' from household h
             where h.id = :id and not exists (select 1 from petition k where k.household_id = h.id) returning id)
        select coalesce((select id from made), (select min(id) from petition where household_id = :id))""",
    "disaster": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into disaster (area_id, jur, jur_end, kind, happened_on, account_id)
            select v.id, v.jur, v.jur_end, 'flood', '2026-05-04', (select min(id) from account) from village v
             where not exists (select 1 from disaster d where d.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(d.id) from disaster d join village v on v.id = d.area_id))""",
    "payment_batch": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into payment_batch (area_id, jur, jur_end, year, name)
            select v.id, v.jur, v.jur_end, 2026, '测试批次' from village v
             where not exists (select 1 from payment_batch b where b.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(b.id) from payment_batch b join village v on v.id = b.area_id))""",
    "bank_return": """
        with batch as (
            select b.* from payment_batch b join household h on h.village_id = b.area_id where h.id = :id limit 1),
        made as (
            insert into bank_return (batch_id, jur, jur_end, name, sha256, counts)
            select b.id, b.jur, b.jur_end, '测试回盘.csv', '\\x00', '{"rows": 0}' from batch b
             where not exists (select 1 from bank_return r where r.batch_id = b.id) returning id)
        select coalesce((select id from made), (
            select min(r.id) from bank_return r join batch b on b.id = r.batch_id))""",
    "renovation_plan_version": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into renovation_plan_version (area_id, jur, jur_end, year, name, households, fen, lines)
            select v.id, v.jur, v.jur_end, 2026, '测试计划', 1, 100,
                   '[{"no": 2, "place": "测试", "area_id": null, "grade": "C", "households": 1, "fen": 100}]'
              from village v where not exists (select 1 from renovation_plan_version p where p.area_id = v.id)
            returning id)
        select coalesce((select id from made), (
            select min(p.id) from renovation_plan_version p join village v on v.id = p.area_id))""",
    "funding": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into funding (area_id, jur, jur_end, year, source, received_on, fen, document)
            select v.id, v.jur, v.jur_end, 2026, 'city', '2026-05-04', 100, '测试' from village v
             where not exists (select 1 from funding f where f.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(f.id) from funding f join village v on v.id = f.area_id))""",
    "site_inspection": f"""
        with site as (select * from renovation_site where household_id = :id),
        made as (
            insert into site_inspection (site_id, jur, on_day, inspector, findings)
            select s.id, s.jur, '2026-05-04', '测试', '测试' from site s
             where not exists (select 1 from site_inspection i where i.site_id = s.id) returning id)
        select coalesce((select id from made), (
            select min(i.id) from site_inspection i join site s on s.id = i.site_id), {ABSENT})""",
    "repeat_rule": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into repeat_rule (area_id, jur, jur_end, year, years, clause)
            select v.id, v.jur, v.jur_end, 2001, 1, '测试' from village v
             where not exists (select 1 from repeat_rule r where r.area_id = v.id and r.ended_at is null) returning id)
        select coalesce((select id from made), (
            select min(r.id) from repeat_rule r join village v on v.id = r.area_id where r.ended_at is null))""",
    "household_word": f"""
        with site as (select * from renovation_site where household_id = :id),
        made as (
            insert into household_word (site_id, jur, gate, on_day, person, relation, said, objection)
            select s.id, s.jur, 'completed', '2026-05-04', '测试', 'self', 'objection', '测试' from site s
             where not exists (select 1 from household_word w where w.site_id = s.id) returning id)
        select coalesce((select id from made), (
            select min(w.id) from household_word w join site s on s.id = w.site_id), {ABSENT})""",
    "aid_list": """
        with village as (
            select a.* from area a join household h on h.village_id = a.id where h.id = :id),
        made as (
            insert into aid_list (area_id, jur, jur_end, office, on_day, name, sha256, groups, counts)
            select v.id, v.jur, v.jur_end, 'rural', '2026-05-04', '测试名单.csv', '\\x00', '{}', '{"rows": 0}'
              from village v
             where not exists (select 1 from aid_list l where l.area_id = v.id) returning id)
        select coalesce((select id from made), (
            select min(l.id) from aid_list l join village v on v.id = l.area_id))""",
    "exclusion": """
        with made as (
            insert into exclusion (household_id, jur, kind, evidence, from_on)
            select h.id, h.jur, 'other', '测试', '2026-05-04' from household h
             where h.id = :id and not exists (select 1 from exclusion e where e.household_id = h.id) returning id)
        select coalesce((select id from made), (select min(id) from exclusion where household_id = :id))""",
    "road_gap": """
        with made as (
            insert into road_gap (key, choice, length_m, geom, jur, account_id, actor)
            select 'routes ' || h.id, 'no_gap', 5,
                   st_setsrid(st_makeline(h.geom, st_translate(h.geom, 0.00005, 0)), 4326), h.jur,
                   (select min(id) from account where role = 'supervisor'), '测试' from household h
             where h.id = :id and not exists (select 1 from road_gap g where g.key = 'routes ' || h.id) returning id)
        select coalesce((select id from made), (select min(id) from road_gap where key = 'routes ' || :id))""",
}


def _made_file(web: Web, account: str) -> uuid.UUID:
    """A job of the account that has made a file, and the file; made once."""
    job = uuid.uuid5(NO_UUID, f"made {account}")
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                insert into job (id, kind, account_id, jur, jur_end, state, finished_at, payload, result)
                select :id, 'files', d.account_id, d.jur, d.jur_end, 'done', now(), '{"title": "x"}',
                       '{"files": 1, "left_out": 0, "bytes": 100}'
                  from duty d where d.account_id = :account order by d.jur limit 1 on conflict do nothing"""),
            {"id": job, "account": web.accounts[account]},
        )
    with write_zip(web.settings, load_sealer(web.settings.key_file), job) as archive:
        archive.writestr("x.pdf", b"%PDF-")
    return job


def _upload_of(web: Web, account: str) -> dict[str, object]:
    """An imported upload of the account with its batch, its job and a file of refused rows; made once."""
    owner = {"account": web.accounts[account]}
    with Session(web.owner) as session, session.begin():
        found = session.execute(text(_FIND), owner).one_or_none()
        if found is None:
            found = session.execute(text(_MAKE), owner).one()
    with TemporaryDirectory() as folder:
        plain = Path(folder, "refused.csv")
        plain.write_text("户编号,退回原因\n", encoding="utf-8-sig")
        seal_refused(web.settings, load_sealer(web.settings.key_file), found.upload_id, plain)
    return dict(found._mapping)


_FIND = """
    select u.id as upload_id, j.id as job_id, u.batch_id from upload u join job j on j.upload_id = u.id
     where u.account_id = :account and u.file_name = 'routes.csv' limit 1"""
_MAKE = """
    with mine as (select id, jur, jur_end from account where id = :account),
    made as (
        insert into batch (kind, file_name, sha256, read, refused, jur, jur_end, account_id, counts)
        select 'households', 'routes.csv', '\\x00', 1, 1, jur, jur_end, id, '{"inserted": 0}' from mine returning *),
    kept as (
        insert into upload (account_id, jur, jur_end, file_name, size_bytes, sha256, kind, state, batch_id, expires_at)
        select account_id, jur, jur_end, 'routes.csv', 1, '\\x00', 'households', 'imported', id,
               now() + interval '7 days' from made returning *)
    insert into job (kind, account_id, jur, jur_end, upload_id, state)
    select 'import', account_id, jur, jur_end, id, 'done' from kept
    returning upload_id, id as job_id, (select batch_id from kept) as batch_id"""


def _lookback_at(web: Web, household: int) -> dict[str, object]:
    """A look-back that drew one household, with its pick and finding; made once."""
    with Session(web.owner) as session, session.begin():
        found = session.execute(text(_FIND_LOOKBACK), {"id": household}).one_or_none()
        if found is None:
            for statement in _MAKE_LOOKBACK:
                session.execute(text(statement), {"id": household})
            found = session.execute(text(_FIND_LOOKBACK), {"id": household}).one()
    return dict(found._mapping)


_FIND_LOOKBACK = """
    select p.lookback_id, p.id as pick_id, f.id as finding_id from lookback_pick p join finding f on f.pick_id = p.id
     where p.household_id = :id"""
_MAKE_LOOKBACK = (
    """insert into lookback (campaign_id, round_no, coverage, error, seed, jur, jur_end)
       select c.id, 1, 0.95, 0.05, 'routes', v.jur, v.jur_end from campaign c, household h
         join area v on v.id = h.village_id where h.id = :id""",
    """insert into lookback_village (lookback_id, village_id, jur, jur_end, eligible, counted)
       select (select max(id) from lookback), v.id, v.jur, v.jur_end, 3, 1 from household h
         join area v on v.id = h.village_id where h.id = :id""",
    """insert into lookback_pick (lookback_id, village_id, no, household_id, jur, weight)
       select (select max(id) from lookback), village_id, 1, id, jur, 1 from household where id = :id""",
    """insert into finding (campaign_id, round_no, kind, name_zh, name_en, points, source, village_id, household_id,
                            jur, pick_id)
       select c.id, 1, 'false_visit', '虚假入户', 'False visit', 1, 'lookback', h.village_id, h.id, h.jur,
              (select max(id) from lookback_pick) from campaign c, household h where h.id = :id""",
)


def _route_plan(web: Web, household: str, key: int) -> int:
    """A plan of routes of a household's village, with one route given out; made once."""
    walker = web.accounts["inspector" if household == "H1" else "inspector_two"]
    keys = {"id": key, "walker": walker, "maker": web.accounts["supervisor"]}
    with Session(web.owner) as session, session.begin():
        found = session.scalar(text(_FIND_ROUTE), keys)
        if found is None:
            for statement in _MAKE_ROUTE:
                session.execute(text(statement), keys)
            found = session.scalar(text(_FIND_ROUTE), keys)
        return int(found or ABSENT)


_FIND_ROUTE = "select max(plan_id) from route_stop where household_id = :id and published"
_MAKE_ROUTE = (
    """insert into route_plan (campaign_id, round_no, jur, jur_end, kind, days, choices, state, revision, made_by)
       select c.id, 1, v.jur, v.jur_end, 'grid_worker', '{2026-12-01}', '{}', 'published', 1, :maker
         from campaign c, household h join area v on v.id = h.village_id where h.id = :id""",
    """insert into route_problem (plan_id, jur, jur_end, problem)
       select p.id, p.jur, p.jur_end, jsonb_build_object('fangtu_route_problem', 1, 'days', '["2026-12-01"]'::jsonb,
           'travel', '{"kind": "points"}'::jsonb, 'inspectors', jsonb_build_array(jsonb_build_object(
               'id', 'i' || :walker, 'start', '[118.802, 36.405]'::jsonb, 'mode', 'walk', 'from', '08:30',
               'to', '17:30')),
           'households', jsonb_build_array(jsonb_build_object(
               'id', 'h' || :id, 'at', jsonb_build_array(st_x(h.geom), st_y(h.geom)), 'minutes', 30)))
         from route_plan p, household h where p.id = (select max(id) from route_plan) and h.id = :id""",
    """insert into route (plan_id, published, account_id, day, on_day, campaign_id, round_no, jur, jur_end, revision,
                          mode, leave_s, back_s, back_travel_s, back_travel_m)
       select p.id, b.given, :walker, 0, '2026-12-01', p.campaign_id, 1, p.jur, p.jur_end, 1, 'walk', 30600, 32400, 0, 0
         from route_plan p, (values (false), (true)) b (given) where p.id = (select max(id) from route_plan)""",
    """insert into route_stop (plan_id, published, household_id, jur, account_id, day, position, arrival_s, start_s,
                               leave_s, travel_s, travel_m, estimated)
       select r.plan_id, r.published, h.id, h.jur, r.account_id, 0, 0, 30600, 30600, 32400, 0, 0, true
         from route r, household h where r.plan_id = (select max(id) from route_plan) and h.id = :id""",
)


def absent_records() -> dict[str, object]:
    """Arguments that name nothing at all."""
    names = (
        "household_id",
        "house_id",
        "site_id",
        "no",
        "account_id",
        "edit_id",
        "record_id",
        "concern_no",
        "case_id",
        "gap_id",
        "appraisal_id",
        "disaster_id",
        "act_id",
        "lookback_id",
        "pick_id",
        "finding_id",
        "number",
        "route_id",
        "payment_batch_id",
        "return_id",
        "plan_version_id",
        "funding_id",
        "inspection_id",
        "payment_id",
        "aid_list_id",
        "exclusion_id",
        "row_id",
        "monitoring_id",
        "petition_id",
        "word_id",
        "rule_id",
    )
    keys = dict.fromkeys(names, ABSENT)
    uuids = ("upload_id", "job_id", "made_id", "bulk_id", "picture_id", "reject_id", "phone_id", "file_id", "paper_id")
    keys |= dict.fromkeys(uuids, NO_UUID) | {"batch_id": ABSENT}
    return {**FILES, **keys, **FROM_PHONES, "code": "990909909909", "z": 16, "x": 1, "y": 1}


def names_a_record(rule: str) -> bool:
    """Whether an address points at one record, so that somebody else's must look like none."""
    return any(argument in rule for argument in ("<key:", "<uuid:", "<code>"))


def _fill(app: Flask, rule: Rule, arguments: dict[str, object]) -> str:
    values = {name: arguments[name] for name in rule.arguments}
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))
    return str(built)
