"""What both ports serve is what their OpenAPI documents say, of a real process and for requests that a fuzzer makes."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema_rs import validator_for

import rig
from hookwright.api.openapi import ADMIN, EVENTS, admin_api, events_api

MANIFESTS = [
    {
        "apiVersion": "hookwright.io/v1alpha1",
        "kind": "Webhook",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "url": "https://target.example/hook",
            "triggers": ["RequestGranted", "Manual"],
            "timeout": "1s",
            **more,
        },
    }
    for name, more in {
        "plain": {},
        "held": {"auth": {"bearer": {"tokenSecretRef": {"name": "a", "key": "b"}}}},
    }.items()
]
"""One whose target refuses connections at once, and one that cannot be sent."""
EXPECTED = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", "502"]
"""
"""502: what a Manual call to a target that is not there comes to."""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Addresses of the events and the admin port of a `dev` process."""
    folder = tmp_path_factory.mktemp("openapi")
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "webhooks.yaml").write_text(yaml.safe_dump_all(MANIFESTS))
    ca_file, _ = rig.throwaway_ca(folder, "target.example")
    process = rig.dev(folder, manifests, ca_file, 9, "target.example", core=None)
    events, admin = process.wait_for(rig.LISTENING).groups()
    yield f"http://127.0.0.1:{events}/openapi.json", f"http://127.0.0.1:{admin}/admin/v1/openapi.json"
    process.end()


@pytest.mark.parametrize("which", ["events", "admin"])
def test_document_is_served_as_the_models_say_it(ports: tuple[str, str], which: str) -> None:
    """The port answers with the document made from the models, and every schema in it is one."""
    url, made = (ports[0], events_api()) if which == "events" else (ports[1], admin_api())
    with urllib.request.urlopen(url) as answer:
        served = json.load(answer)
    assert served == made
    for name, schema in served["components"]["schemas"].items():
        assert validator_for({**schema, "components": served["components"]}), name


@pytest.mark.parametrize("which", ["events", "admin"])
def test_port_answers_as_its_document_says(ports: tuple[str, str], which: str, tmp_path: Path) -> None:
    """Whatever is asked: a status, a content type and a body that the document lists, and never a fault of ours."""
    url = ports[0] if which == "events" else ports[1]
    (tmp_path / "schemathesis.toml").write_text(EXPECTED)
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", "schemathesis.toml", "run", url,
               "--checks", checks, "--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--seed", "1",
               "--no-color", "--generation-database", "none"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    operations = len(EVENTS if which == "events" else ADMIN) - 1  # all but the document itself
    assert f"{operations} selected / {operations} total" in done.stdout
