"""Matching is shared out: however dear events and filters are, everything else goes on in between."""

from __future__ import annotations

import asyncio

import pytest

from hookwright.core.event import Event
from hookwright.core.matching import Matched, Matcher, Matching, Reach
from hookwright.core.samples import merge, sample
from hookwright.dispatcher.delivery.match_turns import MatchTurns
from hookwright.errors import EventError
from matching.builders import CREATED, config, expression

WIDE = merge(sample("RequestCreated"), {"data": {"items": [{"id": n} for n in range(3_000)]}})
DEAR = Event("AccessRequestCreated", "RequestCreated", WIDE, b"{}")
DEAR_CONFIGS = [
    config(f"w{n}", match_expressions=[expression(f"$..[?count($..*) > {n}]", "NotIn", "x")])
    for n in range(100)
]


class Rounds:
    """Counts the rounds of the event loop."""

    def __init__(self) -> None:
        self.count = 0
        self._again()

    def _again(self) -> None:
        self.count += 1
        self._handle = asyncio.get_running_loop().call_soon(self._again)

    def stop(self) -> int:
        """How many there were."""
        self._handle.cancel()
        return self.count


async def test_dear_filters_let_the_loop_go_after_each_slice() -> None:
    """A hundred webhooks that use their whole budget: the loop comes round for each of those that are evaluated."""
    rounds = Rounds()
    ((*found,),) = await MatchTurns().match(Matcher(DEAR_CONFIGS), [DEAR], None)
    assert len(found) == 100
    assert rounds.stop() >= 10


async def test_one_request_at_a_time_has_a_slice_and_the_quick_one_is_not_kept_waiting() -> None:
    """Beside twenty dear requests a quick one is through after one slice of each."""
    turns, matcher, quick = MatchTurns(), Matcher(DEAR_CONFIGS), Matcher([config("quick")])
    done: list[str] = []

    async def run(name: str, by: Matcher, event: Event) -> None:
        await turns.match(by, [event], None)
        done.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(run(f"dear {number}", matcher, DEAR))
        group.create_task(run("quick", quick, CREATED))
    assert done[0] == "quick"


async def test_ordinary_events_are_matched_without_a_pause() -> None:
    """A batch of them takes no round of the loop."""
    rounds = Rounds()
    matched = await MatchTurns().match(
        Matcher([config("w", requesters=["*@example.com"])]), [CREATED] * 10, None
    )
    assert rounds.stop() == 1
    assert matched == [[Matched("ns/w")]] * 10


class Asked(Matcher):
    """Counts how often it is asked anew."""

    asked = 0

    def matching(self, event: Event, namespaces: Reach) -> list[Matched] | Matching:
        self.asked += 1
        return super().matching(event, namespaces)


async def test_an_ordinary_event_needs_no_turn() -> None:
    """Also where a filter matches."""
    matcher = Asked([config("w", requesters=["*@example.com"])])
    assert MatchTurns().begin(matcher, [CREATED], None) == [Matched("ns/w")]


@pytest.mark.parametrize("count", [0, 2])
async def test_what_is_no_single_event_is_matched_in_turn(count: int) -> None:
    """A list may be empty."""
    turns, matcher = MatchTurns(), Matcher([config("w")])
    assert turns.begin(matcher, [CREATED] * count, None) is None
    assert await turns.match(matcher, [CREATED] * count, None) == [[Matched("ns/w")]] * count


async def test_what_is_begun_of_a_dear_event_is_gone_on_with() -> None:
    """It is led to its webhooks once."""
    turns, matcher = MatchTurns(), Asked(DEAR_CONFIGS)
    begun = turns.begin(matcher, [DEAR], None)
    assert isinstance(begun, Matching)
    ((*found,),) = await turns.match(matcher, [DEAR], None, begun)
    assert len(found) == len(DEAR_CONFIGS)
    assert matcher.asked == 1


async def test_a_batch_that_makes_too_many_deliveries_ends_at_the_first_event_over_the_limit() -> None:
    """The rest of it is not matched at all."""
    matcher = Matcher([config(f"w{n}") for n in range(6_000)])
    with pytest.raises(
        EventError, match="more than 10,000 deliveries, which is the most that fit"
    ) as refused:
        await MatchTurns().match(matcher, [CREATED] * 1_000, None)
    assert refused.value.status == 413
