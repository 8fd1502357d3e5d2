"""What the port says of owners, for a store that has one at a time: it owns everything, from its start to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from math import inf
from typing import Final

from hookwright.core.parts import EVERY_PART, NO_PART, Moved, Parts


class OneOwner:
    """Its part of `store.port.Work`."""

    sure_until: Final = inf

    async def owned(self) -> AsyncIterator[Moved]:
        yield Moved(EVERY_PART, NO_PART, NO_PART)

    async def give(self, parts: Parts) -> None:
        raise AssertionError("nobody else is there to have them")
