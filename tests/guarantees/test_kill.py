"""Promises of SPEC 8 about `kill -9`, shown on the real process with real TLS and a real disk.

The figures are printed and written to docs/guarantees.md by the test itself.
"""

from __future__ import annotations

import asyncio
import collections
import json
import platform
import random
import re
import signal
import time
from pathlib import Path
from typing import ClassVar

from load import target
from receiver import Receiver
from rig import LISTENING, dev, throwaway_ca

ROUNDS = 20
RATE = 600  # events a second offered; the promise is for at least 500
IN_FLIGHT = 16
HOST = "kill.test"
WEBHOOK = f"""
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: one}}
spec:
  url: https://{HOST}/hook
  triggers: [RequestGranted]
  maxInFlight: {IN_FLIGHT}
  bodyTemplate: '{{"id": {{{{ data.id }}}}}}'
"""
GUARANTEES = Path(__file__).parents[2] / "docs" / "guarantees.md"


class Target(Receiver):
    """Counts each webhook-id."""

    ids: ClassVar[collections.Counter[str]] = collections.Counter()

    def __init__(self) -> None:
        super().__init__(None)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"webhook-id":
            Target.ids[value.decode()] += 1


class Sender:
    """Posts events at a rate over kept connections; knows what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.posted = 0
        self.port = 0
        self.running = True

    async def connection(self, gap: float) -> None:
        """One connection, made again whenever it breaks."""
        while self.running:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            try:
                await self._post(reader, writer, gap)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

    async def _post(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gap: float) -> None:
        port = self.port
        while self.running and port == self.port:
            began = time.perf_counter()
            self.posted += 1
            body = json.dumps(
                {"event_type": "AccessRequestGranted", "data": {"id": f"n-{self.posted}"}}
            ).encode()
            writer.write(
                b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: ([0-9]+)", head)[1])
            answer = await reader.readexactly(length)
            if head.startswith(b"HTTP/1.1 202"):
                self.acknowledged += [each["id"] for each in json.loads(answer)["events"][0]["deliveries"]]
            await asyncio.sleep(max(0.0, gap - (time.perf_counter() - began)))


async def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Twenty times killed at a random moment under load: every acknowledged delivery arrives, duplicates are few."""
    Target.ids.clear()
    ca_file, cert = throwaway_ca(tmp_path, HOST)
    async with target(cert, Target) as port:
        manifests = tmp_path / "manifests"
        manifests.mkdir()
        (manifests / "webhook.yaml").write_text(WEBHOOK)
        sender = Sender()
        connections = 12
        tasks: list[asyncio.Task[None]] = []
        back: list[float] = []
        up = 0.0
        chance = random.Random()
        for number in range(ROUNDS + 1):
            started = time.perf_counter()
            process = dev(tmp_path, manifests, ca_file, port, HOST, core=None)
            found = await asyncio.to_thread(process.wait_for, LISTENING)
            sender.port = int(found[1])
            back.append(time.perf_counter() - started)
            if not tasks:
                tasks = [
                    asyncio.create_task(sender.connection(connections / RATE)) for _ in range(connections)
                ]
            if number < ROUNDS:
                moment = chance.uniform(0.2, 1.2)
                await asyncio.sleep(moment)
                up += moment
                process.end(signal.SIGKILL)
        sender.running = False
        await asyncio.gather(*tasks)
        end = time.perf_counter() + 30
        while set(sender.acknowledged) - Target.ids.keys() and time.perf_counter() < end:
            await asyncio.sleep(0.05)
        process.end()
        lost = len(set(sender.acknowledged) - Target.ids.keys())
        duplicates = sum(Target.ids.values()) - len(Target.ids)
        rate = len(sender.acknowledged) / up
        figures = {
            "rounds of kill -9": ROUNDS,
            "events a second while up": f"{rate:,.0f}",
            "deliveries acknowledged": f"{len(sender.acknowledged):,}",
            "acknowledged and never delivered": lost,
            "delivered more than once": f"{duplicates} (at most {2 * IN_FLIGHT * ROUNDS}: 2 × in flight × kills)",
            "start until it takes events": f"{sorted(back)[len(back) // 2]:.2f} s median, {max(back):.2f} s worst",
        }
        _publish(figures)
        assert lost == 0
        assert duplicates <= 2 * IN_FLIGHT * ROUNDS
        assert rate >= 500
        assert len(sender.acknowledged) > ROUNDS * 50


def _publish(figures: dict[str, object]) -> None:
    """Print, and replace the table in docs/guarantees.md."""
    rows = "".join(f"| {name} | {value} |\n" for name, value in figures.items())
    head = f"| last run of `tests/guarantees/test_kill.py` | Python {platform.python_version()} |"
    table = f"{head}\n| --- | --- |\n{rows}"
    print("\n" + table)
    text = GUARANTEES.read_text()
    begin, end = "<!-- kill: begin -->\n", "<!-- kill: end -->"
    before, _, rest = text.partition(begin)
    GUARANTEES.write_text(before + begin + table + end + rest.partition(end)[2])


async def test_no_202_before_the_sync_that_covers_it(tmp_path: Path) -> None:
    """The order of system calls: event read, log written, log synced, and only then the 202."""
    library = tmp_path / "trace.so"
    source = Path(__file__).with_name("trace.c")
    compiler = await asyncio.create_subprocess_exec(
        "cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"
    )
    assert await compiler.wait() == 0
    ca_file, cert = throwaway_ca(tmp_path, HOST)
    async with target(cert, Target) as port:
        manifests = tmp_path / "manifests"
        manifests.mkdir()
        (manifests / "webhook.yaml").write_text(WEBHOOK)
        trace = tmp_path / "trace.log"
        env = {"LD_PRELOAD": str(library), "TRACE_FILE": str(trace)}
        process = dev(tmp_path, manifests, ca_file, port, HOST, core=None, env=env)
        found = await asyncio.to_thread(process.wait_for, LISTENING)
        sender = Sender()
        sender.port = int(found[1])
        task = asyncio.create_task(
            sender.connection(0.0)
        )  # one connection: one event between request and ack
        while len(sender.acknowledged) < 200:
            await asyncio.sleep(0.01)
        sender.running = False
        await task
        process.end()
        calls = trace.read_text().split()
        last = len(calls) - calls[::-1].index("ack")
        seen: set[str] = set()
        acks = 0
        for call in calls[:last]:
            if call == "request":
                seen = set()
            elif call == "wal":
                seen.add("wal")
            elif call == "sync" and "wal" in seen:
                seen.add("sync")
            elif call == "ack":
                assert seen == {"wal", "sync"}
                acks += 1
        assert acks >= 200
