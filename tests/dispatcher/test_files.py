"""Open files: what each kind of connection gets of a limit."""

from __future__ import annotations

import resource

import pytest

from hookwright.dispatcher.files import shared
from hookwright.errors import UsageError
from hookwright.limits import ADMIN_CONNECTIONS, INGEST_CONNECTIONS, OUTGOING_CONNECTIONS, RESERVED_FILES


@pytest.mark.parametrize("limit", [512, 1_024, 4_096, 12_000, 16_384, 1_000_000])
def test_all_connections_together_leave_files_for_the_store(limit: int) -> None:
    """Even with those that are taken in before the ones they replace are closed."""
    budget = shared(limit)
    assert budget.ingest + budget.admin + budget.outgoing + 2 * budget.backlog + RESERVED_FILES <= limit
    assert min(budget.ingest, budget.outgoing) >= 40
    assert budget.admin >= 4


@pytest.mark.parametrize("limit", [16_384, 2**40, resource.RLIM_INFINITY])
def test_where_files_are_plenty_each_gets_what_it_can_use(limit: int) -> None:
    """No more, however high the limit is."""
    budget = shared(limit)
    full = (INGEST_CONNECTIONS, ADMIN_CONNECTIONS, OUTGOING_CONNECTIONS)
    assert (budget.ingest, budget.admin, budget.outgoing) == full


def test_too_few_files_are_no_beginning() -> None:
    """The sentence says how many are needed."""
    with pytest.raises(UsageError, match="Only 256 files may be open at once; allow at least 512"):
        shared(256)
