"""Several dispatchers on one PostgreSQL: each webhook is worked on by one of them, whichever took its events.

`ping` says and asks what each process says and asks every second, so that no test waits for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres_server
from dispatcher.delivery.parts import answered
from dispatcher.several import HOOKS, ROOM, Process, running, shared_out, waits
from hookwright.api.admin import RunRequest
from hookwright.core.webhook_table import Wanted
from hookwright.errors import EventError
from hookwright.limits import CIRCUIT_FAILURES
from hookwright.outbound.port import Answer
from hookwright.store.database import Database
from hookwright.store.port import ReplaySelector
from postgres_server import Postgres

WANTED = Wanted(state="gone", sort="dead")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server; each test has a schema of its own in it."""
    with postgres_server.folder() as folder, postgres_server.serving(folder) as server:
        yield server


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    """An empty schema."""
    url = tmp_path / "url"
    url.write_text(postgres.url())
    return Database(url, schema=f"hookwright_{abs(hash(request.node.name))}")


async def all_gone(*processes: Process) -> None:
    """Every webhook's target answers 410, whichever of these asks, so each has a dead letter."""

    async def refuse() -> Answer:
        return answered(410)

    for process in processes:
        process.wire.respond = refuse
    await processes[0].post()
    while sum(process.lanes.totals.dead for process in processes) < len(HOOKS):
        await asyncio.sleep(0.01)


async def test_an_event_is_delivered_by_whoever_works_on_each_of_its_webhooks(database: Database) -> None:
    """Once, whoever accepted it; what it does not work on it does not count."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)
        for process in (one, other, one):
            await process.post()
        async with asyncio.timeout(30):
            while await waits(one):
                await asyncio.sleep(0.01)
        assert len(one.wire.sent) == 3 * len(one.owns())
        assert len(other.wire.sent) == 3 * len(other.owns())
        assert len({*one.wire.sent, *other.wire.sent}) == 3 * len(HOOKS)
        for process in (one, other):
            while any(lane.waiting for lane in process.lanes.lanes()):
                await asyncio.sleep(0.01)
            assert process.lanes.totals.waiting == 0
            assert process.lanes.shares.all.waiting == 0
            assert process.failed == []


async def test_a_webhook_is_left_when_its_attempt_has_ended(database: Database) -> None:
    """Until then the other does not work on it; what waits behind the attempt is delivered by the other."""
    go_on = asyncio.Event()
    async with running(database) as one:

        async def hang() -> Answer:
            await go_on.wait()
            return answered()

        one.wire.respond = hang
        for _ in range(40):
            await one.post()
        async with asyncio.timeout(30):
            while one.wire.under_way < len(HOOKS):
                await asyncio.sleep(0.01)
        async with running(database) as other:
            await one.store.work.ping()
            while one.owns() == set(HOOKS):
                await asyncio.sleep(0.01)
            await other.store.work.ping()
            assert other.owns() == set()
            go_on.set()
            async with asyncio.timeout(30):
                while await waits(one):
                    await other.store.work.ping()
                    await asyncio.sleep(0.01)
            assert other.wire.sent
            assert len([*one.wire.sent, *other.wire.sent]) == 40 * len(HOOKS)
            assert len({*one.wire.sent, *other.wire.sent}) == 40 * len(HOOKS)


async def test_who_stops_leaves_its_webhooks_to_the_other(database: Database) -> None:
    """With what is remembered of them: here, that the target of one was gone."""
    async with running(database) as one:
        async with running(database) as other:
            await shared_out(one, other)
            gone = sorted(other.owns())[0]
            other.lanes.lane(gone).standing.gone(other.lanes.lane(gone).standing.mark or "")
            theirs = other.owns()
        while one.owns() != set(HOOKS):
            await one.store.work.ping()
            await asyncio.sleep(0.01)
        assert gone in theirs
        assert {key for key in HOOKS if one.lanes.lane(key).standing.state == "gone"} == {gone}


async def test_a_target_that_is_dead_is_only_probed_by_who_takes_its_webhook_over(database: Database) -> None:
    """As often as it failed in a row opens a circuit; somebody may want it tried at once."""

    async def fail() -> Answer:
        return answered(500)

    async with running(database) as one:
        async with running(database) as other:
            await shared_out(one, other)
            for process in (one, other):
                process.wire.respond = fail
            for _ in range(CIRCUIT_FAILURES):
                await one.post()
            theirs = [other.lanes.lane(key) for key in other.owns()]
            async with asyncio.timeout(30):
                while not all(lane.circuit.open for lane in theirs):
                    await asyncio.sleep(0.01)
        while one.owns() != set(HOOKS):
            await one.store.work.ping()
            await asyncio.sleep(0.01)
        for lane in theirs:
            circuit = one.lanes.lane(lane.key).circuit
            assert circuit.open
            await one.direct.retry(lane.key)
            assert circuit.may_start(one.clock.now()) or circuit.probe


async def test_what_a_clock_ahead_has_delayed_is_due_in_its_own_wait(
    postgres: Postgres, database: Database
) -> None:
    """Where another, whose clock is right, takes it over; what others hold stays as they delayed it."""
    far = f"SELECT count(*) FROM {database.schema}.waiting WHERE due - wait > {{}}"

    async def refuse() -> Answer:
        return answered(503)

    async with running(database) as one:
        one.clock._offset += 300
        one.wire.respond = refuse
        await one.post()
        async with asyncio.timeout(30):
            while int(postgres.sql(far.format(0))) < len(HOOKS):
                await asyncio.sleep(0.01)
        async with running(database) as other:
            other.wire.respond = refuse
            await shared_out(one, other)
            assert int(postgres.sql(far.format(other.clock.now_ms()))) == len(one.owns())


async def test_who_retires_takes_events_for_the_other(database: Database) -> None:
    """They are delivered, and so is what waited before, while it has not ended yet."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)
        await other.lanes.drain(5)
        await other.post()
        assert other.wire.sent == []
        await other.store.work.retire()
        while other.owns():
            await asyncio.sleep(0.01)
        await other.post()
        async with asyncio.timeout(30):
            while await waits(one):
                await one.store.work.ping()
                await asyncio.sleep(0.01)
        assert one.owns() == set(HOOKS)
        assert other.wire.sent == []
        assert len(one.wire.sent) == len({*one.wire.sent}) == 2 * len(HOOKS)
        assert [process.lanes.totals.waiting for process in (one, other)] == [0, 0]
        assert other.failed == []


async def test_what_was_lost_is_left_at_once(postgres: Postgres, database: Database) -> None:
    """And taken again, with what came meanwhile, when it can be."""
    async with running(database) as one:
        theirs = f"UPDATE {database.schema}.parts SET holder = 'another', until = now() + interval"
        postgres.sql(f"{theirs} '1 hour'")
        await one.store.work.ping()
        async with asyncio.timeout(30):
            while one.owns():
                await asyncio.sleep(0.01)
        await one.post()
        assert one.wire.sent == []
        postgres.sql(f"{theirs} '-1 s'")
        await one.store.work.ping()
        async with asyncio.timeout(30):
            while await waits(one):
                await asyncio.sleep(0.01)
        assert len(one.wire.sent) == len(HOOKS)


async def test_dead_letters_that_one_replays_are_delivered_by_who_works_on_them(database: Database) -> None:
    """Both count them right."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)

        async def refuse() -> Answer:
            return answered(400)

        for process in (one, other):
            process.wire.respond = refuse
        await one.post()
        async with asyncio.timeout(30):
            while one.lanes.totals.dead + other.lanes.totals.dead < len(HOOKS):
                await asyncio.sleep(0.01)
        for process in (one, other):
            process.wire.respond = process.wire.take
            process.wire.sent.clear()
        await one.lanes.replay(ReplaySelector(), now=one.clock.now_ms(), limit=1_000)
        async with asyncio.timeout(30):
            while await waits(one):
                await asyncio.sleep(0.01)
        assert len(one.wire.sent) == len(one.owns())
        assert len(other.wire.sent) == len(other.owns())
        assert [process.lanes.totals.dead for process in (one, other)] == [0, 0]


async def test_a_webhook_is_tried_now_by_who_works_on_it(database: Database) -> None:
    """Whoever is asked."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)
        key = sorted(other.owns())[0]
        lane = other.lanes.lane(key)
        lane.paused_until = other.clock.now() + 3600
        await one.lanes.retry(key, forgiven=False)
        async with asyncio.timeout(30):
            while lane.paused_until:
                await asyncio.sleep(0.01)


async def test_a_webhook_that_is_gone_is_not_tried_now_whoever_is_asked(database: Database) -> None:
    """Who does not work on it knows it two seconds later, and answers the same."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)
        await all_gone(one, other)
        for process in (other, one):
            await process.views.exchange()
        key = sorted(other.owns())[0]
        said = []
        for process in (other, one):
            with pytest.raises(EventError, match=f"{key} is gone until its spec changes") as caught:
                await process.direct.retry(key)
            said.append((str(caught.value), caught.value.status))
        assert said == [said[0]] * 2


async def test_who_is_not_sure_begins_nothing(database: Database) -> None:
    """What it accepts then, it leaves to whoever works on it."""
    async with running(database) as one:
        one.store.work._ownership.sure_until = 0.0  # type: ignore[attr-defined]
        await one.post()
        assert one.wire.sent == []
        assert {key: counts.waiting for key, counts in (await waits(one)).items()} == dict.fromkeys(HOOKS, 1)
        await one.store.work.ping()
        async with asyncio.timeout(30):
            while await waits(one):
                await asyncio.sleep(0.01)
        assert len(one.wire.sent) == len(HOOKS)


async def test_a_deleted_webhook_of_another_is_known_as_deleted(database: Database) -> None:
    """What waits of it is found by who takes it over."""
    async with running(database, "team/old") as one:

        async def never() -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

        one.wire.respond = never
        await one.post()
        async with running(database, *HOOKS) as other:
            await one.load(*HOOKS)
            one.lanes.abort()
            await one.stop()
            while "team/old" not in other.owns():
                await other.store.work.ping()
                await asyncio.sleep(0.01)
            while not other.lanes.lane("team/old").standing.known:
                await asyncio.sleep(0.01)
            assert other.lanes.lane("team/old").waiting == 1
            assert other.lanes.lane("team/old").standing.deleted_at_ms is not None


async def test_a_test_that_two_are_asked_for_is_sent_once(database: Database) -> None:
    """Both answer the same."""
    request = RunRequest.model_validate(
        {"runID": "r1", "test": "team/t", "spec": {"webhookRef": {"name": "hook-1"}}}
    )
    async with running(database) as one, running(database) as other:
        answers = await asyncio.gather(*(each.direct.run_test(request) for each in (one, other, one)))
        assert answers[0].result == "Test successful"
        assert answers[0].invocation is not None
        assert answers[1] == answers[2] == answers[0]
        assert len(one.wire.sent) + len(other.wire.sent) == 1


async def test_what_is_added_up_of_all_is_told_by_who_works_on_it(database: Database) -> None:
    """Of the webhooks of others a process tells what their configuration says, and that others work on them."""
    async with running(database) as one:
        await all_gone(one)
        async with running(database) as other:
            await shared_out(one, other)
            for process in (one, other):
                views, _ = process.changes()
                assert {key for key, view in views.items() if view.owned} == process.owns()
                for key, view in views.items():
                    told = (view.state, view.dead_lettered, view.last_failure_time is not None)
                    assert told == (("gone", 1, True) if key in process.owns() else ("running", 0, False))
                    assert (view.last_invocation is None) == (view.message == "") == (not view.owned)
                summary = await process.views.summary()
                assert summary.owned == summary.gone == summary.dead_letters == len(process.owns())
                assert (summary.webhooks, summary.parts) == (len(HOOKS), len(process.store.work.own))


async def test_who_is_asked_by_people_tells_what_the_others_know(database: Database) -> None:
    """In sorted lists, of one webhook, and in the summary; what the controller adds up is as before."""
    async with running(database) as one, running(database) as other:
        await shared_out(one, other)
        await all_gone(one, other)
        for process in (other, one, other):
            await process.views.exchange()
        for process in (one, other):
            found = await process.views.search(WANTED)
            views = {view.webhook: view for view in found.items}
            assert (views.keys(), found.counts["dead"]) == (set(HOOKS), len(HOOKS))
            for key, view in views.items():
                assert (view.dead_lettered, view.state, view.owned) == (1, "gone", key in process.owns())
                assert view.last_invocation is not None
                assert view == process.views.webhook(key)
            summary = await process.views.summary()
            assert (summary.gone, summary.dead_letters, summary.pending) == (len(HOOKS), len(HOOKS), 0)
            changes, _ = process.changes()
            assert {key for key, view in changes.items() if view.dead_lettered} == process.owns()


async def test_what_changes_later_is_told_and_a_webhook_that_moved_by_its_new_owner(
    postgres: Postgres, database: Database
) -> None:
    """Who is alone tells nobody, and asks nobody."""
    table = f"{database.schema}.shown"
    async with running(database) as one:
        await one.views.exchange()
        assert postgres.sql(f"SELECT count(*) FROM {table}") == "0"
        async with running(database) as other:
            await shared_out(one, other)
            theirs = sorted(other.owns())[0]
            for message in ("", "The proxy is not there."):
                if message:
                    other.lanes.hold(theirs, message)
                await other.views.exchange()
                await one.views.exchange()
                view = one.views.webhook(theirs)
                assert view is not None
                assert (view.state, view.message) == ("held" if message else "running", message)
                assert not view.owned
        while theirs not in one.owns():
            await one.store.work.ping()
            await asyncio.sleep(0.01)
        view = one.views.webhook(theirs)
        assert view is not None
        assert (view.state, view.owned) == ("running", True)


async def hanging(one: Process, other: Process) -> None:
    """Three events of each webhook wait, as no target answers; and each process knows what waits at the other."""

    async def hang() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    await shared_out(one, other)
    for process in (one, other):
        process.wire.respond = hang
    for _ in range(3):
        await one.post()
    async with asyncio.timeout(30):
        while other.lanes.totals.waiting < 3 * len(other.owns()):
            await asyncio.sleep(0.01)
    for process in (one, other, one):
        await process.views.exchange()


async def test_a_full_webhook_takes_no_more_whoever_is_posted_to(database: Database) -> None:
    """What comes for it becomes a dead letter, at a process that does not work on it as well."""
    room = ROOM._replace(webhook=3)
    async with running(database, room=room) as one, running(database, room=room) as other:
        await hanging(one, other)
        await one.post()
        counts = await waits(one)
        assert {(each.waiting, each.dead) for each in counts.values()} == {(3, 1)}
        for process in (one, other):
            process.lanes.abort()


async def test_what_may_wait_in_all_is_shared_by_all(database: Database) -> None:
    """What waits at the others counts, until they are not there any more."""
    room = ROOM._replace(total=4 * len(HOOKS) - 1)
    async with running(database, room=room) as one, running(database, room=room) as other:
        await hanging(one, other)
        with pytest.raises(EventError, match="backlog limit is reached"):
            await one.post()
        for process in (one, other):
            process.lanes.abort()


async def test_a_webhook_that_comes_or_goes_has_changed(database: Database) -> None:
    """Who asks for changes alone learns who works on it."""
    async with running(database) as one:
        _, since = one.changes()
        async with running(database) as other:
            begun, later = other.changes()  # it may have been given some already
            await shared_out(one, other)
            left, since = one.changes(since)
            came, _ = other.changes(later)
            assert {key for key, view in left.items() if not view.owned} == other.owns()
            assert {key for key, view in (begun | came).items() if view.owned} == other.owns()
        while one.owns() != set(HOOKS):
            await one.store.work.ping()
            await asyncio.sleep(0.01)
        back, _ = one.changes(since)
        assert {key for key, view in back.items() if view.owned} == set(left)
