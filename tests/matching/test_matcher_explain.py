"""Why an event is not for a webhook, in sentences."""

from __future__ import annotations

from hookwright.core.event import Event
from hookwright.core.matching import Matcher
from matching.builders import CREATED, config, expression


def test_explain_gives_every_reason() -> None:
    """One sentence for each thing that keeps an event from a webhook."""
    wanted = config(
        "w",
        "RequestFailed",
        "com.example.*",
        active=False,
        integrations=["Datadog"],
        match_expressions=[expression("$.data.friendly_id", "Prefix", "XY-")],
    )
    assert Matcher([wanted]).explain(CREATED, "ns/w", frozenset({"other"})) == [
        "active: the webhook is inactive",
        "namespace: events sent there do not reach ns",
        "triggers: RequestCreated is not in [RequestFailed, com.example.*]",
        'integrations: none of "prod db", "integration-1" is in [Datadog]',
        'matchExpressions[0]: $.data.friendly_id is "AR-123", wanted Prefix [XY-]',
    ]


def test_explain_of_a_match_and_of_an_unknown_webhook() -> None:
    """Nothing to say where it matches; an unknown webhook and event type are named."""
    matcher = Matcher([config("w", integrations=["prod *"])])
    event = Event("AccessRequestRevoked", None, CREATED.document, CREATED.raw)
    assert matcher.explain(CREATED, "ns/w", frozenset({"ns"})) == []
    assert matcher.explain(CREATED, "ns/v", None) == ["there is no webhook ns/v"]
    assert matcher.explain(event, "ns/w", None) == [
        "triggers: AccessRequestRevoked is not in [RequestCreated]"
    ]


def test_explain_tells_a_filter_over_its_budget() -> None:
    """A path over its budget is a reason like any other."""
    document = {"event_type": "RequestCreated", "data": {"x": [[0] * 100] * 200}}
    event = Event("RequestCreated", "RequestCreated", document, b"{}")
    (reason,) = Matcher([config("w", match_expressions=[expression("$..*", "Exists")])]).explain(
        event, "ns/w", None
    )
    assert reason.startswith("filters.matchExpressions[0]: $..* takes 16,")
