"""The examples send what they say: the table of `cases` against what a receiver got from the running product."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from standardwebhooks import Webhook as StandardWebhook

from examples.cases import CASES, IN_STRINGS, UNMATCHED, Case
from examples.conftest import EXAMPLES
from product.conftest import Product
from rig import records, until

pytestmark = pytest.mark.xdist_group("examples")

EVERY = {
    "host",
    "content-type",
    "content-length",
    "user-agent",
    "accept-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-attempt",
    "webhook-hops",
}
"""Headers of every request; one without a body has no content-length."""
TESTS = sorted(
    f"default/{test['metadata']['name']}"
    for path in EXAMPLES.glob("*/*.yaml")
    for test in yaml.safe_load_all(path.read_text())
    if test["kind"] == "WebhookTest"
)


def named(case: Case) -> str:
    """The name of a case among the tests."""
    return f"{case.example}-{case.trigger}"


def deliveries(product: Product, event: dict[str, Any], **headers: str) -> dict[str, str]:
    """Post one event; webhook → id of its delivery."""
    answer = product.post(event, **headers)
    assert answer.status_code == 202, answer.text
    (accepted,) = answer.json()["events"]
    return {each["webhook"].removeprefix("default/"): each["id"] for each in accepted["deliveries"]}


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_request_of_an_example_arrives(examples: Product, case: Case) -> None:
    """Method, host, path, every header and the parsed body, as the receiver read them from the wire."""
    request = examples.arrived(deliveries(examples, case.event)[case.example])
    assert (request["method"], request["host"], request["path"]) == (case.method, case.host, case.path)
    headers = request["headers"]
    expected = {"webhook-attempt": "1", "content-type": "application/json", **case.headers}
    if "webhook-signature" in case.headers:
        del expected["webhook-signature"]
    assert {name: headers[name] for name in expected} == expected
    assert set(headers) | {"content-length"} == EVERY | set(case.headers)
    if case.body is None:
        assert request["body"] == ""
        return
    assert opened(json.loads(request["body"]), IN_STRINGS.get(case.example, ())) == case.body


def opened(body: Any, path: tuple[str | int, ...]) -> Any:
    """The body with the JSON text at `path` parsed."""
    if path:
        place = body
        for step in path[:-1]:
            place = place[step]
        assert isinstance(place[path[-1]], str)
        place[path[-1]] = json.loads(place[path[-1]])
    return body


@pytest.mark.parametrize("case", UNMATCHED, ids=lambda case: f"{named(case)}-{UNMATCHED.index(case)}")
def test_what_an_example_does_not_want_is_not_sent(examples: Product, case: Case) -> None:
    """Other triggers, integrations and approvals make no delivery of it."""
    assert case.example not in deliveries(examples, case.event)


@pytest.mark.parametrize(
    ("kind", "source", "wanted"),
    [
        ("dev.example.deployed.v1", "/pipelines/shop", True),
        ("dev.example.rollback.done.v1", "/pipelines/shop", True),
        ("dev.example.deployed.v2", "/pipelines/shop", False),
        ("dev.example.deployed.v1", "/elsewhere", False),
    ],
)
def test_cloudevents_are_taken_by_type_and_source(
    examples: Product, kind: str, source: str, wanted: bool
) -> None:
    """Exact types, a prefix of types and a filter on an attribute."""
    event = {"specversion": "1.0", "id": f"{kind} of {source}", "source": source, "type": kind}
    event["data"] = {"service": "shop", "version": '1.4 "beta"'}
    found = deliveries(examples, event, content_type="application/cloudevents+json")
    assert set(found) == ({"cloudevents"} if wanted else set())
    if wanted:
        request = examples.arrived(found["cloudevents"])
        assert (request["method"], request["host"], request["path"]) == (
            "POST",
            "chat.example.com",
            "/hooks/deployments",
        )
        assert json.loads(request["body"]) == {"text": 'shop 1.4 "beta" is live', "source": source}


def test_the_oauth2_target_gets_a_signature_that_the_official_library_verifies(examples: Product) -> None:
    """Standard Webhooks, with the secret of the example; the token was asked for with its client's credentials."""
    secret = yaml.safe_load((EXAMPLES / "oauth2" / "secret.yaml").read_text())["stringData"]["signing"]
    request = examples.arrived(
        deliveries(examples, Case("", "RequestApproved", "", "", None).event)["oauth2"]
    )
    assert StandardWebhook(secret).verify(request["body"], request["headers"])
    asked = next(each for each in examples.received() if each["host"] == "login.example.com")
    assert asked["path"] == "/oauth2/token"
    assert asked["body"] == "grant_type=client_credentials&scope=events.write"


def test_invoked_by_hand_an_example_answers_with_its_validators(examples: Product) -> None:
    """`manual` asks now, and its validator has the receiver's word."""
    answer = examples.post(b"", "/v1/webhooks/default/manual/invoke")
    assert answer.status_code == 200
    assert answer.json()["validators"] == [{"path": "$.ok", "passed": True, "actual": "true"}]


@pytest.mark.parametrize("test", TESTS)
def test_a_webhook_test_of_an_example_passes(test_runs: dict[str, dict[str, Any]], test: str) -> None:
    """`hookwright test` sends mock data for real, and all that the test expects holds."""
    run = test_runs[test]
    assert (run["result"], run["hint"]) == ("Test successful", None), run
    assert all(each["passed"] for each in run["assertions"])


def test_every_webhook_test_was_run(test_runs: dict[str, dict[str, Any]]) -> None:
    """By the command, and by `dev` when it started."""
    assert sorted(test_runs) == TESTS


def test_dev_ran_the_same_tests(examples: Product) -> None:
    """Its log has one line for each, all of them successful."""

    def lines() -> list[dict[str, Any]]:
        return [each for each in records(examples.output()) if each["event"] == "test"]

    runs = until(lambda: len(found := lines()) >= len(TESTS) and found)
    assert sorted(each["test"] for each in runs) == TESTS
    assert {each["result"] for each in runs} == {"Test successful"}


def test_test_requests_say_that_they_are_tests(
    examples: Product, test_runs: dict[str, dict[str, Any]]
) -> None:
    """`webhook-test: true` reaches the target; a test that expects no match sends nothing."""
    sent = [each for each in examples.received() if each["headers"].get("webhook-test") == "true"]
    assert {each["host"] for each in sent} >= {case.host for case in CASES}
    assert test_runs["default/servicenow-not-automatic"]["invocation"] is None
