"""Logs on stderr: JSON lines, one wide line per attempt.

structlog carries our own events and the standard library's loggers (uvicorn, asyncio) end in the same lines.
The line of an attempt takes a short cut, as there is one per delivery: one orjson call, written in batches.
Control characters are escaped, so no event or answer can steer a terminal.
Must not: redact (callers pass texts that have been), fail, or wait for whoever reads (`outlet` sees to that).
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from time import time_ns
from typing import Any, BinaryIO, Final, Literal

import orjson
import structlog

from hookwright.api.admin import TestRun
from hookwright.core.redaction import printable
from hookwright.telemetry.outlet import Outlet, take_over
from hookwright.telemetry.record import AttemptDetails

LogLevel = Literal["info", "warning", "error"]
_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(
    *, stream: BinaryIO | None = None, quiet: Collection[str] = (), level: LogLevel = "info"
) -> None:
    """Set up logging of this process.

    `stream`: unbuffered; stderr unless given, and then no print to stdout or stderr waits for its reader either.
    `level`: the least that is written. There is no debug: libraries write there what they read, Secrets among it.
    `quiet`: events of ours that are left out. Tracebacks are part of a line, without the values of local variables
    (they may be secrets).
    """
    if _sink.outlet is not None:
        _sink.outlet.end()
    _sink.outlet = take_over(_lost) if stream is None else Outlet(stream, _lost)
    _sink.least = _LEVELS[level]
    structlog.configure(
        processors=[
            partial(_leave_out, quiet),
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_sink.least),
        logger_factory=lambda *_: _sink,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge(_sink.least)]  # some loggers have a level of their own
    root.setLevel(_sink.least)


def attempt(details: AttemptDetails) -> None:
    """The wide line of one attempt: everything by which somebody may look for it."""
    record = details.record
    delivered = record.result == "Delivered"
    line = {
        "time": _rfc3339(details.ended_ms),
        "level": "info" if delivered else "warning",
        "event": "attempt",
        "result": record.result,
        "webhook": record.route,
        "delivery": details.delivery_id,
        "eventID": details.event_id,
        "attempt": record.attempt,
        "trigger": record.trigger,
        "host": details.host,
        "status": record.status,
        "durationMillis": record.duration,
        "sinceAcceptedMillis": details.ended_ms - details.received_ms,
    }
    if record.friendly_id is not None:
        line["friendlyID"] = record.friendly_id
    if not delivered:
        line["cause"] = record.cause
        line["message"] = details.message
    _hold(line)


def test_run(run: TestRun, *, passed: bool) -> None:
    """One line per run of a WebhookTest."""
    line = {
        "time": _now(),
        "level": "info" if passed else "warning",
        "event": "test",
        "result": run.result,
        "test": run.test,
        "webhook": run.webhook,
        "mode": run.mode,
        "message": run.message,
    }
    if run.hint is not None:
        line["hint"] = run.hint
    _hold(line)


test_run.__test__ = False  # type: ignore[attr-defined]


def _hold(line: Mapping[str, Any]) -> None:
    """Write it with others, in time; info or warning."""
    if _sink.outlet is not None and _LEVELS[line["level"]] >= _sink.least:
        _sink.outlet.hold(_line(line))


def flush() -> None:
    """Write what is held; waits `LOG_DRAIN_SECONDS` at most for whoever reads it."""
    if _sink.outlet is not None:
        _sink.outlet.drain()


def dropped() -> int:
    """Lines that were lost so far, as nobody read them or the stream is gone."""
    return _sink.outlet.dropped if _sink.outlet is not None else 0


class _Sink:
    """Where lines go: nowhere before `configure`. Also the logger that structlog ends in."""

    outlet: Outlet | None = None
    least = logging.INFO

    def msg(self, line: bytes) -> None:
        if self.outlet is not None:
            self.outlet.write(line)

    debug = info = warning = error = critical = msg


class _Bridge(logging.Handler):
    """Lines of the standard library's loggers, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {
            "time": _rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            fields["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        _sink.msg(_line(fields))


def _leave_out(
    quiet: Collection[str], _logger: Any, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """structlog's first processor."""
    if fields["event"] in quiet:
        raise structlog.DropEvent
    return fields


def _render(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> bytes:
    """structlog's last processor."""
    return _line({"time": _now(), "level": fields.pop("level"), **fields})


def _now() -> str:
    return _rfc3339(time_ns() // 1_000_000)


def _rfc3339(epoch_ms: int) -> str:
    return f"{_second(epoch_ms // 1000)}.{epoch_ms % 1000:03}Z"


@lru_cache(maxsize=4)
def _second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _line(fields: Mapping[str, Any]) -> bytes:
    try:
        line = orjson.dumps(fields, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a lone surrogate, or a number beyond 64 bits
        texts = {name: printable(str(value)) for name, value in fields.items()}
        line = orjson.dumps(texts, option=orjson.OPT_APPEND_NEWLINE)
    if line.isascii() and b"\x7f" not in line:
        return line
    return printable(line[:-1].decode()).encode() + b"\n"  # \uXXXX is what JSON writes too


def _lost(lines: int) -> bytes:
    return _line({"time": _now(), "level": "warning", "event": "logs.lost", "lines": lines})


_sink: Final = _Sink()
