"""Settings as people write them into a chart's values (SPEC 7)."""

from __future__ import annotations

import pytest

from hookwright.api.fields import span
from hookwright.dispatcher.settings import Settings, parse_connect_to, parse_size
from hookwright.limits import GIB, MIB


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 * GIB),
        ("4 GiB", 4 * GIB),
        ("4Gi", 4 * GIB),
        ("512mib", 512 * MIB),
        ("1.5GiB", 3 * GIB // 2),
        ("2G", 2 * 10**9),
        ("1000", 1000),
        ("20B", 20),
    ],
)
def test_sizes(text: str, size: int) -> None:
    """With the units of Kubernetes and of people; a bare number is bytes."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1", "4Zib", "4 G i B", "1e9", "1" * 40])
def test_what_is_no_size(text: str) -> None:
    """One sentence that shows how to write it."""
    with pytest.raises(ValueError, match="is not a size; write a number with a unit, such as 512MiB or 4GiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "length"), [("20s", 20), ("7d", 604_800), ("1d12h", 129_600), ("1h30m", 5_400), ("500ms", 0.5)]
)
def test_spans(text: str, length: float) -> None:
    """Durations of SPEC 2, and days before them."""
    assert span(text) == length


@pytest.mark.parametrize("text", ["", "d", "7", "1.5d", "-1d", "7d7d", "d7h", "7 days"])
def test_what_is_no_span(text: str) -> None:
    """One sentence."""
    with pytest.raises(ValueError, match="is not a duration"):
        span(text)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Api.Example.com:443:127.0.0.1:8443", ("api.example.com", ("127.0.0.1", 8443))),
        ("api.example.com:443:[::1]:8443", ("api.example.com", ("::1", 8443))),
        ("api.example.com:443:::1:8443", ("api.example.com", ("::1", 8443))),
        ("api.example.com:443:other.example.com:443", ("api.example.com", ("other.example.com", 443))),
    ],
)
def test_connect_to(text: str, target: tuple[str, tuple[str, int]]) -> None:
    """As curl's option is written; an IPv6 address with or without brackets."""
    assert parse_connect_to(text) == target


@pytest.mark.parametrize(
    "text",
    ["", "a", "a:80:1.2.3.4:443", ":443:1.2.3.4:443", "a:443::443", "a:443:b:", "a:443:b:0", "a:443:b:65536"],
)
def test_what_is_no_connect_to(text: str) -> None:
    """One sentence that shows how to write it."""
    with pytest.raises(ValueError, match="write HOST:443:ADDRESS:PORT"):
        parse_connect_to(text)


def test_numbers_may_have_separators() -> None:
    """People write 100,000."""
    given = Settings(backlog_total="100,000", ingest_rate="1_000")  # type: ignore[arg-type]
    assert (given.backlog_total, given.ingest_rate) == (100_000, 1_000)
