"""The description of the JSON API, made from the route table and what each view says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, jsonify
from werkzeug.routing import Rule

from app.access import PUBLIC, public, rule_of
from app.field_door import HEADER, is_for_phones

View = TypeVar("View", bound=Callable[..., Any])
MARK = "fangtu_operation"
_UUID = {"type": "string", "format": "uuid"}
PREFIXES = ("/api/v1/", "/healthz")

bp = Blueprint("api", __name__)


@dataclass(frozen=True)
class Operation:
    """What one address of the API does.

    Attributes
    ----------
    summary : str
        One line.
    answer : mapping
        Fields of the answer with their meaning, or nested mappings and one-element lists of the same.
    query : mapping
        Parameters after the question mark with their meaning.
    body : mapping
        Fields of the JSON the caller sends.
    statuses : mapping
        Refusals that are particular to it, besides 401, 403 and 404, or in place of their words.
    media : str
        Media type of the answer.
    needed : sequence of str, optional
        Fields of the body that must be there; all of them by default.
    takes : sequence of str
        Media types of a body that is no JSON.
    made : str
        What 201 means, where something new is answered with it.
    body_example, answer_example
        A body and an answer as they are.
    """

    summary: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[int, str] = field(default_factory=dict)
    media: str = "application/json"
    needed: Sequence[str] | None = None
    takes: Sequence[str] = ()
    made: str = ""
    body_example: Any = None
    answer_example: Any = None


def describe(operation: Operation) -> Callable[[View], View]:
    """Declare an address of the API beside its view."""

    def mark(view: View) -> View:
        setattr(view, MARK, operation)
        return view

    return mark


def operation_of(view: Callable[..., Any]) -> Operation | None:
    """What a view says of itself, or None."""
    return getattr(view, MARK, None)


def is_described(rule: Rule) -> bool:
    """Whether an address belongs to the API that other programs use."""
    return rule.rule.startswith(PREFIXES)


@bp.get("/openapi.json")
@public
def openapi() -> Response:
    """The API in OpenAPI 3.1."""
    answer = jsonify(description())
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def description() -> dict[str, Any]:
    """The whole description, built from the running application's route table."""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not is_described(rule):
            continue
        view = current_app.view_functions[rule.endpoint]
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, view)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fangtu",
            "version": "1",
            "description": "Records inside the asker's area of duty. Times are ISO 8601 with +08:00; places are "
            "longitude and latitude in degrees (CGCS2000). Personal data is masked by role.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "From ./fangtu user token NAME"},
                "session": {"type": "apiKey", "in": "cookie", "name": "fangtu_session"},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error", "message", "details"],
                    "properties": {
                        "error": {"type": "string", "description": "A code that stays"},
                        "message": {"type": "string", "description": "A sentence in the asker's language"},
                        "details": {"type": "object"},
                    },
                }
            },
        },
    }


def _operation(rule: Rule, view: Callable[..., Any]) -> dict[str, Any]:
    said = operation_of(view) or Operation((view.__doc__ or rule.endpoint).strip().splitlines()[0])
    roles = rule_of(view)
    refusals = dict(said.statuses)
    if roles != PUBLIC:
        refusals |= {401: "Not signed in", 403: "The role does not include this"}
    if rule.arguments:
        refusals.setdefault(404, "No such record in the asker's area of duty")
    found: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": said.summary,
        "responses": {"200": {"description": "The answer", "content": {said.media: _content(said)}}}
        | ({"201": {"description": said.made, "content": {said.media: _content(said)}}} if said.made else {})
        | {
            str(status): {
                "description": words,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }
            for status, words in sorted(refusals.items())
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(rule, name)}
        for name in sorted(rule.arguments)
    ] + [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in said.query.items()
    ]
    if is_for_phones(view):
        parameters.append({"name": HEADER, "in": "header", "required": True, "schema": _UUID})
    if parameters:
        found["parameters"] = parameters
    if said.body:
        needed = list(said.body if said.needed is None else said.needed)
        content = {"schema": _schema(said.body) | {"required": needed}}
        if said.body_example is not None:
            content["example"] = said.body_example
        found["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif said.takes:
        found["requestBody"] = {"required": True, "content": {media: {} for media in said.takes}}
    if roles != PUBLIC:
        found["security"] = [{"token": []}, {"session": []}]
        found["x-roles"] = sorted(role.value for role in roles or ())
    return found


def _path_schema(rule: Rule, name: str) -> dict[str, Any]:
    kind = type(rule._converters[name]).__name__
    if kind == "UUIDConverter":
        return _UUID
    if kind == "IntegerConverter":
        return {"type": "integer", "minimum": 0}
    return {"type": "integer", "minimum": 1} if kind == "KeyConverter" else {"type": "string"}


def _content(said: Operation) -> dict[str, Any]:
    # Of bytes OpenAPI 3.1 says no more than their media type.
    if said.media != "application/json":
        return {}
    shown = {} if said.answer_example is None else {"example": said.answer_example}
    return {"schema": _schema(said.answer), **shown}


def _schema(said: Any) -> dict[str, Any]:
    if isinstance(said, Mapping):
        return {"type": "object", "properties": {name: _schema(part) for name, part in said.items()}}
    if isinstance(said, list):
        return {"type": "array", "items": _schema(said[0])}
    return {"description": str(said)}
