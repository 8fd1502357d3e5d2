"""The circuit of one webhook: after many Retry outcomes in a row its queue waits while one delivery probes.

Must not: read the clock (callers pass monotonic seconds), start anything, know deliveries. Nothing is dropped
by an open circuit; a probe that fails uses up no step of the schedule (`core.lifecycle`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hookwright.core.outcome import RETRY, Verdict
from hookwright.limits import CIRCUIT_FAILURES, CIRCUIT_PROBE_MAX_SECONDS, CIRCUIT_PROBE_MIN_SECONDS


@dataclass(slots=True)
class Circuit:
    """Closed at first. `failures` counts Retry outcomes in a row, also while open.

    `interval` is the wait before the next probe in seconds (0: closed), `next_probe` the monotonic time from
    which it may start, `probe` the number of the one under way (0: none). Numbers tell a probe of an earlier opening.
    """

    failures: int = 0
    interval: float = 0.0
    next_probe: float = 0.0
    probe: int = 0
    probes: int = field(default=0, compare=False)

    @property
    def open(self) -> bool:
        """Whether the queue waits."""
        return self.interval > 0

    def may_start(self, now: float) -> bool:
        """Whether an attempt may start now: always while closed, one probe at its time while open."""
        return not self.interval or (not self.probe and now >= self.next_probe)

    def start(self) -> int:
        """An attempt starts, after `may_start`. Not 0: it is a probe; hand that to `record` or `abandon`."""
        if not self.interval:
            return 0
        self.probes += 1
        self.probe = self.probes
        return self.probe

    def record(self, verdict: Verdict, *, probe: int, now: float, tried: bool) -> bool:
        """An attempt ended; `probe` is what `start` answered. True: the circuit opened or closed by it.

        Any outcome but Retry closes. A Retry of an attempt that began before the circuit opened does not put
        the next probe off. `tried`: whether there was a request to send. One that could not even be built (a
        template does not render) tells nothing of the target: it neither counts nor closes, and another may probe.
        """
        if not tried:
            self.abandon(probe)
            return False
        if verdict is not RETRY:
            return self.failures > 0 and self.close()
        self.failures += 1
        if not self.open:
            if self.failures < CIRCUIT_FAILURES:
                return False
            self._wait(CIRCUIT_PROBE_MIN_SECONDS, now)
            return True
        if probe and probe == self.probe:
            self.probe = 0
            self._wait(min(self.interval * 2, CIRCUIT_PROBE_MAX_SECONDS), now)
        return False

    def abandon(self, probe: int) -> None:
        """An attempt ended without an outcome (shutdown): if it was the probe, another may be one."""
        if probe == self.probe:
            self.probe = 0

    def resume(self, failures: int, failed_at: float) -> None:
        """Go on where another left off, after so many failures in a row: as if it had opened by the last, when that came."""
        self.close()
        if failures >= CIRCUIT_FAILURES:
            self.failures = failures
            self._wait(CIRCUIT_PROBE_MIN_SECONDS, failed_at)

    def hurry(self, now: float) -> None:
        """While it is open: the next probe may start at once."""
        self.next_probe = min(self.next_probe, now)

    def close(self) -> bool:
        """Forget everything: an outcome other than Retry, or a changed requestedAt. True: it was open."""
        was_open = self.interval > 0
        self.failures, self.interval, self.next_probe, self.probe = 0, 0.0, 0.0, 0
        return was_open

    def _wait(self, interval: float, now: float) -> None:
        self.interval = interval
        self.next_probe = now + interval
