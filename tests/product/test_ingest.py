"""Every answer of the event port (SPEC 3), as a sender meets them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from hookwright.api.config import DispatchConfig
from hookwright.cli.main import main
from hookwright.core.hints import hint
from hookwright.dispatcher.configuration.config_folder import write
from hookwright.errors import Cause
from ports import kept_port
from product.conftest import Product, granted
from rig import HANGS, LISTENING, Process, until

CLOUD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "dev.example.x", "data": {}}


def test_an_accepted_event_names_its_deliveries(shared: Product) -> None:
    """202 lists the event's id and each delivery with its webhook."""
    answer = shared.post(granted())
    assert answer.status_code == 202
    (event,) = answer.json()["events"]
    assert event["id"].startswith("evt_")
    assert [each["webhook"] for each in event["deliveries"]] == ["default/one"]
    assert shared.arrived(event["deliveries"][0]["id"])["path"] == "/one"


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (b"{", {}, 400, "JSON"),
        (b"{}", {}, 400, "event_type"),
        (b'{"event_type":"x","data":' + b'{"a":' * 70 + b"1" + b"}" * 71, {}, 400, "64"),
        (b'{"event_type": 1}', {}, 400, "event_type"),
        (b"[]", {"content_type": "text/plain"}, 415, "application/json"),
        (b"{}", {"content_encoding": "gzip"}, 415, "gzip"),
        (b"x" * (4 * 1024 * 1024 + 1), {}, 413, "4 MiB"),
        (json.dumps(granted(pad="x" * 1024 * 1024)).encode(), {}, 413, "1,048,576 bytes"),
        (json.dumps([granted()] * 1001).encode(), {}, 413, "1,000"),
        (
            json.dumps({**CLOUD, "specversion": "0.3"}).encode(),
            {"content_type": "application/cloudevents+json"},
            400,
            "specversion",
        ),
        (
            b'{"event_type":"AccessRequestGranted","data":{}}\n{"event_type":',
            {"content_type": "application/x-ndjson"},
            400,
            "line 2",
        ),
    ],
)
def test_bad_input_gets_one_sentence(
    shared: Product, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    """What cannot be taken is a problem document that names what is wrong."""
    answer = shared.post(body, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_nothing_of_a_bad_batch_is_kept(shared: Product) -> None:
    """One bad event in a list: none of it is delivered."""
    body = json.dumps([granted(id="from-a-bad-batch"), {"no": "type"}]).encode()
    assert shared.post(body).status_code == 400
    marker = shared.accepted(granted(id="after-the-bad-batch"))[0]
    shared.arrived(marker)
    assert not [each for each in shared.received() if "from-a-bad-batch" in each["body"]]


def test_an_unknown_event_type_is_accepted_and_matches_nothing(shared: Product) -> None:
    """202 with an empty list."""
    assert shared.post({"event_type": "SomethingElse", "data": {}}).json()["events"][0]["deliveries"] == []


def test_other_methods_are_refused(shared: Product) -> None:
    """405 says what to use."""
    answer = shared.http.get(shared.events + "/v1/events")
    assert (answer.status_code, "POST" in answer.json()["detail"]) == (405, True)


def test_the_cloudevents_handshake(shared: Product) -> None:
    """OPTIONS agrees to the origin that asks."""
    answer = shared.http.options(
        shared.events + "/v1/events", headers={"webhook-request-origin": "events.example.com"}
    )
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "events.example.com"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"host": "evil.example.com"}, 421), ({"origin": "https://evil.example.com"}, 403)],
)
def test_foreign_hosts_and_origins_are_refused(shared: Product, headers: dict[str, str], status: int) -> None:
    """A guard against DNS rebinding and web pages."""
    assert shared.post(granted(), **headers).status_code == status


def test_only_the_named_namespace_is_reached(shared: Product) -> None:
    """The namespace's path reaches its webhooks only."""
    assert shared.accepted(granted(), "/v1/namespaces/default/events")
    assert shared.accepted(granted(), "/v1/namespaces/other/events") == []


def test_a_repeat_is_answered_like_the_first_and_delivered_once(shared: Product) -> None:
    """Same identity, same body: same answer. Another body: 409. A list under one key: key#index."""
    first = shared.post(granted(id="dedupe"), idempotency_key="k-1")
    again = shared.post(granted(id="dedupe"), idempotency_key="k-1")
    assert first.json() == again.json()
    assert shared.post(granted(id="other"), idempotency_key="k-1").status_code == 409
    assert (
        shared.post([granted(), granted()], idempotency_key="k-2").json()
        == shared.post([granted(), granted()], idempotency_key="k-2").json()
    )
    delivery = first.json()["events"][0]["deliveries"][0]["id"]
    shared.arrived(delivery)
    shared.arrived(shared.accepted(granted(id="after"))[0])
    assert len(shared.received(delivery)) == 1


def test_a_repeat_survives_a_restart(product: Product) -> None:
    """The window is on disk."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start()
    first = product.post(granted(), idempotency_key="k").json()
    product.restart()
    assert product.post(granted(), idempotency_key="k").json() == first


def test_cloudevents_by_source_and_id(shared: Product) -> None:
    """A CloudEvent whose data is an Apono envelope is one, and its source and id are its identity."""
    wrapped = {**CLOUD, "id": "ce-1", "data": granted()}
    first = shared.post(wrapped, content_type="application/cloudevents+json")
    assert first.status_code == 202
    assert len(first.json()["events"][0]["deliveries"]) == 1
    assert shared.post(wrapped, content_type="application/cloudevents+json").json() == first.json()


def test_a_token_is_asked_for_and_may_be_rotated(product: Product, tmp_path: Path) -> None:
    """401 without it; a changed file counts without a restart."""
    tokens = tmp_path / "token"
    tokens.write_text("first-token\n")
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start(TOKEN_FILE="")
    product.stop()
    command = [
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--data",
        str(tmp_path / "data"),
        "--token-file",
        str(tokens),
    ]
    product.process = Process(
        [sys.executable, "-m", "hookwright", "dev", str(product.manifests), *command],
        tmp_path / "dev.log",
        core=None,
    )
    found = product.process.wait_for(LISTENING)
    product.events = f"http://127.0.0.1:{found[1]}"
    assert product.post(granted()).status_code == 401
    assert product.post(granted(), authorization="Bearer wrong").status_code == 401
    assert product.post(granted(), authorization="Bearer first-token").status_code == 202
    tokens.write_text("second-token\n")
    until(lambda: product.post(granted(), authorization="Bearer second-token").status_code == 202)
    assert product.post(granted(), authorization="Bearer first-token").status_code == 401


def test_a_rate_limit_answers_429(product: Product) -> None:
    """Over ingest.rate: 429 with Retry-After, and nothing of it is kept."""
    product.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted]\n")
    product.start(INGEST_RATE="1")
    taken = product.accepted([granted()] * 300)
    refused = product.post(granted())
    assert refused.status_code == 429
    assert refused.json()["detail"].startswith("More than 1 events a second; send this again in ")
    assert int(refused.headers["retry-after"]) > 100
    until(lambda: product.view("default/one")["pending"] == 0)
    assert len(product.invocations(limit="500")) == len(taken) == 300


def test_a_dripping_client_does_not_hold_up_others(shared: Product) -> None:
    """Half a request stays open; others are served meanwhile."""
    host, port = shared.events.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as dripping:
        dripping.sendall(b"POST /v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")
        assert shared.post(granted()).status_code == 202


def test_huge_headers_are_refused(shared: Product) -> None:
    """More than 64 KiB of headers: 431."""
    answer = shared.post(granted(), x_huge="x" * 70_000)
    assert answer.status_code == 431


def test_schema_and_samples(shared: Product) -> None:
    """The schema describes the sample of each trigger."""
    assert shared.http.get(shared.events + "/v1/schema").json()["properties"]["event_type"]
    assert (
        shared.http.get(shared.events + "/v1/samples/RequestGranted").json()["event_type"]
        == "AccessRequestGranted"
    )
    missing = shared.http.get(shared.events + "/v1/samples/Nothing")
    assert (missing.status_code, "RequestGranted" in missing.json()["detail"]) == (404, True)


def test_manual_invoke_waits_for_the_answer(shared: Product) -> None:
    """200 with result, status code, validators and duration; 404 and 409 otherwise."""
    answer = shared.post(b"", "/v1/webhooks/default/one/invoke")
    assert answer.status_code == 200
    assert answer.json()["result"] == "Delivered"
    assert answer.json()["statusCode"] == 200
    assert answer.json()["durationMillis"] > 0
    assert shared.post(b"", "/v1/webhooks/default/none/invoke").status_code == 404


def test_manual_invoke_says_why_it_failed(product: Product) -> None:
    """502 with the reason; 409 where Manual is not listed."""
    product.webhook("fails", "  url: https://target.test/-/status/500\n  triggers: [Manual]\n")
    product.webhook("not-manual", "  url: https://target.test/x\n  triggers: [RequestGranted]\n")
    product.start()
    failed = product.post(granted(), "/v1/webhooks/default/fails/invoke")
    assert failed.status_code == 502
    assert "500" in failed.json()["message"]
    assert failed.json()["hint"]
    assert product.post(b"", "/v1/webhooks/default/not-manual/invoke").status_code == 409
    assert product.dead_letters() == []


def test_manual_invoke_of_a_held_webhook_has_the_tip_of_what_holds_it(product: Product) -> None:
    """502 with the reason and its tip at both ports, and as the last words of `hookwright invoke`."""
    field = "  url: https://target.test/x\n  triggers: [Manual]\n  bodyTemplate: '{\"a\": {{ data.requestor }}}'\n"
    product.webhook("held", field)
    product.start()
    product.loaded("default/held", "held")
    tip = hint(Cause.UNDEFINED_FIELD, None)
    for path in ("/v1/webhooks/default/held/invoke", "/admin/v1/webhooks/default/held/invoke"):
        port = product.admin if path.startswith("/admin") else product.events
        refused = product.http.post(port + path)
        assert (refused.status_code, refused.json()["hint"]) == (502, tip)
        assert "default/held cannot be sent now: spec.bodyTemplate" in refused.json()["detail"]
    said = CliRunner().invoke(main, ["invoke", "held", "--admin", product.admin])
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.splitlines()[1:] == [
        f"Tip: {tip}",
        f"Next: hookwright invoke default/held --admin {product.admin}",
    ]


def test_a_test_whose_event_is_unusable_has_a_tip_of_its_own(product: Product) -> None:
    """Nothing is wrong with the webhook, so nothing is said of held ones."""
    product.webhook("one", "  url: https://target.test/x\n  triggers: [RequestGranted]\n")
    product.start()
    run = {"runID": "r", "test": "default/t", "spec": {"webhookRef": {"name": "one"}}, "eventFrom": "[]"}
    found = product.http.post(f"{product.admin}/admin/v1/tests", json=run).json()
    assert (found["result"], found["hint"]) == ("Test failed", hint(Cause.TEST, None))
    assert found["message"] == "The event must be a JSON object with an event_type."


def test_a_missing_token_is_found_before_the_data_folder_is_made(tmp_path: Path) -> None:
    """A start that was set up wrong leaves nothing behind."""
    env = {**os.environ, "HOOKWRIGHT_DATA": str(tmp_path / "data"), "HOOKWRIGHT_CONFIG": str(tmp_path)}
    command = [sys.executable, "-m", "hookwright", "dispatcher"]
    found = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (found.returncode, "There is no ingest token" in found.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


def test_without_a_configuration_events_wait_at_the_sender(tmp_path: Path) -> None:
    """A dispatcher without a complete configuration answers 503 with Retry-After and is not ready; then it takes events."""
    token = tmp_path / "token"
    token.write_text("t\n")
    ports = kept_port(), kept_port()
    env = {
        "HOOKWRIGHT_LISTEN": f"127.0.0.1:{ports[0]}", "HOOKWRIGHT_ADMIN": f"127.0.0.1:{ports[1]}",
        "HOOKWRIGHT_DATA": str(tmp_path / "data"), "HOOKWRIGHT_CONFIG": str(tmp_path / "config"),
        "HOOKWRIGHT_TOKEN_FILE": str(token), "HOOKWRIGHT_LAST_GOOD": str(tmp_path / "last"),
    }  # fmt: skip
    (tmp_path / "config").mkdir()
    process = Process(
        [sys.executable, "-m", "hookwright", "dispatcher"], tmp_path / "log", core=None, env=env
    )
    try:
        with httpx.Client(timeout=HANGS) as http:

            def ready() -> int:
                try:
                    return http.get(f"http://127.0.0.1:{ports[1]}/readyz").status_code
                except httpx.ConnectError:
                    return 0

            def post() -> httpx.Response:
                address = f"http://127.0.0.1:{ports[0]}/v1/events"
                return http.post(address, json=granted(), headers={"authorization": "Bearer t"})

            until(lambda: ready() == 503)
            answer = post()
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            write(tmp_path / "config", DispatchConfig(hash="empty", webhooks=[]))
            until(lambda: ready() == 200)
            answer = post()
            assert answer.status_code == 202
    finally:
        process.end()


def test_a_data_folder_that_goes_with_the_pod_is_told(product: Product) -> None:
    """In the log at start and as a metric, for as long as it runs."""
    process = product.start(DATA_KEPT="false").process
    assert process is not None
    process.wait_for("data.not_kept")
    assert "\nhookwright_data_kept 0.0\n" in product.http.get(f"{product.admin}/metrics").text
