"""Writing statuses: only what differs, tests before webhooks, run-time fields at their own pace, nothing hot."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import structlog

from controller.fake_cluster import FakeCluster
from hookwright.controller.conditions import Note
from hookwright.controller.inventory import Inventory, entry
from hookwright.controller.plan import StatusChange
from hookwright.controller.statuses import Clock, StatusWriter
from hookwright.controller.trouble import Troubles
from hookwright.limits import REFUSED_LONGEST_SECONDS, STATUS_PROBES, TROUBLE_SECONDS
from hookwright.telemetry.controller_metrics import ControllerMetrics

SPECS = {
    "Webhook": '{url: "https://a.example/x", triggers: [RequestCreated]}',
    "WebhookTest": "{webhookRef: {name: w}}",
}


class World:
    """A cluster in memory, a writer over it, and a clock that stands still."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.seconds = 1000.0
        self.inventory = Inventory(lambda kind: None)
        clock = Clock(now=lambda: datetime(2026, 1, 2, tzinfo=UTC), monotonic=lambda: self.seconds)
        self.metrics = ControllerMetrics()
        self.troubles = Troubles(clock.monotonic)
        self.writer = StatusWriter(self.cluster, self.inventory, clock, self.metrics, self.troubles)

    def objects(self, kind: str, *names: str) -> None:
        """Create objects and let the inventory know them."""
        for name in names:
            self.cluster.apply(f"kind: {kind}\nmetadata: {{name: {name}}}\nspec: {SPECS[kind]}")
        for raw in self.cluster.list(kind, None).items:
            self.inventory.put(kind, raw)

    def change(self, kind: str, name: str, said: str = "", **more: object) -> StatusChange:
        """A status to write."""
        known = entry(kind, self.cluster.objects[(kind, f"shop/{name}")])
        patch = {"lastHandledReconcileAt": said or f"{self.seconds}"}
        return StatusChange(known, patch, (), **more)  # type: ignore[arg-type]

    async def rounds(self, seconds: float, *names: str) -> list[float]:
        """A round each second; the times of the tries that were refused, in seconds since the beginning."""
        began, tried = self.seconds, []
        while self.seconds - began < seconds:
            before = self.cluster.refused
            await self.writer.write([self.change("Webhook", name, "same") for name in names])
            tried += [self.seconds - began] * (self.cluster.refused - before)
            self.seconds += 1
        return tried


NAMES = [f"w{number:03}" for number in range(200)]


async def test_a_policy_that_refuses_every_status_meets_few_requests_and_lines() -> None:
    """Of 200 objects each is tried once, then a few of them after pauses that grow; a line a minute has the count."""
    world = World()
    world.objects("Webhook", *NAMES)
    world.writer.forget({("Webhook", f"shop/{each}") for each in NAMES})
    world.cluster.denied = {"shop"}
    with structlog.testing.capture_logs() as told:
        tried = await world.rounds(600, *NAMES)
    pauses = [0, 1, 3, 7, 15, *range(31, 600, 30)]
    assert tried == [0] * 200 + [at for at in pauses[1:] for _ in range(STATUS_PROBES)]
    assert len(told) == 10
    assert (told[0]["objects"], told[0]["cause"], told[0]["object"]) == (200, "403", "Webhook shop/w000")
    assert (
        b'hookwright_controller_failures_total{what="status"} %d.0' % len(tried) in world.metrics.exposition()
    )
    assert "policy" in (world.troubles.lasting() or "")


async def test_all_are_written_once_the_policy_is_gone() -> None:
    """The first status that is taken frees the others: none waits for a pause of its own."""
    world = World()
    world.objects("Webhook", *NAMES)
    world.cluster.denied = {"shop"}
    await world.rounds(300, *NAMES)
    world.cluster.denied = set()
    with structlog.testing.capture_logs() as told:
        assert await world.rounds(REFUSED_LONGEST_SECONDS + 2, *NAMES) == []
    assert {name for _, _, name in world.cluster.writes} == set(NAMES)
    assert [each["message"] for each in told] == ["This trouble is over."]
    assert world.troubles.lasting() is None


async def test_objects_with_a_rule_of_their_own_hold_up_nobody() -> None:
    """Others of their namespace are written as ever, and the controller is ready."""
    world = World()
    world.objects("Webhook", "bad", "good", "fine")
    world.writer.forget({("Webhook", "shop/bad"), ("Webhook", "shop/good"), ("Webhook", "shop/fine")})
    world.cluster.denied = {"shop/bad"}
    await world.rounds(TROUBLE_SECONDS + 1, "bad", "good", "fine")
    assert [name for _, _, name in world.cluster.writes].count("good") == TROUBLE_SECONDS + 1
    assert world.troubles.lasting() is None


async def test_events_that_are_refused_are_tried_less_and_less() -> None:
    """A namespace that takes none is not asked for each; the status is written all the same."""
    world = World()
    world.objects("Webhook", "w")
    world.cluster.no_events = True
    with structlog.testing.capture_logs() as told:
        for number in range(120):
            change = world.change("Webhook", "w", f"{number}")
            note = Note("Webhook", "shop/w", change.entry.uid, True, "Failing", "No answer.")
            await world.writer.write([StatusChange(change.entry, change.patch, (note,))])
            world.seconds += 1
    assert len(world.cluster.writes) == 120
    assert world.cluster.refused == 8
    assert len(told) == 2


async def test_a_webhook_is_not_written_while_its_test_could_not_be() -> None:
    """Otherwise its Ready could be seen beside the test's old result."""
    world = World()
    world.objects("Webhook", "w", "other")
    world.objects("WebhookTest", "t")
    test = world.change("WebhookTest", "t", of_webhook="shop/w")
    changes = [test, world.change("Webhook", "w"), world.change("Webhook", "other")]
    world.cluster.refuses = {"t"}
    assert await world.writer.write(changes) == 1.0
    assert world.cluster.writes == [("status", "Webhook", "other")]
    world.cluster.refuses = set()
    assert await world.writer.write(changes[:2]) == 1.0
    assert world.cluster.writes[1:] == []
    world.seconds += 1
    assert await world.writer.write(changes[:2]) is None
    assert world.cluster.writes[1:] == [("status", "WebhookTest", "t"), ("status", "Webhook", "w")]


async def test_a_status_that_is_refused_for_good_holds_up_no_other() -> None:
    """Not even its webhook's: nothing but a change of the test or of the CRD could end that wait."""
    world = World()
    world.objects("Webhook", "w")
    world.objects("WebhookTest", "t")
    changes = [world.change("WebhookTest", "t", "x" * 257, of_webhook="shop/w"), world.change("Webhook", "w")]
    with structlog.testing.capture_logs() as told:
        for _ in range(5):
            await world.writer.write(changes)
            changes[1:] = []
    assert world.cluster.writes == [("status", "Webhook", "w")]
    assert [(each["event"], each["object"]) for each in told] == [("status", "WebhookTest shop/t")]
    assert "lastHandledReconcileAt" in told[0]["message"]
    assert b'failures_total{what="status"} 1.0' in world.metrics.exposition()


@pytest.mark.parametrize(
    ("said", "fails", "tries"),
    [
        ("x" * 257, set(), [0, 1, 3, 7, 15, *range(31, 1200, 30)]),
        ("fine", {"w"}, [0, 1, 3, 7, 15, *range(25, 1200, 10)]),
    ],
)
async def test_the_pause_of_a_status_that_cannot_be_written_grows(
    said: str, fails: set[str], tries: list[int]
) -> None:
    """However many rounds there are: to thirty seconds if it is refused, otherwise to ten."""
    world = World()
    world.objects("Webhook", "w", "other")
    world.cluster.refuses = fails
    began, tried = world.seconds, []
    for _ in range(2400):
        before = world.cluster.refused
        await world.writer.write([world.change("Webhook", "w", said), world.change("Webhook", "other")])
        if world.cluster.refused > before:
            tried.append(world.seconds - began)
        world.seconds += 0.5
    assert tried == tries
    assert world.cluster.writes == [("status", "Webhook", "other")] * 2400


async def test_a_status_that_was_written_begins_anew() -> None:
    """With the shortest pause; nothing is left of the trouble before."""
    world = World()
    world.objects("Webhook", "w")
    refused, fine = "x" * 257, "fine"
    for said, pause in ((refused, 1.0), (refused, 2.0), (fine, None), (refused, 1.0)):
        assert await world.writer.write([world.change("Webhook", "w", said)]) == pause
        world.seconds += 2


async def test_a_changed_object_is_tried_at_once() -> None:
    """Whoever mends what was refused does not wait for the end of its pause."""
    world = World()
    world.objects("Webhook", "w")
    for _ in range(9):
        await world.writer.write([world.change("Webhook", "w", "x" * 257)])
        world.seconds += 300
    await world.writer.write([world.change("Webhook", "w", "x" * 257)])
    world.cluster.apply(f"kind: Webhook\nmetadata: {{name: w}}\nspec: {SPECS['Webhook'].replace('/x', '/y')}")
    assert await world.writer.write([world.change("Webhook", "w", "mended")]) is None
    assert world.cluster.writes == [("status", "Webhook", "w")]


async def test_run_time_fields_wait_thirty_seconds() -> None:
    """Counted from the last write of the object, whatever it was of, and tried then; a flip does not wait."""
    world = World()
    world.objects("Webhook", "w")
    assert await world.writer.write([world.change("Webhook", "w")]) is None
    world.seconds += 20
    assert await world.writer.write([world.change("Webhook", "w", runtime=True, at_once=False)]) == 10
    world.seconds += 9
    assert await world.writer.write([world.change("Webhook", "w", runtime=True, at_once=False)]) == 1
    assert len(world.cluster.writes) == 1
    await world.writer.write([world.change("Webhook", "w", runtime=True, at_once=True)])
    assert len(world.cluster.writes) == 2
    world.seconds += 30
    await world.writer.write([world.change("Webhook", "w", runtime=True, at_once=False)])
    assert len(world.cluster.writes) == 3


async def test_at_most_ten_run_time_writes_a_second() -> None:
    """Flips first; the rest is told of and follows; other changes do not count."""
    world = World()
    names = [f"w{number:02}" for number in range(25)]
    world.objects("Webhook", *names)
    changes = [world.change("Webhook", name, runtime=True, at_once=name == "w24") for name in names]
    assert await world.writer.write(changes)
    assert world.cluster.writes[0] == ("status", "Webhook", "w24")
    assert len(world.cluster.writes) == 10
    assert await world.writer.write(changes[:14])
    assert len(world.cluster.writes) == 10
    world.seconds += 1
    await world.writer.write(changes[10:20])
    assert len(world.cluster.writes) == 20
    await world.writer.write([world.change("Webhook", name) for name in names])
    assert len(world.cluster.writes) == 45


async def test_a_new_object_of_that_name_is_left_alone() -> None:
    """A status decided for the one before is not written on it, and its Event not posted."""
    world = World()
    world.objects("Webhook", "w")
    old = world.change("Webhook", "w")
    world.cluster.delete("Webhook", "shop/w")
    gone = StatusChange(
        old.entry, old.patch, (Note("Webhook", "shop/w", old.entry.uid, False, "Succeeded", "Yes."),)
    )
    assert not await world.writer.write([gone])  # there is nothing left to write
    world.objects("Webhook", "w")
    assert await world.writer.write([gone])
    assert (world.cluster.status("Webhook", "shop/w"), world.cluster.events) == ({}, [])


async def test_an_event_names_its_object() -> None:
    """Posted after the status was written, in the object's namespace, with its UID."""
    world = World()
    world.objects("Webhook", "w")
    change = world.change("Webhook", "w")
    note = Note("Webhook", "shop/w", change.entry.uid, True, "Failing", "No answer.\x1b")
    await world.writer.write([StatusChange(change.entry, change.patch, (note,))])
    (event,) = world.cluster.events
    assert event["metadata"] == {"generateName": "w.", "namespace": "shop"}
    assert event["involvedObject"] == {
        "apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "namespace": "shop", "name": "w",
        "uid": change.entry.uid,
    }  # fmt: skip
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "Failing", "No answer.\\u001b")
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-02T00:00:00Z"
