"""Lines on their way to a reader that stalls, goes on, or goes away."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from hookwright.limits import LOG_BUFFER_BYTES
from hookwright.telemetry.outlet import Outlet

LINE = b"x" * 1023 + b"\n"


class Stalling(io.BytesIO):
    """Takes nothing until `reads` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reads, self.stalls = threading.Event(), threading.Event()
        self.writes = 0

    def write(self, lines: bytes) -> int:  # type: ignore[override]
        self.stalls.set()
        self.reads.wait()
        self.writes += 1
        return super().write(lines)


@pytest.fixture
def stalling() -> Stalling:
    """The reader."""
    return Stalling()


@pytest.fixture
def outlet(stalling: Stalling) -> Iterator[Outlet]:
    """Leads to the reader, who stalls in its first line."""
    made = Outlet(stalling, lambda lines: b"%d lost\n" % lines)
    made.write(b"first\n")
    assert stalling.stalls.wait(30)
    yield made
    stalling.reads.set()
    made.end()


def test_lines_that_wait_are_written_together(outlet: Outlet, stalling: Stalling) -> None:
    """In their order, with one write for all."""
    for number in range(1000):
        outlet.hold(b"%d\n" % number)
    stalling.reads.set()
    outlet.drain()
    assert stalling.getvalue().split() == [b"first", *(b"%d" % number for number in range(1000))]
    assert stalling.writes == 2


def test_what_does_not_fit_is_dropped_and_counted(outlet: Outlet, stalling: Stalling) -> None:
    """Nobody waits; once the reader goes on, a line says how many were lost, and later ones come again."""
    fitting = LOG_BUFFER_BYTES // len(LINE)
    for _ in range(fitting + 7):
        outlet.hold(LINE)
    assert outlet.dropped == 7
    stalling.reads.set()
    outlet.drain()
    outlet.write(b"later\n")
    outlet.drain()
    assert stalling.getvalue() == b"first\n" + LINE * fitting + b"7 lost\n" + b"later\n"
    assert outlet.dropped == 7


def test_a_reader_that_stalls_does_not_keep_the_end_waiting(outlet: Outlet, stalling: Stalling) -> None:
    """Draining gives up; what is held is not lost by that."""
    outlet.hold(b"second\n")
    outlet.drain()
    assert stalling.getvalue() == b""
    stalling.reads.set()
    outlet.drain()
    assert stalling.getvalue() == b"first\nsecond\n"


def test_a_stream_that_takes_lines_in_parts_gets_them_whole() -> None:
    """A pipe that another process made non-blocking takes what fits, or nothing."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(reading, "rb") as reader, open(writing, "wb", buffering=0) as pipe:
        outlet = Outlet(pipe, lambda _: b"")
        for _ in range(200):  # three times what a pipe holds
            outlet.hold(LINE)
        outlet.write(LINE)
        assert reader.read(201 * len(LINE)) == 201 * LINE
        outlet.end()
    assert outlet.dropped == 0


def process(code: str, stderr: int) -> subprocess.Popen[bytes]:
    """Python with logs set up, stdout and stderr the same."""
    code = f"from hookwright.telemetry import logs; logs.configure(); import structlog, sys; {code}"
    return subprocess.Popen([sys.executable, "-c", code], stdout=stderr, stderr=stderr)


def test_what_is_held_comes_out_at_the_end_of_the_process() -> None:
    """Lines, prints and a traceback, in their order."""
    with process(
        "structlog.get_logger().info('one'); print('two'); raise SystemExit('three')", subprocess.PIPE
    ) as ended:
        assert ended.stdout is not None
        assert ended.stderr is not None
        said, errors = ended.stdout.read(), ended.stderr.read()
    assert (ended.returncode, said) == (1, b"two\n")
    assert b'"event":"one"' in errors.splitlines()[0]
    assert errors.splitlines()[1] == b"three"


def test_prints_and_lines_keep_their_order_where_they_share_a_stream() -> None:
    """As on a terminal."""
    reading, writing = os.pipe()
    with process("[(print(n), structlog.get_logger().info(str(n))) for n in range(50)]", writing) as ended:
        os.close(writing)
        with open(reading, "rb") as reader:
            said = reader.read().splitlines()
    assert ended.returncode == 0
    assert said[::2] == [b"%d" % number for number in range(50)]
    assert [b'"event":"%d"' % number in line for number, line in enumerate(said[1::2])] == [True] * 50


def test_a_process_ends_though_nobody_reads() -> None:
    """More lines than a pipe holds keep neither its work nor its end."""
    reading, writing = os.pipe()
    ended = process(
        "[(print('x' * 9999), structlog.get_logger().info('x' * 9999)) for _ in range(50)]", writing
    )
    assert ended.wait(30) == 0
    os.close(reading)
    os.close(writing)
