"""Which times follow the machine's clock when it is set while the dispatcher runs."""

from __future__ import annotations

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


class SetForward(Clock):
    """The clock of a process that runs while the machine's clock is set forward by an hour."""

    def wall(self) -> float:
        return super().wall() + HOUR


async def test_the_timestamp_of_a_request_is_what_the_machine_says() -> None:
    """Receivers compare it with their own clocks and refuse what is off by minutes (Standard Webhooks)."""
    clock = SetForward()
    sender = HttpSender(EgressPolicy(), user_agent="test")
    former = FormerSecrets(clock.monotonic)
    target = Target(Route(WEBHOOK), sender, clock.monotonic, former)
    outgoing = Pipeline(clock).prepare(
        target, b'{"event_type":"RequestGranted"}', trigger="RequestGranted", delivery_id="dlv_1", attempt=1
    )
    assert isinstance(outgoing, Outgoing)
    assert int(dict(outgoing.headers)["webhook-timestamp"]) - clock.now() > HOUR - 60
