"""How large the scripts of each renderer are, as small as they come."""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from pathlib import Path

from data.settings import ROOT
from tests.benchmarks.figures import Figure

SIZE_KB = 8.0
# What the renderer is, without what it is told to draw, the outlines of areas and the requests it is handed, and
# without paper. What to draw is this map's: which signs, in what order, and their drawings, which the legend has, too.
RENDERER = {"records.js": "createRecords", "mosaic.js": "Mosaic"}
SIGNS = ("record-signs.js", "symbols.js")
BESIDE = ("areas.js", "areas-data.js", "api.js")
PICTURES = {
    "protomaps-leaflet": ("protomaps-leaflet/dist/protomaps-leaflet.js",),
    "MapLibre GL": (
        "maplibre-gl/dist/maplibre-gl-csp.js",
        "maplibre-gl/dist/maplibre-gl-csp-worker.js",
        "@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js",
    ),
}


def sizes(modules: Path) -> list[Figure]:
    """Scripts of each renderer, as small as they come."""
    static = ROOT / "static" / "js" / "map"
    with tempfile.TemporaryDirectory() as folder:
        entry, made = Path(folder, "renderer.js"), Path(folder, "made.js")
        entry.write_text(
            "".join(f'export {{ {part} }} from "{static / name}";\n' for name, part in RENDERER.items()), "utf-8"
        )
        esbuild = [str(modules / "esbuild" / "bin" / "esbuild"), str(entry), "--bundle", "--minify", "--format=esm"]

        def size_without(*names: str) -> float:
            outside = [f"--external:./{name}" for name in names]
            command = [*esbuild, *outside, "--log-level=error", f"--outfile={made}"]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            return _zipped([made])

        ours, with_signs = size_without(*BESIDE, *SIGNS), size_without(*BESIDE)
    peers = {name: _zipped([modules / file for file in files]) for name, files in PICTURES.items()}
    parts = ("records", "records-decode", "reader", "tiles", "mosaic", "dots", "overlay", "queue", "palette")
    served_as = [static / f"{name}.js" for name in parts]
    told = ", ".join(f"{name} {kb:.0f} kB" for name, kb in peers.items())
    return [
        Figure(
            "renderer and decoder, made small as the others are, gzip", ours, "kB", SIZE_KB, peer=told,
            ratio=min(peers.values()) / ours,
            conditions=f"without {', '.join((*BESIDE, *SIGNS))}; ratio to the smallest; with all signs of this map and "
            f"what is drawn when {with_signs:.1f} kB",
            beside=peers,
        ),
        Figure(
            "the same as it is served, with its comments, gzip", sum(_zipped([file]) for file in served_as), "kB",
            conditions=f"{len(served_as)} files",
        ),
    ]  # fmt: skip


def _zipped(files: list[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1000
