"""A play of chance with everything that people change and delete, then quiet: all that is said is true, nothing is lost.

make chaos SECONDS=300 SEED=7    plays longer, and again what a failure told
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.chaos import steps, things
from e2e.chaos.ledger import Play, lines, repeated, running, world
from e2e.chaos.steps import Step
from e2e.chaos.truth import lies, lost
from e2e.conftest import Release, Source
from e2e.kube import Kube, until

SEED = int(os.environ.get("CHAOS_SEED") or 2)
SECONDS = float(os.environ.get("CHAOS_SECONDS") or 90)
SETTLES = 60.0
"""Seconds of quiet after which every status is true."""
REFUSED = ("not found", "being terminated", "NotFound")
"""What a step may be refused with: its namespace is away."""
CLUSTER_FIELDS = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"}


def picture(kube: Kube, what: str, place: str) -> dict[str, Any]:
    """An object as it would be made again."""
    found = json.loads(kube("-n", place, "get", what, "-o", "json"))
    found.pop("status", None)
    found["metadata"] = {key: value for key, value in found["metadata"].items() if key not in CLUSTER_FIELDS}
    return found


def played(kube: Kube, step: Step) -> str:
    """What became of a step; AssertionError if it was refused for no good reason."""
    time.sleep(step.pause)
    try:
        kube(*step.arguments, stdin=step.stdin)
    except AssertionError as error:
        if not any(each in str(error) for each in REFUSED):
            raise
        return f"{step}  # refused: {str(error).splitlines()[-1]}"
    return str(step)


@pytest.fixture
def play(kube: Kube, image: str, source: Source, release: Release, tmp_path: Path) -> Iterator[Play]:
    """A source that posts, and a follower of what arrives."""
    started = Play(kube, image, tmp_path, SEED)
    yield started
    started.end()
    kube("delete", "namespace", *things.NAMESPACES, "--ignore-not-found")


def settled(what: str, wrong: Callable[[], list[str]], seconds: float) -> None:
    """Wait until nothing is wrong any more; else say what still is."""
    last: list[str] = []

    def nothing_wrong() -> bool:
        last[:] = wrong()
        return not last

    try:
        until(nothing_wrong, seconds)
    except AssertionError:
        raise AssertionError("\n".join([f"{what}, after {seconds:.0f} s:", *last[:40]])) from None


def chaos(kube: Kube, play: Play, log: Path) -> dict[str, set[str]]:
    """Play all steps; how the targets of each webhook answered in its course."""
    pictures = {kind: picture(kube, *taken) for kind, taken in steps.TAKEN.items()}
    answers: dict[str, set[str]] = defaultdict(set)
    with log.open("a", buffering=1) as written:
        for step in steps.steps(SEED, SECONDS, pictures):
            print(f"{datetime.now(UTC):%H:%M:%S} {played(kube, step)}", file=written)
            for webhook, kind in steps.targets(step):
                answers[webhook].add(kind)
            play.give_token()
    return answers


def heal(kube: Kube) -> None:
    """Every webhook that there ever was is there, good, and asked to begin anew."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    requested = {"hookwright.io/requestedAt": now}
    kube.apply(*(things.good_webhook(p, n, **requested) for p in things.NAMESPACES for n in things.HOOKS))


def judged(kube: Kube, play: Play, answers: dict[str, set[str]]) -> None:
    """Statuses, then deliveries, then what was logged meanwhile."""

    def untrue() -> list[str]:
        return lies(world(kube, things.NAMESPACES), running(kube))

    quiet, began = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", time.monotonic()
    settled("untrue statuses", untrue, SETTLES)
    print(f"all statuses true after {time.monotonic() - began:.1f} s")
    heal(kube)
    settled("untrue statuses of healed webhooks", untrue, SETTLES)
    play.stop_source()
    accepted = play.accepted()
    settled("lost deliveries", lambda: lost(accepted, play.arrived(), play.buried(), answers), 120)
    print(f"{len(accepted)} deliveries acknowledged, dead letters {len(play.buried())}")
    assert play.statuses() <= {0, 202, 503, *([401] if len(play.tokens) > 1 else [])}
    assert len(accepted) > SECONDS
    assert repeated(lines(kube, quiet), (time.monotonic() - began) / 60) == []


def test_after_chaos_all_is_true_and_nothing_is_lost(kube: Kube, play: Play, tmp_path: Path) -> None:
    """Statuses within a minute of quiet, no line again and again, and each delivery there or buried for a known reason."""
    log = tmp_path / "steps"
    print(f"chaos: seed {SEED}, {SECONDS:.0f} s, steps in {log}")
    try:
        judged(kube, play, chaos(kube, play, log))
    except AssertionError:
        print(log.read_text())
        raise
