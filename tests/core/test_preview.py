"""The workbench's preview: problems in the words of `validate`, the request of `render`, never a Secret's value."""

from __future__ import annotations

from typing import Any

import pytest

from core.builders import assembled, config_map, secret, webhook
from hookwright.api.admin_workbench import Preview, PreviewRequest
from hookwright.cli.yaml_reader import documents
from hookwright.core.objects import Object
from hookwright.core.preview import event_of_preview, preview
from hookwright.core.samples import sample
from hookwright.errors import EventError

SECRET = "a-very-secret-value"
TEMPLATE = '{\n  "who": "{{ data.requester.name }}"\n}'
MISSPELT = '{\n  "who": "{{ data.requester.nam }}"\n}'


def tried(*objects: Object, **wanted: Any) -> Preview:
    """A preview of the one webhook among some objects."""
    (config,) = assembled(*objects).config.webhooks
    request = PreviewRequest.model_validate({"webhook": config.key, **wanted})
    event = event_of_preview(request, config, now_ms=1_700_000_000_000)
    return preview(config, request, event, now=1_700_000_000, clock=iter((1.0, 1.0004)).__next__)


def test_another_template_is_rendered_instead_of_the_configured_one() -> None:
    """Nothing else of the webhook changes; the time is that of the render."""
    found = tried(webhook(bodyTemplate='{"a": 1}'), bodyTemplate=TEMPLATE)
    assert found.request is not None
    assert (found.request.url, found.request.body) == ("https://a.example/x", '{\n  "who": "User"\n}')
    assert (found.matched, found.reasons, found.problems, found.took_millis) == (True, [], [], 0.4)


def test_a_misspelt_field_is_told_as_validate_tells_it_with_its_place() -> None:
    """The sentence is that of the finding about the same manifest; nothing is rendered."""
    (finding,) = assembled(webhook(bodyTemplate=MISSPELT)).findings
    found = tried(webhook(bodyTemplate=TEMPLATE), bodyTemplate=MISSPELT)
    (problem,) = found.problems
    assert (problem.field, problem.severity, problem.message) == (
        "spec.bodyTemplate",
        "error",
        finding.sentence,
    )
    assert (problem.line, problem.column, problem.length) == (2, 11, len("{{ data.requester.nam }}"))
    assert found.request is None


def test_a_warning_brings_the_tag_to_write_instead() -> None:
    """What an event may lack renders with this one."""
    found = tried(webhook(), bodyTemplate='{"a": "{{ data.grantee.name }}"}')
    (problem,) = found.problems
    assert (problem.severity, problem.cure) == ("warning", '{{ data.grantee.name | default("", true) }}')
    assert found.request is not None


def test_what_only_this_event_shows_is_a_problem_of_its_own() -> None:
    """The sample events have the field; the given one has not, and that replaces the warning about the same place."""
    given = sample("RequestCreated") | {"data": {"id": "r"}}
    found = tried(webhook(), bodyTemplate='{"a": "{{ data.grantee.name }}"}', event=given)
    (problem,) = found.problems
    assert (problem.severity, problem.line, problem.column, problem.length) == ("error", 1, 8, 23)
    assert "grantee" in problem.message
    assert found.request is None


def test_every_part_of_the_spec_that_shapes_request_and_match_can_be_tried() -> None:
    """URL, headers, filters and triggers; the manifest has them all."""
    wanted = {
        "url": "https://b.example/{{ data.id }}",
        "headers": [{"name": "X-A", "value": "{{ trigger }}"}],
        "filters": {"integrations": ["none"]},
        "triggers": ["RequestFailed"],
    }
    found = tried(webhook(), trigger="RequestFailed", **wanted)
    assert found.request is not None
    assert (found.request.url, found.request.headers["X-A"]) == (
        "https://b.example/request-1",
        "RequestFailed",
    )
    assert [reason.partition(":")[0] for reason in found.reasons] == ["integrations"]
    assert found.yaml is not None
    (document,) = documents(found.yaml)
    assert document.value["spec"] == wanted


def test_a_part_that_breaks_a_rule_is_told_by_its_path() -> None:
    """The rest cannot be tried then."""
    found = tried(webhook(), headers=[{"name": "Host", "value": "x"}])
    assert [problem.field for problem in found.problems] == ["spec.headers[0].name"]
    assert (found.request, found.matched) == (None, True)


def test_no_value_of_a_secret_is_ever_shown() -> None:
    """In the URL, a header, the credentials and the problems stands the name of its place."""
    ref = {"secretKeyRef": {"name": "s", "key": "k"}}
    spec = {
        "url": None,
        "urlFrom": {"secretKeyRef": {"name": "s", "key": "url"}},
        "headers": [{"name": "X-A", "valueFrom": ref}],
        "auth": {"bearer": {"tokenSecretRef": ref["secretKeyRef"]}},
    }
    url = f"https://a.example/{SECRET}"
    found = tried(webhook(**spec), secret(k=SECRET, url=url), bodyTemplate=MISSPELT.replace("nam ", "name "))
    assert found.request is not None
    assert found.request.url == "‹secret s/url›"
    assert found.request.headers["X-A"] == "‹secret s/k›"
    assert found.request.headers["authorization"] == "Bearer ‹secret s/k›"
    assert SECRET not in found.model_dump_json()


def test_a_held_webhook_can_be_tried_as_well() -> None:
    """Its Secret is away, its template is wrong: with another template there is a request."""
    held = webhook(bodyTemplate=MISSPELT, auth={"bearer": {"tokenSecretRef": {"name": "away", "key": "k"}}})
    found = tried(held, bodyTemplate=TEMPLATE)
    assert found.problems == []
    assert found.request is not None


def test_a_spec_that_breaks_a_rule_cannot_be_tried_and_says_which() -> None:
    """The configuration holds nothing of it."""
    found = tried(webhook(method="PATCH"))
    (problem,) = found.problems
    assert (problem.field, found.request, found.yaml) == ("spec", None, None)
    assert problem.message.startswith("spec.method: ")


def test_a_template_of_a_config_map_is_rendered_or_missed() -> None:
    """Where the ConfigMap is away the sentence says so."""
    spec = {"bodyTemplateFrom": {"configMapKeyRef": {"name": "c", "key": "body"}}}
    found = tried(webhook(**spec), config_map(body='{"a": "{{ data.id }}"}'))
    assert found.request is not None
    assert found.request.body == '{"a": "request-1"}'
    away = tried(webhook(**spec))
    assert away.request is None
    assert [problem.message for problem in away.problems] == [
        "ConfigMap c does not exist in namespace default: create it there"
    ]


def test_events_of_every_shape_are_taken() -> None:
    """An envelope, one with another trigger, a CloudEvent, other JSON with its type."""
    cloud = {"specversion": "1.0", "id": "1", "source": "/s", "type": "dev.example.x", "data": {"id": 7}}
    body = {"bodyTemplate": '{"id": {{ data.id }}, "type": "{{ trigger }}"}'}
    for given, trigger, shown in (
        ({"event_type": "AccessRequestCreated", "data": {"id": 7}}, None, "RequestCreated"),
        ({"event_type": "AccessRequestCreated", "data": {"id": 7}}, "RequestFailed", "RequestFailed"),
        (cloud, None, "dev.example.x"),
        ({"id": 7}, "dev.example.y", "dev.example.y"),
    ):
        found = tried(webhook(), event=given, **body, **({"trigger": trigger} if trigger else {}))
        assert found.trigger == shown
        assert found.request is not None
        assert found.request.body == f'{{"id": 7, "type": "{shown}"}}'


@pytest.mark.parametrize(
    ("wanted", "part"),
    [({"event": {"a": 1}}, "has no event_type"), ({"trigger": "dev.example.x"}, "give an event")],
)
def test_an_event_that_is_none_is_refused(wanted: dict[str, Any], part: str) -> None:
    """With one sentence."""
    with pytest.raises(EventError, match=part):
        tried(webhook(), **wanted)
