"""`python tests/simulation SEED`: live one life again. `--hunt SECONDS [--from SEED]`: as many as fit."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])

from simulation.command import main  # noqa: E402

main()
