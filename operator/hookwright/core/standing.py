"""Where one webhook stands: whether its deliveries are sent, held or buried, and what is remembered of it.

Must not: read a clock, know deliveries.
"""

from __future__ import annotations

from typing import Final

from hookwright.core.activity import Activity
from hookwright.core.lifecycle import RouteState, route_state
from hookwright.core.records import LastInvocation, StoredRoute

GONE: Final = "The target answered 410 Gone; change the spec, or try again with hookwright retry."
DELETED: Final = "The webhook was deleted."


class Standing:
    """Of one webhook. `state` is HELD and `known` False until it is known whether the configuration has it."""

    __slots__ = (
        "_gone", "_held", "_said", "activity", "consecutive_failures", "deleted_at_ms", "hurry", "known", "last",
        "last_failure_ms",
        "last_success_ms", "mark", "message", "state", "unsaved",
    )  # fmt: skip

    def __init__(self) -> None:
        self.state, self.message = RouteState.HELD, ""
        self._held: str | None = None
        self._said = ""
        """Why it cannot be sent as it is configured, and what else is to be said of it."""
        self.known = False
        self.mark: str | None = None
        """Names the state of its configuration; None: it has none."""
        self._gone: str | None = None
        """The mark under which the target answered 410."""
        self.deleted_at_ms: int | None = None
        self.last: LastInvocation | None = None
        self.last_success_ms: int | None = None
        self.last_failure_ms: int | None = None
        self.consecutive_failures = 0
        self.activity: Activity | None = None
        """Of this process; None: no attempt has ended yet."""
        self.unsaved, self.hurry = True, False
        """What is to be remembered over a restart has changed; ... in a way that must not be lost.

        At first it has: what the store remembers by this name, and was not taken, is of a webhook that was deleted.
        """

    @property
    def deleted_at(self) -> float | None:
        """When it left the configuration (epoch seconds)."""
        return None if self.deleted_at_ms is None else self.deleted_at_ms / 1000

    def taken(self, stored: StoredRoute) -> None:
        """Begin with what was remembered."""
        self._gone, self.deleted_at_ms = stored.gone, stored.deleted_at
        self.last_success_ms, self.last_failure_ms = stored.last_success, stored.last_failure
        self.consecutive_failures = stored.consecutive_failures
        self.unsaved = False
        if self.mark is not None:
            self.configured(self.mark, self._held, self._said)

    def configured(self, mark: str, held: str | None, message: str) -> None:
        """See `core.lane.Lane.configured`."""
        if self.deleted_at_ms is not None:
            self.deleted_at_ms = None
            self._save()
        self.known, self.mark = True, mark
        self._held, self._said = held, message
        self.state = route_state(held=held, gone=self._gone, mark=mark)
        self.message = GONE if self.state is RouteState.GONE else held or message
        if self.state is not RouteState.GONE and self._gone is not None:
            self._gone = None
            self._save()

    @property
    def as_configured(self) -> tuple[RouteState, str]:
        """State and message as they are by the configuration alone."""
        if self.mark is None:
            return self.state, self.message
        return route_state(held=self._held, gone=None, mark=self.mark), self._held or self._said

    def forgiven(self) -> None:
        """That its target answered 410 is void."""
        if self.state is RouteState.GONE and self.mark is not None:
            self._gone = None
            self._save()
            self.configured(self.mark, self._held, self._said)

    def held(self, message: str) -> None:
        """It cannot be sent as it is configured."""
        self._held = message
        if self.state is RouteState.RUNNING:
            self.state, self.message = RouteState.HELD, message

    def removed(self, now: float) -> None:
        """The configuration does not have it (any more)."""
        self.known, self.mark = True, None
        self.state, self.message = RouteState.HELD, DELETED
        if self.deleted_at_ms is None:
            self.wait_anew(now)

    def wait_anew(self, now: float) -> None:
        """What waits of a deleted webhook waits as if it were deleted now."""
        self.deleted_at_ms = int(now * 1000)
        self._save()

    def gone(self, mark: str) -> None:
        """The target answered 410 to a request under the configuration `mark`; an older one's does not count."""
        if mark == self.mark:
            self.state, self.message, self._gone = RouteState.GONE, GONE, mark
            self._save()

    def ended(self, now: float, *, delivered: bool) -> None:
        """An attempt ended."""
        if self.activity is None:
            self.activity = Activity()
        self.activity.count(now, delivered=delivered)
        self.consecutive_failures = 0 if delivered else self.consecutive_failures + 1

    def recalled(self, last: LastInvocation | None) -> None:
        """What people were told of the attempt that ended last before the start."""
        self.last = last

    def told(self, last: LastInvocation) -> None:
        """What people are told of the attempt that ended last."""
        self.last = last
        if last.result == "Delivered":
            self.last_success_ms = last.time_ms
        else:
            self.last_failure_ms = last.time_ms
        self.unsaved = True

    def save(self, route: str) -> StoredRoute:
        """What is to be remembered; `unsave` if that fails."""
        self.unsaved = self.hurry = False
        return StoredRoute(
            route, self._gone, self.deleted_at_ms, self.last_success_ms, self.last_failure_ms,
            self.consecutive_failures,
        )  # fmt: skip

    def unsave(self) -> None:
        """It could not be written."""
        self.unsaved = True

    def _save(self) -> None:
        self.unsaved = self.hurry = True
