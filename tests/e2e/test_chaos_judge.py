"""The judge of a play, without a cluster: a seed plays the same steps, and what is not so is found."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from e2e.chaos import steps, things
from e2e.chaos.truth import World, lies, lost, where
from e2e.kube import ours

PICTURES: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in steps.TAKEN}
PLACE = things.NAMESPACES[0]
TRUE = {
    "Accepted": ("True", "Accepted"),
    "ResolvedRefs": ("True", "ResolvedRefs"),
    "Programmed": ("True", "Programmed"),
    "Ready": ("True", "Succeeded"),
}
PASSED = {"Ready": ("True", "TestPassed"), "Finished": ("True", "TestPassed")}
SECRET = {
    "metadata": {"name": "s0", "namespace": PLACE, "labels": things.SECRET_LABEL},
    "data": {"url": "aHR0cHM6Ly94"},
}


def told(thing: dict[str, Any], conditions: dict[str, tuple[str, str]], **status: Any) -> dict[str, Any]:
    """An object with a status of its generation."""
    listed = [
        {"type": kind, "status": state, "reason": reason} for kind, (state, reason) in conditions.items()
    ]
    thing["metadata"]["generation"] = 1
    thing["status"] = {"observedGeneration": 1, "conditions": listed, **status}
    return thing


def world(*, secret: dict[str, Any] | None = SECRET, **spec: Any) -> World:
    """A webhook whose status says that all is well, with a test that has passed."""
    target = {} if "urlFrom" in spec else {"url": things.url("ok", PLACE, "w0")}
    hook = ours("Webhook", "w0", PLACE, {"triggers": ["RequestGranted"], **target, **spec})
    test = ours("WebhookTest", "w0", PLACE, {"webhookRef": {"name": "w0"}, "mode": "Send"})
    hook = told(hook, TRUE, configHash="a", tests={"total": 1})
    test = told(test, PASSED, testedConfigHash="a")
    secrets = {} if secret is None else {where(secret): secret}
    return World({where(hook): hook}, {where(test): test}, secrets, {})


RUNS = {f"{PLACE}/w0": "a"}
URL_FROM = {"secretKeyRef": {"name": "s0", "key": "url"}}


def test_same_seed_plays_the_same_steps() -> None:
    """And another one others; whatever is taken from the release has come back at the end."""
    first, again, other = (list(steps.steps(seed, 300, PICTURES)) for seed in (7, 7, 8))
    assert first == again != other
    for kind, (what, _) in steps.TAKEN.items():
        taken = [number for number, step in enumerate(first) if what in step.arguments]
        back = [number for number, step in enumerate(first) if step == steps.apply(PICTURES[kind], "helm")]
        assert taken
        assert len(back) == len(taken)
        assert max(back) > max(taken)


def test_nothing_is_said_of_what_is_true() -> None:
    """Neither of a plain webhook nor of one with a Secret."""
    assert lies(world(), RUNS) == []
    assert lies(world(urlFrom=URL_FROM), RUNS) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"bodyTemplate": things.BAD_BODY}, "Accepted is True"),
        ({"urlFrom": URL_FROM, "secret": None}, "true is ['SecretNotFound']"),
        ({"urlFrom": URL_FROM, "secret": {**SECRET, "data": {}}}, "true is ['KeyNotFound']"),
        (
            {"urlFrom": URL_FROM, "secret": {**SECRET, "metadata": {"name": "s0", "namespace": PLACE}}},
            "true is ['SecretNotLabelled']",
        ),
        ({"active": False}, "though active is False"),
        ({"url": things.url("404", PLACE, "w0")}, "true is False, True"),
    ],
    ids=["template", "no-secret", "no-key", "no-label", "inactive", "target"],
)
def test_a_status_that_is_not_so_is_found(spec: dict[str, Any], expected: str) -> None:
    """A status that says all is well, over each thing that may be wrong."""
    assert any(expected in each for each in lies(world(**spec), RUNS))


def test_an_old_generation_and_an_old_configuration_are_found() -> None:
    """Of the webhook, of its test, and of the dispatcher."""
    stands = world()
    assert any("the dispatcher runs None" in each for each in lies(stands, {}))
    (hook,) = stands.webhooks.values()
    later = copy.deepcopy(dict(hook))
    later["metadata"]["generation"] = 2
    later["status"]["configHash"] = "b"
    found = lies(World({where(later): later}, stands.tests, {}, {}), RUNS)
    assert any("generation 2 is not observed" in each for each in found)
    assert any("of another configuration" in each for each in found)


def test_what_neither_arrived_nor_is_buried_for_a_reason_is_lost() -> None:
    """A dead letter counts only if its webhook's target ever answered so."""
    accepted = {"a": "p/w", "b": "p/w", "c": "p/w", "d": "p/other"}
    found = lost(accepted, {"a"}, {"b": "Rejected", "d": "Rejected"}, {"p/w": {"404"}, "p/other": {"ok"}})
    assert [each.split(" ")[0] for each in found] == ["c", "d"]
