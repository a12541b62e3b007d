"""What the sender of a file chose for it on the page, and whether that was tried."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from data.imports.fields import all_fields
from data.imports.report import ImportOptions
from data.tables import Upload
from data.uploads import UploadUnfit
from geo.errors import Text

_CHOICES: dict[str, tuple[type, ...]] = {
    "sheet": (str, type(None)),
    "crs": (str, type(None)),
    "swapped": (bool,),
    "mapping": (dict,),
    "campaign": (str, type(None)),
    "round": (int, type(None)),
    "level": (str, type(None)),
    "source": (str, type(None)),
    "snap": (int, float, type(None)),
}
NO_CHOICES: dict[str, Any] = {
    "sheet": None,
    "crs": None,
    "swapped": False,
    "mapping": {},
    "campaign": None,
    "round": None,
    "level": None,
    "source": None,
    "snap": None,
}
_MOST_COLUMNS, _WORD_LENGTH, _MOST_METRES = 1000, 1000, 10_000


def read_choices(given: Any) -> dict[str, Any]:
    """Read what somebody chose for an upload (``sheet``, ``crs``, ``swapped``, ``mapping``, ``campaign`` …).

    Parameters
    ----------
    given : object
        As it came as JSON; names that are missing stand at their default.

    Raises
    ------
    UploadUnfit
        If a name is unknown or a value of the wrong kind.
    """
    if not isinstance(given, dict) or set(given) - set(_CHOICES):
        raise _unfit_choice(None)
    choices = {**NO_CHOICES, **given}
    for name, kinds in _CHOICES.items():
        value = choices[name]
        if type(value) not in kinds or (isinstance(value, str) and not _is_word(value)):
            raise _unfit_choice(name)
    mapping = choices["mapping"]
    if len(mapping) > _MOST_COLUMNS or not all(
        _is_word(heading) and _is_word(field) for heading, field in mapping.items()
    ):
        raise _unfit_choice("mapping")
    if choices["round"] is not None and not 0 < choices["round"] < 1000:
        raise _unfit_choice("round")
    # How far is too far, the import itself says in words.
    if choices["snap"] is not None and not 0 <= choices["snap"] <= _MOST_METRES:
        raise _unfit_choice("snap")
    return choices


def choices_of(upload: Upload) -> dict[str, Any]:
    """Give an upload's choices, each of them."""
    return {**NO_CHOICES, **(upload.choices or {})}


def trial_mark(upload: Upload) -> str:
    """Say in one word what a trial was made of: file, area, kind and choices. An import needs a trial with the same."""
    said = [upload.sha256.hex(), upload.jur, upload.jur_end, upload.kind, upload.sender, choices_of(upload)]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def import_options(
    upload: Upload,
    area: str,
    kind: str,
    headings: Iterable[str],
    *,
    remembered: Mapping[str, str],
    dry_run: bool = False,
) -> ImportOptions:
    """Give the options an upload is imported with: what was chosen for it, and the area its account answers for.

    Parameters
    ----------
    area : str
        Code of the upload's area.
    kind : str
        What it is imported as.
    headings : iterable of str
        Columns of the sheets that are read; what was said of other ones, or of fields of another kind, is passed over.
    remembered : mapping of str to str
        Heading to field, as accepted for this sender before.
    """
    chosen, there = choices_of(upload), set(headings)
    fields = {"-", *(all_fields().get(kind) or ())}
    return ImportOptions(
        area=area,
        crs=chosen["crs"],
        swapped=chosen["swapped"],
        mapping={
            heading: field for heading, field in chosen["mapping"].items() if heading in there and field in fields
        },
        remembered=remembered,
        dry_run=dry_run,
        campaign=chosen["campaign"],
        round=chosen["round"],
        level=chosen["level"],
        source=chosen["source"],
        snap_m=chosen["snap"],
        sheet=chosen["sheet"],
        within=((upload.jur, upload.jur_end),),
        account_id=upload.account_id,
        sender=upload.sender,
        file_name=upload.file_name,
    )


def is_tried(upload: Upload) -> bool:
    """Whether the latest trial was made with the file and choices as they are now."""
    return upload.trial is not None and upload.trial.get("mark") == trial_mark(upload)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _WORD_LENGTH and "\0" not in value


def _unfit_choice(name: str | None) -> UploadUnfit:
    return UploadUnfit(
        Text(
            "没有保存：这项选择的写法不对。请刷新页面后重选。",
            "Not saved: this choice is not well formed. Refresh the page and choose again.",
        ),
        column=name,
    )
