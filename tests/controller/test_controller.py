"""The whole controller over a cluster in memory and a real dispatcher, which reads what would be mounted."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from controller.fake_cluster import Event
from controller.running import POD, SECONDS, TEST, WEBHOOK, Running
from hookwright.controller.app import Controller
from hookwright.controller.inventory import Inventory


def large(count: int) -> Iterator[dict[str, Any]]:
    """Webhooks of some 93 KiB each when they are packed."""
    chance = random.Random(1)
    for number in range(count):
        values = [base64.b64encode(chance.randbytes(3000)).decode() for _ in range(32)]
        headers = [{"name": f"x-{each}", "value": value} for each, value in enumerate(values)]
        spec = {"url": "https://a.example/x", "triggers": ["RequestCreated"], "headers": headers}
        metadata = {"name": f"large-{number}", "namespace": "greedy"}
        yield {"kind": "Webhook", "metadata": metadata, "spec": spec}


async def test_from_manifest_to_ready_and_tested(running: Running) -> None:
    """Configuration Secret, dispatcher, conditions, a test's run and its roll-up, all from two manifests."""
    running.cluster.apply(f"{WEBHOOK}---{TEST}")
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    await running.reaches("WebhookTest", "t", "Finished", "True", "TestPassed")
    await running.until(
        lambda: running.cluster.status("Webhook", "shop/w").get("tests", {}).get("passed") == 1
    )
    assert running.cluster.status("WebhookTest", "shop/t")["invocation"]["attempts"] == 0


async def test_a_missing_secret_heals_by_itself(running: Running) -> None:
    """Missing, then there without the label, then labelled: a reason for each, and Ready at the end."""
    signed = WEBHOOK.replace("triggers", "auth: {bearer: {tokenSecretRef: {name: s, key: k}}}, triggers")
    secret = "kind: Secret\nmetadata: {name: s%s}\ndata: {k: c2VjcmV0LXZhbHVl}"
    running.cluster.apply(signed)
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "ResolvedRefs", "False", "SecretNotFound")
    running.cluster.apply(secret % ', labels: {hookwright.io/webhook-secret: "true"}')
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    running.cluster.delete("Secret", "shop/s")
    running.cluster.apply(secret % ', labels: {hookwright.io/webhook-secret: "True"}')
    await running.reaches("Webhook", "w", "ResolvedRefs", "False", "SecretNotLabelled")
    assert "has the label hookwright.io/webhook-secret" in str(running.cluster.status("Webhook", "shop/w"))
    running.cluster.apply(secret % ', labels: {hookwright.io/webhook-secret: "true"}')
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


async def test_an_api_server_that_is_silent_about_one_object_holds_up_no_round(running: Running) -> None:
    """What a webhook refers to is asked for beside the rounds; the answer counts when it comes."""
    signed = WEBHOOK.replace("triggers", "auth: {bearer: {tokenSecretRef: {name: s, key: k}}}, triggers")
    running.cluster.apply("kind: Secret\nmetadata: {name: s}\ndata: {k: dg==}")
    running.cluster.apply(signed)
    running.cluster.silent = threading.Event()
    try:
        running.start()
        await running.serve()
        await running.reaches("Webhook", "w", "ResolvedRefs", "False", "SecretNotFound")
        running.cluster.apply(WEBHOOK.replace("name: w", "name: other"))
        await running.reaches("Webhook", "other", "Ready", "True", "Succeeded")
    finally:
        running.cluster.silent.set()
    await running.reaches("Webhook", "w", "ResolvedRefs", "False", "SecretNotLabelled")


async def test_a_namespace_that_takes_too_much_stops_nobody_else(running: Running) -> None:
    """Its last webhooks say why with size and share; changes, new webhooks and tests of others come through; it heals."""
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    for document in large(80):
        running.cluster.put(document)

    def told(number: int) -> tuple[str, str] | None:
        for each in running.cluster.status("Webhook", f"greedy/large-{number}").get("conditions", ()):
            if each["type"] == "Ready":
                return each["reason"], each["message"]
        return None

    _, message = await running.until(
        lambda: told(79) if (told(79) or ("", ""))[0] == "ConfigurationTooLarge" else None
    )
    assert re.search(
        r"namespace greedy take about 7\.\d MiB compressed, and their share is about 5\.3 MiB; shorten",
        message,
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = await client.get(f"http://{running.settings.probes}/metrics")
    assert "hookwright_controller_configuration_fullness 1." in metrics.text
    assert re.search(r"hookwright_controller_webhooks_left_out [1-9]", metrics.text)
    assert (told(10) or ("", ""))[0] in ("Pending", "Succeeded")
    late = WEBHOOK.replace("name: w", "name: late")
    running.cluster.apply(f"{late}---{TEST.replace('name: w', 'name: late')}")
    running.cluster.apply(WEBHOOK.replace("/x", "/y"))
    await running.reaches("WebhookTest", "t", "Ready", "True", "TestPassed")
    for name in ("late", "w"):
        await running.reaches("Webhook", name, "Ready", "True", "Succeeded")
    for number in range(40):
        running.cluster.delete("Webhook", f"greedy/large-{number}")
    await running.until(lambda: (told(79) or ("", ""))[0] == "Succeeded")


@pytest.mark.parametrize("lost", [False, True])
async def test_no_webhook_leaves_the_configuration_with_a_restart(running: Running, lost: bool) -> None:
    """Though many are to be checked anew: they are read back, and where the Secrets are lost all are checked at once."""
    documents = list(large(10))
    for document in documents:
        running.cluster.put(document)
    running.start()
    await running.serve()
    ready = [f"greedy/large-{number}" for number in range(10)]
    status = running.cluster.status
    await running.until(lambda: all("configHash" in status("Webhook", name) for name in ready))
    await running.stop()
    secrets = [name for kind, name in running.cluster.objects if kind == "Secret" and "-config-" in name]
    for name in secrets if lost else ():
        running.cluster.delete("Secret", name)
    running.cluster.writes.clear()
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.until(lambda: ("apply", "Secret", "hw-config-0") in running.cluster.writes)
    assert set(ready) <= set(running.written())
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


SECRETS = [f"hooks/hw-{name}" for name in ("ingest-token", "admin-token", "hash-key", "config-0")]


def held(running: Running) -> list[dict[str, str] | None]:
    """The data of the release's Secrets, as far as they are there."""
    found = [running.cluster.objects.get(("Secret", name)) for name in SECRETS]
    return [each and each["data"] for each in found]


async def test_lost_secrets_are_back_before_the_next_pod_starts(running: Running) -> None:
    """A dispatcher cannot mount its volume without its tokens; it finds the same as the one before."""
    running.cluster.apply(WEBHOOK)
    running.start()
    before = await running.until(lambda: all(held(running)) and held(running))
    for name in SECRETS:
        running.cluster.delete("Secret", name)
    running.cluster.apply(POD.replace("Running", "Pending"))
    assert await running.until(lambda: all(held(running)) and held(running)) == before


async def test_lost_secrets_are_back_while_a_dispatcher_runs(running: Running) -> None:
    """It has no need of them until it moves, so nothing but the watch tells; nothing else is asked for or changed."""
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    before = held(running)
    for name in SECRETS:
        running.cluster.delete("Secret", name)
    assert await running.until(lambda: all(held(running)) and held(running)) == before
    running.cluster.put({**running.cluster.objects["Secret", SECRETS[-1]], "data": {}})
    await running.until(lambda: held(running) == before)
    running.cluster.apply(WEBHOOK.replace("/x", "/y"))
    await running.until(lambda: running.cluster.status("Webhook", "shop/w").get("observedGeneration") == 2)
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


async def test_dispatchers_hear_at_once_of_a_token_made_during_a_restart(running: Running) -> None:
    """Nobody knows the former one any more; until kubelet mounts the new one, senders that have it are refused."""
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    await running.stop()
    running.cluster.delete("Secret", SECRETS[0])
    running.cluster.writes.clear()
    running.start()
    made, told = ("create", "Secret", "hw-ingest-token"), ("annotate", "Pod", "d-1")
    await running.until(lambda: made in running.cluster.writes and running.cluster.writes[-1] == told)


async def test_secrets_that_may_not_be_made_stop_no_status(running: Running) -> None:
    """From the first moment on: what is known of each object is said, and readiness names Secrets and refusals."""
    names = [name.removeprefix("hooks/") for name in SECRETS]
    running.cluster.refuses.update(names)
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.reaches("Webhook", "w", "Accepted", "True", "Accepted")
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{running.settings.probes}/readyz")
    assert answer.status_code == 503
    for name in names[:-1]:
        assert f"Secret {name} cannot be written: The API server answered 403: not now" in answer.text
    running.cluster.refuses.clear()
    await running.until(lambda: all(held(running)))
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


async def test_a_configuration_that_cannot_be_written_stops_no_status(running: Running) -> None:
    """Each says what it waits for, or its own mistake; the process is not ready, and all goes on when it can."""
    running.cluster.refuses.add("hw-config-0")
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.serve()
    running.cluster.apply(WEBHOOK.replace("name: w", "name: wrong").replace("https://a.example/x", "/x"))
    await running.reaches("Webhook", "w", "Programmed", "False", "ConfigurationRefused")
    await running.reaches("Webhook", "wrong", "Accepted", "False", "InvalidSpec")
    assert running.state("Webhook", "w", "Accepted") == ("True", "Accepted")
    ready = next(
        each for each in running.cluster.status("Webhook", "shop/w")["conditions"] if each["type"] == "Ready"
    )
    assert ready["message"] == (
        "The configuration cannot be written for the dispatchers: The API server answered 403: not now"
    )
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{running.settings.probes}/readyz")
    assert (answer.status_code, answer.text) == (503, "The API server answered 403: not now\n")
    running.cluster.refuses.clear()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


async def test_a_restart_writes_nothing_and_runs_nothing(running: Running) -> None:
    """Everything is as it should be: the next controller finds that out without a write."""
    running.cluster.apply(f"{WEBHOOK}---{TEST}")
    running.start()
    await running.serve()
    await running.until(
        lambda: running.cluster.status("Webhook", "shop/w").get("tests", {}).get("passed") == 1
    )
    ran = running.cluster.status("WebhookTest", "shop/t")["lastRunTime"]
    await running.stop()
    running.cluster.writes.clear()
    running.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        running.cluster.apply(WEBHOOK.replace("name: w", "name: second"))
        await running.reaches("Webhook", "second", "Ready", "True", "Succeeded")
        metrics = await client.get(f"http://{running.settings.probes}/metrics")
        ready = await client.get(f"http://{running.settings.probes}/readyz")
    written = {(verb, kind, name) for verb, kind, name in running.cluster.writes if verb != "annotate"}
    assert written == {("apply", "Secret", "hw-config-0"), ("status", "Webhook", "second")}
    assert running.cluster.status("WebhookTest", "shop/t")["lastRunTime"] == ran
    assert "hookwright_controller_dispatchers 1.0" in metrics.text
    assert ready.status_code == 200


async def test_a_gate_never_sees_ready_beside_an_old_result(running: Running) -> None:
    """In the order of writes: the test loses its result before its webhook is Ready with the new hash."""
    running.cluster.apply(f"{WEBHOOK}---{TEST}")
    running.start()
    await running.serve()
    await running.reaches("WebhookTest", "t", "Finished", "True", "TestPassed")
    seen: list[tuple[str, str, bool]] = []

    def look(kind: str, event: Event) -> None:
        if kind in ("Webhook", "WebhookTest"):
            status = event[1].get("status") or {}
            conditions = {each["type"]: each for each in status.get("conditions", ())}
            current = (
                conditions.get("Ready", {}).get("observedGeneration") == event[1]["metadata"]["generation"]
            )
            seen.append((kind, conditions.get("Ready", {}).get("status", ""), current))

    running.cluster.listeners.append(look)
    running.cluster.apply(WEBHOOK.replace("/x", "/y"))
    await running.reaches("WebhookTest", "t", "Finished", "True", "TestFailed")
    assert seen.index(("WebhookTest", "Unknown", True)) < seen.index(("Webhook", "True", True))


async def test_an_api_server_that_is_away_is_waited_out(running: Running) -> None:
    """Nothing is written without a complete list; once it is back, everything follows."""
    running.cluster.down = True
    running.cluster.apply(WEBHOOK)
    running.start()
    assert await asyncio.to_thread(running.cluster.turned_away.wait, SECONDS)
    assert running.cluster.writes == []
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://{running.settings.probes}/readyz")).status_code == 503
        assert (await client.get(f"http://{running.settings.probes}/healthz")).status_code == 200
    running.cluster.down = False
    await running.reaches("Webhook", "w", "Accepted", "True", "Accepted")


async def test_a_status_that_cannot_be_written_is_tried_again(running: Running) -> None:
    """The others are written meanwhile, and nothing but time has to pass once it can be."""
    running.cluster.refuses.add("w")
    running.cluster.apply(WEBHOOK)
    running.start()
    await running.serve()
    for number in range(3):
        name = f"other-{number}"
        running.cluster.apply(WEBHOOK.replace("name: w", f"name: {name}"))
        await running.reaches("Webhook", name, "Ready", "True", "Succeeded")
    assert running.cluster.refused > 0
    running.cluster.refuses.clear()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")


async def test_a_part_that_fails_ends_it_whatever_the_others_do(running: Running) -> None:
    """The process is unhealthy at once, and its end waits a few seconds for a part that does not want to end."""
    released = asyncio.Event()

    async def feed(inventory: Inventory, heard: Callable[[], None]) -> None:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()

    controller = Controller(running.settings, running.cluster)
    ending = asyncio.create_task(controller.run(feed))
    try:
        await running.until(lambda: ("apply", "Secret", "hw-config-0") in running.cluster.writes)
        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"http://{running.settings.probes}/healthz"
            assert (await client.get(url)).status_code == 200
            running.cluster.tell_nonsense()
            async with asyncio.timeout(SECONDS):
                while (await client.get(url)).status_code == 200:
                    pass
            assert not ending.done()
            assert (await client.get(url)).status_code == 503
        await asyncio.wait([ending], timeout=SECONDS)
        assert ending.done()
        assert controller.failure is not None
        assert "cannot go on without its watches" in controller.failure
    finally:
        released.set()
        running.cluster.end_watches()
        await ending


async def test_a_crd_deleted_during_a_restart_is_waited_for(running: Running) -> None:
    """The process stays up, writes nothing and is not ready; once the CRD is back everything follows."""
    running.cluster.unknown.add("Webhook")
    running.start()
    assert await asyncio.to_thread(running.cluster.turned_away.wait, SECONDS)
    assert {verb for verb, _, _ in running.cluster.writes} == {"create"}
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://{running.settings.probes}/readyz")).status_code == 503
        assert (await client.get(f"http://{running.settings.probes}/healthz")).status_code == 200
    running.cluster.unknown.clear()
    running.cluster.apply(WEBHOOK)
    await running.reaches("Webhook", "w", "Accepted", "True", "Accepted")


async def test_a_feed_that_returns_is_no_failure(running: Running) -> None:
    """The process was asked to end."""
    asked = asyncio.Event()

    async def feed(inventory: Inventory, heard: Callable[[], None]) -> None:
        await asked.wait()

    controller = Controller(running.settings, running.cluster)
    ending = asyncio.create_task(controller.run(feed))
    await running.until(lambda: ("apply", "Secret", "hw-config-0") in running.cluster.writes)
    asked.set()
    await ending
    running.cluster.end_watches()
    assert controller.failure is None
