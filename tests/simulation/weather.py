"""How well the store, the machine and what people plug in do just now: what `door.Weather` asks, and some of `engine.Owner`.

Must not: know the product.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from hookwright.core.records import Finish
from hookwright.limits import STORE_STEP_ROWS

from .virtual import Moment

FAILING_CALLS = ("claim", "bury", "remember", "prune", "counts", "replay")


class Odd(Exception):  # noqa: N818
    """What is plugged in failed in its own way."""


class Weather:
    """`heal` ends all of it for good."""

    def __init__(self, random: Random, moment: Moment, faults: set[str]) -> None:
        self._random, self._moment, self._faults = random, moment, faults
        self.loop: Any = None
        self.full = self.slow = self.broken = self.doomed = False
        self.failing: set[str] = set()
        """Calls of the store that often fail."""

    @property
    def calm(self) -> bool:
        """Whether the store is well."""
        return not (self.full or self.slow or self.broken or self.failing)

    def heal(self) -> None:
        """Everything is well from now on."""
        self.full = self.slow = self.broken = self.doomed = False
        self.failing.clear()
        self._faults -= {"late", "dear", "doubt", "cancelled", "refused", "observer", "redactor"}

    # --- delays --------------------------------------------------------------------------------------

    def short(self) -> float:
        """Mostly nothing; now and then just until something else happens."""
        random = self._random
        luck = random.random()
        if luck < 0.7:
            return 0.0
        if luck < 0.85:
            return random.random() * 0.004
        if luck < 0.97:
            return random.random() * 0.05
        return self.coincidence(1.0)

    def thread_seconds(self) -> float:
        """That something takes which runs beside the loop."""
        return self.coincidence(12.0) if self._random.random() < 0.5 else self.short()

    def coincidence(self, most: float) -> float:
        """Until about when some timer fires, if that is soon: at most so many seconds."""
        timers: list[asyncio.TimerHandle] = self.loop._scheduled
        if not timers:
            return 0.0
        random = self._random
        when = timers[int(random.random() * len(timers))].when()
        wait = when - self._moment.now + random.choice((-0.003, -0.002, -0.001, 0.0, 0.0, 0.0, 0.0, 0.001))
        return wait if 0.0 < wait < most else 0.0

    def spent(self) -> float:
        """A stopwatch: rendering takes a moment, and sometimes long."""
        moment = self._moment
        moment.now += 0.001 if "dear" in self._faults and self._random.random() < 0.05 else 0.00002
        return moment.now

    # --- the store (door.Weather) --------------------------------------------------------------------

    def commit_seconds(self) -> float:
        """See `door.Weather`."""
        if self.slow:
            return self._random.random() * 2.0
        return self.short() if "late" in self._faults else 0.0

    answer_seconds = commit_seconds

    def dies(self) -> bool:
        """See `door.Weather`."""
        return self.doomed and self._random.random() < 0.3

    def fails(self, name: str) -> bool:
        """See `door.Weather`."""
        if name == "accept":
            return "doubt" in self._faults and self._random.random() < 0.02
        return name in self.failing and self._random.random() < 0.5

    def step_rows(self) -> int:
        """Rows of the next step of a burial."""
        return self._random.choice((1, 7, STORE_STEP_ROWS))

    def refuses(self, finish: Finish) -> bool:
        """See `door.Weather`."""
        if "refused" not in self._faults:
            return False
        number = finish.key // 7
        return number % 29 == 4 or (number % 13 == 3 and finish.record is not None)

    # --- what is plugged in (engine.Owner) -----------------------------------------------------------

    def jitter(self) -> float:
        """See `engine.Owner`."""
        return 2.0 * self._random.random() - 1.0

    def observe(self, details: Any) -> None:
        """See `engine.Owner`."""
        if "observer" in self._faults and self._random.random() < 0.05:
            raise Odd("The observer failed.")

    def redacts(self) -> None:
        """See `engine.Owner`."""
        if "redactor" in self._faults and self._random.random() < 0.05:
            raise Odd("Redaction failed.")
