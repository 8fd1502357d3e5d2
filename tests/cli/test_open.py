"""`hookwright open`, with a small program in place of a browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.test_cluster import installed, kubectl
from client_harness import ADMIN_TOKEN, Hookwright
from kubectl_harness import Kubectl
from rig import HANGS, Process

__all__ = ["installed", "kubectl"]

BROWSER = """
import json, sys, httpx
led = httpx.get(sys.argv[1], timeout=60)
again = httpx.get(sys.argv[1], timeout=60) if led.status_code == 302 else led
json.dump([sys.argv[1:], led.status_code, led.headers.get("location"), again.status_code], open(sys.argv[0] + ".saw", "w"))
"""


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A program that is given an address and goes there, twice; what it saw is in `.saw` beside it."""
    program = tmp_path / "browser.py"
    program.write_text(BROWSER)
    return program


def run(browser: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    """`hookwright open`, on a machine that has this browser."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    }
    if browser is not None:
        env["BROWSER"] = f"{sys.executable} {browser} %s"
    return subprocess.run(
        [sys.executable, "-m", "hookwright", "open", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )


def test_browser_is_led_to_the_page_and_its_words_hold_no_token(
    hookwright: Hookwright, browser: Path
) -> None:
    """It is called with a place that leads on once; the token is in the address that it is led to, and printed nowhere."""
    done = run(browser, *hookwright.flags("open"))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Opening {hookwright.admin}/ in your browser.\n"
    words, status, location, again = json.loads(Path(f"{browser}.saw").read_text())
    assert (status, location, again) == (302, f"{hookwright.admin}/#token={ADMIN_TOKEN}", 404)
    assert ADMIN_TOKEN not in str(words)


@pytest.mark.parametrize("words", [["--print"], []])
def test_without_a_browser_the_address_is_printed(hookwright: Hookwright, words: list[str]) -> None:
    """Also over ssh, where one could open but nobody would see it."""
    done = run(None, *words, *hookwright.flags("open"))
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"{hookwright.admin}/#token={ADMIN_TOKEN}\n",
        "",
    )


def test_a_token_that_is_missing_or_wrong_is_told_before_anything_opens(
    hookwright: Hookwright, browser: Path, tmp_path: Path
) -> None:
    """Exit code 2, and the flag that cures it."""
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    for flags in ([], ["--admin-token-file", str(wrong)]):
        done = run(browser, "--admin", hookwright.admin, *flags)
        assert done.returncode == 2
        assert "name a file that holds it with --admin-token-file." in done.stderr
    assert not Path(f"{browser}.saw").exists()


def test_of_a_cluster_the_page_is_there_until_ctrl_c(installed: Kubectl, tmp_path: Path) -> None:
    """The port-forward stays, the token is that of the release, and Ctrl-C is no error."""
    installed("list", "--admin", "http://127.0.0.1:1")  # writes what the cluster holds
    env = {
        **installed.environment,
        "PATH": f"{installed.folder}:{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "hookwright", "open", "--cluster", "--print"]
    opened = Process(command, tmp_path / "opened", core=None, env=env)
    address = opened.wait_for(r"(http://127\.0\.0\.1:[0-9]+)/#token=(.*)\n")
    assert address[2] == ADMIN_TOKEN
    opened.wait_for(rf"The page is at {address[1]}/ until you press Ctrl-C\.")
    assert opened.alive
    opened.end(signal.SIGINT)
    assert "Error" not in (tmp_path / "opened").read_text()
