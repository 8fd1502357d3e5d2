"""Values that were dear to make, kept by what they were made from, as long as each round asks for them.

Must not: decide what is the same (the caller's keys do).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """What the last round asked for, and the present one."""

    def __init__(self) -> None:
        self._before: dict[Key, Value] = {}
        self._now: dict[Key, Value] = {}

    def turn(self) -> None:
        """A round ends: what it did not ask for is dropped."""
        self._before, self._now = self._now, {}

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, made if it is not known."""
        if key not in self._now:
            self._now[key] = self._before[key] if key in self._before else make()
        return self._now[key]

    def keep(self, values: Mapping[Key, Value]) -> None:
        """This round asks for these, too."""
        self._now.update(values)
