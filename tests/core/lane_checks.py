"""What holds of lanes and their store after every step, whatever happened before."""

from __future__ import annotations

import math

from core.lane_world import NONE, RULES, World
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import Delivery


def check(world: World) -> None:
    """Totals are sums, nothing accepted is lost, what waits is looked for, counters are those of the store."""
    lanes = world.lanes.values()
    assert world.totals.waiting == sum(lane.waiting for lane in lanes)
    assert world.totals.in_flight == sum(lane.in_flight for lane in lanes) == len(world.flights)
    everything = {route: world.waiting(route) for route in RULES}
    for key, route in world.accepted.items():
        assert (key in everything[route]) != (key in world.ended), "lost, or ended and waiting"
    for route, lane in world.lanes.items():
        _covered(world, lane, everything[route])
    if not world.asked and not world.flights:
        _counted(world)


def _covered(world: World, lane: Lane, waiting: dict[int, Delivery]) -> None:
    """Of what waits and may be sent, something is under way that brings it on, or a timer rings in time."""
    backlog, timer = lane._backlog, world.timers.get(lane.key, math.inf)
    asked = backlog.asked is not None or lane.key in world.in_turn
    if lane.standing.state is not RouteState.RUNNING or asked:
        return
    moves = lane.in_flight > 0 or lane._unwritten > 0 or timer < math.inf
    if lane._queue:
        assert moves, "nothing will start what is queued"
    if any(one.kind == "replay" and one.done for one in world.asked):
        return  # what it brought back is not told yet
    for key in (world.accepted.keys() & waiting.keys()) - lane._known:
        if backlog.behind:
            assert moves, "nothing will ask for what may be due"
        else:
            due = max(waiting[key].due / 1000, world.now)
            assert timer <= due + 0.0021, "nothing looks for it when it is due"


def _counted(world: World) -> None:
    counts = world.run(world.store.history.counts([*RULES]))
    for route, lane in world.lanes.items():
        stored = counts.get(route, NONE)
        if route not in world.unsure:
            assert (lane.waiting, lane.waiting_bytes, lane.dead) == stored[:3]
