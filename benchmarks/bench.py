"""`make bench`: what a delivery costs, printed from one run, default logs and metrics on.

One core for the dispatcher, one for load and target. Absolute figures belong to this machine and hour; the ratios
to the bare pipeline, measured in turn with it, are what counts.

    python benchmarks/bench.py [--quick] [PART …]     parts: pipeline stages bounds scale memory isolation
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import uvloop

sys.path[:0] = [str(Path(__file__).parent.parent / name) for name in ("tools", "tests")]

from bounds import print_bounds
from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import Filters
from hookwright.core.matching import Matcher
from hookwright.core.samples import sample_event
from load import Load, Run, event_bytes, percentile, target
from receiver import Receiver
from rig import LISTENING, Process, dev, throwaway_ca
from stages import print_stages

HOST = "bench.test"
BODY = """
      {
        "text": "{{ data.requester.name }} asks for {{ data.access_groups.[0].integration.name }}",
        "event": "{{ event_type }}", "id": "{{ data.id }}", "friendly": "{{ data.friendly_id }}",
        "requester": { "email": "{{ data.requester.email }}", "id": "{{ data.requester.id }}" },
        "flow": "{{ data.access_flow.name }}", "why": "{{ data.justification }}",
        "created": {{ data.creation_date }}, "groups": [
          {% for group in data.access_groups %}
          {"integration": {{ group.integration.name }}, "type": {{ group.integration.type }}}
          {% if not loop.last %},{% endif %}
          {% endfor %}
        ]
      }"""


def webhook(
    name: str,
    *,
    path: str = "/hook",
    trigger: str = "RequestGranted",
    filters: str = "",
    in_flight: int = 256,
) -> str:
    """One manifest."""
    return f"""---
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {{name: {name}}}
spec:
  url: https://{HOST}{path}
  triggers: [{trigger}]
  maxInFlight: {in_flight}
  {filters}
  bodyTemplate: |{BODY}
"""


class Bench:
    """A throwaway CA, a target, and the processes to be measured against each other."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.folder = Path(tempfile.mkdtemp(prefix="hookwright-bench-"))
        self.ca_file, self.cert = throwaway_ca(self.folder, HOST)
        self.port = 0
        self.seconds = 3.0 if quick else 8.0

    def dispatcher(self, name: str, manifests: str) -> tuple[Process, int, int]:
        """A dispatcher with these webhooks: (process, event port, admin port)."""
        folder = self.folder / name
        (folder / "manifests").mkdir(parents=True)
        texts = manifests.split("---\n")[1:]
        for start in range(0, len(texts), 1_000):  # a file may hold a few MiB
            text = "".join(f"---\n{each}" for each in texts[start : start + 1_000])
            (folder / "manifests" / f"webhooks-{start}.yaml").write_text(text)
        return self.again(name)

    def again(self, name: str) -> tuple[Process, int, int]:
        """A dispatcher on the folder of an earlier one that has ended."""
        folder = self.folder / name
        process = dev(folder, folder / "manifests", self.ca_file, self.port, HOST)
        found = process.wait_for(LISTENING)
        return process, int(found[1]), int(found[2])

    def bare(self) -> tuple[Process, int]:
        """The bare pipeline."""
        command = [sys.executable, str(Path(__file__).parent / "bare.py"), str(self.ca_file), str(self.port)]
        process = Process(command, self.folder / "bare.log", core=0)
        return process, int(process.wait_for(LISTENING)[1])


async def measured(process: Process, load: Callable[[], Coroutine[Any, Any, Run]]) -> tuple[Run, float]:
    """A run, and the CPU µs of the process per delivered event."""
    before = process.cpu()
    run = await load()
    return run, (process.cpu() - before) / max(1, len(run.deliveries)) * 1e6


def figures(run: Run, cost: float) -> str:
    """One line of what was seen."""
    acks = f"ack p50 {percentile(run.acks, 0.5):.2f} p99 {percentile(run.acks, 0.99):.2f} ms"
    ends = (
        f"end to end p50 {percentile(run.deliveries, 0.5):.2f} p99 {percentile(run.deliveries, 0.99):.2f} ms"
    )
    rate = f"{len(run.deliveries) / run.seconds:,.0f} delivered/s"
    return f"{rate}, {acks}, {ends}, {cost:.0f} µs CPU an event, {run.undelivered} not delivered, {run.refused} refused"


async def pipeline(bench: Bench) -> None:
    """Saturation and 500/s, the bare pipeline in turn with the whole one."""
    print("\nEnd to end: accept, fsync, render, HTTPS POST, result stored; 64 connections, 1 KiB")
    bare, bare_port = bench.bare()
    whole, port, _ = bench.dispatcher("pipeline", webhook("one"))
    await Load(bare_port).closed(64, 1)
    await Load(port).closed(64, 1)
    ratios = []
    for number in range(1 if bench.quick else 3):
        base, base_cost = await measured(bare, lambda: Load(bare_port).closed(64, bench.seconds / 2))
        handshakes = Receiver.handshakes
        run, cost = await measured(whole, lambda: Load(port).closed(64, bench.seconds))
        ratios.append(cost / base_cost)
        print(f"  {number + 1}: {figures(run, cost)}")
        print(
            f"     bare pipeline {len(base.deliveries) / base.seconds:,.0f}/s, {base_cost:.0f} µs: ratio "
            f"{cost / base_cost:.2f}; handshakes {Receiver.handshakes - handshakes}"
        )
    print(f"  ratio to the bare pipeline: {statistics.median(ratios):.2f} (reach: at most 4)")
    run, cost = await measured(whole, lambda: Load(port).fixed(500, bench.seconds))
    print(f"  at 500/s (reach: ack p99 under 5 ms): {figures(run, cost)}")
    whole.end()
    bare.end()


async def scale(bench: Bench) -> None:
    """The same event with 1, 100 and 10,000 webhooks loaded, of which one matches."""
    print("\nWebhooks loaded, one of which matches (the others: same trigger, other integrations)")
    costs = []
    for count in (1, 100, 1_000 if bench.quick else 10_000):
        others = "".join(
            webhook(f"other-{number}", filters=f"filters: {{integrations: [other-{number}]}}")
            for number in range(count - 1)
        )
        process, port, _ = bench.dispatcher(f"scale-{count}", webhook("one") + others)
        await Load(port).closed(64, 1)
        run, cost = await measured(process, partial(Load(port).closed, 64, bench.seconds / 2))
        costs.append(cost)
        print(
            f"  {count:>6,}: {cost:.0f} µs CPU an event, {len(run.deliveries) / run.seconds:,.0f}/s, "
            f"{process.memory():.0f} MiB"
        )
        process.end()
    print(f"  ratio of the last to the first: {costs[-1] / costs[0]:.2f}")
    print_matching(count)


def on(path: str, operator: str, *values: str) -> dict[str, Any]:
    """Filters of one match expression."""
    return {"matchExpressions": [{"path": path, "operator": operator, "values": list(values) or None}]}


OTHERS = {  # filters that the sample event does not pass; # is the number of the webhook
    "names": {"integrations": ["other-#"]},
    "globs *x*": {"integrations": ["*other-#*"]},
    "In": on("$.data.justification", "In", "other #"),
    "In, a path each": on("$.data.other#", "In", "x"),
    "Prefix": on("$.data.justification", "Prefix", "other # "),
    "Matches": on("$.data.justification", "Matches", "^other .*(see|for) ticket-#$"),
    "Exists, a path each": on("$.data.other#", "Exists"),
    "DoesNotExist": on("$.data.justification", "DoesNotExist"),
    "NotIn": on("$.data.friendly_id", "NotIn", "AR-123", "AR-#0"),
}


def print_matching(most: int) -> None:
    """What the matcher alone takes for an event that none of 10 and of `most` webhooks is for."""
    event = sample_event("RequestCreated")
    for kind, filters in OTHERS.items():
        costs = []
        for count in (10, most):
            matcher = Matcher([other(number, filters) for number in range(count)])
            matcher.prepare(None)
            if matcher.match(event, None):
                raise SystemExit(f"{kind}: a webhook matches")
            costs.append(min(timeit.repeat(partial(matcher.match, event, None), number=100)) * 1e4)
        print(f"  matcher alone, {kind}: {costs[0]:.1f} µs with 10, {costs[1]:.1f} µs with {most:,}")


def other(number: int, filters: dict[str, Any]) -> RouteConfig:
    """A webhook with such filters."""
    own = Filters.model_validate_json(json.dumps(filters).replace("#", f"{number:05}"))
    return RouteConfig(
        namespace="ns", name=f"w{number}", hash="h", active=True, triggers=["RequestCreated"], filters=own
    )


async def memory(bench: Bench) -> None:
    """Resident memory at rest, and with many deliveries waiting for a target that never answers; a start with those."""
    count = 10_000 if bench.quick else 100_000
    process, port, admin = bench.dispatcher("memory", webhook("dead", path="/-/hang/uncounted", in_flight=4))
    rest = process.memory()
    before, after = event_bytes()
    async with httpx.AsyncClient() as client:
        for start in range(0, count, 1_000):
            events = b",".join(
                b"%b%010d%b" % (before, number, after) for number in range(start, start + 1_000)
            )
            answer = await client.post(
                f"http://127.0.0.1:{port}/v1/events", content=b"[%b]" % events,
                headers={"content-type": "application/json"}, timeout=60,
            )  # fmt: skip
            answer.raise_for_status()
        pending = (await client.get(f"http://127.0.0.1:{admin}/admin/v1/summary")).json()["pending"]
    print(
        f"\nMemory: {rest:.0f} MiB at rest, {process.memory():.0f} MiB with {pending:,} waiting of 1 KiB (reach: under 200)"
    )
    process.end(signal.SIGKILL)
    began = time.perf_counter()
    process, _, _ = bench.again("memory")
    print(
        f"  killed, it takes events again {time.perf_counter() - began:.2f} s after its start, {process.memory():.0f} MiB"
    )
    process.end()


async def isolation(bench: Bench) -> None:
    """Ten webhooks at 200 events/s, all healthy or one that never answers: the other nine."""
    print("\nIsolation: ten webhooks, 200 events/s; p99 accept to delivered of the nine others")
    healthy = "".join(webhook(f"w{number}", path=f"/{number}", in_flight=16) for number in range(9))
    ratios = []
    for number in range(1 if bench.quick else 5):
        figures = []
        for name, path in (("well", "/uncounted"), ("dead", "/-/hang/uncounted")):
            process, port, _ = bench.dispatcher(
                f"isolation-{number}-{name}", healthy + webhook("w9", path=path, in_flight=16)
            )
            load = Load(port)
            await load.fixed(200, 1, fan_out=9)
            run = await load.fixed(200, 2 if bench.quick else 6, fan_out=9)
            figures.append(percentile(run.deliveries, 0.99))
            process.end()
        ratios.append(figures[1] / figures[0])
        print(
            f"  {number + 1}: {figures[0]:.2f} ms all healthy, {figures[1]:.2f} ms one dead, ratio {ratios[-1]:.2f}"
        )
    print(f"  median ratio {statistics.median(ratios):.2f} (reach: at most 1.2)")


PARTS: dict[str, Callable[[Bench], Coroutine[Any, Any, None]]] = {
    "pipeline": pipeline,
    "scale": scale,
    "memory": memory,
    "isolation": isolation,
}


async def run(parts: list[str], quick: bool) -> None:
    """The parts asked for, one after the other."""
    bench = Bench(quick)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the first core is the dispatcher's
    try:
        async with target(bench.cert) as bench.port:
            for part in parts:
                if part == "stages":
                    await print_stages(BODY)
                elif part == "bounds":
                    print_bounds()
                else:
                    await PARTS[part](bench)
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)


def main() -> None:
    """Parse, run."""
    names = ["pipeline", "stages", "bounds", "scale", "memory", "isolation"]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(names)}; default: all")
    parser.add_argument(
        "--quick", action="store_true", help="short runs: shows that it works, not what it costs"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    uvloop.run(run(arguments.parts or names, arguments.quick))


if __name__ == "__main__":
    main()
