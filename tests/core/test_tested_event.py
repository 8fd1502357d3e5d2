"""The event of a test that stands in a ConfigMap, as editors and exports write it."""

from __future__ import annotations

import pytest

from hookwright.api.config import RouteConfig
from hookwright.api.v1alpha1.webhooktest import WebhookTestSpec
from hookwright.core.tested_event import event_of_test

WEBHOOK = RouteConfig(namespace="default", name="w", hash="h", triggers=["RequestGranted"])
SPEC = WebhookTestSpec.model_validate(
    {"webhookRef": {"name": "w"}, "eventFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}
)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('\ufeff{"event_type": "RequestGranted", "data": {"x": 1}}', {"x": 1}),
        (r'{"event_type": "RequestGranted", "data": {"x": "cut \ud83d"}}', {"x": "cut \ufffd"}),
        ('{"event_type": "RequestGranted", "data": {"x": 12345678901234567890123}}', {"x": 12345678901234567890123.0}),
    ],
)  # fmt: skip
def test_an_exact_event_is_read_as_the_event_port_reads_it(text: str, data: dict[str, object]) -> None:
    """A byte order mark, half an emoji and a long number are no mistakes of its writer."""
    assert event_of_test(SPEC, WEBHOOK, text).document["data"] == data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "spec.eventFrom: the text is not valid JSON: "),
        ('{"a": 1, "a": 2}', 'spec.eventFrom: the text has the key "a" twice in one object: send it once.'),
    ],
)
def test_what_is_no_event_is_a_sentence(text: str, says: str) -> None:
    """It names the field."""
    with pytest.raises(ValueError, match=r"^spec.eventFrom") as refusal:
        event_of_test(SPEC, WEBHOOK, text)
    assert str(refusal.value).startswith(says)
