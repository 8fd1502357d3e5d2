"""Which times follow the machine's clock when it is set while the dispatcher runs, and which do not."""

from __future__ import annotations

import time

import pytest

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.egress import EgressPolicy
from hookwright.core.former import FormerSecrets
from hookwright.core.request import Outgoing
from hookwright.core.routes import Route
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Pipeline, Target
from hookwright.outbound.sender import HttpSender

SPEC = WebhookSpec(url="https://nowhere.test/hook", triggers=["RequestGranted"])
WEBHOOK = RouteConfig(namespace="default", name="one", hash="a", triggers=SPEC.triggers, spec=SPEC)
HOUR = 3600.0


@pytest.fixture
def an_hour_ahead(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock of a process that runs while the machine's clock is set forward by an hour."""
    clock = Clock()
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + HOUR)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(HOUR * 1e9))
    return clock


def test_due_times_do_not_jump(an_hour_ahead: Clock) -> None:
    """What is compared with what this process noted earlier goes on evenly."""
    assert an_hour_ahead.wall() - an_hour_ahead.now() > HOUR - 60


async def test_the_timestamp_of_a_request_is_what_the_machine_says(an_hour_ahead: Clock) -> None:
    """Receivers compare it with their own clocks and refuse what is off by minutes (Standard Webhooks)."""
    sender = HttpSender(EgressPolicy(), user_agent="test")
    former = FormerSecrets(an_hour_ahead.monotonic)
    target = Target(Route(WEBHOOK), sender, an_hour_ahead.monotonic, former)
    outgoing = Pipeline(an_hour_ahead).prepare(
        target, b'{"event_type":"RequestGranted"}', trigger="RequestGranted", delivery_id="dlv_1", attempt=1
    )
    assert isinstance(outgoing, Outgoing)
    assert int(dict(outgoing.headers)["webhook-timestamp"]) - an_hour_ahead.now() > HOUR - 60
