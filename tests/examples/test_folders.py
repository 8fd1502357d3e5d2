"""Every example folder is complete, and says nothing that `hookwright validate` would object to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from examples.conftest import EXAMPLES
from hookwright.core.secret_values import signing_key
from rig import HANGS

FIRST = EXAMPLES / "hello"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir() and path != FIRST)
NAMES = {
    "slack", "microsoft-teams", "datadog", "servicenow", "okta-workflows", "jira", "freshdesk", "grafana", "logz-io",
    "oauth2", "delete", "put", "cloudevents", "manual",
    "from-flux", "from-argocd", "from-alertmanager", "from-grafana", "from-apono",
}  # fmt: skip


def documents(path: Path) -> list[dict[str, object]]:
    """The YAML documents of a file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each is not None]


def test_the_examples_are_the_promised_ones() -> None:
    """One folder for each target and each way of sending."""
    assert {folder.name for folder in FOLDERS} == NAMES


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_has_its_four_files(folder: Path) -> None:
    """webhook.yaml, webhooktest.yaml, secret.yaml and a README of about ten lines; the webhook is named like it."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "secret.yaml",
        "webhook.yaml",
        "webhooktest.yaml",
    ]
    assert 8 <= len((folder / "README.md").read_text().splitlines()) <= 14
    (webhook,) = documents(folder / "webhook.yaml")
    assert webhook["metadata"] == {"name": folder.name}
    tests = documents(folder / "webhooktest.yaml")
    assert tests
    assert {each["spec"]["webhookRef"]["name"] for each in tests} == {folder.name}


def test_the_first_one_is_a_single_file() -> None:
    """Something to start with: a webhook and its test, without a secret, beside a README."""
    assert sorted(path.name for path in FIRST.iterdir()) == ["README.md", "hello.yaml"]
    assert [each["kind"] for each in documents(FIRST / "hello.yaml")] == ["Webhook", "WebhookTest"]


@pytest.mark.parametrize("folder", [*FOLDERS, FIRST], ids=lambda folder: folder.name)
def test_a_folder_validates_alone(folder: Path) -> None:
    """No error and no warning, with nothing but its own files."""
    command = [sys.executable, "-m", "hookwright", "validate", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == 0, done.stderr
    assert "0 errors, 0 warnings" in done.stdout + done.stderr
    assert "skipped" not in done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_secrets_are_placeholders(folder: Path) -> None:
    """A value says that it is none, or is the name of an account; each is labelled for use and used."""
    webhook = (folder / "webhook.yaml").read_text()
    for secret in documents(folder / "secret.yaml"):
        assert secret["kind"] == "Secret"
        assert secret["metadata"]["labels"] == {"hookwright.io/webhook-secret": "true"}
        for key, value in secret["stringData"].items():
            assert f"key: {key}" in webhook
            shown = signing_key(value).decode() if value.startswith("whsec_") else value
            assert "placeholder" in shown or re.fullmatch(r"hookwright(@example\.com)?", shown)
