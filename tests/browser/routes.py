"""Every address that is read, made from the application's own route table."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.routing import Rule

from app.access import rule_of
from data.askers import Role
from tests.browser.stand import Stand
from tests.hostile import value_of
from tests.township import VILLAGES

# Files of the checkout and of the base maps, the same for everybody; they hold no record.
# Papers of sites are taken out as they came and never shown in a page. The code of a file leads to its household.
NO_RECORDS = {
    "static",
    "script",
    "base_maps.file_tile",
    "field.serve_part",
    "site_files.paper",
    "file_codes.follow",
    "made_files.fetch",
}


def values_for(stand: Stand, payload: str) -> dict[str, list[Any]]:
    """What to put in for each argument of an address."""
    keys = stand.keys()
    return {
        "household_id": list(keys["households"].values()),
        "house_id": list(keys["houses"].values()),
        "site_id": list(keys["sites"].values()),
        "no": list(keys["visits"].values()),
        "number": list(keys["marks"].values()),
        "concern_no": stand.concerns(),
        "account_id": list(stand.accounts.values()),
        "code": [VILLAGES[0], quote(value_of(payload, "area.code") + f"#{stand.town.areas[VILLAGES[0]]}", safe="")],
        "campaign": [stand.town.campaign_id],
        "version": [1],
        "rule": ["campaign", "visit", "round.1"],
        "lookback_id": [1],
        "lang": ["zh", "en"],
        "kind": ["households"],
        "route_id": stand.ids("route_plan"),
        "record_id": stand.ids("publicity"),
        "case_id": stand.ids("hardship_case"),
        "appraisal_id": stand.ids("appraisal"),
        "disaster_id": stand.ids("disaster"),
        "picture_id": stand.ids("attachment"),
        "reject_id": stand.ids("sync_reject"),
        "payment_batch_id": stand.ids("payment_batch"),
        "return_id": stand.ids("bank_return"),
        "aid_list_id": stand.ids("aid_list"),
        "monitoring_id": stand.ids("monitoring_round"),
        "petition_id": stand.ids("petition"),
        "made_id": stand.ids("job"),
        "form": ["csv", "xlsx"],
        "plan_version_id": stand.ids("renovation_plan_version"),
        **stand.imports(),
        "card": ["AAAAA-AAAAA"],
        "label": ["AAAAA-AAAAA"],
        "layer": ["base", "records", "households", "houses", "sites", "visits", "marks", "areas"],
        "z": [16],
        "x": [54390],
        "y": [25663],
    }


def addresses(rule: Rule, values: dict[str, list[Any]]) -> list[str]:
    """Every address of a route that the values make."""
    made = [re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)]
    for name in sorted(rule.arguments):
        assert name in values, f"{rule.rule}: say in values_for() what to put in for {name}"
        made = [address.replace("{" + name + "}", str(value)) for address in made for value in values[name]]
    return made


def read_rules(app: Flask) -> list[Rule]:
    """Routes that are read."""
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return sorted((rule for rule in rules if rule.endpoint not in NO_RECORDS), key=lambda rule: rule.rule)


def routes_of(app: Flask, role: str) -> list[str]:
    """Routes a role may read."""
    rules = {rule.rule: rule_of(app.view_functions[rule.endpoint]) for rule in read_rules(app)}
    return [route for route, roles in rules.items() if roles is not None and (not roles or Role(role) in roles)]
