"""Drawing a boundary, as far as pages need to know without loading what computes shapes: tolerance and refusal."""

from __future__ import annotations

from geo.errors import FangtuError

SNAP_M = 3.0


class DrawingRefused(FangtuError):
    """What was drawn cannot become a boundary; the message says why and what to do."""

    code = "drawing_refused"
