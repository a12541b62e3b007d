"""Entry of ``./fangtu``: runs under any Python 3.11, before the project's own environment exists."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # The script's own folder must not be searched: only the checkout holds the packages.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from app.launch.verbs import main

    sys.exit(main(sys.argv[1:]))
