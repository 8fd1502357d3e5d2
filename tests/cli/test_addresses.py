"""Where commands find a dispatcher without a flag, and how they say the next command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.terminal import HOOKWRIGHT, on_terminal
from client_harness import Hookwright
from hookwright.cli.addresses import ADMIN, EVENTS, Address, base_url, forget, nearest, remember
from hookwright.cli.main import main
from ports import kept_port
from rig import HANGS, Process


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with no variable set."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for port in (ADMIN, EVENTS):
        monkeypatch.delenv(port.variable, raising=False)
    return tmp_path / "work"


def remembered(hookwright: Hookwright) -> None:
    """Leave what a `dev` in this folder would."""
    Path(".hookwright").mkdir()
    remember(
        Path(".hookwright"),
        {
            EVENTS.name: Address(hookwright.to, hookwright.tokens / "events"),
            ADMIN.name: Address(hookwright.admin, hookwright.tokens / "admin"),
        },
    )


def test_a_command_finds_the_dev_of_its_folder(hookwright: Hookwright, folder: Path) -> None:
    """Both ports with their tokens; what is found by itself is not said in the next command."""
    remembered(hookwright)
    assert CliRunner().invoke(main, ["send"]).stdout.startswith("Accepted evt_0")
    assert CliRunner().invoke(main, ["list"]).exit_code == 0
    result = CliRunner().invoke(main, ["invoke", "shop/slack", "-o", "json"])
    assert result.stderr == "Error: shop/slack does not list the trigger Manual.\n"
    assert ADMIN.flags(hookwright.admin, hookwright.tokens / "admin") == ""
    assert ADMIN.flags("http://127.0.0.1:1", None) == " --admin http://127.0.0.1:1"
    forget(Path(".hookwright"))
    assert ADMIN.find() == Address("http://127.0.0.1:8081")


def test_a_variable_comes_before_the_folder_and_a_flag_before_both(
    hookwright: Hookwright, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is nearest to the call counts."""
    remembered(hookwright)
    monkeypatch.setenv("HOOKWRIGHT_ADMIN_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(main, ["list"])
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: Nothing answers at http://127.0.0.1:1, the address in HOOKWRIGHT_ADMIN_URL; start it with "
        "`hookwright dev DIR`, or say with --admin where it is.\n"
    )
    assert hookwright("list").exit_code == 0
    monkeypatch.setenv("HOOKWRIGHT_ADMIN_URL", "nonsense")
    assert (
        "HOOKWRIGHT_ADMIN_URL nonsense: write it as http://HOST:PORT."
        in CliRunner().invoke(main, ["list"]).stderr
    )


def test_nothing_answers_is_said_without_a_number(folder: Path) -> None:
    """Nobody needs the system's words for it."""
    url = f"http://127.0.0.1:{kept_port()}"
    said = CliRunner().invoke(main, ["list", "--admin", url]).stderr
    assert said == (
        f"Error: Nothing answers at {url}; start it with `hookwright dev DIR`, or say with --admin where it is.\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"admin": {"url": 1, "tokenFile": null}}',
        '{"admin": {"url": "http://192.0.2.1:8081", "tokenFile": "/etc/hostname"}}',
        '{"admin": {"url": "http://collector.example:8081", "tokenFile": null}}',
        '{"admin": {"url": "http://127.0.0.1:1"}}',
        '{"admin": {"url": "http://[", "tokenFile": null}}',
    ],
)
def test_a_folder_from_elsewhere_leads_nobody_away(folder: Path, text: str) -> None:
    """What is damaged, or leads to another machine, counts as not there."""
    (folder / ".hookwright").mkdir()
    (folder / ".hookwright" / "addresses.json").write_text(text)
    assert ADMIN.find() == Address("http://127.0.0.1:8081")


def test_an_address_of_another_machine_is_not_written(folder: Path) -> None:
    """One on all addresses is reached on loopback, and IPv6 stands in brackets."""
    assert base_url(nearest("0.0.0.0"), 8080) == "http://127.0.0.1:8080"
    assert base_url(nearest("::"), 8080) == "http://[::1]:8080"
    remember(folder, {"events": Address("http://192.0.2.1:8080"), "admin": Address("http://[::1]:8081")})
    assert list(json.loads((folder / "addresses.json").read_text())) == ["admin"]


def test_dev_writes_where_it_serves_and_takes_it_back(folder: Path) -> None:
    """While it runs, in its data folder; a command beside it needs no address, and neither does the one it names."""
    command = [
        sys.executable,
        "-m",
        "hookwright",
        "dev",
        str(folder),
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ]
    dev = Process(command, folder / "log", core=None)
    try:
        found = dev.wait_for(r"Admin: (http://127\.0\.0\.1:\d+)")
        assert ADMIN.find() == Address(found[1], source=".hookwright")
        done = subprocess.run([HOOKWRIGHT, "list"], cwd=folder, capture_output=True, text=True, timeout=HANGS)
        assert (done.returncode, done.stderr) == (0, "There is no webhook.\n")
    finally:
        dev.end()
    assert ADMIN.find() == Address("http://127.0.0.1:8081")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([str(HOOKWRIGHT)], str(HOOKWRIGHT)),
        ([os.path.relpath(HOOKWRIGHT, "/")], os.path.relpath(HOOKWRIGHT, "/")),
        ([sys.executable, "-m", "hookwright"], f"{sys.executable} -m hookwright"),
        (["hookwright"], "hookwright"),
    ],
)
def test_a_command_is_said_as_it_was_called(command: list[str], said: str) -> None:
    """On a terminal: by path, by Python's -m, or by name where the PATH has it."""
    path = {"PATH": str(HOOKWRIGHT.parent) if command == ["hookwright"] else "/nowhere"}
    words = [*command, "list", "--admin", "http://127.0.0.1:1"]
    with on_terminal(words, Path("/"), path, columns=200) as terminal:
        assert f"start it with `{said} dev DIR`" in terminal.closed()


def test_in_a_pipe_a_command_has_its_bare_name() -> None:
    """What scripts read is the same wherever the program is installed."""
    words = [HOOKWRIGHT, "list", "--admin", "http://127.0.0.1:1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANGS)
    assert "start it with `hookwright dev DIR`" in done.stderr
