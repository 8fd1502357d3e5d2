"""Log lines, as whoever reads stderr gets them."""

import errno
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
    """What came out. `full`: it takes no more, as a file on a full disk."""

    full = False

    def write(self, lines: bytes) -> int:  # type: ignore[override]
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(lines)

    def text(self) -> str:
        """All of it."""
        logs.flush()
        return self.getvalue().decode()

    def lines(self) -> list[dict[str, object]]:
        """All lines, parsed."""
        return [json.loads(line) for line in self.text().splitlines()]


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
        "time": 1_700_000_000_000, "duration": 12.35, "detail": b"{}", "friendly_id": "AR-123",
    }  # fmt: skip
    record = AttemptRecord(**(values | changes))  # type: ignore[arg-type]
    return AttemptDetails(
        record, "dlv_1abcdef", "evt_0abcdef", "hooks.slack.com", 1_700_000_000_000, 1_700_000_000_042, message
    )


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
            "delivery": "dlv_1abcdef",
            "eventID": "evt_0abcdef",
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
    raw = stream.text()
    assert [line.get("message") or line["reason"] for line in stream.lines()] == [text, text]
    assert not any(
        ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in raw.replace("\n", "")
    )
    assert not set(raw) & set("\u202e\u2066\u2028")


def test_a_lone_surrogate_costs_no_line(stream: Stream) -> None:
    """What is no Unicode text is written escaped rather than raising."""
    logs.attempt(details("Rejected", "half \ud800 of a pair"))
    assert stream.lines()[0]["message"] == "half \\ud800 of a pair"


def test_all_lines_come_in_their_order(stream: Stream) -> None:
    """Those of attempts, of the process itself, and of libraries."""
    logs.attempt(details())
    structlog.get_logger().warning("configuration.refused", reason="it is damaged")
    logs.attempt(details())
    logging.getLogger("uvicorn.error").warning("Invalid request received.")
    said = [line["event"] for line in stream.lines()]
    assert said == ["attempt", "configuration.refused", "attempt", "Invalid request received."]


def test_a_new_stream_gets_no_line_of_the_old(stream: Stream) -> None:
    """What was said before stays where it was said."""
    logs.attempt(details())
    after = Stream()
    logs.configure(stream=after)
    structlog.get_logger().info("started")
    assert ([line["event"] for line in after.lines()], len(stream.lines())) == (["started"], 1)


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
    assert token not in stream.text()


def test_debug_lines_are_left_out(stream: Stream) -> None:
    """Of our own and of the standard library's loggers."""
    structlog.get_logger().warning("store.slow")
    structlog.get_logger().debug("store.fast")
    logging.getLogger("uvicorn").debug("connection")
    assert [line["event"] for line in stream.lines()] == ["store.slow"]


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("info", ["attempt", "attempt", "started", "late", "broken", "of a library"]),
        ("warning", ["attempt", "late", "broken", "of a library"]),
        ("error", ["broken"]),
    ],
)
def test_lines_below_the_level_are_left_out(stream: Stream, level: logs.LogLevel, written: list[str]) -> None:
    """Attempts, our own lines and those of libraries alike."""
    logs.configure(stream=stream, level=level)
    logs.attempt(details())
    logs.attempt(details("Retry"))
    log = structlog.get_logger()
    log.info("started")
    log.warning("late")
    log.error("broken")
    library = logging.getLogger("library")
    library.setLevel(logging.WARNING)
    library.warning("of a library")
    assert sorted(str(line["event"]) for line in stream.lines()) == sorted(written)


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


def test_lines_that_were_lost_are_told_of(stream: Stream) -> None:
    """Once the stream takes lines again, one says how many are missing."""
    stream.full = True
    for _ in range(3):
        logs.attempt(details())
        structlog.get_logger().info("started")
        logs.flush()
    stream.full = False
    structlog.get_logger().info("went on")
    after, told = stream.lines()
    assert after["event"] == "went on"
    assert (told["level"], told["event"], told["lines"]) == ("warning", "logs.lost", 6)
    assert logs.dropped() == 6


def test_a_reader_that_went_away_stops_nothing(stream: Stream) -> None:
    """Logging to a closed pipe or stream loses lines, counts them, and raises nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb", buffering=0) as pipe:
        logs.configure(stream=pipe)
        logs.attempt(details())
        logs.flush()
        assert logs.dropped() == 1
    structlog.get_logger().error("store.broken")
    logs.flush()
    assert logs.dropped() == 2


def test_events_that_are_left_out_make_no_line(stream: Stream) -> None:
    """All others do, and so do those of other loggers by that name."""
    logs.configure(stream=stream, quiet=("loop.stopped",))
    structlog.get_logger().warning("loop.stopped", seconds=0.1)
    structlog.get_logger().warning("store.waits", reason="full")
    logging.getLogger("asyncio").warning("loop.stopped")
    assert [line["event"] for line in stream.lines()] == ["store.waits", "loop.stopped"]
