"""Whatever a dispatcher is asked to do, its event loop never stands still for 50 ms: everybody would wait for as long.

A stop is judged by the CPU time of the loop's own thread, so that waiting for a busy machine fails nothing. Shared caches
make the same work take up to 1.7 times as long there (measured), so twice is allowed for.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from core.builders import assembled, secret, webhook
from guarantees.dispatcher_process import DispatcherProcess
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.objects import Object
from hookwright.core.samples import sample
from hookwright.limits import KIB, LOOP_STOP_SECONDS, MIB
from rig import Process, throwaway_ca, until

HOST = "loop.test"
RECEIVER = Path(__file__).parents[2] / "tools" / "receiver.py"
TEMPLATE = '{"text": "{{ data.requestor.name }} asked for {{ data.id }}", "of": "%s"}'


def hooks(count: int, version: str) -> list[RouteConfig]:
    """Webhooks of one namespace, each with a template and a token of its own."""
    spec = {
        "url": f"https://{HOST}/hook",
        "triggers": ["RequestGranted"],
        "headers": [{"name": "x-request", "value": "{{ data.id }}"}],
        "auth": {"bearer": {"tokenSecretRef": {"name": "s", "key": "token"}}},
    }
    read = WebhookSpec.model_validate_json(json.dumps(spec))
    return [
        RouteConfig(
            namespace="many",
            name=f"w{number:05}",
            hash=f"{number}-{version}",
            triggers=["RequestGranted"],
            spec=read.model_copy(update={"body_template": TEMPLATE % f"{number} {version}"}),
            secrets={"s/token": f"token-of-{number:05}-in-version-{version}"},
        )
        for number in range(count)
    ]


def config(webhooks: Sequence[RouteConfig], version: str) -> DispatchConfig:
    """A configuration of these."""
    return DispatchConfig(hash=version, webhooks=list(webhooks))


@contextmanager
def running(folder: Path, first: DispatchConfig) -> Iterator[DispatcherProcess]:
    """A dispatcher with this configuration, and a target that takes what it sends."""
    ca_file, cert = throwaway_ca(folder, HOST)
    receiver = Process(
        [sys.executable, str(RECEIVER), "--cert", str(cert)], folder / "receiver.log", core=None
    )
    try:
        port = int(receiver.wait_for(r'"port": *([0-9]+)')[1])
        process = DispatcherProcess(folder / "dispatcher", first, host=HOST, port=port, ca_file=ca_file)
        try:
            yield process
        finally:
            process.close()
    finally:
        receiver.end(signal.SIGKILL)


CROWDED = 2


def never_stands_still(
    folder: Path, first: DispatchConfig, play: Callable[[DispatcherProcess], None]
) -> None:
    """A dispatcher's loop does not stop in what is played with it."""
    with running(folder, first) as process:
        play(process)
        assert process.look() < CROWDED * LOOP_STOP_SECONDS, process.stops()


def look_at_all(process: DispatcherProcess, since: str) -> str:
    """What the controller, a person and Prometheus ask; what to ask with the next time."""
    answer = {"since": since, "next": since}
    while answer["next"] is not None:
        answer = process.get("webhooks", since=answer["since"], limit=500)
    process.get("webhooks")
    process.get("webhooks", limit=500, after="many/w00100")
    process.look()
    return answer["since"]


def test_ten_thousand_webhooks_are_loaded_replaced_restarted_and_looked_at(tmp_path: Path) -> None:
    """One replaced, all replaced, and all the while everything is asked for that can be seen of them."""
    first, second = hooks(10_000, "a"), hooks(10_000, "b")

    def play(process: DispatcherProcess) -> None:
        since = look_at_all(process, "")
        for webhooks, version in (([*first[:-1], second[-1]], "one"), (second, "all")):
            process.replace(config(webhooks, version))
            while not process.runs():
                since = look_at_all(process, since)
        since = look_at_all(process, since)
        explain_to_all(process)
        process.end()
        process.start()
        look_at_all(process, since)

    never_stands_still(tmp_path, config(first, "first"), play)


def explain_to_all(process: DispatcherProcess) -> None:
    """Ask of each webhook why an event is not for it."""
    event = orjson.dumps(sample("RequestGranted"))
    headers = {"content-type": "application/json"}
    explained = process.http.post(f"{process.admin}/admin/v1/explain", content=event, headers=headers)
    assert len(explained.json()["items"]) == len(process.config.webhooks)
    process.look()


def post(process: DispatcherProcess, *bodies: bytes, kind: str = "application/json") -> None:
    """Have them accepted, all at once, and wait until nothing waits any more."""
    headers = {"content-type": kind}
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(
            pool.map(
                lambda body: process.http.post(f"{process.events}/events", content=body, headers=headers),
                bodies,
            )
        )
    assert {answer.status_code for answer in answers} <= {202, 400, 408, 413, 503}
    until(lambda: process.get("summary")["pending"] == 0)


def event(**data: Any) -> bytes:
    """The sample with more data."""
    whole = sample("RequestGranted")
    whole["data"] |= data
    return orjson.dumps(whole)


def test_a_large_event_for_a_thousand_webhooks(tmp_path: Path) -> None:
    """One of 1 MiB, of small objects, which are dear to parse."""
    objects = [{"id": number, "name": "resource"} for number in range(33_500)]
    body = event(more=objects)
    assert MIB * 0.9 < len(body) < MIB
    never_stands_still(tmp_path, config(hooks(1_000, "a"), "first"), lambda process: post(process, body))


TEXT = "ß" * 4_000


def filters(*values: str) -> dict[str, Any]:
    """Filters by expressions on the whole event."""
    return {"matchExpressions": [{"path": "$", "operator": "Matches", "values": list(values)}]}


def nodes(count: int) -> dict[str, Any]:
    """So many filters that walk through the event again for each of its nodes."""
    return {
        "matchExpressions": [
            {"path": f"$..[?count($..*) < {n}]", "operator": "DoesNotExist"} for n in range(count)
        ]
    }


def headers(template: str) -> dict[str, Any]:
    """As many headers as there may be."""
    return {"headers": [{"name": f"x-{n}", "value": f"{template}{n}"} for n in range(32)]}


def rounds(count: int, what: str = "") -> str:
    """A template that does something so many times."""
    return f"{{% for n in range({count}) %}}{what}{{% endfor %}}"


def validators(width: int) -> dict[str, Any]:
    """Each copies the answer, which is the request, so many times."""
    path = f"$[{','.join('*' * width)}]['justification','justification']"
    return {
        "url": f"https://{HOST}/-/echo",
        "responseValidators": [{"path": path, "values": [f"no-{n}"]} for n in range(16)],
    }


SEARCH = f"{{{{ '{'a' * 1248}ba' in '{'a' * 2499}' }}}}"
DEAR: dict[str, list[dict[str, Any]]] = {
    "filters that match slowly": [
        {"filters": filters(*(f"(?:.?){{{repeats}}}~{n}" for n in range(count)))}
        for repeats, count in ((1000, 64), (1000, 8), (1000, 1), (100, 8), (100, 1), (10, 8), (10, 1))
    ],
    "filters by many nodes": [{"filters": nodes(count)} for count in (16, 4, 1)],
    "headers of many rounds": [headers(rounds(count)) for count in (90_000, 9_000, 900, 90, 9)],
    "headers in other letters": [headers("{{ data.justification | upper | title }}")],
    "a body that searches": [
        {"bodyTemplate": f'{{"n": "{rounds(count, SEARCH)}"}}'} for count in (800, 100, 10)
    ],
    "validators that copy": [validators(width) for width in (70, 16, 2)],
}


def accepted(candidates: Sequence[dict[str, Any]], more: Sequence[Object] = ()) -> list[RouteConfig]:
    """Eight webhooks with the dearest of these specs that is valid."""
    for spec in candidates:
        whole = {"url": f"https://{HOST}/hook", "triggers": ["RequestGranted"]} | spec
        made = assembled(*(webhook(f"w{n}", **whole) for n in range(8)), *more)
        if all(route.held is None and route.triggers for route in made.config.webhooks):
            return made.config.webhooks
    raise AssertionError("none of these is valid")


@pytest.mark.parametrize("kind", DEAR)
def test_the_dearest_webhooks_that_are_valid(tmp_path: Path, kind: str) -> None:
    """Eight of them at two events."""
    more = {} if kind.startswith("filters") else {"justification": TEXT}
    never_stands_still(
        tmp_path,
        config(accepted(DEAR[kind]), "first"),
        lambda process: post(process, *[event(**more)] * 2),
    )


def test_large_secrets(tmp_path: Path) -> None:
    """Answers are searched for all that a webhook's Secrets hold, in every form."""
    values = {f"k{n}": f"{n}" + "aé" * 500 for n in range(16)}
    spec = {
        "url": f"https://{HOST}/-/echo",
        "headers": [
            {"name": f"x-{key}", "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}} for key in values
        ],
        "responseValidators": [{"path": "$.never", "values": ["there"]}],
    }
    chosen = accepted([spec], [secret("s", **values)])
    never_stands_still(
        tmp_path,
        config(chosen, "first"),
        lambda process: post(process, *[event(justification="aé" * 10 * KIB)] * 4),
    )


def test_client_certificates(tmp_path: Path) -> None:
    """Fifty webhooks that show one each, put in force and sent with."""
    authority = trustme.CA()
    objects: list[Object] = []
    for number in range(50):
        cert = authority.issue_cert(f"client-{number}.test")
        pems = {
            "tls.crt": b"".join(each.bytes() for each in cert.cert_chain_pems).decode(),
            "tls.key": cert.private_key_pem.bytes().decode(),
        }
        objects.append(secret(f"c{number}", **pems))
        objects.append(
            webhook(
                f"w{number}",
                url=f"https://{HOST}/hook",
                triggers=["RequestGranted"],
                tls={"clientCertSecretRef": {"name": f"c{number}"}},
            )
        )
    made = assembled(*objects)
    assert {route.held for route in made.config.webhooks} == {None}
    never_stands_still(tmp_path, made.config, lambda process: post(process, event()))


@pytest.mark.parametrize("value", ["[],", '{"a":1},', "1.5e300,"])
def test_batches_of_four_mebibytes(tmp_path: Path, value: str) -> None:
    """24 at once, each of events that hold as many values as fit into them."""
    one = event(more=["here"]).replace(b'"here"', (value * (1000 * KIB // len(value))).encode()[:-1])
    body = b"[" + b",".join([one] * 4) + b"]"
    assert 3.9 * MIB < len(body) < 4 * MIB
    never_stands_still(tmp_path, config(hooks(1, "a"), "first"), lambda process: post(process, *[body] * 24))
