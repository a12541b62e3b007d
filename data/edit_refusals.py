"""Why an edit of boundaries is not made; apart, so that pages know them without what computes shapes."""

from __future__ import annotations

from geo.errors import FangtuError, Text


class EditRefused(FangtuError):
    """The edit as it was asked for is not possible; nothing was changed."""

    code = "edit_refused"


class EditConflict(FangtuError):
    """The boundaries concerned have changed since the preview was made; nothing was changed."""

    code = "edit_conflict"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有应用：预览之后，这里的边界被别人改过。您画的还在，请再看一次预览。",
                "Not applied: somebody has changed the boundaries here since the preview. What you drew is kept; look "
                "at the preview again.",
            )
        )
