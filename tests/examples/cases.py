"""What each example must send, written down by hand: for which event, which request must reach which host.

`over` is laid over the sample event of the trigger; headers are those beside the ones that every request has.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from hookwright.core.samples import merge, sample

QUOTED = 'on call: "db is slow",\nneed to look \\ now'


@dataclass(frozen=True)
class Case:
    """One event, and the request that must arrive for it. `body` None: no body at all."""

    example: str
    trigger: str
    host: str
    path: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    over: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"

    @property
    def event(self) -> dict[str, Any]:
        """The whole event."""
        return merge(sample(self.trigger), {"data": self.over})


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP basic authentication."""
    return {"authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def other_integration(name: str) -> dict[str, Any]:
    """Data of a request for one other integration."""
    groups = sample("RequestGranted")["data"]["access_groups"]
    groups[0]["integration"] = {"id": "integration-9", "type": "Mysql", "name": name}
    return {"access_groups": groups}


FRESHDESK = basic("placeholder-api-key", "placeholder")
SERVICENOW = basic("hookwright", "placeholder-password")
TICKET = "tickets.example.com"
APPROVED = sample("RequestApproved")["data"]

CASES = [
    Case("hello", "RequestGranted", "hello.example.com", "/hook", {"text": "User got prod db"}),
    Case(
        "slack", "RequestCreated", "hooks.slack.com", "/services/T00000000/B00000000/placeholder",
        over={"justification": QUOTED},
        body={
            "text": "User: access to prod db (AR-123)",
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": f"*AccessRequestCreated* AR-123\n{QUOTED}"}},
                {"type": "context", "elements": [{"type": "plain_text", "text": "Postgresql: prod db"}]},
            ],
        },
    ),
    Case(
        "microsoft-teams", "RequestRejected", "prod-00.westeurope.logic.azure.com",
        "/workflows/placeholder/triggers/manual/paths/invoke"
        "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=placeholder",
        over={"justification": QUOTED},
        body={
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.2",
                    "body": [
                        {"type": "TextBlock", "weight": "Bolder", "text": "AccessRequestRejected: User"},
                        {"type": "TextBlock", "wrap": True, "text": QUOTED},
                        {"type": "FactSet", "facts": [
                            {"title": "Request", "value": "AR-123"},
                            {"title": "Flow", "value": "Flow 1"},
                            {"title": "Integration", "value": "prod db"},
                        ]},
                    ],
                },
            }],
        },
    ),
    Case(
        "datadog", "RequestExpired", "http-intake.logs.us5.datadoghq.com", "/api/v2/logs",
        headers={"dd-api-key": "placeholder-api-key", "dd-application-key": "placeholder-application-key"},
        over={"justification": QUOTED},
        body=[{
            "ddsource": "apono",
            "ddtags": "env:production,flow:Flow 1",
            "hostname": "apono",
            "service": "apono",
            "alert_type": "info",
            "message": {
                "event_type": "AccessRequestExpired",
                "event_time": "1696266940.851898000",
                "id": "request-1",
                "friendly_id": "AR-123",
                "requester": "user@example.com",
                "justification": QUOTED,
                "integration": "prod db",
            },
        }],
    ),
    Case(
        "servicenow", "RequestApproved", "example.service-now.com", "/api/now/table/incident",
        headers=SERVICENOW,
        over={"justification": QUOTED},
        body={
            "caused_by": "User",
            "short_description": "prod db",
            "cause": "AccessRequestApproved",
            "description": {**APPROVED, "justification": QUOTED},
        },
    ),
    Case(
        "okta-workflows", "RequestExpired", "example.workflows.okta.com", "/api/flo/0123456789/invoke",
        headers={"x-api-client-token": "placeholder-client-token"},
        body={
            "fields": {
                "event_type": "AccessRequestExpired",
                "event_time": "1696266940.851898000",
                "requester": "user@example.com",
                "integration": "prod db",
                "resource_type": "Database",
                "resource": "DB 1",
            }
        },
    ),
    Case(
        "jira", "RequestFailed", "example.atlassian.net", "/rest/api/2/issue",
        headers=basic("hookwright@example.com", "placeholder-api-token"),
        over={"justification": QUOTED},
        body={
            "fields": {
                "project": {"key": "OPS"},
                "issuetype": {"name": "Task"},
                "summary": "Access failed: AR-123 for User",
                "description": f"{QUOTED}\n\nFlow: Flow 1\nCreated: 2023-10-02T16:14:25Z",
                "labels": ["access", "postgresql"],
            }
        },
    ),
    Case(
        "freshdesk", "RequestFailed", "example.freshdesk.com", "/api/v2/tickets",
        headers=FRESHDESK,
        body={
            "email": "user@example.com",
            "subject": "AccessRequestFailed AR-123",
            "description": "I need access to this",
            "priority": 3,
            "status": 2,
        },
    ),
    Case(
        "freshdesk", "RequestRejected", "example.freshdesk.com", "/api/v2/tickets",
        headers=FRESHDESK,
        over={"justification": QUOTED},
        body={
            "email": "user@example.com",
            "subject": "AccessRequestRejected AR-123",
            "description": QUOTED,
            "priority": 1,
            "status": 2,
        },
    ),
    Case(
        "grafana", "RequestGranted", "example.grafana.net",
        "/api/plugins/grafana-incident-app/resources/webhook?title=json(title)",
        headers={"authorization": "Bearer placeholder-service-account-token"},
        body={
            "title": "AccessRequestGranted by User",
            "message": {"shortMessage": sample("RequestGranted")},
        },
    ),
    Case(
        "logz-io", "RequestCreated", "listener.logz.io", "/?token=placeholder-shipping-token",
        over={"justification": QUOTED},
        body={
            "type": "Apono",
            "message": {
                "event_type": "AccessRequestCreated",
                "requester": "user@example.com",
                "bundle": "Bundle 1",
                "justification": QUOTED,
            },
        },
    ),
    Case(
        "oauth2", "RequestGranted", "api.example.com", "/access-events",
        headers={"authorization": "Bearer demo-access-token", "webhook-signature": "verified elsewhere"},
        body=sample("RequestGranted"),
    ),
    Case(
        "delete", "RequestExpired", TICKET, "/requests/a%2Fb%20c%3F",
        method="DELETE",
        headers={"x-reason": "expired AR-123", "x-api-key": "placeholder-api-key"},
        over={"id": "a/b c?"},
        body=None,
    ),
    Case(
        "put", "RequestRejected", TICKET, "/requests/r%C3%A9q%231?trigger=RequestRejected",
        method="PUT",
        over={
            "id": "réq#1",
            "approvals": [
                {"status": "Rejected", "approver": {"email": "one@example.com"}},
                {"status": "Pending", "approver": {"email": 'two "quoted"@example.com'}},
            ],
        },
        body={"state": "RequestRejected", "approvers": ["one@example.com", 'two "quoted"@example.com']},
    ),
    Case(
        "manual", "Manual", "oncall.example.com", "/check",
        body={"who": "user@example.com", "what": "prod db"},
    ),
]  # fmt: skip

IN_STRINGS: dict[str, tuple[str | int, ...]] = {
    "datadog": (0, "message"),
    "logz-io": ("message",),
    "grafana": ("message", "shortMessage"),
    "servicenow": ("description",),
}
"""Where a body holds JSON inside a string: the cases above hold it parsed."""

UNMATCHED = [
    Case("slack", "RequestGranted", "", "", None, over=other_integration("staging db")),
    Case("slack", "RequestGranted", "", "", None, over=other_integration("my prod db")),
    Case("slack", "RequestRejected", "", "", None),
    Case("servicenow", "RequestApproved", "", "", None, over={"approvals": []}),
    Case(
        "servicenow", "RequestApproved", "", "", None,
        over={"approvals": [{"name": "Flow", "type": "Automatic", "status": "Approved"}]},
    ),
    Case("servicenow", "RequestApproved", "", "", None, over={"approvals": [
        {"name": "Approver", "status": "Pending", "approver": {"id": "user-2"}}
    ]}),
    Case("okta-workflows", "RequestGranted", "", "", None, over=other_integration("integration 2")),
    Case("okta-workflows", "RequestCreated", "", "", None),
    Case("delete", "RequestGranted", "", "", None),
    Case("manual", "RequestGranted", "", "", None),
]  # fmt: skip
"""Events that an example must not send, as its triggers or filters say."""
