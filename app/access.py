"""Which role may call which address. Every view carries a rule; one without is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, request

from app.field_door import is_from_field
from app.receiving import open_door
from app.session import asker
from data.askers import NotAllowed, Role

__all__ = ["PUBLIC", "Role", "init_app", "public", "require", "rule_of"]

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC: frozenset[Role] = frozenset()
MARK = "fangtu_roles"


def require(*roles: Role) -> Callable[[View], View]:
    """Mark a view as open to these roles; without any, to everyone signed in.

    Stands directly above the function, below the route.
    """

    def mark(view: View) -> View:
        setattr(view, MARK, frozenset(roles or Role))
        return view

    return mark


def public(view: View) -> View:
    """Mark a view as open to everybody, signed in or not."""
    setattr(view, MARK, PUBLIC)
    return view


def rule_of(view: Callable[..., Any]) -> frozenset[Role] | None:
    """The roles a view is open to; :data:`PUBLIC` (empty) for everybody, None if it has no rule."""
    return getattr(view, MARK, None)


def init_app(app: Flask) -> None:
    """Check the rule before every view."""
    app.before_request(_check)


def _check() -> None:
    # The database takes no NUL in a text; nobody types one.
    if any("\0" in word for word in (request.path, *request.args.values())):
        abort(400)
    if request.endpoint is None:
        return
    _check_role(request.endpoint)
    # The form is read no sooner than it is known who sends it: a file may come with it.
    open_door()
    # Without a type there is no form, and nothing to take apart; what phones send is read byte by byte.
    if request.mimetype and not is_from_field() and any("\0" in word for word in request.form.values()):
        abort(400)


def _check_role(endpoint: str) -> None:
    roles = rule_of(current_app.view_functions[endpoint])
    if roles is None:
        raise RuntimeError(f"The view {endpoint} has no access rule")
    if roles == PUBLIC:
        return
    if asker().role not in roles:
        raise NotAllowed
