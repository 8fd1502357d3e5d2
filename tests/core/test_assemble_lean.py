"""Events that have less than the full sample, or more: warnings with the line to write, never a refusal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.builders import assembled, config_map, only, secret, webhook
from hookwright.core.findings import Finding
from hookwright.core.samples import SAMPLE_TRIGGERS, event_of, lean_samples
from hookwright.core.templates import compile_body

LINE = re.compile(r", so write (.*)$")


def findings(body: str, trigger: str = "RequestGranted", **spec: Any) -> list[Finding]:
    """What is said of a webhook with this template; it runs in any case."""
    found = assembled(webhook(triggers=[trigger], bodyTemplate=body, **spec))
    assert only(found).held is None
    assert {each.severity for each in found.findings} <= {"warning"}
    return found.findings


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('{"b": "{{ data.access_bundle.name }}"}', '{{ data.access_bundle.name | default("", true) }}'),
        ('{"b": "{{data.access_bundle.name}}"}', '{{data.access_bundle.name | default("", true)}}'),
        ('{"b": {{ data.justification }}}', '{{ data.justification | default("", true) }}'),
        ('{"b": "{{ data.justification | upper }}"}', '{{ data.justification | default("", true) | upper }}'),
        ('{"b": "{{ data.justification | default("none") | upper }}"}', None),
        (
            '{"b": "{{ data.access_flow.name ~ data.access_bundle.name }}"}',
            '{{ data.access_flow.name | default("", true) ~ data.access_bundle.name | default("", true) }}',
        ),
        (
            '{"b": "{{data.access_groups.[0].[integration].name}}"}',
            '{{data.access_groups.[0].[integration].name | default("", true)}}',
        ),
        (
            '{"b": "{{ data.access_groups[1].integration.name }}"}',
            '{{ data.access_groups[1].integration.name | default("", true) }}',
        ),
        (
            '{"b": "{{ (data.access_groups | first).integration.name }}"}',
            '{{ ((data.access_groups | first).integration.name) if data.access_groups else "" }}',
        ),
        (
            '[{% for u in data.access_groups[0].access_units %}{{ u }}{% if not loop.last %},{% endif %}{% endfor %}]',
            '{% for u in data.access_groups[0].access_units | default([], true) %}',
        ),
        (
            '[{% for a in data.approvals %}{{ a.approver.email }}{% if not loop.last %},{% endif %}{% endfor %}]',
            '{{ a.approver.email | default("", true) }}',
        ),
        (
            '{"b": {% if data.access_bundle is defined %}{{ data.access_bundle.name }}{% else %}1{% endif %}}',
            '{{ data.access_bundle.name | default("", true) }}',
        ),
        (
            '{"b": {% if data.access_bundle is not none %}{{ data.access_bundle.name }}{% else %}1{% endif %}}',
            '{{ data.access_bundle.name | default("", true) }}',
        ),
        (
            '{"b": {% if data.access_flow.name == "x" %}1{% else %}2{% endif %}}',
            '{% if data.access_flow.name | default("", true) == "x" %}',
        ),
        (
            '{% set f = data.access_flow.name ~ "" %}{"b": {{ f }}}',
            '{% set f = data.access_flow.name | default("", true) ~ "" %}',
        ),
        (
            '{"b": {{ data.access_duration_in_seconds / 60 }}}',
            '{{ (data.access_duration_in_seconds / 60) if data.access_duration_in_seconds else "" }}',
        ),
    ],
)  # fmt: skip
def test_the_warning_names_the_line_to_write(body: str, line: str | None) -> None:
    """Body after body as people write them; what is offered renders every sample, and no more is said then."""
    found = findings(body)
    offered = [each for one in found if (each := LINE.search(one.sentence))]
    assert len(offered) == len(found)
    if line is None:
        assert found == []
        return
    assert offered[0][1] == line
    for one, each in zip(found, offered, strict=True):
        tag = re.search(r"^line 1, (.*?(?:\}\}|%\})):", one.sentence)
        assert tag is not None
        body = body.replace(tag[1], each[1])
    assert findings(body) == []


def test_a_time_before_it_is_known_is_warned_of() -> None:
    """revocation_date is null until access is granted."""
    body = '{"until": "{{ data.revocation_date | datetime }}"}'
    assert findings(body, "RequestGranted") == []
    (found,) = findings(body, "RequestCreated")
    assert found.sentence == (
        "line 1, {{ data.revocation_date | datetime }}: datetime needs seconds since 1970 or a text like "
        "2030-01-31T12:00:00Z; this is null; an event of RequestCreated may lack it, so write "
        '{{ (data.revocation_date | datetime) if data.revocation_date else "" }}'
    )


def test_every_piece_is_looked_at_with_its_line_and_field() -> None:
    """Body, URL, headers and a template in a ConfigMap; several places of one template are all named."""
    found = assembled(
        webhook(
            url="https://a.example/{{ data.access_flow.id }}",
            headers=[
                {"name": "A", "value": "{{ data.id }}"},
                {"name": "B", "value": "{{ data.justification }}"},
            ],
            bodyTemplate='{\n"a": "{{ data.access_flow.id }}",\n"b": "{{ data.justification }}"}',
        )
    ).findings
    assert [(each.severity, each.field, each.template_line) for each in found] == [
        ("warning", "spec.bodyTemplate", 2),
        ("warning", "spec.bodyTemplate", 3),
        ("warning", "spec.url", 1),
        ("warning", "spec.headers[1].value", 1),
    ]
    assert found[2].sentence.endswith('so write {{ data.access_flow.id | default("none", true) }}')
    ref = {"configMapKeyRef": {"name": "c", "key": "body"}}
    behind = assembled(webhook(bodyTemplateFrom=ref), config_map(body='\ufeff["{{ data.justification }}"]'))
    assert [(each.severity, each.field, each.template_line) for each in behind.findings] == [
        ("warning", "spec.bodyTemplateFrom", 0)
    ]


def test_a_url_from_a_secret_shows_no_line() -> None:
    """Of a secret URL only the fault is told."""
    found = assembled(
        webhook(url=None, urlFrom={"secretKeyRef": {"name": "s", "key": "url"}}),
        secret(url="https://a.example/s3cr3t/{{ data.access_flow.id }}"),
    )
    (finding,) = found.findings
    assert (finding.severity, finding.field) == ("warning", "spec.urlFrom")
    assert "s3cr3t" not in finding.sentence
    assert "write" not in finding.sentence


@pytest.mark.parametrize(
    "expression",
    ["data.friendlyid", "data.requester.emial", "data.id.name", "data.access_groups.name", "data.groups"],
)
def test_a_slip_of_the_pen_is_still_refused(expression: str) -> None:
    """A name like one that stands there, and a step into what has no fields, fail with every event."""
    found = assembled(webhook(bodyTemplate='{"a": "{{ ' + expression + ' }}"}'))
    assert [each.severity for each in found.findings] == ["error"]
    assert only(found).held is not None


def test_a_mistake_behind_a_warning_is_found() -> None:
    """An item that the sample lacks does not hide what follows."""
    found = assembled(
        webhook(
            bodyTemplate='{"a": "{{ data.access_groups[1].integration.name }}", "b": "{{ data.requester.emial }}"}'
        )
    )
    assert [each.severity for each in found.findings] == ["warning", "error"]


@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_lean_samples_are_events_with_less(trigger: str) -> None:
    """Each field of a lean sample is one of the full sample's, and a template of what is always there renders it."""
    body = '{"a": "{{ data.friendly_id }} {{ data.requester.email }} {{ data.creation_date | datetime }}"}'
    for document in lean_samples(trigger):
        assert event_of(document).trigger == trigger
        assert compile_body(body).render(document)
    empty, bare = lean_samples(trigger)
    assert empty["data"]["access_bundle"] is None
    assert "access_bundle" not in bare["data"]
    assert empty["data"]["access_groups"] == empty["data"]["approvals"] == []
    assert [each["approver"] for each in bare["data"]["approvals"]] == [None]
    known_end = trigger in ("RequestGranted", "RequestExpired")
    assert (empty["data"]["revocation_date"] is not None) == known_end
