"""Whether the controller does what it is there for: what /readyz answers, and why not.

Red is what stops everybody for a while; what hits a few is told beside it (`trouble`). Must not: end or mend anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Set

from hookwright.controller.cluster import PLURALS
from hookwright.controller.inventory import Inventory
from hookwright.controller.trouble import Troubles
from hookwright.limits import FEED_SECONDS


class Readiness:
    """`watched`: namespaces, none is the whole cluster; `refused`: those of them that refuse now, kept by another.

    `monotonic`: seconds.
    """

    def __init__(
        self,
        inventory: Inventory,
        troubles: Troubles,
        watched: Collection[str],
        refused: Set[str],
        monotonic: Callable[[], float],
    ) -> None:
        self._inventory, self._troubles, self._monotonic = inventory, troubles, monotonic
        self._watched, self._refused = frozenset(watched), refused
        self._started: float | None = None
        self._fed = False
        self.in_force = False
        """Whether a configuration was written since the process began."""

    def start(self) -> None:
        """Everything was listed: from now on kopf's watches are to tell."""
        self._started = self._monotonic()

    def fed(self) -> None:
        """They told of something."""
        self._fed = True

    def trouble(self) -> str | None:
        """Why it is not ready; None: it is."""
        if not self.in_force:
            return next(iter(self._troubles.sentences()), "The configuration was not written yet.")
        if self._watched and self._watched <= self._refused:
            return "Every namespace that is to be watched refuses."
        return self._deaf() or self._troubles.lasting()

    def _deaf(self) -> str | None:
        """Whether there are objects, and kopf's watches, which list them first, told of none in all the time."""
        if self._fed or self._started is None or self._monotonic() - self._started < FEED_SECONDS:
            return None
        objects = (each.object for kind in PLURALS for each in self._inventory.of(kind).values())
        if all(each.namespace in self._refused for each in objects):
            return None
        return "kopf's watches of Webhooks and WebhookTests tell of nothing: changes are seen late."
