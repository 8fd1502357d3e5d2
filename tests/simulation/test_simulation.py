"""A million deliveries in lives full of faults, and proof that the lives are the same each time and can fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hookwright.core.lane import Lane
from hookwright.core.records import Action, DeadReason, Delivery, Finish
from hookwright.dispatcher.delivery.lanes import Lanes

from .run import Failure, simulate

DELIVERIES = 1_000_000
PROCESSES = 2
HERE = Path(__file__).parent


def _command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def test_every_promise_holds_in_a_million_deliveries() -> None:
    """Whatever the seeds let happen, nothing is lost, stuck, sent against the rules, or failed unseen."""
    share = str(DELIVERIES // PROCESSES)
    running = [
        _command("--deliveries", share, "--first", str(1 + 1_000_000 * number)) for number in range(PROCESSES)
    ]
    answers = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, "\n".join(answers)
    assert sum(int(answer.split()[0]) for answer in answers) >= DELIVERIES


def test_one_seed_lives_the_same_life_twice() -> None:
    """All requests, their order and their times are the same in two processes, wherever their objects lie."""
    lives = [_command("17", PYTHONMALLOC=allocator) for allocator in ("pymalloc", "malloc")]
    answers = [life.communicate()[0] for life in lives]
    assert "digest=" in answers[0]
    assert answers[0] == answers[1]


def _live(seeds: Iterable[int], lanes: type[Lanes]) -> None:
    for seed in seeds:
        simulate(seed, lanes=lanes)


class LosesTimers(Lanes):
    """One of a hundred timers is never set."""

    _asked = 0

    def _wake_at(self, seat: Any, when: float) -> None:
        self._asked += 1
        if self._asked % 100:
            super()._wake_at(seat, when)


class LosesTurns(Lanes):
    """One of a hundred turns never comes."""

    _asked = 0

    def _wants_turn(self, seat: Any, now: float) -> bool:
        wanted = super()._wants_turn(seat, now)
        self._asked += wanted
        return wanted and self._asked % 100 > 0


class WritesTwice(Lanes):
    """One of a hundred results is written twice."""

    _written = 0

    def _write(self, lane: Lane, delivery: Delivery, finish: Finish) -> None:
        super()._write(lane, delivery, finish)
        self._written += 1
        if self._written % 100 == 0:
            super()._write(lane, delivery, finish)


class BuriesWhatLives(Lanes):
    """One of a hundred deliveries that are to be tried again is taken for rejected."""

    _written = 0

    def _write(self, lane: Lane, delivery: Delivery, finish: Finish) -> None:
        self._written += finish.action is Action.DELAY
        if finish.action is Action.DELAY and self._written % 100 == 0:
            finish = finish._replace(action=Action.BURY, reason=DeadReason.REJECTED)
        super()._write(lane, delivery, finish)


@pytest.mark.parametrize("lanes", [LosesTimers, LosesTurns, WritesTwice, BuriesWhatLives])
def test_a_planted_fault_is_found_within_a_few_lives(lanes: type[Lanes]) -> None:
    """The simulation can fail."""
    with pytest.raises(Failure, match="replay: "):
        _live(range(1, 11), lanes)
