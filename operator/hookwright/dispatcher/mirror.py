"""What is shown of webhooks on which other processes work: told by those through the store, a few seconds late.

Nothing is told or asked as long as this process is the only one. Must not: touch lanes, or count anything of what is
added up over all processes (`?since=`, metrics).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from hookwright.core.backlog_shares import Amount
from hookwright.core.lifecycle import RouteState
from hookwright.core.shown import Shown, decoded, encoded, shown
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.slices import in_slices
from hookwright.limits import CHANGES_REMOVED, SHOWN_SLICE, SHOWN_WEBHOOKS
from hookwright.store.owner import Told
from hookwright.store.port import Work


class _Heard(NamedTuple):
    """What another process told of a webhook."""

    text: bytes
    """As it came: most of it comes once more, and is known by this."""
    seen: Shown


class Mirror:
    """Of one process."""

    def __init__(self, work: Work, lanes: Lanes, clock: Clock) -> None:
        self._work, self._lanes, self._clock = work, lanes, clock
        self._untold: dict[str, None] = {}
        """Webhooks of which the others do not know yet what is shown, the one that waits longest first."""
        self._others: dict[str, _Heard] = {}
        self._waiting: dict[str, Amount] = {}
        """Of those, what waits, if anything does."""
        self._alone = True

    def touch(self, keys: Iterable[str]) -> None:
        """What is shown of these may have changed, or they came or went."""
        if not self._alone:
            self._untold.update(dict.fromkeys(keys))

    def of(self, key: str) -> Shown:
        """What is shown of a webhook, whoever works on it."""
        lane = self._lanes.lane(key)
        told = None if lane.owned else self._others.get(key)
        return told.seen if told else shown(lane, self._clock.now())

    def state(self, key: str) -> RouteState:
        """That of it alone: cheap, as many are asked for at once."""
        lane = self._lanes.lane(key)
        if lane.owned:
            return lane.standing.state
        told = self._others.get(key)
        return told.seen.state if told else lane.standing.as_configured[0]

    def others(self) -> Iterable[Shown]:
        """What is shown of all webhooks on which others work."""
        own = {lane.key for lane in self._lanes.of(self._work.own)}
        return (heard.seen for key, heard in self._others.items() if key not in own)

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
        keys = [*islice(self._untold, SHOWN_WEBHOOKS)]
        for key in keys:
            del self._untold[key]
        try:
            await self._work.show(Told(await self._texts(keys), [self._lanes.shares.told()]))
        except BaseException:
            self.touch(keys)
            raise

    async def _texts(self, keys: Collection[str]) -> dict[str, bytes]:
        """What is shown of those of these on which this process works."""
        own = {lane.key: lane for lane in self._lanes.of(self._work.own)} if keys else {}
        texts: dict[str, bytes] = {}
        async for key in in_slices(keys, SHOWN_SLICE):
            lane = own.get(key)
            if lane is not None and lane.owned:  # by now another may have it
                texts[key] = encoded(shown(lane, self._clock.now()))
        return texts

    async def _hear(self) -> set[str]:
        changed: set[str] = set()
        told = await self._work.shown()
        async for key, text in in_slices(told.shown.items(), SHOWN_SLICE):
            known = self._others.get(key)
            if known is not None and known.text == text:
                continue
            seen = decoded(text)
            if seen is not None:
                self._keep(key, _Heard(text, seen))
                changed.add(key)
        self._lanes.shares.hear(told.shares, self._waiting)
        return changed

    def _keep(self, key: str, heard: _Heard) -> None:
        self._others[key] = heard
        if heard.seen.waiting:
            self._waiting[key] = heard.seen.waiting, heard.seen.waiting_bytes
        else:
            self._waiting.pop(key, None)

    def _forget(self, configured: Collection[str]) -> None:
        """Webhooks that were deleted, and of which nothing is left."""
        for key, (_, seen) in [*self._others.items()]:
            if key not in configured and not (seen.waiting or seen.dead or seen.in_flight):
                del self._others[key]
