"""The part of the store's port for processes that share it: who works on which webhooks, and what they tell each other.

A webhook is worked on by one process at a time: by the owner of its part (`core.parts`). Whatever another does to it is
told to that one. Errors as in `store.port.Work`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from hookwright.core.parts import Moved, Parts


class Arrival(NamedTuple):
    """What other processes did to a webhook on which this one works."""

    route: str
    waiting: int = 0
    """So many deliveries came to wait, with events of so many bytes; and so many dead letters came, or went (negative)."""
    size: int = 0
    dead: int = 0
    retried: bool = False
    """Somebody wants it tried now; `forgiven`: that its target answered 410 is void as well."""
    forgiven: bool = False


class Told(NamedTuple):
    """What processes on a store tell each other of themselves."""

    shown: Mapping[str, bytes]
    """Of webhooks (`core.shown.encoded`)."""
    shares: Sequence[bytes]
    """`BacklogShares.told` of each."""


class Owner(Protocol):
    """One of the processes on a store, or the only one."""

    own: Parts
    """The parts on whose webhooks this process works, and keeps count of what waits of them: as it says itself here."""

    @property
    def processes(self) -> int:
        """How many work on the store, this one among them."""

    @property
    def sure_until(self) -> float:
        """When (`time.monotonic()`) parts that this process owns may begin to be another's; infinity: never.

        Whoever begins an attempt looks before: the process may have slept.
        """

    def owned(self) -> AsyncIterator[Moved]:
        """The parts of the webhooks that this process works on: first what it has, then each change. Read by one reader.

        A store with one owner tells all of them, once.
        """

    async def retire(self) -> None:
        """This process is about to end: others are to have all its parts, each as soon as it is given."""

    async def give(self, parts: Parts) -> None:
        """Others may have these parts (`Moved.leaving`): no attempt of theirs is under way, no result unwritten."""

    def woken(self) -> AsyncIterator[None]:
        """Each time that `arrived` may have something. Read by one reader. A store with one owner never has, and ends it."""

    async def arrived(self) -> list[Arrival]:
        """What other processes did to webhooks of its `own` parts, since the last call or `History.recovered` of them."""

    async def tell(self, arrival: Arrival) -> None:
        """For the process that works on a webhook."""

    async def show(self, told: Told) -> None:
        """For the others: of webhooks on which this process works, and what waits here."""

    async def shown(self) -> Told:
        """What others showed of webhooks since the last call, some of it once more, at first all that anybody ever did; and
        what each of them that is there said last of what waits."""

    async def run_once(self, run_id: str, run: Callable[[], Awaitable[bytes]], *, seconds: float) -> bytes:
        """What `run` answers, called by one of all processes that are asked for this id; the others wait for its answer.

        Where that process ended, or its `run` failed, another calls its own: at once, or after so many `seconds`. Answers
        are kept for RUNS_KEPT_SECONDS. A store with one owner keeps none: who asks it twice remembers the first.
        """
