"""One event at one webhook: reasons, and the request as it may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from hookwright.api.config import RouteConfig
from hookwright.core.assemble import assemble
from hookwright.core.explain import Explained, explain
from hookwright.core.objects import Object
from hookwright.core.samples import sample_event
from hookwright.outbound.auth import credentials


class NoFetch:
    """A token fetcher that is never asked."""

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Nothing is fetched to show credentials."""
        raise AssertionError("a token was asked for")


def route(**spec: Any) -> RouteConfig:
    """A webhook whose Secrets are all away, as `render` sees it."""
    body = {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": "w"},
        "spec": {"triggers": ["RequestCreated"], **spec},
    }
    found = assemble([Object("Webhook", "default", "w", body)], cluster_events=None, key=b"k", stand_ins=True)
    assert not [finding for finding in found.findings if finding.severity == "error"]
    return found.config.webhooks[0]


def explained(config: RouteConfig, trigger: str = "RequestCreated") -> Explained:
    """`explain` with the sample of a trigger."""
    return explain(config, sample_event(trigger), delivery_id="dlv_x", attempt=1, now=1_700_000_000)


def test_the_request_of_an_event_that_matches() -> None:
    """Method, URL, headers and body are those of a delivery."""
    config = route(
        method="PUT",
        url="https://a.example/requests/{{ data.id }}",
        headers=[{"name": "X-Who", "value": "{{ data.requester.email }}"}],
        bodyTemplate='{"attempt": {{ delivery.attempt }}, "id": "{{ delivery.id }}"}',
    )
    found = explained(config)
    assert (found.webhook, found.matched, found.reasons, found.error) == ("default/w", True, [], None)
    assert found.request is not None
    assert found.request.method == "PUT"
    assert found.request.url == "https://a.example/requests/request-1"
    assert found.request.headers == {
        "content-type": "application/json",
        "webhook-id": "dlv_x",
        "webhook-timestamp": "1700000000",
        "webhook-attempt": "1",
        "webhook-hops": "1",
        "X-Who": "user@example.com",
        "user-agent": "hookwright/0.1.0",
    }
    assert found.request.body == '{"attempt": 1, "id": "dlv_x"}'


def test_an_event_that_does_not_match_is_rendered_all_the_same() -> None:
    """Every reason is told, and the request that it would have caused is shown."""
    config = route(url="https://a.example/", filters={"integrations": ["no such"]}, active=False)
    found = explained(config, "RequestApproved")
    assert not found.matched
    assert [reason.partition(":")[0] for reason in found.reasons] == [
        "active",
        "triggers",
        "integrations",
    ]
    assert found.request is not None


@pytest.mark.parametrize(
    ("auth", "shown"),
    [
        ({"bearer": {"tokenSecretRef": {"name": "s", "key": "k"}}}, "Bearer ‹secret s/k›"),
        (
            {
                "basic": {
                    "usernameSecretRef": {"name": "s", "key": "u"},
                    "passwordSecretRef": {"name": "s", "key": "p"},
                }
            },
            "Basic ‹secret s/u›:‹secret s/p›",
        ),
        (
            {
                "oauth2": {
                    "clientID": "id",
                    "clientSecretRef": {"name": "s", "key": "k"},
                    "tokenURL": "https://login.example/token",
                }
            },
            "Bearer ‹secret token of login.example›",
        ),
    ],
)
def test_credentials_show_as_their_place(auth: dict[str, Any], shown: str) -> None:
    """Each scheme shows where its secret comes from, in the words of the record of a real attempt."""
    config = route(url="https://a.example/", auth=auth)
    request = explained(config).request
    assert request is not None
    assert request.headers["authorization"] == shown
    assert config.spec is not None
    values = dict.fromkeys(config.secrets, "value")
    real = credentials(config.spec, values, fetch=NoFetch(), clock=lambda: 0.0)
    assert real is not None
    assert real.shown == (("authorization", shown),)


def test_secrets_in_url_headers_and_signature_show_as_their_place() -> None:
    """A URL and a header from a Secret, and the signature, are placeholders."""
    config = route(
        urlFrom={"secretKeyRef": {"name": "s", "key": "url"}},
        headers=[{"name": "X-Key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "api"}}}],
        signing={"secretRef": {"name": "s", "key": "sig"}},
    )
    request = explained(config).request
    assert request is not None
    assert request.url == "‹secret s/url›"
    assert request.headers["X-Key"] == "‹secret s/api›"
    assert request.headers["webhook-signature"] == "‹signature›"


def test_an_event_that_the_template_cannot_render() -> None:
    """A field that this event lacks is an error with the line of the template, beside the verdict."""
    config = route(url="https://a.example/", bodyTemplate='{\n "id": "{{ data.friendly_id }}"\n}')
    event = sample_event("RequestCreated")
    del event.document["data"]["friendly_id"]
    found = explain(config, event, delivery_id="dlv_x", attempt=1, now=0)
    assert (found.matched, found.request) == (True, None)
    assert found.error is not None
    assert found.error.startswith("line 2, ")
    assert "friendly_id" in found.error


def test_a_held_webhook_says_why() -> None:
    """Without a usable spec there is no request, and the reason is told."""
    config = route(url="https://a.example/").model_copy(update={"held": "spec.url: not good", "spec": None})
    found = explained(config)
    assert (found.matched, found.request, found.error) == (True, None, "spec.url: not good")
