"""Log lines, as whoever reads stderr gets them."""

import asyncio
import io
import json
import logging
import os
from collections.abc import Iterator

import pytest
import structlog

from hookwright.api import admin
from hookwright.core.records import AttemptRecord
from hookwright.telemetry import logs
from hookwright.telemetry.record import AttemptDetails


class Stream(io.BytesIO):
    """A stream that counts its writes and tells of them."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.written = asyncio.Event()

    def write(self, data: bytes | bytearray) -> int:  # type: ignore[override]
        self.writes += 1
        self.written.set()
        return super().write(data)

    def lines(self) -> list[dict[str, object]]:
        """All lines, parsed."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def stream() -> Iterator[Stream]:
    """Logs go there for one test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = Stream()
    logs.configure(stream=stream)
    yield stream
    logs.flush()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def details(
    result: str = "Delivered", message: str = "The target answered 200 OK.", **changes: object
) -> AttemptDetails:
    """An attempt on a Slack webhook."""
    values: dict[str, object] = {
        "delivery_key": 33, "attempt": 2, "event_key": 32, "route": "team/slack", "kind": "Delivery",
        "trigger": "RequestCreated", "result": result, "status": 200, "cause": None,
        "time": 1_700_000_000_000, "duration": 12.3456, "detail": b"{}", "friendly_id": "AR-123",
    }  # fmt: skip
    record = AttemptRecord(**(values | changes))  # type: ignore[arg-type]
    return AttemptDetails(record, "abcdef", "hooks.slack.com", 1_700_000_000_000, 1_700_000_000_042, message)


def test_an_attempt_is_one_wide_line(stream: Stream) -> None:
    """Everything by which somebody may look for a delivery stands in one line."""
    logs.attempt(details())
    assert stream.lines() == [
        {
            "time": "2023-11-14T22:13:20.042Z",
            "level": "info",
            "event": "attempt",
            "result": "Delivered",
            "webhook": "team/slack",
            "delivery": "dlv_0000000000011abcdef",
            "eventID": "evt_0000000000010abcdef",
            "attempt": 2,
            "trigger": "RequestCreated",
            "host": "hooks.slack.com",
            "status": 200,
            "durationMillis": 12.35,
            "sinceAcceptedMillis": 42,
            "friendlyID": "AR-123",
        }
    ]


def test_a_failed_attempt_is_a_warning_with_its_reason(stream: Stream) -> None:
    """What went wrong is in the line; a delivered one is spared the sentence."""
    logs.attempt(
        details("Retrying", "The target answered 503.", status=503, cause="Status", friendly_id=None)
    )
    (line,) = stream.lines()
    assert (line["level"], line["cause"], line["message"]) == (
        "warning",
        "Status",
        "The target answered 503.",
    )
    assert "friendlyID" not in line


@pytest.mark.parametrize(
    "text", ["\x1b[2J\r\nfake line", "\x7f\x80\x9b31m", "\u202egnp\u2066\u2028", "größe ✓"]
)
def test_no_control_character_reaches_the_stream(stream: Stream, text: str) -> None:
    """A hostile answer cannot steer a terminal or fake a line, and the JSON still says what it was."""
    logs.attempt(details("Rejected", text))
    structlog.get_logger().info("answer.refused", reason=text)
    raw = stream.getvalue().decode()
    assert [line.get("message") or line["reason"] for line in stream.lines()] == [text, text]
    assert not any(
        ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in raw.replace("\n", "")
    )
    assert not set(raw) & set("\u202e\u2066\u2028")


def test_a_lone_surrogate_costs_no_line(stream: Stream) -> None:
    """What is no Unicode text is written escaped rather than raising."""
    logs.attempt(details("Rejected", "half \ud800 of a pair"))
    assert stream.lines()[0]["message"] == "half \\ud800 of a pair"


async def test_lines_of_attempts_are_written_together(stream: Stream) -> None:
    """While the loop runs, a hundred deliveries cost one write, within a twentieth of a second."""
    for _ in range(100):
        logs.attempt(details())
    assert stream.writes == 0
    await asyncio.wait_for(stream.written.wait(), 5)
    assert stream.writes == 1
    assert len(stream.lines()) == 100


async def test_many_lines_are_not_held_back_long(stream: Stream) -> None:
    """What is held in memory is bounded."""
    for _ in range(1000):
        logs.attempt(details())
    assert 1 < stream.writes < 20


async def test_our_own_events_are_written_at_once_and_in_order(stream: Stream) -> None:
    """A line of the process itself pushes out what was held back before it."""
    logs.attempt(details())
    structlog.get_logger().warning("configuration.refused", reason="it is damaged")
    first, second = stream.lines()
    assert (first["event"], second["event"]) == ("attempt", "configuration.refused")
    assert (second["level"], second["reason"]) == ("warning", "it is damaged")


async def test_every_loop_gets_its_lines_out(stream: Stream) -> None:
    """A loop that ended with lines held back does not keep the next one's from the stream."""
    await asyncio.to_thread(asyncio.run, _one_attempt())
    logs.attempt(details())
    await asyncio.wait_for(stream.written.wait(), 5)
    assert len(stream.lines()) == 2


async def _one_attempt() -> None:
    logs.attempt(details())


def test_lines_of_libraries_look_like_ours(stream: Stream) -> None:
    """uvicorn and asyncio log through the standard library; arguments are filled in."""
    logging.getLogger("uvicorn.error").warning("Invalid %s received.", "request")
    (line,) = stream.lines()
    assert (line["level"], line["event"], line["logger"]) == (
        "warning", "Invalid request received.", "uvicorn.error",
    )  # fmt: skip


@pytest.mark.parametrize("through", ["structlog", "logging"])
def test_a_traceback_is_part_of_its_line_without_local_values(stream: Stream, through: str) -> None:
    """Local variables may be secrets: only files, lines and the exception's own sentence are written."""
    token = "xoxb-secret-token"
    try:
        raise ValueError(f"{len(token)} characters are too many")
    except ValueError:
        if through == "structlog":
            structlog.get_logger().exception("attempt.failed")
        else:
            logging.getLogger("asyncio").exception("attempt.failed")
    (line,) = stream.lines()
    assert line["event"] == "attempt.failed"
    assert str(line["exception"]).endswith("ValueError: 17 characters are too many")
    assert token.encode() not in stream.getvalue()


def test_debug_lines_are_left_out(stream: Stream) -> None:
    """Of our own and of the standard library's loggers."""
    structlog.get_logger().warning("store.slow")
    structlog.get_logger().debug("store.fast")
    logging.getLogger("uvicorn").debug("connection")
    assert [line["event"] for line in stream.lines()] == ["store.slow"]


def test_a_run_of_a_test_is_one_line(stream: Stream) -> None:
    """It says which test of which webhook, the verdict and what to check next."""
    run = admin.TestRun(
        run_id="r1", test="team/slack-works", webhook="team/slack", mode="Send", result="Test failed",
        message="The target answered 404.", hint="Check the path in url.", time="2023-11-14T22:13:20Z",
    )  # fmt: skip
    logs.test_run(run, passed=False)
    (line,) = stream.lines()
    del line["time"]
    assert line == {
        "level": "warning", "event": "test", "result": "Test failed", "test": "team/slack-works",
        "webhook": "team/slack", "mode": "Send", "message": "The target answered 404.",
        "hint": "Check the path in url.",
    }  # fmt: skip


def test_a_reader_that_went_away_stops_nothing(stream: Stream) -> None:
    """Logging to a closed pipe or stream loses lines and raises nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb", buffering=0) as pipe:
        logs.configure(stream=pipe)
        logs.attempt(details())
    logs.attempt(details())
    structlog.get_logger().error("store.broken")
