"""Words in both languages, and the errors every package raises."""

from __future__ import annotations

from typing import Any, NamedTuple

from geo.counting import with_forms


class Text(NamedTuple):
    """One sentence in Chinese and in English; neither may be left out."""

    zh: str
    en: str

    def fill(self, **values: Any) -> Text:
        """Put values into both languages (``str.format`` places); English may say ``{n:household|households}``."""
        return Text(self.zh.format(**values), with_forms(self.en, values).format(**values))

    def in_language(self, lang: str) -> str:
        """Return the English text for ``en…``, the Chinese one for anything else."""
        return self.en if lang.lower().startswith("en") else self.zh


class FangtuError(Exception):
    """What was found, where, what was expected and what to do.

    Parameters
    ----------
    text : Text
        The sentence for people.
    **details
        The same facts for programs (``row``, ``column``, ``found``, ``expected`` …).
    """

    code = "fangtu"

    def __init__(self, text: Text, **details: Any) -> None:
        super().__init__(text.en)
        self.text = text
        self.details = details


class Cancelled(FangtuError):
    """A long piece of work was stopped because somebody asked for it; nothing was changed."""

    code = "cancelled"
