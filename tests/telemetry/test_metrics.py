"""Metrics, as Prometheus reads them."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.lane_builders import GONE, RETRY, attempt, delivery, put, running, start_all
from hookwright.core.backlog_shares import BacklogShares
from hookwright.core.lane import Lane
from hookwright.core.records import AttemptRecord, StoreStats, Use
from hookwright.core.room import Room
from hookwright.limits import CIRCUIT_FAILURES, METRICS_NAMESPACES, METRICS_WEBHOOKS
from hookwright.telemetry.loop_watch import Slowest
from hookwright.telemetry.metrics import Metrics, Observed
from hookwright.telemetry.record import AttemptDetails

ROOM = Room(5, 50, 7, 70, 9, 90)


def filled(key: str, *, waiting: int = 0, dead: int = 0, in_flight: int = 0) -> Lane:
    """A running webhook with so many deliveries waiting, some of them under way, and so many dead letters."""
    lane = running(key=key, max_in_flight=max(1, in_flight))
    put(lane, *(delivery(number, route=key) for number in range(1, 2 * waiting, 2)))
    if in_flight:
        start_all(lane)
    for _ in range(dead):
        lane.reserve(2)
        lane.dead_at_once(2)
    return lane


def observed(*lanes: Lane, config_hash: str | None = None, loaded_at: float | None = None) -> Observed:
    """What a dispatcher with these lanes shows; all of their webhooks are configured."""
    keys = [lane.key for lane in lanes]
    return Observed(
        lanes,
        keys,
        config_hash,
        loaded_at,
        StoreStats(),
        Slowest(0.075, 0.03),
        BacklogShares(),
        ROOM,
        parts=12,
    )


def scraped(metrics: Metrics) -> dict[str, float]:
    """`name{label="value",…}` → value, by Prometheus' own parser."""
    samples = {}
    metrics.look()
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return samples


def watching(seen: Observed) -> dict[str, float]:
    """A scrape of this."""
    metrics = Metrics()
    metrics.watch(lambda: seen)
    return scraped(metrics)


def ended(
    result: str, cause: str | None = None, duration: float = 20.0, handshake: bool = False
) -> AttemptDetails:
    """An attempt that took `duration` ms, 1.5 s after its event was accepted."""
    record = AttemptRecord(1, 1, 0, "a/b", "Delivery", None, result, None, cause, 0, duration, b"{}")
    return AttemptDetails(
        record, "dlv_1abcdef", "evt_0abcdef", "api.example.com", 10_000, 11_500, "", handshake
    )


def test_answers_of_ingest_are_counted_by_code() -> None:
    """Accepted events count only with a 202."""
    metrics = Metrics()
    for status, events in ((202, 3), (202, 1), (503, 2), (401, 0)):
        metrics.answered(status, events)
    samples = scraped(metrics)
    assert samples['hookwright_ingest_answers_total{code="202"}'] == 2
    assert samples['hookwright_ingest_answers_total{code="503"}'] == 1
    assert samples['hookwright_ingest_answers_total{code="401"}'] == 1
    assert samples["hookwright_events_accepted_total"] == 4


def test_attempts_are_counted_by_result_and_cause() -> None:
    """A delivery is counted once, by the result of its last attempt."""
    metrics = Metrics()
    for result, cause in (
        ("Retrying", "DNS"),
        ("Retrying", "DNS"),
        ("Delivered", None),
        ("Rejected", "Status"),
    ):
        metrics.attempted(ended(result, cause))
    samples = scraped(metrics)
    assert samples['hookwright_attempts_total{cause="DNS",result="Retrying"}'] == 2
    assert samples['hookwright_attempts_total{cause="",result="Delivered"}'] == 1
    assert samples['hookwright_deliveries_total{result="Delivered"}'] == 1
    assert samples['hookwright_deliveries_total{result="Rejected"}'] == 1
    assert 'hookwright_deliveries_total{result="Retrying"}' not in samples


def test_durations_and_latencies_fall_into_their_buckets() -> None:
    """Every attempt has a duration; only delivered ones have a latency from acceptance on."""
    metrics = Metrics()
    metrics.attempted(ended("Delivered", duration=20.0))
    metrics.attempted(ended("Retrying", "Timeout", duration=15_000.0))
    metrics.attempted(ended("Retrying", "Timeout", duration=90_000.0))
    samples = scraped(metrics)
    assert samples['hookwright_attempt_duration_seconds_bucket{le="0.01"}'] == 0
    assert samples['hookwright_attempt_duration_seconds_bucket{le="0.025"}'] == 1
    assert samples['hookwright_attempt_duration_seconds_bucket{le="60.0"}'] == 2
    assert samples['hookwright_attempt_duration_seconds_bucket{le="+Inf"}'] == 3
    assert samples["hookwright_attempt_duration_seconds_count"] == 3
    assert samples["hookwright_attempt_duration_seconds_sum"] == pytest.approx(105.02)
    assert samples['hookwright_delivery_latency_seconds_bucket{le="1.0"}'] == 0
    assert samples['hookwright_delivery_latency_seconds_bucket{le="2.5"}'] == 1
    assert samples["hookwright_delivery_latency_seconds_count"] == 1


def test_new_connections_strays_pruned_rows_and_refused_configurations_are_counted() -> None:
    """What alerts are made of."""
    metrics = Metrics()
    metrics.attempted(ended("Delivered", handshake=True))
    metrics.attempted(ended("Delivered"))
    metrics.strays(0)
    metrics.strays(2)
    metrics.pruned({"history": 5, "events": 0})
    metrics.pruned({"history": 2})
    metrics.configuration_refused()
    samples = scraped(metrics)
    assert samples["hookwright_tls_handshakes_total"] == 1
    assert samples["hookwright_stray_deliveries_total"] == 2
    assert samples['hookwright_pruned_total{kind="history"}'] == 7
    assert samples["hookwright_config_refused_total"] == 1


def test_counters_exist_before_anything_happened() -> None:
    """A rate over a counter that only appears with its first failure would miss that failure."""
    samples = scraped(Metrics())
    for name in ("events_accepted", "tls_handshakes", "stray_deliveries", "config_refused"):
        assert samples[f"hookwright_{name}_total"] == 0
    assert samples["process_resident_memory_bytes"] > 0
    assert any(name.startswith("hookwright_build_info{version=") for name in samples)


@pytest.mark.parametrize("kept", [True, False])
def test_a_store_that_goes_with_the_pod_is_told(kept: bool) -> None:
    """So that nobody finds out by a loss."""
    assert scraped(Metrics(data_kept=kept))["hookwright_data_kept"] == kept


def test_rounds_that_failed_are_counted_by_name() -> None:
    """Each has a rate of its own."""
    metrics = Metrics()
    for name in ("prune", "sweep", "prune"):
        metrics.round_failed(name)
    samples = scraped(metrics)
    assert samples['hookwright_round_failures_total{round="prune"}'] == 2
    assert samples['hookwright_round_failures_total{round="sweep"}'] == 1


def test_states_and_backlogs_are_read_at_the_scrape() -> None:
    """Webhooks by state leave out deleted ones, whose waiting deliveries and dead letters still count."""
    two = filled("a/two", waiting=4)
    for _ in range(CIRCUIT_FAILURES):
        attempt(two, RETRY)
        put(two, delivery(99, route="a/two"))
    two.standing.held("its Secret is away")
    gone = filled("b/gone", dead=5)
    for _ in range(6):
        put(gone, delivery(1, route="b/gone"))
        attempt(gone, RETRY)
    put(gone, delivery(1, route="b/gone"))
    attempt(gone, GONE)
    deleted = filled("b/deleted", waiting=6)
    deleted.standing.removed(0.0)
    one = filled("a/one", waiting=3, dead=1, in_flight=2)
    seen = observed(one, two, gone, deleted)._replace(webhooks=["a/one", "a/two", "b/gone"])
    samples = watching(seen)
    assert samples['hookwright_webhooks{state="running"}'] == 1
    assert samples['hookwright_webhooks{state="held"}'] == 1
    assert samples['hookwright_webhooks{state="gone"}'] == 1
    assert samples["hookwright_circuits_open"] == 1
    assert samples["hookwright_pending"] == sum(lane.waiting for lane in (one, two, gone, deleted))
    assert samples["hookwright_dead_letters"] == 7
    assert samples["hookwright_in_flight"] == 2
    assert samples['hookwright_webhook_pending{namespace="a",webhook="one"}'] == 3
    assert samples['hookwright_webhook_pending{namespace="b",webhook="deleted"}'] == 6
    assert samples['hookwright_webhook_dead_letters{namespace="b",webhook="gone"}'] == 6
    assert samples['hookwright_webhook_consecutive_failures{namespace="b",webhook="gone"}'] == 7


def test_gauges_are_those_of_the_moment() -> None:
    """What happens between two scrapes is seen by the second."""
    lane, metrics = filled("a/one", waiting=2), Metrics()
    metrics.watch(lambda: observed(lane))
    assert scraped(metrics)["hookwright_pending"] == 2
    attempt(lane)
    assert scraped(metrics)["hookwright_pending"] == 1


def test_series_per_webhook_are_bounded() -> None:
    """Those with most waiting or dead keep their names, the others are summed, so the sum is whole."""
    quiet = [filled(f"n/quiet-{number}", waiting=1) for number in range(METRICS_WEBHOOKS + 50)]
    samples = watching(observed(*quiet, filled("n/full", waiting=900), filled("n/dead", dead=800)))
    pending = {
        name: value for name, value in samples.items() if name.startswith("hookwright_webhook_pending{")
    }
    assert len(pending) == METRICS_WEBHOOKS + 1
    assert pending['hookwright_webhook_pending{namespace="n",webhook="full"}'] == 900
    assert samples['hookwright_webhook_dead_letters{namespace="n",webhook="dead"}'] == 800
    assert sum(pending.values()) == samples["hookwright_pending"]
    assert pending['hookwright_webhook_pending{namespace="",webhook="(others)"}'] == 52


def test_the_configuration_in_force_is_told_by_hash_and_time() -> None:
    """Before the first one there is nothing to tell."""
    samples = watching(observed(config_hash="0123abcd", loaded_at=1_700_000_000.5))
    assert samples['hookwright_config_info{hash="0123abcd"}'] == 1
    assert samples["hookwright_config_loaded_timestamp_seconds"] == 1_700_000_000.5
    assert not any(name.startswith("hookwright_config_info") for name in watching(observed()))


def test_it_is_told_on_how_much_this_process_works() -> None:
    """Where several share the work, the sum says whether somebody works on everything."""
    assert watching(observed())["hookwright_parts"] == 12


def test_the_store_tells_its_figures() -> None:
    """Commits, their size and time, and how far back repeats are recognised."""
    figures = StoreStats(
        commits=10, rows=250, commit_seconds=0.5, slowest_commit_seconds=0.2, checkpoints=1,
        checkpoint_seconds=0.1, wal_bytes=4096, held=3, identities=77, oldest_identity=1_700_000_000_500,
    )  # fmt: skip
    samples = watching(observed()._replace(stats=figures))
    assert samples["hookwright_store_commits_total"] == 10
    assert samples["hookwright_store_rows_total"] == 250
    assert samples["hookwright_store_commit_seconds_total"] == 0.5
    assert samples["hookwright_store_slowest_commit_seconds"] == 0.2
    assert samples["hookwright_store_waiting_for_space"] == 3
    assert samples["hookwright_identities"] == 77
    assert samples["hookwright_identity_window_start_timestamp_seconds"] == 1_700_000_000.5
    assert "hookwright_identity_window_start_timestamp_seconds" not in watching(observed())


def test_a_store_tells_only_what_it_has() -> None:
    """One in a database says whether that is there and whether a second server has each commit; one in a file its log."""
    away = watching(observed()._replace(stats=StoreStats(away=True, standby=False)))
    assert (away["hookwright_store_away"], away["hookwright_store_synchronous_standby"]) == (1, 0)
    assert "hookwright_store_wal_bytes" not in away
    file = watching(observed()._replace(stats=StoreStats(checkpoints=0, checkpoint_seconds=0.0, wal_bytes=0)))
    assert file["hookwright_store_checkpoints_total"] == 0
    assert "hookwright_store_away" not in file


def test_stops_of_the_event_loop_are_counted_and_the_longest_told() -> None:
    """The longest by the clock, and by what the process computed meanwhile."""
    metrics = Metrics()
    metrics.loop_stopped()
    metrics.loop_stopped()
    metrics.watch(lambda: observed())
    samples = scraped(metrics)
    assert samples["hookwright_loop_stops_total"] == 2
    assert samples["hookwright_loop_slowest_seconds"] == 0.075
    assert samples["hookwright_loop_slowest_cpu_seconds"] == 0.03


def test_who_is_near_a_limit_is_seen_before_it_is_reached() -> None:
    """What waits and what is kept, with its limits, in all and by namespace."""
    shares = BacklogShares()
    shares.came(1, 30, {"a": 2, "b": 1})
    shares.known("a")
    alone = watching(observed()._replace(shares=shares))
    assert alone["hookwright_namespace_pending_limit"] == 9
    shares.known("b")
    figures = StoreStats(kept={"dead_letters": Use(75, 100, {"a": 50, "b": 40})})
    samples = watching(observed()._replace(shares=shares, stats=figures))
    assert samples["hookwright_pending_bytes"] == 30
    assert samples["hookwright_pending_limit"] == 9
    assert samples["hookwright_pending_limit_bytes"] == 90
    assert samples["hookwright_namespace_pending_limit"] == 7
    assert samples["hookwright_namespace_pending_limit_bytes"] == 70
    assert samples['hookwright_namespace_pending{namespace="a"}'] == 2
    assert samples['hookwright_namespace_pending_bytes{namespace="b"}'] == 30
    assert samples['hookwright_kept_bytes{kind="dead_letters"}'] == 75
    assert samples['hookwright_kept_limit_bytes{kind="dead_letters"}'] == 100
    assert samples['hookwright_namespace_kept_bytes{kind="dead_letters",namespace="a"}'] == 50


def test_series_per_namespace_are_bounded() -> None:
    """Those that take most keep their names, the others are summed."""
    sizes = {f"space-{number}": number for number in range(METRICS_NAMESPACES + 30)}
    figures = StoreStats(kept={"history": Use(0, 0, sizes)})
    samples = watching(observed()._replace(stats=figures))
    found = {name: value for name, value in samples.items() if name.startswith("hookwright_namespace_kept")}
    assert len(found) == METRICS_NAMESPACES + 1
    assert sum(found.values()) == sum(sizes.values())
    assert found['hookwright_namespace_kept_bytes{kind="history",namespace="(others)"}'] == sum(range(30))


def test_two_dispatchers_in_one_process_do_not_share_figures() -> None:
    """Each has a registry of its own."""
    one, other = Metrics(), Metrics()
    one.answered(202, 1)
    assert scraped(other)["hookwright_events_accepted_total"] == 0
