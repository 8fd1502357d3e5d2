"""Prometheus metrics of a dispatcher; the one home of prometheus_client.

What happens per event or attempt is counted in plain dictionaries (a quarter of what the client's own
counters cost) and turned into metric families only when somebody scrapes. Gauges are read at that moment from
what `watch` was given. Labels are bounded: codes, results and causes are few, and only the webhooks that need
attention most have time series of their own (`limits.METRICS_WEBHOOKS`), the others are summed.
Must not: hold a host, URL, id or anything a sender of events or a target chooses in a label.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hookwright import __version__
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import RouteState
from hookwright.core.records import StoreStats
from hookwright.core.room import Room
from hookwright.limits import METRICS_WEBHOOKS, STORE_PARTS
from hookwright.telemetry import logs
from hookwright.telemetry.loop_watch import Slowest
from hookwright.telemetry.record import AttemptDetails
from hookwright.telemetry.shares_metrics import OTHERS, kept, waiting

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
LATENCY_SECONDS: Final = (*SECONDS, 300.0, 1800.0, 7200.0, 36000.0, 86400.0)


class Observed(NamedTuple):
    """What gauges are read from: the lanes on which this process works, the webhooks of the configuration in force,
    figures of store and loop.

    `loaded_at`: when that configuration came into force (epoch seconds). `parts`: how many of `limits.STORE_PARTS` these
    lanes are.
    """

    lanes: Sequence[Lane]
    webhooks: Collection[str]
    config_hash: str | None
    loaded_at: float | None
    stats: StoreStats
    slowest: Slowest
    shares: BacklogShares
    room: Room
    parts: int


class Metrics(Collector):
    """Counts, and answers a scrape. Used from one event loop, but for `exposition`."""

    def __init__(self, *, data_kept: bool = True) -> None:
        self._data_kept = data_kept
        self._answers: Counter[int] = Counter()
        self._events = 0
        self._attempts: Counter[tuple[str, str | None]] = Counter()
        self._duration = _Histogram(SECONDS)
        self._latency = _Histogram(LATENCY_SECONDS)
        self._handshakes = 0
        self._strays = 0
        self._pruned: Counter[str] = Counter()
        self._refused = 0
        self._rounds: Counter[str] = Counter()
        self._stops = 0
        self._watched: Callable[[], Observed] | None = None
        self._seen: Observed | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    # --- what happens ----------------------------------------------------------------------------

    def answered(self, status: int, events: int) -> None:
        """Ingest answered a request with this status code; `events` were accepted with it."""
        self._answers[status] += 1
        if status == 202:
            self._events += events

    def attempted(self, details: AttemptDetails) -> None:
        """An attempt ended."""
        record = details.record
        self._attempts[record.result, record.cause] += 1
        self._duration.observe(record.duration / 1000)
        if record.result == "Delivered":
            self._latency.observe((details.ended_ms - details.received_ms) / 1000)
        if details.handshake:
            self._handshakes += 1

    def strays(self, count: int) -> None:
        """A sweep found so many waiting deliveries that no lane knew of."""
        self._strays += count

    def pruned(self, counts: Mapping[str, int]) -> None:
        """The store dropped what was past its time or size."""
        self._pruned.update(counts)

    def round_failed(self, name: str) -> None:
        """Something that runs beside the events failed; it is tried again."""
        self._rounds[name] += 1

    def configuration_refused(self) -> None:
        """A configuration was refused; the last good one stays in force."""
        self._refused += 1

    def loop_stopped(self) -> None:
        """The event loop stood still."""
        self._stops += 1

    # --- scrape ----------------------------------------------------------------------------------

    def watch(self, watched: Callable[[], Observed]) -> None:
        """Read gauges from what this gives at each `look`."""
        self._watched = watched

    def look(self) -> None:
        """Begin a scrape."""
        if self._watched is not None:
            self._seen = self._watched()

    def exposition(self) -> bytes:
        """The text that Prometheus reads (format 0.0.4), after `look`. For a thread: 10,000 webhooks take 30 ms."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """All families; called by the registry."""
        yield InfoMetricFamily("hookwright_build", "Version of this dispatcher.", {"version": __version__})
        yield GaugeMetricFamily(
            "hookwright_data_kept",
            "1, or 0 where all that is stored is lost with the pod.",
            int(self._data_kept),
        )
        yield from self._counted()
        if (seen := self._seen) is not None:
            yield from _configuration(seen)
            yield GaugeMetricFamily(
                "hookwright_parts",
                f"Parts of the webhooks, of {STORE_PARTS}, that this process works on.",
                seen.parts,
            )
            yield from _lanes(seen.lanes, seen.webhooks)
            yield from _store(seen.stats)
            yield from _loop(seen.slowest)
            yield from waiting(seen.shares, seen.room)
            yield from kept(seen.stats.kept)

    def _counted(self) -> Iterator[Metric]:
        yield _counter(
            "hookwright_ingest_answers", "Answers to requests on the events port, by status code.",
            {(str(code),): count for code, count in self._answers.copy().items()}, "code",
        )  # fmt: skip
        yield CounterMetricFamily("hookwright_events_accepted", "Events answered 202.", self._events)
        results: Counter[tuple[str, ...]] = Counter()
        attempts: dict[tuple[str, ...], float] = {}
        for (result, cause), count in self._attempts.copy().items():
            attempts[result, cause or ""] = count
            if result != "Retrying":
                results[result,] += count
        yield _counter(
            "hookwright_attempts",
            "Attempts by result and cause (empty: delivered).",
            attempts,
            "result",
            "cause",
        )
        yield _counter(
            "hookwright_deliveries", "Deliveries whose last attempt has ended, by result.", results, "result"
        )
        yield self._duration.family("hookwright_attempt_duration_seconds", "From render to judged answer.")
        yield self._latency.family("hookwright_delivery_latency_seconds", "From accepted to delivered.")
        yield CounterMetricFamily(
            "hookwright_tls_handshakes", "New TLS connections to targets.", self._handshakes
        )
        yield CounterMetricFamily(
            "hookwright_stray_deliveries",
            "Waiting deliveries that no lane knew of; must stay 0.",
            self._strays,
        )
        yield _counter(
            "hookwright_pruned", "What left the store by age or size.",
            {(kind,): count for kind, count in self._pruned.copy().items()}, "kind",
        )  # fmt: skip
        yield CounterMetricFamily("hookwright_config_refused", "Configurations refused.", self._refused)
        yield CounterMetricFamily(
            "hookwright_log_lines_dropped",
            "Log lines that the reader of stderr did not take.",
            logs.dropped(),
        )
        yield _counter(
            "hookwright_round_failures", "What runs beside the events failed, by its name; it is tried again.",
            {(name,): count for name, count in self._rounds.copy().items()}, "round",
        )  # fmt: skip
        yield CounterMetricFamily(
            "hookwright_loop_stops", "Stops of the event loop of 0.05 s and more.", self._stops
        )


class _Histogram:
    """Counts per bucket, not cumulated before a scrape."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def family(self, name: str, documentation: str) -> Metric:
        cumulated, buckets = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            cumulated += count
            buckets.append((bound, cumulated))
        return HistogramMetricFamily(name, documentation, buckets=buckets, sum_value=self.total)


def _counter(
    name: str, documentation: str, values: Mapping[tuple[str, ...], float], *labels: str
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for key in sorted(values):
        family.add_metric(key, values[key])
    return family


def _configuration(seen: Observed) -> Iterator[Metric]:
    if seen.config_hash is None:
        return
    yield InfoMetricFamily("hookwright_config", "The configuration in force.", {"hash": seen.config_hash})
    yield GaugeMetricFamily(
        "hookwright_config_loaded_timestamp_seconds", "When it came into force.", seen.loaded_at or 0.0
    )


def _lanes(lanes: Sequence[Lane], webhooks: Collection[str]) -> Iterator[Metric]:
    states = dict.fromkeys(RouteState, 0)
    for lane in lanes:
        if lane.key in webhooks:
            states[lane.standing.state] += 1
    family = GaugeMetricFamily("hookwright_webhooks", "Webhooks by state.", labels=["state"])
    for state, count in states.items():
        family.add_metric([state], count)
    yield family
    for name, documentation, number in _TOTALS:
        yield GaugeMetricFamily(name, documentation, sum(map(number, lanes)))
    chosen = nlargest(
        METRICS_WEBHOOKS,
        lanes,
        key=lambda lane: (lane.dead + lane.waiting, lane.standing.consecutive_failures),
    )
    names = {lane.key for lane in chosen}
    others = [lane for lane in lanes if lane.key not in names]
    for name, documentation, number in _PER_WEBHOOK:
        family = GaugeMetricFamily(name, documentation, labels=["namespace", "webhook"])
        for lane in sorted(chosen, key=lambda lane: lane.key):
            family.add_metric(lane.key.split("/", 1), number(lane))
        if others:
            family.add_metric(["", OTHERS], sum(map(number, others)))
        yield family


_Number = Callable[[Lane], int]
_TOTALS: Final[tuple[tuple[str, str, _Number], ...]] = (
    ("hookwright_in_flight", "Requests under way.", lambda lane: lane.in_flight),
    ("hookwright_pending", "Deliveries waiting or under way.", lambda lane: lane.waiting),
    ("hookwright_dead_letters", "Dead letters.", lambda lane: lane.dead),
    (
        "hookwright_circuits_open",
        "Webhooks whose target is only probed.",
        lambda lane: int(lane.circuit.open),
    ),
)
_PER_WEBHOOK: Final[tuple[tuple[str, str, _Number], ...]] = (
    ("hookwright_webhook_pending", "Its deliveries waiting or under way.", lambda lane: lane.waiting),
    ("hookwright_webhook_dead_letters", "Its dead letters.", lambda lane: lane.dead),
    (
        "hookwright_webhook_consecutive_failures", "Its attempts that failed in a row.",
        lambda lane: lane.standing.consecutive_failures,
    ),
)  # fmt: skip


def _store(stats: StoreStats) -> Iterator[Metric]:
    for name, documentation, count in (
        ("hookwright_store_commits", "Commits, each with an fsync.", stats.commits),
        ("hookwright_store_rows", "Events and results written; by commits: how many share one.", stats.rows),
        ("hookwright_store_commit_seconds", "Time in commits.", stats.commit_seconds),
        ("hookwright_store_checkpoints", "Checkpoints of the write-ahead log (SQLite).", stats.checkpoints),
        ("hookwright_store_checkpoint_seconds", "Time in checkpoints (SQLite).", stats.checkpoint_seconds),
    ):
        if count is not None:
            yield CounterMetricFamily(name, documentation, count)
    for name, documentation, value in (
        (
            "hookwright_store_slowest_commit_seconds",
            "Slowest commit since the last scrape.",
            stats.slowest_commit_seconds,
        ),
        ("hookwright_store_wal_bytes", "Size of the write-ahead log (SQLite).", stats.wal_bytes),
        ("hookwright_store_away", "1 while the database cannot be used (PostgreSQL).", stats.away),
        (
            "hookwright_store_synchronous_standby",
            "1 if a commit is answered only when a second server has it (PostgreSQL).",
            stats.standby,
        ),
        ("hookwright_store_waiting_for_space", "Results that wait until they can be written.", stats.held),
        ("hookwright_identities", "Identities in the deduplication window.", stats.identities),
    ):
        if value is not None:
            yield GaugeMetricFamily(name, documentation, value)
    if stats.oldest_identity is not None:
        yield GaugeMetricFamily(
            "hookwright_identity_window_start_timestamp_seconds", "Since when repeats are recognised.",
            stats.oldest_identity / 1000,
        )  # fmt: skip


def _loop(slowest: Slowest) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "hookwright_loop_slowest_seconds",
        "Longest stop of the event loop since the last scrape.",
        slowest.wall,
    )
    yield GaugeMetricFamily(
        "hookwright_loop_slowest_cpu_seconds",
        "The same by what the loop itself computed meanwhile, which a busy machine does not lengthen.",
        slowest.cpu,
    )
