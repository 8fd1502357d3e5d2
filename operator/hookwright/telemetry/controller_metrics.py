"""Prometheus metrics of a controller: what it wrote, how long a rebuild took, what its watches missed.

Labels are kinds and states only. Must not: hold a name that a user chose in a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from hookwright import __version__

_PREFIX: Final = "hookwright_controller"


class ControllerMetrics(Collector):
    """Counts, and answers a scrape.

    `managed`: gives (kind, state) → how many objects. `troubles`: what does not succeed now → how many causes.
    """

    def __init__(self) -> None:
        self.managed: Callable[[], Mapping[tuple[str, str], int]] = dict
        self.troubles: Callable[[], Mapping[str, int]] = dict
        self.dispatchers = 0
        self.config_hash = ""
        self.config_fullness = 0.0
        self.left_out = self.waiting = 0
        self._writes: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._builds, self._build_seconds, self._last_build_seconds = 0, 0.0, 0.0
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def wrote(self, kind: str) -> None:
        """One write to the API server about an object of a kind."""
        self._writes[kind] += 1

    def failed(self, what: str, count: int = 1) -> None:
        """Something that is tried again: status, event, configuration, cluster, list, watch, dispatcher, test."""
        self._failures[what] += count

    def missed(self, kind: str, count: int) -> None:
        """Objects that a list knew and the watch had not told of."""
        self._missed[kind] += count

    def built(self, seconds: float) -> None:
        """One rebuild of the configuration."""
        self._builds += 1
        self._build_seconds += seconds
        self._last_build_seconds = seconds

    def exposition(self) -> bytes:
        """Prometheus text format 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The families of this moment."""
        yield InfoMetricFamily(
            _PREFIX, "Version and configuration.", {"version": __version__, "config": self.config_hash}
        )
        for name, text, label, counts in (
            ("writes", "Writes to the API server.", "kind", self._writes),
            ("failures", "What failed and is tried again.", "what", self._failures),
            ("missed", "Objects that a watch had not told of.", "kind", self._missed),
        ):
            family = CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])
            for value, count in sorted(counts.items()):
                family.add_metric([value], count)
            yield family
        yield CounterMetricFamily(f"{_PREFIX}_builds", "Rebuilds of the configuration.", value=self._builds)
        yield CounterMetricFamily(f"{_PREFIX}_build_seconds", "Time in rebuilds.", value=self._build_seconds)
        last = self._last_build_seconds
        yield GaugeMetricFamily(f"{_PREFIX}_last_build_seconds", "Time of the last rebuild.", value=last)
        yield GaugeMetricFamily(f"{_PREFIX}_dispatchers", "Dispatchers that answer.", value=self.dispatchers)
        for gauge, about, figure in (
            (
                "configuration_fullness",
                "Room that webhooks want; above 1 some are left out.",
                self.config_fullness,
            ),
            ("webhooks_left_out", "Webhooks that have no room in the configuration.", self.left_out),
            ("webhooks_waiting", "Webhooks that are yet to be checked.", self.waiting),
        ):
            yield GaugeMetricFamily(f"{_PREFIX}_{gauge}", about, value=figure)
        troubles = GaugeMetricFamily(
            f"{_PREFIX}_troubles", "Causes for which something does not succeed now.", labels=["what"]
        )
        for what, count in sorted(self.troubles().items()):
            troubles.add_metric([what], count)
        yield troubles
        managed = GaugeMetricFamily(
            "hookwright_managed_resources", "Objects by state.", labels=["kind", "state"]
        )
        for (kind, state), count in sorted(self.managed().items()):
            managed.add_metric([kind, state], count)
        yield managed
