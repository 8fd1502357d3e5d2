"""Which secrets answers are still searched for after they went out of use."""

from __future__ import annotations

from hookwright.core.former import FormerSecrets
from hookwright.limits import FORMER_SECRETS_SECONDS, FORMER_VALUES

KEY = "default/one"


class Clock:
    """Monotonic seconds, set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_known_for_a_day() -> None:
    """Of its own webhook only; used again, the day begins anew."""
    clock = Clock()
    former = FormerSecrets(clock)
    former.add(KEY, [("s/token", "first"), ("s/other", "kept")])
    clock.now += FORMER_SECRETS_SECONDS - 1
    former.add(KEY, [("s/other", "kept")])
    assert set(former.of(KEY)) == {("s/token", "first"), ("s/other", "kept")}
    assert former.of("default/two") == ()
    clock.now += 2
    former.prune()
    assert former.of(KEY) == (("s/other", "kept"),)
    clock.now += FORMER_SECRETS_SECONDS
    former.prune()
    assert former.of(KEY) == ()


def test_many_rotations_keep_the_latest_values_of_each_key() -> None:
    """A key that changes all the time does not push out another one's value."""
    former = FormerSecrets(Clock())
    former.add(KEY, [("s/still", "value")])
    for number in range(100):
        former.add(KEY, [("s/fast", f"value {number}")])
    latest = [("s/fast", f"value {number}") for number in range(100 - FORMER_VALUES, 100)]
    assert former.of(KEY) == (("s/still", "value"), *latest)
