"""Answers a browser keeps and asks about: the tag is made from what the answer depends on, so that "unchanged" is said
without making the answer.

The asker's account and area of duty are part of every tag: what was kept by somebody else on the same machine, or
before a duty changed, never matches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import Response, request

from app.language import language
from app.session import asker

CACHING = "private, no-cache"
VARY = "Cookie, Authorization"


@dataclass(frozen=True)
class Kept:
    """What is said of an answer: its tag, and the answer 304 where the browser has it already."""

    tag: str
    answer: Response | None

    def mark(self, answer: Response) -> Response:
        """Put tag and rules of keeping on an answer."""
        answer.set_etag(self.tag)
        answer.headers["Cache-Control"] = CACHING
        answer.headers["Vary"] = VARY
        return answer


def make_tag(account_id: int, duty: tuple[tuple[int, int], ...], role: str, *depends: object) -> str:
    """The tag of an answer: of whom it is for, and of what makes a different answer."""
    return hashlib.sha256(repr((account_id, duty, role, depends)).encode()).hexdigest()[:32]


def keep_tagged(tag: str) -> Kept:
    """Compare a tag with what the browser has; with ``answer`` set if its copy still holds."""
    kept = Kept(tag, None)
    if request.if_none_match.contains_weak(tag):
        return Kept(tag, kept.mark(Response(status=304)))
    return kept


def keep_until_changed(*depends: object) -> Kept:
    """Compare what an answer depends on with what the browser has.

    Parameters
    ----------
    depends
        What makes a different answer, beside account, duty, role, language and address: the version, what the
        address leaves to the day it is asked, and the way the answer is made.

    Returns
    -------
    Kept
        With ``answer`` set if the browser's copy still holds; else :meth:`Kept.mark` what is made.
    """
    who = asker()
    return keep_tagged(make_tag(who.account_id, who.duty, who.role.value, language(), request.full_path, depends))


def keep_by_content(answer: Response) -> Response:
    """Tag an answer that is made each time by what it holds; the browser is sent it only when that changed."""
    digest = hashlib.sha256(answer.get_data()).hexdigest()
    kept = keep_until_changed("content", digest)
    return kept.answer or kept.mark(answer)
