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
from typing import Any, Final

from faults.bench import Bench
from faults.ground import Ground, Size
from faults.ledger import Verdict
from faults.processes import NotPossibleError
from faults.several import Several

ONE, ONE_ON_POSTGRES, SEVERAL = STORES = (
    "SQLite, one dispatcher",
    "PostgreSQL, one dispatcher",
    "PostgreSQL, three dispatchers",
)
PlayOne = Callable[[Bench], None]
PlaySeveral = Callable[[Several], None]


@dataclass(frozen=True)
class Scenario:
    """One kind of fault."""

    name: str
    fault: str
    promise: str
    store: str
    """Which, and how many dispatchers there are on it."""
    play: Callable[[Any], None]
    bench: Callable[[Path, Verdict, Size, random.Random], Ground]


SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(fault: str, promise: str, store: str = ONE) -> Callable[[PlayOne], PlayOne]:
    """Enter a function under its name, for one dispatcher."""

    def enter(play: PlayOne) -> PlayOne:
        SCENARIOS[play.__name__] = Scenario(play.__name__, fault, promise, store, play, Bench)
        return play

    return enter


def several(fault: str, promise: str) -> Callable[[PlaySeveral], PlaySeveral]:
    """The same for several on one PostgreSQL."""

    def enter(play: PlaySeveral) -> PlaySeveral:
        SCENARIOS[play.__name__] = Scenario(play.__name__, fault, promise, SEVERAL, play, Several)
        return play

    return enter


def play(which: Scenario, seed: int, size: Size) -> Verdict:
    """One round, in a folder of its own that is gone afterwards. Raises NotPossibleError."""
    verdict = Verdict(which.name, seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = which.bench(Path(folder), verdict, size, random.Random(f"{which.name} {seed}"))
        try:
            for step in (which.play, Ground.finish):
                try:
                    step(bench)
                except NotPossibleError:
                    raise
                except Exception:
                    verdict.problems.append(f"the round broke off: {traceback.format_exc(limit=-3)}")
        finally:
            bench.close()
    verdict.seconds = round(time.monotonic() - began, 1)
    return verdict
