"""The event port to the letter of SPEC 3 and RFC 9110, where `test_ingest` does not look."""

from __future__ import annotations

import pytest

from product.conftest import Product


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/events", "POST, OPTIONS"),
        ("GET", "/v1/namespaces/default/events", "POST, OPTIONS"),
        ("GET", "/v1/webhooks/default/one/invoke", "POST"),
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
