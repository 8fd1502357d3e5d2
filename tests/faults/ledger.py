"""What was acknowledged and what arrived, kept outside the dispatcher, and what a round comes to.

Reads the files that sender and target write (`sender.py`, `target.py` say their columns). Must not: ask the dispatcher.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass
class Lines:
    """The lines of a file that is still being written, each once."""

    file: Path
    _read: int = 0

    def more(self) -> Iterator[list[str]]:
        """Those that came since the last time, as words."""
        if not self.file.exists():
            return
        with self.file.open("rb") as opened:
            opened.seek(self._read)
            whole, end, _ = opened.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        for line in whole.decode().splitlines():
            yield line.split(" ")


class Answer(NamedTuple):
    """What the sender got, by which port, and how many steps it had made by then; status 0: the connection broke."""

    status: int
    when: float
    port: int
    step: int
    delivery: str


class Request(NamedTuple):
    """One that reached the target, by one of its ports."""

    status: int
    when: float
    attempt: int
    path: str
    timestamp: int
    token: str
    door: int


@dataclass
class Ledger:
    """Of one round. Times are seconds of the machine's monotonic clock."""

    sent: Lines
    came: Lines
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Webhook by delivery."""
    accepted: list[Answer] = field(default_factory=list)
    """The 202s, an entry a delivery."""
    refusals: list[Answer] = field(default_factory=list)
    """All others."""
    delivered: collections.Counter[str] = field(default_factory=collections.Counter)
    """How often the target answered 2xx, by delivery."""
    came_in: collections.Counter[str] = field(default_factory=collections.Counter)
    """How often it came whole to a target that takes it, answered in the end or not."""
    requests: dict[str, list[Request]] = field(default_factory=dict)
    doors: dict[str, int] = field(default_factory=dict)
    """By which the latest request to a path came."""
    open: collections.Counter[str] = field(default_factory=collections.Counter)
    """Requests to a path that were not answered yet, as far as they are answered later (102, 201)."""
    most_open: dict[str, int] = field(default_factory=dict)

    def read(self) -> Ledger:
        """Up to now."""
        for status, when, _, delivery, webhook, port, step in self.sent.more():
            answer = Answer(int(status), float(when), int(port), int(step), delivery)
            if answer.status == 202:
                self.acknowledged[delivery] = webhook
                self.accepted.append(answer)
            else:
                self.refusals.append(answer)
        for status, when, delivery, attempt, path, timestamp, token, door in self.came.more():
            request = Request(int(status), float(when), int(attempt), path, int(timestamp), token, int(door))
            self.requests.setdefault(delivery, []).append(request)
            self._count_open(request)
            if 200 <= request.status < 300:
                self.delivered[delivery] += 1
            if request.status in (200, 102):
                self.came_in[delivery] += 1
        return self

    def _count_open(self, request: Request) -> None:
        path = request.path
        if request.status == 201:
            self.open[path] -= 1
            return
        self.doors[path] = request.door
        if request.status == 102:
            self.open[path] += 1
            self.most_open[path] = max(self.open[path], self.most_open.get(path, 0))

    def longest_pause(self) -> tuple[float, int]:
        """The longest time between two 202s, in seconds and in steps of the sender, each the most."""
        between = list(itertools.pairwise(self.accepted))
        seconds = max((later.when - earlier.when for earlier, later in between), default=0.0)
        return seconds, max((later.step - earlier.step for earlier, later in between), default=0)

    def missing(self, dead: dict[str, str]) -> set[str]:
        """Acknowledged, and neither delivered nor a dead letter with a reason (`dead`: reason by delivery)."""
        buried = {delivery for delivery, reason in dead.items() if reason}
        return self.acknowledged.keys() - self.delivered.keys() - buried

    def of(self, webhook: str) -> set[str]:
        """The acknowledged deliveries of a webhook."""
        return {delivery for delivery, of in self.acknowledged.items() if of == webhook}

    @property
    def refused(self) -> collections.Counter[int]:
        """Answers other than 202, by status."""
        return collections.Counter(each.status for each in self.refusals)

    @property
    def duplicates(self) -> int:
        """How often a target got what it had taken before."""
        return self.came_in.total() - len(self.came_in)

    @property
    def unknown(self) -> set[str]:
        """Delivered, and never acknowledged to a sender that asked until it had the answer: an event taken twice."""
        return self.came_in.keys() - self.acknowledged.keys()


@dataclass
class Verdict:
    """What a round came to. `seed` with the scenario's name makes it again."""

    scenario: str
    seed: int
    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    allowed: int = 0
    """Duplicates that the promise allows: 2 × in flight a kill."""
    back: list[float] = field(default_factory=list)
    """Seconds from a start to the first 202, or from the end of a fault that refused events."""
    figures: dict[str, list[float]] = field(default_factory=dict)
    """Other seconds, by what they are; told and not judged."""
    hand: bool = False
    """Whether it took a restart by hand."""
    problems: list[str] = field(default_factory=list)
    """What else was promised and did not hold, a sentence each."""
    seconds: float = 0.0

    def check(self, holds: bool, otherwise: str) -> None:
        """Note a promise that does not hold."""
        if not holds and otherwise not in self.problems:
            self.problems.append(otherwise)

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return not (self.lost or self.hand or self.problems or self.duplicates > self.allowed)
