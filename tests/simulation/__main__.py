"""`python tests/simulation SEED`: live one life again. `--deliveries N` or `--hunt SECONDS`: many, `--first SEED` on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if os.environ.get("PYTHONHASHSEED") != "0":  # sets of names have the same order then, in every process
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

sys.path[0] = str(Path(__file__).parents[1])

from simulation.command import main  # noqa: E402

sys.exit(main())
