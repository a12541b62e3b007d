"""Where to go next: only addresses of this site."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_next(target: str | None, default: str = "/") -> str:
    """An address to redirect to, if it is one of ours.

    Parameters
    ----------
    target : str or None
        What the form or the address says; taken only if it is a path of this site.
    default : str
        Where to go otherwise.

    Returns
    -------
    str
        A path with query and fragment. ``//host``, ``/\\host``, other schemes and control characters give the default.
    """
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if "\\" in target or any(ord(letter) < 32 or ord(letter) == 127 for letter in target):
        return default
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else default
