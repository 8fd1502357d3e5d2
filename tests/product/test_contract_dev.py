"""`hookwright dev` where things are not as they should be: addresses, folders, settings, and a folder that moves."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from product.conftest import Product, granted
from rig import HANGS, Process, until

WEBHOOK = "  url: https://target.test/%s\n  triggers: [RequestGranted]\n"
TEST = """
apiVersion: hookwright.io/v1alpha1
kind: WebhookTest
metadata: {name: %s}
spec: {webhookRef: {name: %s}, timeout: 30s}
"""


def ended(*arguments: str | Path, **env: str) -> tuple[int, str]:
    """Run a command that must end by itself: (exit code, what it said on stderr, but that the machine is slow)."""
    command = [sys.executable, "-m", "hookwright", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=env or None)
    said = [line for line in result.stderr.splitlines(keepends=True) if '"event":"loop.stopped"' not in line]
    return result.returncode, "".join(said)


def local(folder: Path) -> list[str | Path]:
    """Arguments of a `dev` on free ports with its data in this folder."""
    return ["dev", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", folder / "data"]


@pytest.mark.parametrize("flag", ["--listen", "--admin"])
def test_a_busy_port_is_named(tmp_path: Path, flag: str) -> None:
    """One sentence with the address and the cure, exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        code, said = ended(*local(tmp_path), flag, address)
    assert code == 2
    assert said == (
        f"Error: {address} cannot be listened on (Address already in use); name another address, or end the "
        "process that has it.\n"
    )


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """One sentence, exit code 2."""
    (tmp_path / "data").write_text("")
    assert ended(*local(tmp_path)) == (
        2,
        f"Error: {tmp_path}/data: the data folder cannot be a file; name another one.\n",
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ["--connect-to", "x:443:127.0.0.1:99999"],
            "--connect-to: 'x:443:127.0.0.1:99999' is not understood",
        ),
        (["--connect-to", "x:443::1"], "--connect-to: 'x:443::1' is not understood"),
        (["--ca-file", "/missing.pem"], "The CA file /missing.pem cannot be used"),
        (["--allow", "10.0.0.1/8"], "egress.allow holds '10.0.0.1/8'"),
    ],
)
def test_a_flag_that_is_wrong_is_named(tmp_path: Path, flags: list[str], said: str) -> None:
    """Exit code 2 and one line."""
    code, line = ended(*local(tmp_path), *flags)
    assert code == 2
    assert said in line
    assert line.count("\n") == 1


def test_a_variable_that_is_wrong_is_named(tmp_path: Path) -> None:
    """By the name that the administrator wrote, in `dev` and in `test`."""
    bad = {"HOOKWRIGHT_DRAIN_TIMEOUT": "soon"}
    said = "Error: HOOKWRIGHT_DRAIN_TIMEOUT: 'soon' is not a duration such as 15s, 5m or 1h30m.\n"
    assert ended(*local(tmp_path), **bad) == (2, said)
    assert ended("test", tmp_path, **bad) == (2, said)


def test_an_empty_variable_is_one_that_is_not_set(product: Product) -> None:
    """As a chart leaves out a value."""
    product.start(INGEST_RATE="", HISTORY_AGE="")
    assert product.post(granted()).status_code == 202


def test_a_second_dev_on_the_same_data_changes_nothing(product: Product, tmp_path: Path) -> None:
    """It is refused with the pid of the first, which goes on with its own webhooks."""
    product.webhook("first", WEBHOOK % "first")
    product.start()
    other = tmp_path / "other"
    other.mkdir()
    code, said = ended(*local(other)[:-1], tmp_path / "data")
    assert code == 2
    assert "is in use by another process (pid " in said
    product.webhook("second", WEBHOOK % "second")
    product.loaded("default/second")
    assert product.view("default/first") is not None


def test_the_ipv6_address_is_a_link_to_follow(tmp_path: Path) -> None:
    """What `dev` prints can be pasted: an IPv6 address stands in brackets."""
    command = [sys.executable, "-m", "hookwright", *map(str, local(tmp_path))]
    command[command.index("--listen") + 1] = "[::1]:0"
    process = Process(command, tmp_path / "log", core=None)
    try:
        process.wait_for(r"Events: http://\[::1\]:[0-9]+/v1/events")
    finally:
        process.end()


def test_a_folder_that_is_moved_away_and_made_anew_is_followed(product: Product) -> None:
    """As a checkout that replaces the folder does."""
    product.webhook("old", WEBHOOK % "old")
    product.start()
    product.loaded("default/old")
    product.manifests.rename(product.folder / "away")
    product.manifests.mkdir()
    product.webhook("new", WEBHOOK % "new")
    product.loaded("default/new")
    product.webhook("newer", WEBHOOK % "newer")
    product.loaded("default/newer")
    assert product.view("default/old") is None


def test_a_link_whose_target_changes_is_followed(product: Product) -> None:
    """The folder itself sees nothing of it, as in a mounted ConfigMap."""
    product.webhook("linked", WEBHOOK % "one")
    manifest = product.manifests / "webhook-default-linked.yaml"
    elsewhere = product.folder / "elsewhere.yaml"
    manifest.rename(elsewhere)
    manifest.symlink_to(elsewhere)
    product.start()
    elsewhere.write_text(elsewhere.read_text().replace("target.test", "target.example"))
    until(lambda: (view := product.view("default/linked")) and view["host"] == "target.example")


def test_a_test_that_waits_does_not_keep_a_change_waiting(product: Product) -> None:
    """A change is in force while a WebhookTest still waits for its target."""
    product.webhook(
        "hangs", "  url: https://target.test/-/hang\n  triggers: [RequestGranted]\n  timeout: 60s\n"
    )
    product.write("test", TEST % ("waits", "hangs"))
    product.start()
    until(lambda: product.received(path="/-/hang"))
    product.webhook("other", WEBHOOK % "other")
    product.loaded("default/other")
    assert product.arrived(product.accepted(granted(), "/v1/namespaces/default/events")[-1])


def test_a_damaged_memory_of_tests_is_no_reason_to_stay_down(product: Product) -> None:
    """It starts, and runs the tests once more."""
    product.webhook("one", WEBHOOK % "memory")
    product.write("test", TEST % ("once", "one"))
    (product.folder / "data").mkdir()
    (product.folder / "data" / "tests.json").write_text("{")
    product.start()
    until(lambda: product.received(path="/memory"))


def test_a_test_does_not_run_again_after_a_restart(product: Product) -> None:
    """It ran on this very manifest, webhook and Secret."""
    product.webhook("one", WEBHOOK % "restarted")
    product.write("test", TEST % ("once", "one"))
    product.start()
    until(lambda: (product.folder / "data" / "tests.json").exists())
    product.restart()
    product.webhook("other", WEBHOOK % "other")
    product.loaded("default/other")
    product.arrived(product.accepted(granted())[0])
    of_test = [each for each in product.received(path="/restarted") if "webhook-test" in each["headers"]]
    assert len(of_test) == 1


def test_a_slip_of_the_pen_costs_no_event(product: Product) -> None:
    """While a file cannot be read, what it held before stays in force; when it heals, the new text counts."""
    product.webhook("one", WEBHOOK % "kept")
    product.start()
    product.loaded("default/one")
    product.write("webhook-default-one", "kind: Webhook\n  bad: [")
    until(lambda: "what the file held before stays in force" in product.output())
    assert product.arrived(product.accepted(granted())[0])["path"] == "/kept"
    product.webhook("two", WEBHOOK % "two")
    product.loaded("default/two")
    assert product.view("default/one") is not None
    product.webhook("one", "  url: https://healed.test/\n  triggers: [RequestGranted]\n")
    until(lambda: (view := product.view("default/one")) and view["host"] == "healed.test")
    (product.manifests / "webhook-default-one.yaml").unlink()
    until(lambda: product.view("default/one") is None)
