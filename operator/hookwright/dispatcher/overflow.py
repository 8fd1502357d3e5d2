"""What a lane's memory does not hold: claimed from the store when there is room, or made dead letters there.

Memory is bounded twice, for each lane and for all of them. Must not: start attempts, decide states.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hookwright.core.lifecycle import RouteState
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.lane import Lane
from hookwright.limits import LANE_QUEUE, LANE_QUEUE_BYTES, LANE_QUEUE_LEAST, LANES_QUEUE_BYTES
from hookwright.store.port import DeadReason, Delivery, Work


class Overflow:
    """`wake` is called with a lane that may have something to start, `wake_at` with one that will have."""

    def __init__(
        self,
        work: Work,
        clock: Clock,
        *,
        wake: Callable[[Lane], None],
        wake_at: Callable[[Lane, float], None],
    ) -> None:
        self._work, self._clock = work, clock
        self._wake, self._wake_at = wake, wake_at
        self.bytes = 0
        """Events queued in memory, all lanes together."""

    def push(self, lane: Lane, delivery: Delivery) -> bool:
        """Queue a delivery, if the lane holds all that waits, may start it some time, and there is room."""
        full = self.bytes > LANES_QUEUE_BYTES and len(lane.queue) >= LANE_QUEUE_LEAST
        if lane.more or lane.claiming or full or lane.state is not RouteState.RUNNING or not lane.has_room():
            lane.more = lane.claim_again = True
            return False
        self._queue(lane, delivery)
        return True

    def _queue(self, lane: Lane, delivery: Delivery) -> None:
        if lane.push(delivery):
            self.bytes += len(delivery.raw)

    def pop(self, lane: Lane) -> Delivery:
        """The next delivery of a lane to start."""
        delivery = lane.pop()
        self.bytes -= len(delivery.raw)
        return delivery

    def wanted(self, lane: Lane) -> bool:
        """Whether it is time to claim: the lane runs low and the store has more."""
        if not lane.more or lane.claiming or lane.state is not RouteState.RUNNING or lane.target is None:
            return False
        return len(lane.queue) <= self._room(lane) // 2 and lane.queue_bytes <= LANE_QUEUE_BYTES // 2

    def _room(self, lane: Lane) -> int:
        return LANE_QUEUE if self.bytes <= LANES_QUEUE_BYTES else LANE_QUEUE_LEAST

    async def claim(self, lane: Lane) -> None:
        """Claim what is due; when nothing is, set the timer of the earliest. `lane.claiming` is set already."""
        lane.claim_again = False
        lane.retired = set()
        try:
            found = await self._work.claim(
                lane.key,
                now=self._clock.now_ms(),
                limit=max(1, self._room(lane) - len(lane.queue)),
                max_bytes=LANE_QUEUE_BYTES,
                exclude=frozenset(lane.keys),
            )
            for delivery in found:
                self._queue(lane, delivery)
            lane.more = lane.claim_again or bool(found)
            if not lane.more:
                due = await self._work.next_due(lane.key, frozenset(lane.keys))
                lane.more = lane.claim_again
                if due is not None:
                    lane.due_at = self._clock.monotonic() + max(0.0, due / 1000 - self._clock.now())
                    self._wake_at(lane, lane.due_at)
        finally:
            lane.claiming = False
            lane.retired = None
        self._wake(lane)

    async def bury(
        self, lane: Lane, reason: DeadReason, message: str, received_before: int | None
    ) -> tuple[int, int]:
        """What waits becomes dead letters, but for what is under way: how many, and the bytes of their events."""
        while lane.claiming:  # noqa: ASYNC110 - what a claim brings must not be buried behind its back
            await asyncio.sleep(0.001)
        lane.claiming = lane.more = True
        self.bytes -= lane.queue_bytes
        lane.clear()
        try:
            return await self._work.bury_waiting(
                lane.key,
                reason,
                message,
                now=self._clock.now_ms(),
                received_before=received_before,
                exclude=frozenset(lane.keys),
            )
        finally:
            lane.claiming = False
