"""What the store in memory keeps of dead letters, and counts of them by namespace: each event once.

Must not: know webhooks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hookwright.core.records import Delivery
from hookwright.store.kept import letters_size
from hookwright.store.port import DeadLetterRow


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: its row, and the delivery that it was."""

    position: int
    row: DeadLetterRow
    delivery: Delivery


class DeadEvents:
    """By namespace; '' is the whole installation. `sizes`: what they take, in bytes."""

    def __init__(self) -> None:
        self.sizes: Counter[str] = Counter()
        self._letters: Counter[tuple[str, int]] = Counter()  # of a namespace and an event

    def came(self, namespace: str, event_key: int, size: int) -> None:
        """A dead letter, with an event of `size` bytes."""
        for name in (namespace, ""):
            self.sizes[name] += letters_size(1, 0 if self._letters[name, event_key] else size)
            self._letters[name, event_key] += 1

    def went(self, namespace: str, event_key: int, size: int) -> tuple[int, int]:
        """A dead letter is none any more: what its namespace, and all, take less."""
        lost = []
        for name in (namespace, ""):
            self._letters[name, event_key] -= 1
            last = not self._letters[name, event_key]
            if last:
                del self._letters[name, event_key]
            lost.append(letters_size(1, size if last else 0))
            self.sizes[name] -= lost[-1]
        return lost[0], lost[1]
