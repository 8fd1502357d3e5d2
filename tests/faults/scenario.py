"""A scenario is one function with a fault and a promise; this plays one round of it.

The random numbers that a round draws come from its seed, so `SEED=7 ONLY=name` draws them again.
"""

from __future__ import annotations

import random
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faults.bench import Bench
from faults.ground import Size
from faults.ledger import Verdict
from faults.processes import NotPossibleError

Play = Callable[[Bench], None]


@dataclass(frozen=True)
class Scenario:
    """One kind of fault."""

    name: str
    fault: str
    promise: str
    play: Play


SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(fault: str, promise: str) -> Callable[[Play], Play]:
    """Enter a function under its name."""

    def enter(play: Play) -> Play:
        SCENARIOS[play.__name__] = Scenario(play.__name__, fault, promise, play)
        return play

    return enter


def play(which: Scenario, seed: int, size: Size) -> Verdict:
    """One round, in a folder of its own that is gone afterwards. Raises NotPossibleError."""
    verdict = Verdict(which.name, seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder), verdict, size, random.Random(f"{which.name} {seed}"))
        try:
            for step in (which.play, Bench.finish):
                try:
                    step(bench)
                except NotPossibleError:
                    raise
                except Exception:
                    verdict.problems.append(f"the round broke off: {traceback.format_exc(limit=-1)}")
        finally:
            bench.close()
    verdict.seconds = round(time.monotonic() - began, 1)
    return verdict
