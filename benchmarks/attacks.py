"""What one namespace, one sender or one target can do to another: attacks beside a canary.

    python benchmarks/attacks.py [NAME…] [--seconds 8]

For each attack a `dev` of its own on the first core; webhooks of namespace `evil` and one of `canary`, which gets 20
events a second from here. A process with low priority attacks. Printed: the canary's acknowledgements and deliveries
(p99 and worst), the peak of memory, and whether all lived. The first line is the same without an attack.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import uvloop

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("tools", "operator")]

from hookwright.core.samples import sample
from load import Load, percentile, target
from rig import LISTENING, Process, dev, throwaway_ca

HOST = "attacks.test"
EVIL, CANARY = "/v1/namespaces/evil/events", "/v1/namespaces/canary/events"
Go = Callable[[int, int], Awaitable[str]]
"""Attacks an events port and an admin port; says what came of it."""


class Attack(NamedTuple):
    """Webhooks of the attacker (name → what differs from an ordinary spec), Secrets, and what it does."""

    go: Go
    webhooks: Mapping[str, dict[str, Any]] = {}
    secrets: Mapping[str, dict[str, str]] = {}
    files: int = 0
    """The soft limit of open files of the dispatcher; 0: as it is."""


def webhook(namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    """A manifest."""
    ordinary = {
        "url": f"https://{HOST}/uncounted/{name}",
        "triggers": ["RequestGranted", "Manual"],
        "timeout": "60s",
    }
    return {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": name, "namespace": namespace},
        "spec": ordinary | spec,
    }


def many(count: int, **spec: Any) -> dict[str, dict[str, Any]]:
    """The same webhook under many names."""
    return {f"w{number}": spec for number in range(count)}


def matches(*expressions: str, filters: int = 1) -> dict[str, Any]:
    """A spec that looks for expressions in the whole event."""
    one = {"path": "$", "operator": "Matches"}
    wanted = [{**one, "values": [f"{each}{number}" for each in expressions]} for number in range(filters)]
    return {"filters": {"matchExpressions": wanted}}


# --- what attackers do ----------------------------------------------------------------------------------


async def connections(port: int, count: int, data: bytes, *, read: bool = False) -> str:
    """So many connections that send something and wait."""
    opened = []
    for _ in range(count):
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5)
            writer.write(data)
            opened.append((reader, writer))
    await asyncio.sleep(5)
    for _, writer in opened:
        writer.transport.abort()
    return f"{len(opened)} connections"


def sends(data: bytes, count: int, *, admin: bool = False) -> Go:
    """An attack by connections."""

    async def go(events: int, admin_port: int) -> str:
        port = admin_port if admin else events
        held = asyncio.create_task(connections(port, count, data))
        await asyncio.sleep(2)
        health = await answered(admin_port, 3)
        return f"{await held}; healthz {health}"

    return go


async def answered(admin: int, times: int) -> list[Any]:
    """What /healthz says meanwhile."""
    found: list[Any] = []
    async with httpx.AsyncClient(timeout=5) as http:
        for _ in range(times):
            try:
                found.append((await http.get(f"http://127.0.0.1:{admin}/healthz")).status_code)
            except httpx.HTTPError as error:
                found.append(type(error).__name__)
            await asyncio.sleep(0.2)
    return found


def posts(body: bytes, times: int, *, together: bool = False, kind: str = "application/json") -> Go:
    """An attack by events."""

    async def go(events: int, _: int) -> str:
        async with httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=100)) as http:

            async def post() -> Any:
                try:
                    answer = await http.post(
                        f"http://127.0.0.1:{events}{EVIL}", content=body, headers={"content-type": kind}
                    )
                except httpx.HTTPError as error:
                    return type(error).__name__
                return answer.status_code

            if together:
                found = await asyncio.gather(*(post() for _ in range(times)))
            else:
                found = [await post() for _ in range(times)]
        return f"answers { {each: found.count(each) for each in found} }"

    return go


async def manual_calls(events: int, _: int) -> str:
    """70 Manual calls to a target that hangs."""
    async with httpx.AsyncClient(timeout=8, limits=httpx.Limits(max_connections=100)) as http:
        url = f"http://127.0.0.1:{events}/v1/webhooks"
        hanging = [asyncio.create_task(http.post(f"{url}/evil/w0/invoke")) for _ in range(70)]
        await asyncio.sleep(1)
        answer = await http.post(f"{url}/canary/canary/invoke")
        for each in hanging:
            each.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    return f"another's call {answer.status_code} after {answer.elapsed.total_seconds():.2f} s"


def large(filling: str, size: int = 1_000_000) -> bytes:
    """An event of a mebibyte full of something."""
    event = sample("RequestGranted")
    fillings: dict[str, Any] = {
        "text": "x" * size,
        "lists": [[]] * (size // 3),
        "numbers": [2**62] * (size // 20),
    }
    fillings["objects"] = [{"a": 1}] * (size // 8)
    event["data"]["filling"] = fillings[filling]
    return orjson.dumps(event)


def batch(filling: str) -> bytes:
    """4 MiB of events."""
    return b"[%b]" % b",".join([large(filling)] * 4)


SMALL = {"bodyTemplate": '{"text": "{{ data.id }}"}'}
LOOPS = "{% for a in range(100) %}{% for b in range(60) %}{{ 'x' if a == b else '' }}{% endfor %}{% endfor %}"
SEARCH = "{{ ('a' * 1248 ~ 'ba') in ('a' * 2499) }}"
ATTACKS: dict[str, Attack] = {
    "pipelined": Attack(sends(b"GET / HTTP/1.1\r\n\r\n" * 14_563, 80)),
    "headers": Attack(sends(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n" + b"a:\r\n" * 60_000, 200)),
    "bodies": Attack(
        sends(
            b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4000000\r\n\r\n"
            + b"[" * 300_000,
            900,
        )
    ),
    "idle": Attack(sends(b"", 4_500)),
    "idle-files": Attack(sends(b"", 1_200), files=1_024),
    "idle-admin": Attack(sends(b"", 4_500, admin=True)),
    "metrics-unread": Attack(
        sends(b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" * 3_000, 60, admin=True)
    ),
    "matches-nfa": Attack(posts(large("text", 10), 4), {"w0": matches(*["(?:.?){1000}~"] * 64)}),
    "matches-memory": Attack(
        posts(large("text", 10), 4), {"w0": matches(*["(?:[^~]|a){1000}~N"] * 64, filters=8)}
    ),
    "matches-many": Attack(
        posts(large("text", 200_000), 4), many(200, **matches("a.*b.*c.*d~", "[a-z]+~", filters=4))
    ),
    "paths": Attack(
        posts(large("text", 10), 10),
        many(
            50,
            filters={
                "matchExpressions": [
                    {"path": f"$..[?count($..*) < {number}]", "operator": "Exists"} for number in range(16)
                ]
            },
        ),
    ),
    "fan-out-text": Attack(posts(large("text"), 1), many(1_000, **SMALL)),
    "fan-out-objects": Attack(posts(large("objects"), 1), many(1_000, **SMALL)),
    "fan-out-lists": Attack(posts(large("lists"), 1), many(1_000, **SMALL)),
    "fan-out-numbers": Attack(posts(large("numbers"), 1), many(1_000, **SMALL)),
    "fan-out-whole": Attack(posts(large("objects"), 1), many(1_000)),
    "batches-lists": Attack(posts(batch("lists"), 24, together=True), {"w0": SMALL}),
    "batches-objects": Attack(posts(batch("objects"), 24, together=True), {"w0": SMALL}),
    "batches-small": Attack(
        posts(b"[%b]" % b",".join([orjson.dumps(sample("RequestGranted"))] * 1_000), 24, together=True),
        {"w0": SMALL},
    ),
    "renders": Attack(
        posts(large("text", 10), 20),
        {"w0": {"headers": [{"name": f"x-{number}", "value": LOOPS} for number in range(32)], **SMALL}},
    ),
    "searches": Attack(
        posts(large("text", 10), 20), many(10, bodyTemplate=f'{{"x": [{", ".join([SEARCH] * 120)}]}}')
    ),
    "validators": Attack(
        posts(large("objects", 30_000), 8),
        {
            "w0": {
                "url": f"https://{HOST}/-/echo/uncounted",
                "responseValidators": [
                    {"path": f"${['data'] * 24}{['filling'] * 24}", "values": [str(number)]}
                    for number in range(16)
                ],
            }
        },
    ),
    "manual": Attack(manual_calls, {"w0": {"url": f"https://{HOST}/-/hang/uncounted"}}),
    "hanging": Attack(
        posts(b"[%b]" % b",".join([orjson.dumps(sample("RequestGranted"))] * 900), 2),
        {"w0": {"url": f"https://{HOST}/-/hang/uncounted", "maxInFlight": 1_024}},
        files=1_024,
    ),
    "failing": Attack(
        posts(b"[%b]" % b",".join([orjson.dumps(sample("RequestGranted"))] * 500), 6),
        many(4, url=f"https://{HOST}/-/status/404/uncounted"),
    ),
    "secret": Attack(
        posts(orjson.dumps(sample("RequestGranted")), 12),
        {
            "w0": {
                "url": f"https://{HOST}/-/status/404/uncounted",
                "headers": [{"name": "x-a", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
            }
        },
        {"s": {"k": "éü" * 5_000}},
    ),
}


# --- the canary --------------------------------------------------------------------------------------------


async def attack(name: str, folder: Path, port: int, certs: tuple[Path, Path], seconds: float) -> str:
    """One attack; its line."""
    what = ATTACKS.get(name)
    manifests = folder / name / "manifests"
    manifests.mkdir(parents=True)
    canary = {"url": f"https://{HOST}/canary", "bodyTemplate": '{"id": "{{ data.id }}"}'}
    documents = [webhook("canary", "canary", **canary)]
    if what is not None:
        documents += [webhook("evil", each, **spec) for each, spec in what.webhooks.items()]
        documents += [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": each,
                    "namespace": "evil",
                    "labels": {"hookwright.io/webhook-secret": "true"},
                },
                "stringData": data,
            }
            for each, data in what.secrets.items()
        ]
    (manifests / "all.yaml").write_text("---\n".join(json.dumps(each) + "\n" for each in documents))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if what is not None and what.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (what.files, 20_000))
    process = dev(folder / name, manifests, certs[0], port, HOST, core=0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = await asyncio.to_thread(process.wait_for, LISTENING)
    events, admin = int(found[1]), int(found[2])
    try:
        return await beside(name, process, events, admin, seconds)
    finally:
        with contextlib.suppress(RuntimeError):
            process.end(signal.SIGKILL)


async def beside(name: str, process: Process, events: int, admin: int, seconds: float) -> str:
    """The canary's figures while an attack goes on."""
    await Load(events, CANARY).fixed(20, 1)
    attacker = None
    if name in ATTACKS:
        command = [sys.executable, __file__, "--attacker", name, str(events), str(admin)]
        attacker = await asyncio.create_subprocess_exec(
            "nice", "-n", "15", *command, stdout=asyncio.subprocess.PIPE
        )
    load = Load(events, CANARY)
    run = await load.fixed(20, seconds)
    told = "" if attacker is None else (await attacker.communicate())[0].decode().strip()
    most = process.peak() if process.alive else float("nan")
    lives = "alive" if process.alive else "DEAD"
    return (
        f"{name:16} ack p99 {percentile(run.acks, 0.99):7.1f} worst {percentile(run.acks, 1):7.1f}"
        f"  delivery p99 {percentile(run.deliveries, 0.99):7.1f} worst {percentile(run.deliveries, 1):7.1f} ms"
        f"  {run.undelivered:3} not delivered {run.refused:3} refused  peak {most:5.0f} MiB  {lives}  {told}"
    )


async def run(names: Sequence[str], seconds: float) -> None:
    """All, one after the other."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    folder = Path(tempfile.mkdtemp(prefix="hookwright-attacks-"))
    try:
        certs = throwaway_ca(folder, HOST)
        async with target(certs[1]) as port:
            for name in ["(none)", *names]:
                print(await attack(name, folder, port, certs, seconds), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Parse, run."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1:2] == ["--attacker"]:
        name, events, admin = sys.argv[2:]
        print(uvloop.run(ATTACKS[name].go(int(events), int(admin))))  # type: ignore[arg-type]
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of {', '.join(ATTACKS)}; default: all"
    )
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    uvloop.run(run(arguments.names or list(ATTACKS), arguments.seconds))


if __name__ == "__main__":
    main()
