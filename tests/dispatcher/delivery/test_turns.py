"""Turns beside what else runs on the event loop, over a clock that counts what each of them takes."""

from __future__ import annotations

import asyncio

import pytest

from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.turns import Circle, Taker, Turns
from hookwright.limits import TURNS_BEHIND_SECONDS, TURNS_MAX_SECONDS, TURNS_SECONDS

STEP = 0.0001  # seconds


class Counted(Clock):
    """Nothing takes time but what says so."""

    def __init__(self) -> None:
        super().__init__()
        self.worked = 0.0
        self.spent = lambda: self.worked  # type: ignore[method-assign]


class Endless(Taker):
    """Always has more to do."""

    def __init__(self, circle: Circle, clock: Counted) -> None:
        super().__init__(circle)
        self._clock = clock
        self.took = 0.0

    def step(self) -> bool:
        self._clock.worked += STEP
        self.took += STEP
        return True


async def _beside(*others: float) -> float:
    """Seconds that turns took, where others have the loop for so many seconds in each of its rounds."""
    clock = Counted()
    turns = Turns(clock, Background(failed=lambda name: None, end=lambda error: None))
    taker = Endless(turns.circle("team"), clock)
    turns.join(taker)
    for seconds in others:
        clock.worked += seconds
        await asyncio.sleep(0)
    return taker.took


@pytest.mark.parametrize("others", [0.0012, 0.0016, 0.002])
async def test_turns_have_the_loop_as_long_as_what_else_runs(others: float) -> None:
    """Accepting many events does not leave their deliveries behind."""
    assert await _beside(*[others] * 20) == pytest.approx(20 * others, rel=0.2)


async def test_turns_make_up_for_a_long_round_in_those_after_it() -> None:
    """Sixty-four requests at once are a long round of the loop, and what they bring is sent in the short ones."""
    others = [0.008, 0.0, 0.0, 0.0] * 20
    assert await _beside(*others) == pytest.approx(sum(others), rel=0.2)


async def test_a_slice_is_bounded_whatever_others_took() -> None:
    """A long stop of the loop is not answered by one as long, nor by many long ones."""
    assert TURNS_MAX_SECONDS <= await _beside(1.0) < 1.1 * TURNS_MAX_SECONDS
    afterwards = await _beside(1.0, *[0.0] * 100) - 100 * TURNS_SECONDS
    assert afterwards < TURNS_BEHIND_SECONDS + 100 * STEP
    assert TURNS_SECONDS <= await _beside(0.0) < TURNS_SECONDS + 2 * STEP
