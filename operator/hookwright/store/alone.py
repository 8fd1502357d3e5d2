"""What the port says of owners, for a store that has one at a time: it owns everything, from its start to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from math import inf
from typing import Final

from hookwright.core.parts import EVERY_PART, NO_PART, Moved, Parts
from hookwright.store.owner import Arrival, Told


class OneOwner:
    """Its part of `store.port.Work`."""

    processes: Final = 1
    sure_until: Final = inf
    own = EVERY_PART

    async def owned(self) -> AsyncIterator[Moved]:
        yield Moved(EVERY_PART, NO_PART, NO_PART)

    async def retire(self) -> None:
        pass

    async def give(self, parts: Parts) -> None:
        raise AssertionError("nobody else is there to have them")

    async def woken(self) -> AsyncIterator[None]:
        for _ in ():
            yield

    async def arrived(self) -> list[Arrival]:
        return []

    async def tell(self, arrival: Arrival) -> None:
        raise AssertionError("nobody else works on it")

    async def show(self, told: Told) -> None:
        raise AssertionError("nobody else is there to see it")

    async def shown(self) -> Told:
        return Told({}, ())

    async def run_once(self, run_id: str, run: Callable[[], Awaitable[bytes]], *, seconds: float) -> bytes:
        return await run()
