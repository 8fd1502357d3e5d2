"""`hookwright test` on a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.terminal import on_terminal
from hookwright.cli.main import main

FAILS = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: tickets}
spec:
  url: https://tickets.example/new
  triggers: [RequestCreated]
---
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {name: tickets}
spec:
  webhookRef: {name: tickets}
  mode: Render
  expect:
    request: {method: PUT, url: "https://tickets.example/old"}
"""


def test_a_failed_assertion_is_said_once(tmp_path: Path) -> None:
    """The first is the message; the others stand below. A pipe has the first below, too, as it always had."""
    file = tmp_path / "a.yaml"
    file.write_text(FAILS)
    with on_terminal([sys.executable, "-m", "hookwright", "test", str(file)], tmp_path) as terminal:
        shown = terminal.closed()
    method, url = "    request.method: expected PUT, got POST\n", "    request.url: expected "
    assert shown.startswith(
        f"● default/tickets → default/tickets: Test failed. request.method: expected PUT, found POST.\n{url}"
    )
    assert CliRunner().invoke(main, ["test", str(file)]).stdout.count(method) == 1
    assert terminal.program.returncode == 1


def test_the_next_command_can_be_pasted(tmp_path: Path) -> None:
    """It names the files, quoted for a shell; no history is named, as a test of files leaves none."""
    (tmp_path / "my webhooks").mkdir()
    (tmp_path / "my webhooks/a.yaml").write_text(FAILS)
    with on_terminal([sys.executable, "-m", "hookwright", "test", "my webhooks"], tmp_path) as terminal:
        following = terminal.closed().partition("    Next: ")[2]
    assert following.endswith("-m hookwright render 'my webhooks' --webhook default/tickets\n")
    done = subprocess.run(["bash", "-c", following], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "POST https://tickets.example/new" in done.stdout


@pytest.mark.parametrize("name", ["no-such-test", "shop/no-such-test"])
def test_a_name_in_the_place_of_a_folder_is_told_where_names_go(name: str) -> None:
    """In files after --only, in a cluster where it stands; what looks like a file is only missing."""
    runner = CliRunner()
    found, missing = runner.invoke(main, ["test", name]), runner.invoke(main, ["test", f"{name}.yaml"])
    sentence = (
        f"Error: There is no file or folder {name}. One test of a folder is named after --only: hookwright test ."
        f" --only {name}; one in a cluster: kubectl hookwright test {name}.\n"
    )
    assert (found.exit_code, found.stderr) == (2, sentence)
    assert (missing.exit_code, missing.stderr) == (2, f"Error: {name}.yaml does not exist.\n")


def test_a_test_of_that_name_elsewhere_is_named(tmp_path: Path) -> None:
    """A short name means the default namespace."""
    file = tmp_path / "a.yaml"
    file.write_text(
        FAILS.replace(
            "{name: tickets}\nspec:\n  webhookRef", "{name: tickets, namespace: shop}\nspec:\n  webhookRef"
        )
    )
    found = CliRunner().invoke(main, ["test", str(file), "--only", "tickets"])
    sentence = "Error: There is no WebhookTest default/tickets in these files; there is shop/tickets.\n"
    assert (found.exit_code, found.stderr) == (2, sentence)
