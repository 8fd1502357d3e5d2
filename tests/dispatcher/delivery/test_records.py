"""What the history keeps of an attempt costs as much for a large event as for a small one."""

from __future__ import annotations

import pytest

from counting import calls
from hookwright.core.invocations import cut
from hookwright.dispatcher.delivery import records
from hookwright.dispatcher.delivery.records import friendly_id, shown_text
from hookwright.limits import KIB


def test_a_large_event_is_searched_for_its_friendly_id_once() -> None:
    """However many deliveries share its bytes; each gets it."""
    raw = b'{"data":{"text":"%b","friendly_id":"AR-7"}}' % (b"x" * 1_000 * KIB)
    found: list[str | None] = []
    count = calls(records._find_friendly_id, lambda: found.extend(friendly_id(raw) for _ in range(100)))
    assert (count, set(found)) == (1, {"AR-7"})


@pytest.mark.parametrize("before", range(5))
def test_a_body_is_cut_between_characters(before: int) -> None:
    """As if it had been decoded whole, wherever the limit falls."""
    text = "a" * before + "\U0001f600" * 50
    assert shown_text(text.encode(), None, 100) == cut(text, 100)
    assert shown_text(text.encode(), None, 1_000) == text
