"""The event port to the letter of SPEC 3 and RFC 9110, where `test_ingest` does not look."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest

from product.conftest import Product, granted
from rig import HANGS


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/events", "POST, OPTIONS"),
        ("GET", "/v1/namespaces/default/events", "POST, OPTIONS"),
        ("GET", "/v1/webhooks/default/one/invoke", "POST"),
        ("GET", "/v1/webhooks/default/one/invoke/", "POST"),
        ("POST", "/v1/schema", "GET, HEAD"),
        ("DELETE", "/v1/samples/Manual", "GET, HEAD"),
    ],
)
def test_a_405_says_what_is_allowed(shared: Product, method: str, path: str, allow: str) -> None:
    """In the Allow header."""
    answer = shared.http.request(method, shared.events + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_head_is_get_without_the_body(shared: Product) -> None:
    """As for everything that can be read."""
    answer = shared.http.head(shared.events + "/v1/schema")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(shared.http.get(shared.events + "/v1/schema").content))


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"", "json", "the event is not valid JSON: it is empty"),
        (b'{"event_type":\n tru}', "json", "at line 2, character 2"),
        (b'{"event_type":\n\n"x" 1}', "json", "at line 3, character 5"),
        (b'{"event_type":"Manual"}\n\n{"a" 1}\n', "x-ndjson", "line 3 is not valid JSON"),
        (b'{"event_type":"Manual"}\n\n{"a" 1}\n', "x-ndjson", "after key at character 6"),
    ],
)
def test_the_place_of_a_mistake_is_named_once(shared: Product, body: bytes, kind: str, says: str) -> None:
    """A line of a batch has no lines of its own."""
    answer = shared.post(body, content_type=f"application/{kind}")
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def raw(url: str, request: bytes) -> tuple[int, dict[str, object]]:
    """Send bytes as they are; the first answer's status and JSON body."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=HANGS) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def post(*headers: str) -> bytes:
    """A whole POST of an event with these headers beside the usual ones."""
    body = json.dumps(granted()).encode()
    lines = ["POST /v1/events HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_offer_to_upgrade_is_ignored(shared: Product) -> None:
    """Java's client offers HTTP/2 with its first request; the event arrives all the same."""
    offer = (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA",
    )
    request = post("content-type: application/json", *offer)
    closing = post("content-type: application/json", "connection: close")
    status, _ = raw(shared.events, request.replace(b"Upgrade, HTTP2", b"close, Upgrade, HTTP2"))
    assert status == 202
    assert raw(shared.events, closing)[0] == 202


@pytest.mark.parametrize(
    "header",
    ["host: localhost", "content-type: text/plain", "idempotency-key: b", "webhook-id: b", "ce-subject: b"],
)
def test_a_header_that_decides_stands_once(shared: Product, header: str) -> None:
    """Two of them are a 400, not a matter of which comes last."""
    name, _, _ = header.partition(":")
    first = {
        "idempotency-key": ["idempotency-key: a"],
        "webhook-id": ["webhook-id: a"],
        "ce-subject": ["ce-subject: a"],
    }.get(name, [])
    status, answer = raw(
        shared.events, post("content-type: application/json", *first, header, "connection: close")
    )
    assert (status, answer["detail"]) == (400, f"The header {name} stands twice; send it once.")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: abc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    ],
)
@pytest.mark.parametrize("port", ["events", "admin"])
def test_what_is_no_request_gets_a_problem_document(
    shared: Product, port: str, request_: bytes, status: int
) -> None:
    """As every other refusal, on both ports."""
    answered, answer = raw(getattr(shared, port), request_)
    assert (answered, answer["status"]) == (status, status)
    assert isinstance(answer["detail"], str)


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["events/v1/schema", "admin/admin/v1/summary"])
def test_an_origin_that_is_none_is_refused(shared: Product, path: str, origin: str) -> None:
    """403 on both ports, whatever it looks like."""
    port, _, rest = path.partition("/")
    answer = shared.http.get(f"{getattr(shared, port)}/{rest}", headers={"origin": origin})
    assert answer.status_code == 403


def test_a_page_number_beyond_all_numbers(shared: Product) -> None:
    """400, as any other text that is no page."""
    answer = shared.http.get(f"{shared.admin}/admin/v1/invocations?before=9999999999999999999")
    assert answer.status_code == 400


def test_retry_after_is_as_long_as_it_takes(product: Product) -> None:
    """A batch may be larger than the rate of a second; what follows waits until that is made up for."""
    product.start(INGEST_RATE="1")
    unmatched = [{"event_type": "Nothing"}] * 1000
    assert product.post(unmatched).status_code == 202
    answer = product.post(unmatched)
    assert (answer.status_code, 800 < int(answer.headers["retry-after"]) <= 1000) == (429, True)
