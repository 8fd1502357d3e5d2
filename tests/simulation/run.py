"""Running seeds: one life each; a failure says the line that replays it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from hookwright.dispatcher.delivery.lanes import Lanes

from .ledger import Violation
from .world import Life

DELIVERIES = 3_000  # of one life


@dataclass(frozen=True, slots=True)
class Report:
    """What one life came to."""

    seed: int
    deliveries: int
    requests: int
    steps: int
    restarts: int
    digest: int
    seconds: float


class Failure(AssertionError):  # noqa: N818 - of a life, not of a call
    """A life in which a promise was broken."""

    def __init__(self, seed: str, life: Life, violation: Violation) -> None:
        self.kind = violation.kind
        super().__init__(
            f"{violation}\n  at {life.moment.now:.4f} s, step {life.steps}, with {', '.join(sorted(life.faults))}"
            f"\n  replay: .venv/bin/python tests/simulation {seed}"
        )


def simulate(
    seed: int,
    *,
    deliveries: int = DELIVERIES,
    without: frozenset[str] = frozenset(),
    blind: frozenset[str] = frozenset(),
    beside: frozenset[str] = frozenset(),
    lanes: Callable[..., Lanes] = Lanes,
) -> Report:
    """Live one life. Raises Failure. `blind` to these kinds of violations."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), processors=[_silent])
    life = Life(seed, without=without, beside=beside, lanes=lanes)
    life.blind = blind
    began = life.moment.now
    try:
        life.begin()
        while life.accepted < deliveries and life.steps < deliveries:
            life.step()
        life.settle()
    except Violation as violation:
        raise Failure(f"{seed}{_options(without, beside, blind)}", life, violation) from violation
    finally:
        life.end()
    return Report(
        seed, life.accepted, life.requests, life.steps, life.restarts, life.manners.digest,
        life.moment.now - began,
    )  # fmt: skip


def _silent(logger: object, method: str, event: object) -> object:
    raise structlog.DropEvent


def _options(without: frozenset[str], beside: frozenset[str], blind: frozenset[str]) -> str:
    named = {"without": without, "beside": beside, "blind": blind}
    return "".join(f" --{name} {','.join(sorted(values))!r}" for name, values in named.items() if values)
