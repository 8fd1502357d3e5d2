"""Results of attempts and their records, as the values of a call. Must not: write (`writing`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.store.postgres.rows import columns, plain

_RECORD, _DONE, _DELAY, _BURY = 13, 2, 6, 6
"""How many columns each has, in the order of `finish_1`."""


def finished(
    results: Iterable[Finish], records: Sequence[AttemptRecord], numbers: dict[str, int]
) -> list[Any]:
    """The values of `finish_1` that carry out results and keep these records; to do it twice is to do it once.

    `numbers`: of all webhooks.
    """
    done: list[tuple[int, int]] = []
    released: list[tuple[int, int]] = []
    delays, buried = [], []
    used = {numbers[record.route] for record in records}
    for result in results:
        number = numbers[result.route]
        used.add(number)
        if result.action is Action.ACK:
            (done if result.sole else released).append((number, result.key))
        elif result.action is Action.DELAY:
            delays.append(_delay(number, result))
        else:
            buried.append(bury_row(number, result))
    rows = [_record(numbers[record.route], record) for record in records]
    return [
        list(used), *columns(rows, _RECORD), *columns(done, _DONE), *columns(released, _DONE), *columns(delays, _DELAY),
        *columns(buried, _BURY),
    ]  # fmt: skip


def _delay(number: int, result: Finish) -> tuple[int, ...]:
    wait = max(0, result.due - result.at) if result.due else 0
    return number, result.key, result.due, wait, result.attempts, result.steps


def bury_row(number: int, result: Finish) -> tuple[Any, ...]:
    """What `bury_1` takes of a delivery that is to be a dead letter."""
    return number, result.key, result.reason, plain(result.message), result.attempts, result.at


def _record(number: int, one: AttemptRecord) -> tuple[Any, ...]:
    return (
        one.delivery_key, one.attempt, one.event_key, number, one.kind, plain(one.trigger), one.result, one.status,
        one.cause, one.time, one.duration, plain(one.friendly_id), one.detail,
    )  # fmt: skip
