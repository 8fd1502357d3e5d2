"""Templates as people have them in Apono, pasted unchanged: Handlebars paths, JSON inside a JSON string, an array.

One webhook for each tool, with the URL and headers that its guide asks for, run by the real product. The event has
quotes, a line break and a backslash in its justification, at which the pasted text alone would break.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import yaml

from examples.cases import QUOTED
from hookwright.core.samples import SAMPLE_TRIGGERS, merge, sample
from product.conftest import Product, receiving

pytestmark = pytest.mark.xdist_group("apono-templates")

LOG = r"""{\"event_type\":\"{{event_type}}\",\"event_time\":\"{{event_time}}\",\"id\":\"{{data.id}}\",
\"friendly_id\":\"{{data.friendly_id}}\",\"requester_id\":\"{{data.requester.id}}\",
\"requester_name\":\"{{data.requester.name}}\",\"requester_email\":\"{{data.requester.email}}\",
\"justification\":\"{{data.justification}}\",\"creation_date\":\"{{data.creation_date}}\",
\"access_flow_id\":\"{{data.access_flow.id}}\",\"access_flow_name\":\"{{data.access_flow.name}}\",
\"access_bundle_id\":\"{{data.access_bundle.id}}\",\"access_bundle_name\":\"{{data.access_bundle.id}}\",
\"integration_name\":\"{{ data.access_groups.[0].integration.name }}\",
\"integration_type\":\"{{ data.access_groups.[0].[integration].type }}\"}""".replace("\n", "")
LOGGED = {
    "id": "request-1",
    "friendly_id": "AR-123",
    "requester_id": "user-1",
    "requester_name": "User",
    "requester_email": "user@example.com",
    "justification": QUOTED,
    "creation_date": "1696263265.851898000",
    "access_flow_id": "flow-1",
    "access_flow_name": "Flow 1",
    "access_bundle_id": "bundle-1",
    "access_bundle_name": "bundle-1",
    "integration_name": "prod db",
    "integration_type": "Postgresql",
}
"""What comes of the log line, beside event_type and event_time; the bundle's name is its id, as pasted."""
TOKEN_HEADER = [{"name": "Authorization", "value": "Bearer an-example-token"}]

PASTED: dict[str, tuple[str, list[dict[str, str]], str]] = {
    "teams": (
        "https://example.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4",
        [],
        '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,'
        '"content":{"type":"AdaptiveCard","version":"1.2","body":[{"type":"TextBlock","text":"{{event_type}} by '
        '{{data.requester.name}}"},{"type":"TextBlock","text":"{{data.justification}}"}]}}]}',
    ),
    "servicenow": (
        "https://example.service-now.com/api/now/table/incident",
        [],
        '{"caused_by": "{{data.requester.name}}", "short_description": "{{data.access_groups.[0].integration.name}}",'
        ' "cause": "{{event_type}}", "description": "' + LOG + '"}',
    ),
    "datadog": (
        "https://http-intake.logs.us5.datadoghq.com/api/v2/logs",
        [{"name": "DD-API-KEY", "value": "key"}, {"name": "DD-APPLICATION-KEY", "value": "id"}],
        '[{"ddsource": "apono", "ddtags": "env:production", "hostname": "apono", "message": "'
        + LOG
        + '", "alert_type": "info", "service": "apono"}]',
    ),
    "coralogix": (
        "https://ng-api-http.coralogix.com/api/v1/external/generic",
        [],
        '{"alias": "apono-webhook", "integration_type_fields": "' + LOG + '"}',
    ),
    "logz-io": (
        "https://listener.logz.io?token=an-example-token",
        [],
        '{"message": "' + LOG + '", "type": "Apono"}',
    ),
    "grafana": (
        "https://example.grafana.net/integrations/webhook?title=json(title)",
        TOKEN_HEADER,
        '{"title": "{{event_type}} by {{ data.requester.email }}", "message": {"shortMessage": "'
        + LOG
        + '"}}',
    ),
    "splunk": (
        "https://example.splunkcloud.com/services/collector",
        TOKEN_HEADER,
        '{"event": "Something happened", "fields": {"severity": "INFO", "category": ["one", "two"]}}',
    ),
    "okta-workflows": (
        "https://example.workflows.okta.com/api/flo/an-example-token",
        [],
        '{"fields": {"event_type": "{{event_type}}", "event_time": "{{event_time}}",'
        ' "requestor_email": "{{data.requester.email}}",'
        ' "integration_name": "{{data.access_groups.[0].[integration].name}}",'
        ' "resource_type": "{{data.access_groups.[0].resource_types.[0].name}}",'
        ' "resource_name": "{{data.access_groups.[0].access_units.[0].resource.name}}"}}',
    ),
    "torq": (
        "https://hooks.torq.io/v1/webhooks/00000000-0000-0000-0000-000000000000/",
        TOKEN_HEADER,
        '{"body": {"event": "A request was {{event_type}} by {{ data.requester.name }}"}}',
    ),
}
"""Tool → URL, headers, template."""


def expected(tool: str, event: dict[str, Any]) -> Any:
    """The body that must arrive, with what is JSON inside a string parsed."""
    kind, requester = event["event_type"], event["data"]["requester"]
    log = {"event_type": kind, "event_time": event["event_time"], **LOGGED}
    card = {"type": "AdaptiveCard", "version": "1.2", "body": [
        {"type": "TextBlock", "text": f"{kind} by User"}, {"type": "TextBlock", "text": QUOTED}
    ]}  # fmt: skip
    bodies: dict[str, Any] = {
        "teams": {"type": "message", "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ]},
        "servicenow": {
            "caused_by": "User", "short_description": "prod db", "cause": kind, "description": log,
        },
        "datadog": [{
            "ddsource": "apono", "ddtags": "env:production", "hostname": "apono", "message": log,
            "alert_type": "info", "service": "apono",
        }],
        "coralogix": {"alias": "apono-webhook", "integration_type_fields": log},
        "logz-io": {"message": log, "type": "Apono"},
        "grafana": {"title": f"{kind} by {requester['email']}", "message": {"shortMessage": log}},
        "splunk": {"event": "Something happened", "fields": {"severity": "INFO", "category": ["one", "two"]}},
        "okta-workflows": {"fields": {
            "event_type": kind, "event_time": event["event_time"], "requestor_email": requester["email"],
            "integration_name": "prod db", "resource_type": "Database", "resource_name": "DB 1",
        }},
        "torq": {"body": {"event": f"A request was {kind} by User"}},
    }  # fmt: skip
    return bodies[tool]


def opened(value: Any) -> Any:
    """The value with every string that is a JSON object parsed."""
    if isinstance(value, dict):
        return {key: opened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [opened(each) for each in value]
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with one webhook for each tool, for the six triggers that Apono has for requests."""
    hosts = [urlsplit(url).netloc for url, _, _ in PASTED.values()]
    with receiving(tmp_path_factory.mktemp("apono-receiver"), *hosts) as (ca_file, port, log):
        product = Product(tmp_path_factory.mktemp("apono"), ca_file, port, log, hosts)
        for tool, (url, headers, template) in PASTED.items():
            spec = {
                "url": url,
                "triggers": [each for each in SAMPLE_TRIGGERS if each != "Manual"],
                "headers": headers,
                "bodyTemplate": template,
            }
            text = yaml.safe_dump(spec, width=1000).replace("\n", "\n  ")
            product.webhook(tool, f"  {text}".rstrip() + "\n")
        yield product.start()
        product.stop()
        product.http.close()


@pytest.fixture(scope="module", params=[each for each in SAMPLE_TRIGGERS if each != "Manual"])
def posted(pasted: Product, request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, str]]:
    """An event of each trigger, and its deliveries by webhook."""
    event = merge(sample(request.param), {"data": {"justification": QUOTED}})
    (accepted,) = pasted.post(event).json()["events"]
    return event, {each["webhook"].removeprefix("default/"): each["id"] for each in accepted["deliveries"]}


@pytest.mark.parametrize("tool", PASTED)
def test_a_pasted_template_sends_what_its_author_meant(
    pasted: Product, posted: tuple[dict[str, Any], dict[str, str]], tool: str
) -> None:
    """The request goes to the guide's URL with its headers, and its body is JSON at every depth."""
    event, deliveries = posted
    url, headers, _ = PASTED[tool]
    request = pasted.arrived(deliveries[tool])
    parts = urlsplit(url)
    assert request["path"] == urlunsplit(("", "", parts.path or "/", parts.query, ""))
    assert {each["name"]: request["headers"][each["name"].lower()] for each in headers} == {
        each["name"]: each["value"] for each in headers
    }
    assert opened(json.loads(request["body"])) == expected(tool, event)
