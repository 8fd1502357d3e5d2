"""What strangers can take at the two ports: bounded, and given back; probes and honest senders go on meanwhile."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from product.conftest import Product, granted
from rig import HANGS, until

FEW_MIB = 16.0  # what a flood may add; without bounds it was hundreds
Flood = Callable[[str, int, bytes], list[socket.socket]]


@pytest.fixture
def running(product: Product) -> Product:
    """A product with one webhook, which has done some work."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start()
    for _ in range(5):
        product.arrived(product.accepted([granted()] * 20)[-1])
        product.http.get(f"{product.admin}/metrics").raise_for_status()
    return product


@pytest.fixture
def flood() -> Iterator[Flood]:
    """Opens so many connections, sends on each as much of the bytes as is taken while nobody reads, and keeps them open."""
    with ExitStack() as stack:

        def start(url: str, count: int, data: bytes) -> list[socket.socket]:
            where = urlsplit(url)
            address = where.hostname, where.port
            connections = [
                stack.enter_context(socket.create_connection(address, timeout=HANGS)) for _ in range(count)
            ]
            left = {each: memoryview(data) for each in connections}
            while left:
                _, ready, _ = select.select([], list(left), [], 1.0)  # a second in which nothing is taken
                if not ready:
                    break
                for each in ready:
                    try:
                        left[each] = left[each][each.send(left[each], socket.MSG_DONTWAIT) :]
                    except OSError:  # refused, and closed
                        left[each] = left[each][:0]
                    if not left[each]:
                        del left[each]
            return connections

        yield start


def peak(product: Product) -> float:
    """MiB that the process held at most so far."""
    assert product.process is not None
    found = re.search(r"VmHWM:\s+([0-9]+)", Path(f"/proc/{product.process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def goes_on(product: Product) -> None:
    """An event is taken and delivered, and the probe answers."""
    product.arrived(product.accepted(granted())[0])
    assert product.http.get(f"{product.admin}/healthz").status_code == 200


def answer(connection: socket.socket) -> bytes:
    """All that comes until it is closed."""
    connection.settimeout(HANGS)
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("port", ["events", "admin"])
def test_requests_that_stand_behind_one_are_not_read_ahead(running: Product, flood: Flood, port: str) -> None:
    """80 strangers with 256 KiB of requests each cost a few MiB in all."""
    before = peak(running)
    flood(getattr(running, port), 80, b"GET / HTTP/1.1\r\n\r\n" * 14_563)
    goes_on(running)
    assert peak(running) - before < FEW_MIB


def test_answers_that_nobody_reads_do_not_add_up(running: Product, flood: Flood) -> None:
    """60 clients ask for the metrics again and again and read none of them."""
    before = peak(running)
    flood(running.admin, 60, b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n" * 4_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB


def test_headers_are_counted(running: Product, flood: Flood) -> None:
    """200 connections with 60,000 headers of one byte each cost a few MiB; each is told why it ends."""
    before = peak(running)
    head = b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\n" + b"a:\r\n" * 60_000
    first, *_ = flood(running.events, 200, head)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    told = answer(first)
    assert told.startswith(b"HTTP/1.1 431 ")
    assert b"more than 100 headers" in told


def test_a_head_that_never_ends_is_held_within_bounds(running: Product, flood: Flood) -> None:
    """One header of any length is no more than 64 KiB of it."""
    before = peak(running)
    first, *_ = flood(running.events, 40, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * 4_000_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    assert answer(first).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("framing", [b"content-length: 4000000", b"transfer-encoding: chunked"])
def test_nothing_is_kept_of_a_body_that_nobody_asked_for(
    running: Product, flood: Flood, framing: bytes
) -> None:
    """100 strangers with bodies of 4 MB are refused by their heads, and hold nothing."""
    before = peak(running)
    head = b"PUT /v1/nothing HTTP/1.1\r\nhost: localhost\r\n" + framing + b"\r\n\r\n"
    first, *_ = flood(running.events, 100, head + b"3d0900\r\n" + b"x" * 4_000_000)
    goes_on(running)
    assert peak(running) - before < FEW_MIB
    assert first.recv(12) == b"HTTP/1.1 404"


def test_a_body_that_is_too_large_gets_its_answer_though_all_of_it_is_sent(running: Product) -> None:
    """Most senders look for an answer only then: a reset would take it away, and they would send it again."""
    where = urlsplit(running.events)
    size = 12 * 1024 * 1024
    for framing in (f"content-length: {size}", "transfer-encoding: chunked"):
        with socket.create_connection((where.hostname, where.port), timeout=HANGS) as connection:
            head = f"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            connection.sendall(head.encode())
            if "chunked" in framing:
                connection.sendall(f"{size:x}\r\n".encode())
            connection.sendall(b"x" * size)
            assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_would_be_too_much_memory_is_refused_before_it_has_come(running: Product) -> None:
    """At the piece with which it is too much, and the sentence says how far that is; the rest is not waited for."""
    where = urlsplit(running.events)
    with socket.create_connection((where.hostname, where.port), timeout=HANGS) as connection:
        head = "POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        connection.sendall(f"{head}content-length: 4000000\r\n\r\n".encode() + b"[" + b"[]," * 600_000)
        said = answer(connection)
    assert said.startswith(b"HTTP/1.1 413 ")
    far = re.search(
        rb"The values in the first ([0-9,]+) bytes of this request would take more than 64 MiB", said
    )
    assert far is not None
    assert 1_200_000 < int(far[1].replace(b",", b"")) < 1_500_000


def test_a_port_that_is_full_of_silent_connections_answers(product: Product, flood: Flood) -> None:
    """Under a low limit of open files too, of which neither port may take what the other, or a target, needs."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start(files=(512, 512))
    flood(product.events, 450, b"")
    flood(product.admin, 150, b"")
    for _ in range(3):
        goes_on(product)


def test_the_soft_limit_of_open_files_is_raised_and_no_core_is_written(product: Product) -> None:
    """Containers often begin with 1,024 of them; and a core file would hold every Secret."""
    product.start(files=(300, 900))
    assert product.process is not None
    limits = Path(f"/proc/{product.process.pid}/limits").read_text()
    assert re.search(r"Max open files +900 +900 ", limits)
    assert re.search(r"Max core file size +0 ", limits)


def dispatcher(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`hookwright dispatcher`, which is expected not to start."""
    (folder / "token").write_text("t\n")
    settings = {
        "TOKEN_FILE": str(folder / "token"),
        "DATA": str(folder / "data"),
        "CONFIG": str(folder),
        **env,
    }
    command = [sys.executable, "-m", "hookwright", "dispatcher"]
    given = {f"HOOKWRIGHT_{name}": value for name, value in settings.items()}
    return subprocess.run(
        command, env={**os.environ, **given}, capture_output=True, text=True, check=False, timeout=HANGS
    )


@pytest.mark.parametrize("env", [{}, {"ADMIN_TOKEN_FILE": ""}, {"ADMIN": "[::]:8081"}, {"ADMIN": "pod:8081"}])
def test_an_admin_port_that_others_reach_asks_for_a_token(tmp_path: Path, env: dict[str, str]) -> None:
    """Else there is no start, and a sentence that says what to set; nothing is left behind."""
    ended = dispatcher(tmp_path, **env)
    assert ended.returncode == 2
    assert "There is no admin token" in ended.stderr
    assert "set HOOKWRIGHT_ADMIN_TOKEN_FILE" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "name", ["%0Asource", "UPPER", "a.b", "-a", "a-", "a" * 64, "%C3%A4", "%FF", "a%20b", "%00"]
)
def test_only_a_dns_label_is_a_name_in_a_path(shared: Product, name: str) -> None:
    """Of a namespace as of a webhook, at both ports; the path counts as it is decoded."""
    assert shared.post(granted(), "/v1/namespaces/%64efault/events").status_code == 202
    for path in (
        f"/v1/namespaces/{name}/events",
        f"/v1/webhooks/{name}/one/invoke",
        f"/v1/webhooks/default/{name}/invoke",
    ):
        assert shared.post(granted(), path).status_code == 404
    for path in (f"{name}/one", f"default/{name}"):
        assert shared.http.get(f"{shared.admin}/admin/v1/webhooks/{path}").status_code == 404
        assert shared.http.post(f"{shared.admin}/admin/v1/webhooks/{path}/invoke").status_code == 404


KEY = "dlv_0000000000000"


@pytest.mark.parametrize(
    "identifier",
    [
        KEY + "TAG." + "9" * 19,
        KEY + "TAG." + "9" * 4_000,
        KEY + "TAG." + "9" * 5_000,
        KEY + "TAG.-1",
        KEY + "TAG.1_0",
        KEY + "TAG.%D9%A1",
        "dlv_zzzzzzzzzzzzzTAG",
        "dlv_8000000000000TAG.1",
        "dlv_7zzzzzzzzzzzzTAG.999999999",
        "9" * 4_000,
        "%00",
    ],
)
def test_what_is_no_id_is_not_found(shared: Product, identifier: str) -> None:
    """Whatever number stands in it; and replaying it is a sentence, not a fault."""
    delivery = shared.accepted(granted())[0]
    identifier = identifier.replace("TAG", delivery[len(KEY) :])
    answer = shared.http.get(f"{shared.admin}/admin/v1/invocations/{identifier}")
    assert answer.status_code == 404
    replay = shared.http.post(f"{shared.admin}/admin/v1/replays", json={"ids": [identifier]})
    assert replay.status_code in (200, 400, 404)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (
            {"eventFrom": '{"event_type":"Manual","data":' + "[" * 70 + "]" * 70 + "}"},
            "deeper than 64 levels",
        ),
        (
            {"eventFrom": '{"event_type":"Manual","data":' + "[" * 300 + "]" * 300 + "}"},
            "deeper than 64 levels",
        ),
        (
            {"eventFrom": '{"event_type":"Manual","data":' + "[" * 2000 + "]" * 2000 + "}"},
            "deeper than 64 levels",
        ),
        ({"eventFrom": '{"event_type":"Manual","data":{"a":1e999}}'}, "spec.eventFrom"),
        ({"eventFrom": '{"event_type":"Manual","data":{"a":1,"a":2}}'}, '"a" twice'),
        (
            {"eventFrom": '{"event_type":"Manual","data":{"a":"' + "x" * 1_100_000 + '"}}'},
            "larger than 1,048,576 bytes",
        ),
        ({"event": {"data": {"a": 10**30}}}, "more than 64 bits"),
    ],
)
def test_the_event_of_a_test_is_judged_as_events_are(
    shared: Product, event: dict[str, Any], says: str
) -> None:
    """It fails and says why; nothing of it is a fault of the dispatcher."""
    spec: dict[str, Any] = {"webhookRef": {"name": "one"}, "trigger": "RequestGranted"}
    if "event" in event:
        spec["event"] = event.pop("event")
    run = {"runID": f"{hash(str(event))}", "test": "default/t", "spec": spec, **event}
    answer = shared.http.post(
        f"{shared.admin}/admin/v1/tests",
        content=json.dumps(run),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["result"], says in answer.json()["message"]) == ("Test failed", True)


def test_identities_of_different_kinds_and_makings_are_different(shared: Product) -> None:
    """A key is no CloudEvent, a member of a list no key with a sign in it, and a path no other path."""
    first, second = granted(n=1), granted(n=2)
    cloud = {"specversion": "1.0", "type": "dev.example.a", "source": "a", "id": "b", "data": second}
    answers = [
        shared.post(first, idempotency_key="a b"),
        shared.post(cloud, content_type="application/cloudevents+json"),
        shared.post([second], idempotency_key="a b"),
        shared.post(first, idempotency_key="k#0"),
        shared.post([second], idempotency_key="k"),
        shared.post(second, "/v1/namespaces/default/events", idempotency_key="k#0"),
    ]
    assert [each.status_code for each in answers] == [202] * 6


def test_each_holder_of_a_token_has_identities_of_its_own(product: Product, tmp_path: Path) -> None:
    """And keeps them when the token is rotated: a repeat is still one."""
    file = tmp_path / "tokens"
    file.write_text("one first\ntwo second\n")
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start("--token-file", str(file))
    first = product.post(granted(n=1), idempotency_key="k", authorization="Bearer first")
    other = product.post(granted(n=2), idempotency_key="k", authorization="Bearer second")
    assert (first.status_code, other.status_code) == (202, 202)
    file.write_text("one fresh\none first\ntwo second\n")
    fresh = until(
        lambda: (
            (
                again := product.post(granted(n=1), idempotency_key="k", authorization="Bearer fresh")
            ).status_code
            == 202
            and again
        )
    )
    assert fresh.json() == first.json() != other.json()
    file.write_text("")
    until(lambda: product.post(granted(), authorization="Bearer fresh").status_code == 401)
    assert "no token in it" in product.http.get(f"{product.admin}/readyz").json()["detail"]
    until(lambda: "everybody is refused" in product.output())


@pytest.mark.parametrize("item", [b"[]", b"1234567", b'{"a":1}'])
def test_large_batches_at_once_are_held_within_bounds(running: Product, item: bytes) -> None:
    """24 of 4 MiB: some are taken, some told to come again or in parts; the process stays under 300 MiB, and goes on."""
    one = b'{"event_type":"Manual","data":{"x":[%s]}}' % b",".join([item] * (500_000 // (len(item) + 1)))
    body = b"[%s]" % b",".join([one] * 8)
    with ThreadPoolExecutor(24) as pool:
        posts = [pool.submit(running.post, body) for _ in range(24)]
        goes_on(running)
        answers = [post.result() for post in posts]
    assert {answer.status_code for answer in answers} <= {202, 413, 503}
    assert peak(running) < 300
    goes_on(running)
