"""QR codes as one path of an SVG, for pages and paper alike."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 2


@dataclass(frozen=True)
class QrCode:
    """Modules on a side with the margin, and the dark modules as a path of whole rows."""

    side: int
    path: str


def draw_qr(address: str) -> QrCode:
    """The QR code of an address, at error correction M; a margin of two modules stands within."""
    import segno  # draws the codes; most pages need none

    rows = list(segno.make(address, error="m", micro=False).matrix)
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            first = x
            while x < len(row) and row[x]:
                x += 1
            path.append(f"M{first + MARGIN} {y + MARGIN}h{x - first}v1h-{x - first}z")
    return QrCode(len(rows) + 2 * MARGIN, "".join(path))
