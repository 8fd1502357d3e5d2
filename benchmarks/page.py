"""What the page costs where there is much: 10,000 webhooks, 1,000,000 attempts in the history. Printed, not judged.

    python benchmarks/page.py [--quick] [--browser]

Each question that a view asks, alone, and the longest stop of the event loop meanwhile; then events at a fixed rate with
and without somebody who looks at the page, in turn. `--browser` (`make bench-page`, which builds the page): instead of
that the views themselves, in Chromium. Absolute figures belong to this machine and hour.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import uvloop

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("tools", "tests")]

from bench import Bench, webhook
from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.store.opening import open_store
from hookwright.store.port import Retention
from load import Load, percentile, target
from views import look as look_at_views

BATCH = 2_000
RATE = 200
QUESTIONS = {
    "first page, by attention": "webhooks?sort=attention&limit=50",
    "by time of the last attempt": "webhooks?sort=time&order=desc&limit=50",
    "by host, a page in the middle": "webhooks?sort=host&limit=50&after=bench.test~default/other-5000",
    "search": "webhooks?sort=attention&limit=50&q=other-77",
    "a state": "webhooks?sort=attention&limit=50&state=inactive",
    "all webhooks at once": "webhooks",
    "summary": "summary",
    "newest attempts": "invocations?limit=50",
    "newest attempts of a webhook": "invocations?limit=50&webhook=default/other-77",
    "newest rejected ones": "invocations?limit=50&result=Rejected",
    "rejected ones of a webhook": "invocations?limit=50&result=Rejected&webhook=default/other-77",
    "attempts of a request": "invocations?limit=50&friendlyID=AR-777777",
}
LOOKS = (
    (2.0, QUESTIONS["first page, by attention"]),
    (2.0, "invocations?limit=50&fields=summary"),
    (5.0, "summary"),
)
"""What somebody who looks at the page asks, and how often: a tab with webhooks and one with attempts."""
_STOP = re.compile(r"^hookwright_loop_slowest_seconds ([0-9.e+-]+)", re.MULTILINE)


class Size(NamedTuple):
    """How much there is."""

    webhooks: int
    attempts: int
    seconds: float
    rounds: int


def manifests(count: int) -> str:
    """Webhooks of which one matches the events."""
    others = (
        webhook(f"other-{n}", filters=f"filters: {{integrations: [other-{n}]}}") for n in range(count - 1)
    )
    return webhook("one") + "".join(others)


def attempts(size: Size) -> Iterator[Finish]:
    """Attempts of all webhooks in turn, one of fifty rejected."""
    now = int(time.time() * 1000)
    detail = orjson.dumps({"message": "The target answered 200 OK.", "timings": {"total": 12.5}})
    for n in range(size.attempts):
        failed = n % 50 == 0
        record = AttemptRecord(
            n * 2 + 1, 1, n * 2, f"default/other-{n % (size.webhooks - 1)}", "Delivery", "RequestGranted",
            "Rejected" if failed else "Delivered", 422 if failed else 200, "Status" if failed else None,
            now - size.attempts + n, 12.5, detail, f"AR-{n}",
        )  # fmt: skip
        yield Finish(key=record.delivery_key, route=record.route, action=Action.ACK, record=record)


async def fill(data: Path, size: Size) -> None:
    """Put them into a store."""
    store = await open_store(data, retention=Retention())
    found = attempts(size)
    while batch := [finish for finish, _ in zip(found, range(BATCH), strict=False)]:
        await store.work.finish(batch)
    await store.history.close()
    await store.work.close()


async def stop_of_the_loop(client: httpx.AsyncClient) -> float:
    """Milliseconds of the longest since the last call."""
    found = _STOP.search((await client.get("/metrics")).text)
    return float(found[1]) * 1000 if found else float("nan")


async def ask(client: httpx.AsyncClient, times: int) -> None:
    """Each question alone."""
    print("\nQuestions, alone: milliseconds with the way to the dispatcher and back")
    for name, path in QUESTIONS.items():
        await stop_of_the_loop(client)
        took, size = [], 0
        for _ in range(times):
            began = time.perf_counter()
            answer = await client.get(f"/admin/v1/{path}")
            took.append((time.perf_counter() - began) * 1000)
            size = int(answer.headers.get("content-length", 0)) or len(answer.content)
            answer.raise_for_status()
        print(
            f"  {name:<32} median {statistics.median(took):6.1f}, worst {max(took):6.1f}; {size / 1000:7.1f} KB; "
            f"longest stop of the loop {await stop_of_the_loop(client):5.1f}"
        )


async def look(client: httpx.AsyncClient, seconds: float, path: str) -> None:
    """Ask as a tab does, until cancelled."""
    tag = ""
    while True:
        answer = await client.get(f"/admin/v1/{path}", headers={"if-none-match": tag})
        tag = answer.headers.get("etag", "")
        await asyncio.sleep(seconds)


async def beside(client: httpx.AsyncClient, port: int, size: Size) -> None:
    """Events with and without the page."""
    print(f"\n{RATE} events a second, {size.seconds:.0f} s with and without somebody at the page, in turn")
    ratios = []
    for number in range(size.rounds):
        alone = await Load(port).fixed(RATE, size.seconds)
        tabs = [asyncio.create_task(look(client, seconds, path)) for seconds, path in LOOKS]
        watched = await Load(port).fixed(RATE, size.seconds)
        for tab in tabs:
            tab.cancel()
            with suppress(asyncio.CancelledError):
                await tab
        pairs = [(percentile(run.acks, 0.99), percentile(run.deliveries, 0.99)) for run in (alone, watched)]
        ratios.append([seen / without for without, seen in zip(*pairs, strict=True)])
        (ack, end), (ack_seen, end_seen) = pairs
        print(
            f"  {number + 1}: p99 ack {ack:.2f} → {ack_seen:.2f} ms, delivered {end:.2f} → {end_seen:.2f} ms"
        )
    acks, ends = (statistics.median(each) for each in zip(*ratios, strict=True))
    print(f"  median ratio: ack {acks:.2f}, delivered {ends:.2f} (reach: under 1.2)")


async def run(size: Size, *, browser: bool) -> None:
    """Fill, start, ask, look."""
    bench = Bench(quick=False)
    try:
        async with target(bench.cert) as bench.port:
            began = time.perf_counter()
            await fill(bench.folder / "page" / "data", size)
            print(f"{size.attempts:,} attempts stored in {time.perf_counter() - began:.0f} s")
            process, port, admin = bench.dispatcher("page", manifests(size.webhooks))
            headers: dict[str, Any] = {"accept-encoding": "gzip"}
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{admin}", headers=headers, timeout=60
            ) as client:
                await Load(port).fixed(RATE, 2)
                await ask(client, 20)
                if browser:
                    await look_at_views(admin, size.rounds)
                else:
                    await beside(client, port, size)
            print(f"\n  {process.memory():.0f} MiB resident")
            process.end()
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)


def main() -> None:
    """Parse, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything: shows that it works")
    parser.add_argument("--browser", action="store_true", help="the views in Chromium")
    wanted = parser.parse_args()
    size = Size(500, 5_000, 2, 1) if wanted.quick else Size(10_000, 1_000_000, 10, 5)
    uvloop.run(run(size, browser=wanted.browser))


if __name__ == "__main__":
    main()
