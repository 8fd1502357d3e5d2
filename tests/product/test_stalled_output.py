"""`hookwright dev` whose output nobody reads: a log driver that stalls, a pager, a terminal stopped with Ctrl-S."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from product.by_hand import command, listens
from product.conftest import Product, granted
from rig import LISTENING, until

FAILING = "  url: https://target.test/-/status/404\n  triggers: [RequestGranted]\n"
GOOD = "  url: https://target.test/%s\n  triggers: [RequestGranted]\n"
EVENTS = 100
PIPE_BYTES = 4096  # fewer than the lines of those events


@contextmanager
def running(product: Product, reading: int, stdout: int, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """`dev` with these streams; what it says is read until it listens."""
    process = subprocess.Popen(command(product), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
    try:
        listens(product, said(reading, LISTENING))
        yield process
    finally:
        process.kill()
        process.wait()


def said(reading: int, *patterns: str) -> re.Match[str]:
    """Read on until it has said all of that, in any order; what matched the first."""
    text = ""
    while not all(found := [re.search(pattern, text) for pattern in patterns]):
        ready, _, _ = select.select([reading], [], [], 30)
        assert ready, f"no more than {text!r}"
        text += os.read(reading, PIPE_BYTES).decode(errors="replace")
    assert found[0] is not None
    return found[0]


def goes_on(product: Product) -> None:
    """It takes and delivers events, answers probes, and follows its folder, mistakes included."""
    for _ in range(EVENTS):
        product.accepted(granted())
    product.write("mistake", "kind: Webhook\n  bad: [")
    product.webhook("late", GOOD % "late")
    product.loaded("default/late")
    product.accepted(granted())
    until(lambda: product.received(path="/late"))
    assert len(product.received(path="/early")) > EVENTS
    assert product.http.get(f"{product.admin}/healthz").status_code == 200


def test_a_log_that_nobody_reads_stops_nothing(product: Product) -> None:
    """With stderr full it delivers and answers, and SIGTERM ends it."""
    product.webhook("early", GOOD % "early")
    product.webhook("failing", FAILING)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    with running(product, reading, subprocess.DEVNULL, writing) as process:
        goes_on(product)
        process.terminate()
        assert process.wait(20) == 0
    os.close(reading)
    os.close(writing)


def test_a_terminal_that_is_stopped_stops_nothing(product: Product, tmp_path: Path) -> None:
    """After Ctrl-S it delivers and answers; after Ctrl-Q the lines come; SIGTERM ends it though it is stopped."""
    product.webhook("early", GOOD % "early")
    product.webhook("failing", FAILING)
    keyboard, terminal = pty.openpty()
    with running(product, keyboard, terminal, terminal) as process:
        os.write(keyboard, b"\x13")
        goes_on(product)
        os.write(keyboard, b"\x11")
        said(keyboard, r"Rejected.* default/failing RequestGranted .*404", r"mistake\.yaml:2: ")
        os.write(keyboard, b"\x13")
        process.terminate()
        assert process.wait(20) == 0
    os.close(keyboard)
    os.close(terminal)
