"""The whole controller where watched namespaces refuse, and where another release watches the same objects."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from controller.running import SECONDS, TEST, WEBHOOK, Running


@pytest.fixture
async def two(running: Running) -> Running:
    """It watches two namespaces, with a webhook in each, and both are Ready."""
    running.settings = running.settings.model_copy(update={"watch_namespaces": ("gone", "shop")})
    running.cluster.apply(f"{WEBHOOK}---{WEBHOOK.replace('name: w', 'name: w, namespace: gone')}")
    running.start()
    await running.serve()
    await running.reaches("Webhook", "w", "Ready", "True", "Succeeded")
    await running.until(lambda: set(running.written()) == {"gone/w", "shop/w"})
    return running


async def readiness(running: Running) -> tuple[int, str]:
    """What /readyz answers."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{running.settings.probes}/readyz")
    return answer.status_code, answer.text


async def test_a_namespace_that_refuses_stops_no_other(two: Running) -> None:
    """After a restart the others are handled, it is told of, its webhooks stay as they ran; and it heals by itself."""
    await two.stop()
    two.cluster.closed = {"gone"}
    two.start()
    two.cluster.apply(WEBHOOK.replace("name: w", "name: late"))
    await two.reaches("Webhook", "late", "Ready", "True", "Succeeded")
    assert set(two.written()) == {"gone/w", "shop/late", "shop/w"}
    status, text = await readiness(two)
    assert (status, text.splitlines()[0]) == (200, "ok")
    assert "Namespace gone refuses to be watched" in text
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = await client.get(f"http://{two.settings.probes}/metrics")
    assert 'hookwright_controller_troubles{what="namespace"} 1.0' in metrics.text
    two.cluster.delete("Webhook", "gone/w")
    two.cluster.closed = set()
    await two.until(lambda: set(two.written()) == {"shop/late", "shop/w"})


async def test_namespaces_that_all_refuse_make_it_unready(two: Running) -> None:
    """There is nothing left to do; what dispatchers run stays."""
    await two.stop()
    two.cluster.closed = {"gone", "shop"}
    two.cluster.writes.clear()
    two.start()
    assert await asyncio.to_thread(two.cluster.turned_away.wait, SECONDS)
    async with asyncio.timeout(SECONDS):
        while "Every namespace" not in (await readiness(two))[1]:
            pass
    assert set(two.written()) == {"gone/w", "shop/w"}


async def test_a_second_release_leaves_the_status_to_the_first(running: Running, tmp_path: Path) -> None:
    """It says so on each object, asks one of them whether the first still stands, and writes nothing else of theirs."""
    running.cluster.apply(f"{WEBHOOK}---{TEST}")
    running.start()
    await running.serve()
    await running.reaches("WebhookTest", "t", "Finished", "True", "TestPassed")
    await running.until(
        lambda: running.cluster.status("Webhook", "shop/w").get("tests", {}).get("passed") == 1
    )
    before = {
        each: running.cluster.status(each, key)
        for each, key in (("Webhook", "shop/w"), ("WebhookTest", "shop/t"))
    }
    assert {status["handledBy"] for status in before.values()} == {"hooks/hw"}
    running.cluster.writes.clear()
    second = Running(tmp_path / "second", running.cluster, "second")
    second.start()
    try:
        await second.until(lambda: str(running.cluster.events).count("'HandledByAnother'") == 2)
        told = [each for each in running.cluster.events if each["reason"] == "HandledByAnother"]
        assert {each["involvedObject"]["kind"] for each in told} == {"Webhook", "WebhookTest"}
        assert (
            "Release hooks/hw handles this object, which release hooks/second watches" in told[0]["message"]
        )
        late = WEBHOOK.replace("name: w", "name: late")
        running.cluster.apply(late)
        await running.reaches("Webhook", "late", "Ready", "True", "Succeeded")
    finally:
        await second.close()
    assert {
        each: running.cluster.status(each, key)
        for each, key in (("Webhook", "shop/w"), ("WebhookTest", "shop/t"))
    } == before
    written = [name for verb, _, name in running.cluster.writes if verb == "status"]
    assert sorted(set(written)) == ["late", "w"]
    assert written.count("w") == 2
