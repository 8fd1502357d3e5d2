"""Tells of an attempt that ended: the record for the history, the last invocation, metrics and the log line.

Whatever goes wrong in it is told itself and costs the details, never the delivery. Must not: decide, store.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from hookwright.core.event import delivery_id, event_id
from hookwright.core.lane import Lane
from hookwright.core.lifecycle import Decision
from hookwright.core.outcome import DELIVERED
from hookwright.core.records import AttemptRecord, Delivery, LastInvocation
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.attempt import Performed, Target
from hookwright.dispatcher.delivery.records import Attempted, Bodies, attempt_record, detail
from hookwright.telemetry.record import AttemptDetails

_UNTOLD = "What came of this attempt cannot be shown; the dispatcher's log says why."


class Teller:
    """`observe` is called with the details of each attempt."""

    def __init__(
        self,
        tag: str,
        clock: Clock,
        background: Background,
        bodies: Bodies,
        observe: Callable[[AttemptDetails], None],
    ) -> None:
        self._tag, self._clock, self._background = tag, clock, background
        self._bodies, self._observe = bodies, observe

    def tell(
        self,
        lane: Lane,
        target: Target,
        delivery: Delivery,
        decision: Decision,
        performed: Performed,
        began_ms: int,
        now_ms: int,
    ) -> tuple[AttemptRecord, str]:
        """The record of a delivery's attempt and its sentence; metrics, log and status have been told.

        `began_ms` is by the wall clock, `now_ms` by the one that never jumps.
        """
        message = decision.message
        try:
            redactor = target.redactor()
            if performed.outcome.verdict is not DELIVERED:
                message = redactor.text(message)
            shown = detail(performed, redactor, message, self._bodies)
        except Exception as error:
            self._background.failure("record", error)
            message, shown = _UNTOLD, orjson.dumps({"message": _UNTOLD})
        what = Attempted(
            delivery.key, delivery.event_key, decision.attempts, lane.key, "Delivery", delivery.trigger,
            delivery.raw, began_ms,
        )  # fmt: skip
        record = attempt_record(what, performed, decision.result, shown)
        try:
            self._tell(lane, target, delivery, record, message, performed, now_ms)
        except Exception as error:
            self._background.failure("observe", error)
        return record, message

    def _tell(
        self,
        lane: Lane,
        target: Target,
        delivery: Delivery,
        record: AttemptRecord,
        message: str,
        performed: Performed,
        now_ms: int,
    ) -> None:
        event = event_id(delivery.event_key, self._tag)
        lane.standing.told(
            LastInvocation(
                record.time, record.result, event, record.trigger, record.attempt, record.status, record.duration,
                message,
            )
        )  # fmt: skip
        ended_ms, answer = self._clock.wall_ms(), performed.answer
        self._observe(
            AttemptDetails(
                record, delivery_id(delivery.key, self._tag), event, target.route.host,
                ended_ms - (now_ms - delivery.received), ended_ms, message,
                answer is not None and answer.phases.tls is not None,
            )
        )  # fmt: skip
