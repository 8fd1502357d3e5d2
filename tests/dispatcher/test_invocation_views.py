"""What a delivery that waits is said to wait for; and where a page of invocations ends."""

from __future__ import annotations

from pathlib import Path

from dispatcher.test_direct import made
from hookwright.core.lane import Lane
from hookwright.core.lane_queue import Totals
from hookwright.core.lane_steps import Rules
from hookwright.core.outcome import Verdict
from hookwright.core.records import Delivery
from hookwright.core.retry import RetryPolicy
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.dispatcher.invocation_views import InvocationViews, Next, what_next
from hookwright.limits import CIRCUIT_FAILURES
from hookwright.store.port import AttemptSelector
from hookwright.store.sqlite import SqliteHistory, SqliteStore
from store.builders import HOOK, ack, attempt

NOW = 1_700_000_000.0
MS = 1_700_000_000_000


def lane(*, held: str | None = None) -> Lane:
    """Of a webhook that runs, or is held."""
    made = Lane("shop/one", Totals())
    made.configured(Rules(RetryPolicy.of(None)), mark="a", held=held)
    return made


def test_a_time_that_has_to_pass_is_told() -> None:
    """The delivery's own, or that of the pause which its target asked for, if that is later."""
    running = lane()
    assert what_next(running, MS + 5_000, NOW) == Next(at=MS + 5_000)
    running.paused_until = NOW + 9
    assert what_next(running, MS + 5_000, NOW) == Next(at=MS + 9_000)
    assert what_next(running, 0, NOW) == Next(at=MS + 9_000)


def test_what_is_due_waits_for_its_turn() -> None:
    """With how many of its webhook are under way."""
    running = lane()
    running.in_flight = 16
    sentence = "It waits for its turn: 16 of its webhook are under way."
    assert what_next(running, 0, NOW) == Next(sentence=sentence)
    assert what_next(running, MS, NOW) == Next(sentence=sentence)


def test_an_open_circuit_decides_before_any_time() -> None:
    """When its probe comes, or that it is under way."""
    running = lane()
    for _ in range(CIRCUIT_FAILURES):
        running.circuit.record(Verdict.RETRY, probe=0, now=NOW, tried=True)
    assert what_next(running, 0, NOW).sentence == "It waits for the circuit's probe, which comes in 5 s."
    assert what_next(running, 0, NOW + 6).sentence == "It waits for the circuit's probe, which comes now."
    running.circuit.start()
    assert what_next(running, 0, NOW + 6).sentence == "It waits for the circuit's probe, which is under way."


def test_a_webhook_that_cannot_be_sent_is_named_with_its_reason() -> None:
    """Before all else: no time would help."""
    held = lane(held="Its Secret is away.")
    sentence = "It waits for its webhook, which is held: Its Secret is away."
    assert what_next(held, MS + 5_000, NOW) == Next(sentence=sentence)


async def test_a_page_that_found_little_says_where_to_look_on(tmp_path: Path) -> None:
    """The pages together hold what is rare, once; a page that is asked for what is newer ends there."""
    store, history = SqliteStore.open(tmp_path), SqliteHistory(tmp_path, looks=10)
    nobody = Delivery(1, 0, HOOK, "AccessRequestGranted", None, b"", MS)
    kept = [attempt(key)._replace(status=202 if key in (103, 104, 128) else 200) for key in range(101, 151)]
    await store.finish([ack(nobody, one) for one in kept])
    direct = await made(None)
    views = InvocationViews(history, direct._lanes, UnderWay(None), Clock(), "tag")
    selector, pages, following = AttemptSelector(statuses=(202, 202)), [], "51"
    while following is not None:
        page = await views.invocations(selector, before=int(following), after=None, limit=1, short=True)
        pages.append(len([*page.items]))
        following = page.next
    assert sum(pages) == 3
    assert max(pages) == 1
    assert len(pages) > 5
    newer = await views.invocations(selector, before=None, after=45, limit=1, short=True)
    assert ([*newer.items], newer.next) == ([], None)
    await history.close()
    await store.close()
