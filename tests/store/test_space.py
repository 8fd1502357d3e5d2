"""The reserve of a disk, from the smallest to a large one."""

from __future__ import annotations

import pytest

from hookwright.limits import GIB, MIB
from hookwright.store.sqlite.space import Reserve


@pytest.mark.parametrize(
    ("total", "reserve"),
    [(32 * MIB, 8 * MIB), (100 * MIB, 25 * MIB), (GIB, 64 * MIB), (10 * GIB, 512 * MIB), (1_000 * GIB, GIB)],
)
def test_the_reserve_grows_with_the_disk(total: int, reserve: int) -> None:
    """A quarter of a small disk, 64 MiB of a usual one, a twentieth of a large one, never more than 1 GiB."""
    assert not Reserve(lambda: (reserve, total), lambda: 0).is_touched()
    assert Reserve(lambda: (reserve - 1, total), lambda: 0).is_touched()


def test_room_inside_the_database_counts() -> None:
    """As long as half the reserve is free on the disk."""
    assert not Reserve(lambda: (32 * MIB, GIB), lambda: 32 * MIB).is_touched()
    assert Reserve(lambda: (32 * MIB - 1, GIB), lambda: GIB).is_touched()


def test_a_read_only_disk_has_no_room() -> None:
    """Whatever its size."""
    assert Reserve(lambda: (0, 32 * MIB), lambda: GIB).is_touched()
