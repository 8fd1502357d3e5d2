"""What is shown of webhooks on which other processes work: told by those through the store, a few seconds late.

Nothing is told or asked as long as this process is the only one. Must not: touch lanes, or count anything of what is
added up over all processes (`?since=`, metrics).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from hookwright.core.shown import Shown, decoded, encoded, shown
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.limits import CHANGES_REMOVED, SHOWN_WEBHOOKS
from hookwright.store.owner import Told
from hookwright.store.port import Work


class Mirror:
    """Of one process."""

    def __init__(self, work: Work, lanes: Lanes, clock: Clock) -> None:
        self._work, self._lanes, self._clock = work, lanes, clock
        self._untold: dict[str, None] = {}
        """Webhooks of which the others do not know yet what is shown, the one that waits longest first."""
        self._others: dict[str, Shown] = {}
        self._alone = True

    def touch(self, keys: Iterable[str]) -> None:
        """What is shown of these may have changed, or they came or went."""
        if not self._alone:
            self._untold.update(dict.fromkeys(keys))

    def of(self, key: str) -> Shown:
        """What is shown of a webhook, whoever works on it."""
        lane = self._lanes.lane(key)
        told = None if lane.owned else self._others.get(key)
        return told or shown(lane, self._clock.now())

    def others(self) -> Iterable[Shown]:
        """What is shown of all webhooks on which others work."""
        own = {lane.key for lane in self._lanes.of(self._work.own)}
        return (seen for key, seen in self._others.items() if key not in own)

    async def exchange(self, configured: Collection[str]) -> set[str]:
        """Tell the others and ask them; the webhooks of which what is shown has changed by that. Raises StoreError."""
        if self._work.processes == 1:
            self._alone = True
            self._untold.clear()
            self._lanes.shares.hear((), {})
            return set()
        if self._alone:
            self._alone = False
            self.touch(lane.key for lane in self._lanes.of(self._work.own))
        await self._tell()
        changed = await self._hear()
        if len(self._others) > len(configured) + 2 * CHANGES_REMOVED:
            self._forget(configured)
        return changed

    async def _tell(self) -> None:
        """Some; what could not be told is told with the next."""
        keys, now = [*islice(self._untold, SHOWN_WEBHOOKS)], self._clock.now()
        own = {lane.key: lane for lane in self._lanes.of(self._work.own)}
        told = {key: encoded(shown(own[key], now)) for key in keys if key in own}
        for key in keys:
            del self._untold[key]
        try:
            await self._work.show(Told(told, [self._lanes.shares.told()]))
        except BaseException:
            self.touch(keys)
            raise

    async def _hear(self) -> set[str]:
        changed = set()
        told = await self._work.shown()
        for key, text in told.shown.items():
            seen = decoded(text)
            if seen is not None and seen != self._others.get(key):
                self._others[key] = seen
                changed.add(key)
        waiting = {
            key: (seen.waiting, seen.waiting_bytes) for key, seen in self._others.items() if seen.waiting
        }
        self._lanes.shares.hear(told.shares, waiting)
        return changed

    def _forget(self, configured: Collection[str]) -> None:
        """Webhooks that were deleted, and of which nothing is left."""
        for key, seen in [*self._others.items()]:
            if key not in configured and not (seen.waiting or seen.dead or seen.in_flight):
                del self._others[key]
