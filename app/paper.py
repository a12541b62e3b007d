"""Pages of paper (PDF) made on the server from our own templates; nothing is fetched, not even from this machine."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

# One thread for all pages: the libraries that lay out text keep some forty megabytes for each thread they were used in,
# and answers come from many. So one page is made at a time, too.
_PRESS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paper")


def _begin_anew() -> None:
    """Take a thread of the own in a forked process: that of the parent has not come along."""
    global _PRESS
    _PRESS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paper")


os.register_at_fork(after_in_child=_begin_anew)


def one_page(draw: Callable[[float], str], sizes: Sequence[float], style: str) -> bytes:
    """Make a PDF of one page: the first of some sizes that fits.

    Parameters
    ----------
    draw : callable
        Gives the page as HTML for a size: the part of it that may be larger or smaller, in millimetres.
    sizes : sequence of float
        Largest first; the last is taken as it comes out.
    style : str
        Rules of the page, as CSS.

    Returns
    -------
    bytes
        The file, with the fonts it needs inside.
    """
    *larger, last = sizes
    for size in larger:
        made = _PRESS.submit(_press, draw(size), style, 1).result()
        if made is not None:
            return made
    made = _PRESS.submit(_press, draw(last), style, None).result()
    assert made is not None
    return made


def pages(html: str, style: str) -> bytes:
    """Make a PDF of as many pages as it takes; otherwise as :func:`one_page`."""
    made = _PRESS.submit(_press, html, style, None).result()
    assert made is not None
    return made


def _press(html: str, style: str, pages: int | None) -> bytes | None:
    """The file; None if it has not so many pages."""
    from weasyprint import CSS, HTML  # brings fonts and text layout along, which pages without paper need not load
    from weasyprint.urls import URLFetcher

    # Addresses of "data:" carry their own bytes, and reach nothing.
    nothing = URLFetcher(allowed_protocols=("data",))
    rules = CSS(string=style, url_fetcher=nothing)
    document = HTML(string=html, url_fetcher=nothing).render(stylesheets=[rules])
    made = bytes(document.write_pdf()) if pages in (None, len(document.pages)) else None
    del document
    gc.collect()  # a page is tens of megabytes of boxes that point at one another
    return made
