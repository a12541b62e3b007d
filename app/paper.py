"""Pages of paper (PDF) made on the server from our own templates; nothing is fetched, not even from this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

# WeasyPrint lays out text with libraries that keep state of their own, and a page takes a processor for a while.
_ONE_AT_A_TIME = threading.Lock()


def one_page(draw: Callable[[float], str], sizes: Sequence[float]) -> bytes:
    """Make a PDF of one page: the first of some sizes that fits.

    Parameters
    ----------
    draw : callable
        Gives the page as HTML for a size: the part of it that may be larger or smaller, in millimetres.
    sizes : sequence of float
        Largest first. The last is taken as it comes out.

    Returns
    -------
    bytes
        The file, with the fonts it needs inside.
    """
    from weasyprint import HTML  # brings fonts and text layout along, which pages without paper need not load
    from weasyprint.urls import URLFetcher

    nothing = URLFetcher(allowed_protocols=())
    with _ONE_AT_A_TIME:
        for size in sizes:
            document = HTML(string=draw(size), url_fetcher=nothing).render()
            if len(document.pages) == 1:
                break
        return bytes(document.write_pdf())
