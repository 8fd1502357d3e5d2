"""CPU µs of each stage of one event, called alone in a loop: where the time of the pipeline goes."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.decode import decode
from hookwright.core.lifecycle import decide
from hookwright.core.matching import Matcher
from hookwright.core.outcome import judge_answer
from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.core.retry import RetryPolicy
from hookwright.core.routes import Route
from hookwright.dispatcher.delivery.attempt import Performed
from hookwright.dispatcher.delivery.records import detail
from hookwright.outbound.port import Answer
from hookwright.outbound.signing import Signer
from hookwright.store.port import NewDelivery, NewEvent
from hookwright.store.sqlite.writer import SqliteStore
from load import event_bytes


def cost(call: Callable[[], object], count: int = 5_000) -> float:
    """CPU µs of one call."""
    for _ in range(count // 10):
        call()
    began = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - began) / count * 1e6


async def store_cost(folder: Path, raw: bytes, record: bytes, groups: int = 200, size: int = 64) -> float:
    """CPU µs, both threads, to accept an event and finish its delivery, in groups."""
    store = SqliteStore.open(folder)
    began = time.process_time()
    key = 1
    for _ in range(groups):
        keys = [key + 2 * at for at in range(size)]
        key += 2 * size
        await asyncio.gather(
            *(
                store.accept(
                    [NewEvent(each, "e", "RequestGranted", raw, 1, (NewDelivery(each + 1, "default/one"),))]
                )
                for each in keys
            )
        )
        await store.finish(
            [
                Finish(
                    each + 1, "default/one", Action.ACK, sole=True,
                    record=AttemptRecord(each + 1, 1, each, "default/one", "Delivery", "RequestGranted", "Delivered",
                                         200, None, 1, 1.0, record),
                )
                for each in keys
            ]
        )  # fmt: skip
    spent = time.process_time() - began
    await store.close()
    return spent / (groups * size) * 1e6


async def print_stages(template: str) -> None:
    """Print them."""
    before, after = event_bytes()
    raw = before + b"0000000001" + after
    headers = {"content-type": "application/json"}
    spec = WebhookSpec(triggers=["RequestGranted"], url="https://bench.test/hook", body_template=template)
    config = RouteConfig(namespace="default", name="one", hash="x", triggers=["RequestGranted"], spec=spec)
    route, matcher, policy = Route(config), Matcher([config]), RetryPolicy.of(None)
    event = decode(headers, raw)[0]
    signer = Signer(["whsec_" + "A" * 43 + "="])

    def build() -> object:
        return route.build(raw, trigger="RequestGranted", delivery_id="dlv_1", attempt=1, now=1)

    outgoing = route.build(raw, trigger="RequestGranted", delivery_id="dlv_1", attempt=1, now=1)
    answer = Answer(200, [("content-type", "application/json")], b'{"ok":true}')
    outcome = judge_answer(200, answer.headers, [], now=1.0)
    performed = Performed(outcome, 1.0, outgoing, answer, [], 1)

    def record() -> bytes:
        return detail(performed, route.redactor, "ok", "failed")

    print("\nStages, called alone (CPU µs an event; HTTP server, TLS and loop are the bare pipeline's share)")
    print(f"  decode {cost(lambda: decode(headers, raw)):.1f}")
    print(f"  match {cost(lambda: matcher.match(event, None)):.1f}")
    print(f"  parse and render, build the request {cost(build):.1f}")
    print(f"  sign (only with spec.signing) {cost(lambda: signer.sign('dlv_1', 1, outgoing.body)):.1f}")
    judged = cost(lambda: judge_answer(200, answer.headers, [], now=1.0))
    decided = cost(
        lambda: decide(
            outcome, attempts=0, steps=0, received=1.0, policy=policy, probing=False, now=2.0, jitter=0.0
        )
    )
    print(f"  judge and decide {judged + decided:.1f}")
    print(f"  record for the history {cost(record):.1f}")
    folder = Path(tempfile.mkdtemp(prefix="hookwright-bench-"))
    try:
        print(f"  store: accept and finish, groups of 64 {await store_cost(folder, raw, record()):.1f}")
    finally:
        shutil.rmtree(folder)
