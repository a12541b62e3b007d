"""Hostile text for every column that can hold text.

The columns are found from the tables themselves, so a new one is included by being there. A column is left out only
if the database limits it to a list of words, or if it stands in :data:`EXCEPTIONS` with its reason.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Column, Enum, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from data.areas import number_range
from data.households import place
from data.sealing import SEALED_FIELDS, Sealer
from data.tables import Base, Household
from tests.browser import uploads
from tests.township import VILLAGES, SmallTownship

PAYLOADS = {
    "template literal": "${document.title='x'}",
    "image": """<img src=x onerror="document.title='x'">""",
    "script": "</script><script>document.title='x'</script>",
    "template": "{{7*7}}",
    "address": "javascript:document.title='x'",
}
# All at once; as an address it is the script of its first part, for the rest is a comment.
ALL = "javascript:document.title='x'//" + "".join(text for name, text in PAYLOADS.items() if name != "address")
# The same with the tag first: what is cut short shows the beginning alone.
TAG_FIRST = "".join(PAYLOADS[name] for name in ("image", "template", "template literal", "script", "address"))
# What these two are noticed by, they are noticed by also where each payload alone would be:
# tests.browser.test_hostile_pages and tests.web.test_hostile_text hold that on planted faults.
JOINED = {"all": ALL, "tag first": TAG_FIRST}

# Columns that cannot hold what somebody typed. Whoever adds one here says why.
EXCEPTIONS = {
    ("account", "password_hash"): "argon2's own notation, never shown and never written by hand",
    ("batch_change", "table_name"): "name of one of our tables, written by the database's own trigger",
    ("batch_change", "row_key"): "number of a row, written by the database's own trigger",
    ("route", "breaks"): "moments of breaks, whole numbers written by the planner",
    ("standing", "kinds"): "what visit.visitor_kind says, copied by the database's own trigger",
    ("standing", "key_groups"): "what household.key_groups says, copied by the database's own trigger",
}
# Columns whose words steer the counting: only rows of which the count does not speak are changed.
ONLY_WHERE = {
    ("visit", "verdict"): "verdict <> 'valid'",  # a verdict counts if and only if it is 'valid'
    ("base_feature", "kind"): "kind <> 'road_main'",  # a feature of an unknown kind is not drawn; one road stays
    ("attachment", "content_type"): "withdrawn_at is not null",  # what is no picture is not shown as one
    ("attachment", "withdraw_reason"): "withdrawn_at is not null",  # what stands has no reason
    ("household_word", "objection"): "said = 'objection'",  # who is satisfied objects to nothing
    ("household_word", "answer"): "answer is not null",  # an open one has none
    ("aid_list", "withdraw_reason"): "withdrawn_at is not null",  # one that was not withdrawn has no reason
    ("exclusion", "lift_reason"): "lifted_on is not null",  # nor has one that was not lifted
    ("pack", "base"): "base <> ''",  # the own map has no name, and is asked for without one
}
# What a person's file and ledger say in the preview of an upload.
_WORDS_OF_THE_FILE = {"sheet", "heading", "sample", "why", "name", "text", "reason", "sender", "sentence", "evidence"}


def _preview_with_words() -> str:
    """SQL for the preview of an upload in which each of these words is the value."""

    def fill(part: Any, key: str = "") -> Any:
        if isinstance(part, dict):
            return {name: fill(value, name) for name, value in part.items()}
        if isinstance(part, list):
            return [fill(value, key) for value in part]
        return "@" if isinstance(part, str) and key in _WORDS_OF_THE_FILE else part

    written = json.dumps(fill(uploads.preview()), ensure_ascii=False)
    return f"""cast(replace('{written}', '"@"', cast(to_jsonb(cast(:value as text)) as text)) as jsonb)"""


# JSON whose structure the program reads: where in it words of a person stand.
JSON_PATHS = {
    ("campaign", "plan"): "jsonb_set(plan, '{visit,done_statuses}', jsonb_build_array(cast(:value as text)))",
    ("campaign_version", "plan"): "jsonb_set(plan, '{visit,done_statuses}', jsonb_build_array(cast(:value as text)))",
    ("upload", "preview"): _preview_with_words(),
    ("appraisal", "findings"): "jsonb_set(findings, '{parts,walls,points}', to_jsonb(cast(:value as text)))",
    # Beside what a page reads of it: numbers of people and households, and days.
    ("renovation_plan_version", "lines"): "jsonb_set(lines, '{0,place}', to_jsonb(cast(:value as text)))",
    ("route_problem", "problem"): """jsonb_set(problem, '{households,0,skills}',
                                              jsonb_build_array(cast(:value as text)))""",
}
_LIST_CHECK = re.compile(r"^(\w+) in \(")


def value_of(payload: str, column: str) -> str:
    """What stands in a column given as ``table.column``: the payload and where it was put, still good as a script."""
    return f"{payload};{column}"


def is_text(column: Column[Any]) -> bool:
    """Whether a column holds text, a list of texts or JSON."""
    kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return isinstance(kind, String | JSONB) and not isinstance(kind, Enum)


def limited_columns(table: Table) -> set[str]:
    """Columns that a check of the database limits to a list of words."""
    checks = [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]
    return {found.group(1) for check in checks if (found := _LIST_CHECK.match(check))}


def free_text_columns() -> list[tuple[Table, Column[Any]]]:
    """Every column somebody could put hostile text in."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if is_text(column) and column.name not in limited_columns(table) and (table.name, column.name) not in EXCEPTIONS
    ]


def fill_every_table(session: Session, town: SmallTownship) -> None:
    """At least one row in each table that holds text, inside village 001 so that every role sees it."""
    village = town.areas[VILLAGES[0]]
    low, high = number_range(VILLAGES[0])
    keys = {
        "village": village,
        "low": low,
        "high": high,
        "home": town.households["H1"],
        "account": session.scalar(text("select min(id) from account")),
    }
    for statement in _ROWS:
        session.execute(text(statement), keys)
    session.flush()


_ROWS = (
    """insert into area (code, name, level, parent_id, jur, jur_end, geom, centre, derived, source)
       select '990101001001-N01', '测试自然村', 'natural_village', :village, :low, :high,
              st_multi(st_buffer(st_setsrid(st_makepoint(118.803, 36.405), 4326), 0.002)),
              st_setsrid(st_makepoint(118.803, 36.405), 4326), true, 'test'""",
    "update household set group_id = (select id from area where level = 'natural_village') where id = :home",
    """insert into area_alias (area_id, jur, jur_end, name, code, valid_from)
       values (:village, :low, :high, '旧名', '990101001901', '2020-01-01')""",
    """insert into batch (kind, file_name, sha256, read, accepted, refused, jur, jur_end, account_id)
       values ('households', 'ledger.xlsx', '\\x00', 1, 0, 1, :low, :high, :account)""",
    """insert into batch_problem (batch_id, jur, jur_end, sheet, "row", "column", found, expected_zh, expected_en,
                                  reason_zh, reason_en, refused)
       select id, :low, :high, 'a', 2, 'b', 'c', 'd', 'e', 'f', 'g', true from batch limit 1""",
    """insert into attachment (id, jur, household_id, kind, file_name, content_type, size_bytes, sha256)
       select gen_random_uuid(), jur, id, 'photo', 'a.jpg', 'image/jpeg', 1, '\\x00' from household where id = :home""",
    """insert into attachment (id, jur, household_id, kind, file_name, content_type, size_bytes, sha256, withdrawn_at,
                               withdraw_reason)
       select gen_random_uuid(), jur, id, 'photo', 'b.jpg', 'image/jpeg', 1, '\\x01', now(), 'a'
         from household where id = :home""",
    """insert into audit (account_id, actor, role, act, object_kind, object_id, fields, reason, details, address,
                          request_id, jur)
       values (:account, 'a', 'b', 'c', 'd', 'e', '{f}', 'g', '{}', 'h', 'i', :low)""",
    "insert into login_attempt (username, address, succeeded) values ('a', 'b', false)",
    """insert into base_feature (kind, geom, jur)
       values ('water', st_setsrid(st_makepoint(118.803, 36.405), 4326), :low)""",
    """insert into road_edge (source, road_class, name, walk, ebike, car, length_m, geom, jur)
       select 'a', 'residential', 'b', true, true, true, 100,
              st_setsrid(st_makeline(st_makepoint(118.80, 36.405), st_makepoint(118.801, 36.405)), 4326), :low""",
    """insert into road_gap (key, choice, length_m, geom, jur, account_id, actor)
       select 'a', 'no_gap', 5,
              st_setsrid(st_makeline(st_makepoint(118.80, 36.405), st_makepoint(118.80005, 36.405)), 4326), :low,
              :account, 'b'""",
    """insert into pack (area_id, jur, jur_end, base, whole, source, sha256, size_bytes, last_zoom)
       values (:village, :low, :high, '', true, '\\x00', '\\x00', 1, 15),
              (:village, :low, :high, 'a', true, '\\x00', '\\x00', 1, 15)""",
    # A house outside every village and one household known by its ledger only, both for the work lists.
    "update household set stated_area = '测试', address = '测试' where geom is null or village_id is null",
    "update visit set suspect = '{far}' where natural_key = 'test:V3'",
    "update batch set sender = 'a', counts = '{}'",
    """insert into batch_change (batch_id, table_name, row_key, act, before)
       select id, 'household', '1', 'update', '{}' from batch""",
    """insert into upload (account_id, jur, jur_end, file_name, size_bytes, sha256, sender, kind, preview, trial,
                           expires_at)
       select id, :low, :high, 'a.csv', 1, '\\x00', 'a', 'households', '{}', '{}', now() + interval '1 day'
         from account""",
    # One that was imported, for the addresses of its refused rows.
    """insert into upload (account_id, jur, jur_end, file_name, size_bytes, sha256, sender, kind, state, batch_id,
                           expires_at)
       select a.id, :low, :high, 'a.csv', 1, '\\x00', 'a', 'households', 'imported', (select min(id) from batch),
              now() + interval '1 day' from account a""",
    """insert into job (kind, account_id, jur, jur_end, upload_id, payload, state, step_zh, step_en, result, error_code,
                        error_zh, error_en)
       select 'preview', account_id, :low, :high, id, '{}', 'failed', 'a', 'b', '{}', 'c', 'd', 'e' from upload""",
    """insert into column_memory (jur, jur_end, sender, kind, heading, field)
       values (:low, :high, 'a', 'households', '户主', 'head_name')""",
    """insert into area_edit (batch_id, account_id, jur, jur_end, act, level, changes, moves)
       select min(id), :account, :low, :high, 'change', 'grid', '[]', '[]' from batch""",
    """insert into publicity (campaign_id, area_id, jur, jur_end, item, done_on, title, remark, account_id)
       select min(id), :village, :low, :high, 'other', '2026-05-04', 'a', 'b', :account from campaign""",
    """insert into hardship_case (household_id, jur, cause, situation, help_had, measure, responsible, state, closed_on,
                                  result, account_id)
       select id, jur, 'illness', 'a', 'b', 'c', 'd', 'closed', '2026-06-01', 'e', :account
         from household where id = :home""",
    """insert into monitoring_round (area_id, jur, jur_end, month, opened_on, names_by, appraised_by, closed_by,
                                     source)
       values (:village, :low, :high, '2026-05-01', '2026-05-01', '2026-05-05', '2026-05-20', '2026-05-31', 'a')""",
    """insert into monitored (round_id, household_id, jur, aid_group)
       select (select max(id) from monitoring_round), id, jur, 'a' from household where id = :home""",
    """insert into monitoring_act (monitored_id, jur, no, act, on_day, reason)
       select id, jur, 0, 'reported', '2026-05-02', 'a' from monitored""",
    """insert into housing_status (household_id, jur, no, before, status, on_day, cause, reason)
       select id, jur, 0, 'unknown', 'vacant', '2026-05-02', 'person', 'a' from household where id = :home""",
    """insert into petition (household_id, village_id, jur, received_on, channel, petitioner, cause, matter, unit,
                             answer, answered_on, account_id)
       select id, village_id, jur, '2026-05-02', 'visit', 'a', 'quality', 'b', 'c', 'd', '2026-05-03', :account
         from household where id = :home""",
    """insert into appraisal (house_id, jur, appraised_on, standard, findings, raw, computed, result, override_reason,
                              appraiser, appraised_by, cause, remark, account_id, client_id, valid_until)
       select id, jur, '2026-05-04', 'guideline_2019',
              '{"site": "safe", "parts": {"walls": {"level": "c", "points": "a"}}}', 'a', 'C', 'C', 'b', 'c', 'd',
              'first', 'e', :account, gen_random_uuid(), '2026-06-04'
         from house where household_id = :home""",
    """insert into disaster (area_id, jur, jur_end, kind, happened_on, remark, account_id)
       values (:village, :low, :high, 'flood', '2026-05-05', 'a', :account)""",
    """insert into mark (id, kind, account_id, marked_by, jur, at, state, responsible, quality)
       select gen_random_uuid(), 'waste', :account, 'a', jur, now(), 'accepted', 'b', 7
         from household where id = :home""",
    """insert into concern_observation (mark_id, jur, on_day, seen, note, observer, account_id)
       select id, jur, day_of_change(), 'clearing', 'a', 'b', :account from mark
        where kind = 'waste' and state = 'accepted'""",
    """insert into placement (bulk_id, household_id, jur, account_id, method, before, after)
       select gen_random_uuid(), id, jur, :account, 'click', '{}', '{}' from household where id = :home""",
    """insert into assignment_act (campaign_id, round_no, jur, jur_end, how, account_id, counts)
       select campaign_id, 1, :low, :high, 'drawn', :account, '{}' from standing limit 1""",
    """insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, owner, how, act_id)
       select campaign_id, round_no, household_id, 'grid', jur, false, '甲', 'drawn',
              (select max(id) from assignment_act) from standing where household_id = :home""",
    """insert into assignment_change (act_id, household_id, kind, jur, before, after)
       select act_id, household_id, kind, jur, '{}', '{}' from assignment""",
    """insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until)
       select campaign_id, round_no, household_id, jur, 'grid', :account, '甲', now() + interval '1 day'
         from standing where household_id = :home""",
    """insert into route_plan (campaign_id, round_no, jur, jur_end, kind, days, choices, state, revision, change_no,
                               made_by)
       select campaign_id, round_no, :low, :high, 'grid', '{2026-12-01}', '{}', 'ready', 1, 1, :account
         from standing where household_id = :home""",
    """insert into route_problem (plan_id, jur, jur_end, problem, modes)
       select p.id, :low, :high, jsonb_build_object('fangtu_route_problem', 1, 'days', cast('["2026-12-01"]' as jsonb),
           'inspectors', jsonb_build_array(jsonb_build_object('id', 'i' || p.made_by, 'start',
               cast('[118.803, 36.405]' as jsonb))),
           'households', jsonb_build_array(jsonb_build_object('id', 'h' || h.id, 'at',
               jsonb_build_array(st_x(h.geom), st_y(h.geom)), 'skills', cast('["a"]' as jsonb)))), '{walk}'
         from route_plan p, household h where h.id = :home""",
    """insert into route (plan_id, published, account_id, day, on_day, campaign_id, round_no, jur, jur_end, revision,
                          mode, leave_s, back_s, back_travel_s, back_travel_m)
       select p.id, b.given, p.made_by, 0, '2026-12-01', p.campaign_id, p.round_no, :low, :high, 1, 'walk', 30600,
              32400, 0, 0 from route_plan p, (values (false), (true)) b (given)""",
    """insert into route_stop (plan_id, published, household_id, jur, account_id, day, position, arrival_s, start_s,
                               leave_s, travel_s, travel_m, estimated)
       select r.plan_id, r.published, h.id, h.jur, r.account_id, 0, 0, 30600, 30600, 32400, 0, 0, true
         from route r, household h where h.id = :home""",
    """insert into route_unplanned (plan_id, household_id, jur, reason)
       select p.id, h.id, h.jur, 'a' from route_plan p, household h where h.village_id = :village and h.id <> :home""",
    """insert into route_change (plan_id, no, before_no, jur, jur_end, revision, act, wanted, price, routes, held,
                                 account_id)
       select id, 1, 0, :low, :high, 1, 'solve', '{}', '{}', '{}', '{}', made_by from route_plan""",
    """insert into lookback (campaign_id, round_no, coverage, error, seed, jur, jur_end, account_id)
       select max(id), 1, 0.95, 0.05, 'a', :low, :high, :account from campaign""",
    """insert into lookback_village (lookback_id, village_id, jur, jur_end, eligible, counted)
       select max(id), :village, :low, :high, 5, 1 from lookback""",
    """insert into lookback_pick (lookback_id, village_id, no, household_id, jur, weight, reasons, result, mode,
                                  looked_by, looked_at, remark)
       select (select max(id) from lookback), :village, 1, id, jur, 1, '{a}', 'untrue', 'home', 'a', now(), 'a'
         from household where id = :home""",
    """insert into finding (campaign_id, round_no, kind, name_zh, name_en, points, clause, source, village_id,
                            household_id, jur, pick_id, remark, answer, account_id)
       select (select max(id) from campaign), 1, 'false_visit', 'a', 'b', 1, 'c', 'lookback', :village, id, jur,
              (select max(id) from lookback_pick), 'd', 'e', :account from household where id = :home""",
    """insert into suspicion (visit_id, campaign_id, round_no, household_id, jur, detector, score, probability, rules)
       select id, campaign_id, round_no, household_id, jur, 'far_fix', 5, 0.9, 1
         from visit where natural_key = 'test:V3'""",
    """insert into suspicion_note (visit_id, household_id, jur, act, words, account_id, actor)
       select id, household_id, jur, 'answer', 'a', :account, 'b' from visit where natural_key = 'test:V3'""",
    """insert into repeat_choice (visit_id, household_id, jur, choice, reason, before, after, account_id, actor)
       select id, household_id, jur, 'joint', 'a', '{}', '{"companions": "b"}', :account, 'c'
         from visit where natural_key = 'test:V3'""",
    """insert into card_word (visit_id, household_id, jur, word, words)
       select id, household_id, jur, 'denied', 'a' from visit where natural_key = 'test:V3'""",
    "insert into card_attempt (address, found) values ('a', false)",
    """insert into device (id, account_id, jur, jur_end, name, platform, app)
       select gen_random_uuid(), id, :low, :high, 'a', 'b', 'c' from account""",
    """insert into synced_item (id, kind, account_id, sent_by, sha256, size_bytes)
       select id, 'visit', :account, :account, '\\x00', 1 from visit where natural_key = 'test:V3'""",
    """insert into synced_photo (id, item_id, kind, sha256, size_bytes)
       select gen_random_uuid(), id, 'visit', '\\x00', 1 from synced_item""",
    """insert into sync_reject (id, kind, account_id, sent_by, code, message_zh, message_en, details, sha256,
                                size_bytes, body_sealed)
       select gen_random_uuid(), 'visit', id, id, 'a', 'b', 'c', '{}', '\\x00', 1, '\\x00' from account""",
    """insert into field_visit (visit_id, household_id, jur, outcome_reason, fix_reason, work)
       select id, household_id, jur, 'a', 'b', '{c}' from visit where natural_key = 'test:V3'""",
    """insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                           from_question, raised_at)
       select gen_random_uuid(), id, campaign_id, household_id, jur, :account, 'a', 'b', false, 'c', now()
         from visit where natural_key = 'test:V3'""",
    """insert into pulled (id, account_id, device_id, ids, marks, complete, seen)
       values (gen_random_uuid(), :account, gen_random_uuid(), '{}', '{}', true, 'a')""",
    """insert into renovation_site (natural_key, household_id, house_id, jur, village_id, method, grade_before, stage,
                                    accepted_on, entitled_fen, year, quality)
       select 'renovation', h.id, o.id, h.jur, h.village_id, 'repair', 'C', 'accepted', '2026-05-01', 100, 2026, 7
         from household h join house o on o.household_id = h.id where h.code = 'H2'""",
    """insert into renovation_plan (area_id, jur, jur_end, year, name, source)
       values (:village, :low, :high, 2026, 'a', 'b')""",
    """insert into repeat_rule (area_id, jur, jur_end, year, years, clause)
       values (:village, :low, :high, 2026, 10, 'a')""",
    """insert into renovation_plan_line (plan_id, no, grade, jur, jur_end, stated_area, households, fen)
       select id, 1, 'C', :low, :high, 'a', 1, 1 from renovation_plan""",
    """insert into renovation_plan_version (area_id, jur, jur_end, year, name, source, households, fen, lines)
       values (:village, :low, :high, 2026, 'a', 'b', 1, 1,
               '[{"no": 1, "place": "a", "area_id": null, "grade": "C", "households": 1, "fen": 1}]')""",
    """insert into funding (area_id, jur, jur_end, year, source, document, received_on, fen, remark, cancelled_at,
                            cancel_reason)
       values (:village, :low, :high, 2026, 'city', 'a', '2026-05-01', 1, 'b', now(), 'c')""",
    """insert into subsidy_rate (area_id, jur, jur_end, year, grade, method, fen, source)
       values (:village, :low, :high, 2026, 'C', 'repair', 1, 'a')""",
    """insert into entitlement (site_id, jur, fen, rate_id, reason)
       select s.id, s.jur, 100, r.id, 'a' from renovation_site s, subsidy_rate r where s.natural_key = 'renovation'""",
    """insert into payment_batch (area_id, jur, jur_end, year, name) values (:village, :low, :high, 2026, 'a')""",
    """insert into payment (batch_id, line_no, site_id, jur, fen, payee)
       select b.id, 1, s.id, s.jur, 100, 'a' from payment_batch b, renovation_site s
        where s.natural_key = 'renovation'""",
    "update payment set state = 'sent'",
    "update payment set state = 'failed', failure = 'a'",
    """insert into bank_return (batch_id, jur, jur_end, name, sha256, counts)
       select id, :low, :high, 'a', '\\x00', '{"failed": 1}' from payment_batch""",
    """insert into bank_return_row (return_id, no, jur, jur_end, reference, fen, outcome, payment_id, why)
       select r.id, 1, :low, :high, 'a', 100, 'failed', p.id, 'b' from bank_return r, payment p""",
    """insert into site_gate (site_id, jur, no, act, gate, on_day, reason, note, account_id)
       select id, jur, 0, 'withdrawn', 'paid', '2026-05-02', 'a', 'b', :account from renovation_site
        where natural_key = 'renovation'""",
    """insert into site_inspection (site_id, jur, on_day, inspector, findings, order_text, due_on, mended_on,
                                    mended_note)
       select id, jur, '2026-05-01', 'a', 'b', 'c', '2026-05-02', '2026-05-02', 'd' from renovation_site
        where natural_key = 'renovation'""",
    """insert into household_word (site_id, jur, gate, on_day, person, relation, said, objection, account_id)
       select id, jur, 'accepted', '2026-05-01', 'a', 'self', 'objection', 'b', :account from renovation_site
        where natural_key = 'renovation'""",
    "update household_word set answer = 'c', answered_on = '2026-05-02', answered_by = account_id",
    """insert into aid_list (area_id, jur, jur_end, office, on_day, name, sha256, groups, counts, withdrawn_at,
                             withdraw_reason, account_id)
       values (:village, :low, :high, 'civil_affairs', '2026-05-01', 'a', '\\x00', '{margin}', '{"absent": 1}', now(),
               'b', :account),
              (:village, :low, :high, 'civil_affairs', '2026-05-02', 'c', '\\x00', '{margin}', '{"agrees": 1}',
               null, null, :account)""",
    """insert into aid_list_row (list_id, no, jur, jur_end, stated_name, stated_area, stated_group, outcome,
                                 household_id)
       select l.id, 1, h.jur, h.jur + 1, 'a', 'b', 'c', 'differs', h.id
         from aid_list l, household h where h.id = :home""",
    """insert into exclusion (household_id, jur, kind, evidence, from_on, account_id)
       select id, jur, 'other', 'a', '2026-05-01', :account from household where id = :home""",
    "update exclusion set lifted_on = '2026-05-02', lift_reason = 'b', lifted_by = account_id",
    """insert into exclusion (household_id, jur, kind, evidence, from_on, account_id)
       select id, jur, 'second_house', 'c', '2026-05-01', :account from household where id = :home""",
    """insert into site_check (site_id, jur, name, responsible, reason, account_id)
       select id, jur, 'identity', 'a', 'b', :account from renovation_site where natural_key = 'renovation'""",
    # Counts that are folded in, and a change that is not yet.
    "select fold_changes()",
    "update standing set kinds = kinds where household_id = :home",
)


def poison(session: Session, payload: str, sealer: Sealer) -> None:
    """Put the payload into every free text column of every row, and under every seal."""
    unique = {(table.name, name) for table in Base.metadata.sorted_tables for name in _unique_columns(table)}
    by_table: dict[tuple[str, str], list[str]] = {}
    values: dict[str, str] = {}
    for table, column in free_text_columns():
        name = f"{table.name}.{column.name}"
        place_of = name.replace(".", "_")
        values[place_of] = value_of(payload, name)
        where = ONLY_WHERE.get((table.name, column.name), "true")
        by_table.setdefault((table.name, where), []).append(
            f'"{column.name}" = {_new_value(table, column, place_of, (table.name, column.name) in unique)}'
        )
    # Of a cohort nobody knows nobody is counted, once a household changes: households go first, campaigns last.
    session.execute(text("update campaign set cohort = 'all_households'"))
    for (table_name, where), changes in sorted(by_table.items(), key=lambda one: one[0][0] == "campaign"):
        session.execute(text(f"update {table_name} set {', '.join(changes)} where {where}"), values)
    session.expire_all()
    for home in session.query(Household):
        for sealed in SEALED_FIELDS.values():
            whole = value_of(payload, f"household.{sealed.column}")
            setattr(home, sealed.column, sealer.seal(whole, place(sealed.column), home.id))
    session.flush()


def unfilled(session: Session, payload: str) -> list[str]:
    """Free text columns in which no row holds the payload; empty if the poisoning reached everything."""
    missing = []
    for table, column in free_text_columns():
        name = f"{table.name}.{column.name}"
        found = session.scalar(
            text(f'select count(*) from {table.name} where position(:value in cast("{column.name}" as text)) > 0'),
            {"value": json.dumps(value_of(payload, name))[1:-1] if _is_quoted(column) else value_of(payload, name)},
        )
        if not found:
            missing.append(name)
    return missing


def _is_quoted(column: Column[Any]) -> bool:
    """Lists and JSON are compared in their written form, in which quotation marks are escaped."""
    return isinstance(column.type, ARRAY | JSONB)


def _new_value(table: Table, column: Column[Any], parameter: str, must_differ: bool) -> str:
    if isinstance(column.type, JSONB):
        path = JSON_PATHS.get((table.name, column.name))
        if path:
            return path.replace(":value", f":{parameter}")
        return f"jsonb_build_object('text', cast(:{parameter} as text))"
    if isinstance(column.type, ARRAY):
        return f"array[cast(:{parameter} as text)]"
    if must_differ:
        keys = table.primary_key.columns
        key = f'"{keys[0].name}"' if len(keys) == 1 else "ctid"
        return f"cast(:{parameter} as text) || '#' || {key}"
    return f"cast(:{parameter} as text)"


def _unique_columns(table: Table) -> set[str]:
    groups = [c.columns for c in table.constraints if isinstance(c, UniqueConstraint)]
    groups += [index.columns for index in table.indexes if index.unique]
    groups.append(table.primary_key.columns)
    return {column.name for group in groups for column in group if is_text(column)}
