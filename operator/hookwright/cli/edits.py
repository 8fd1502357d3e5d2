"""`--set data.requester.email=ann@example.com`: fields of an event are given other values before it is sent.

What is on the way to a field must be there, so that a slip of the pen does not add a member that nobody reads. Must
not: judge the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hookwright.cli.events import Body
from hookwright.core.templates.missing import nearest
from hookwright.errors import UsageError

_PATH: Final = re.compile(r"[^.\[\]=]+(\[[0-9]+\])*(\.[^.\[\]=]+(\[[0-9]+\])*)*")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")

Step = str | int


def edited(body: Body, assignments: Sequence[str]) -> Body:
    """The event with each `PATH=VALUE` done. UsageError: one cannot be, or there is not one event in JSON."""
    if not assignments:
        return body
    try:
        document = json.loads(body.content) if body.single else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError("--set edits one event in JSON; send several in a file as they are.")
    for assignment in assignments:
        _assign(document, assignment)
    return replace(body, content=json.dumps(document).encode())


def _assign(document: dict[str, Any], assignment: str) -> None:
    path, sign, value = assignment.partition("=")
    if not (sign and _PATH.fullmatch(path)):
        raise UsageError(f"--set {assignment}: write it as data.requester.email=VALUE.")
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    place: Any = document
    for count, step in enumerate(steps[:-1]):
        if not _has(place, step):
            raise UsageError(
                f"--set {path}: there is no {_written(steps[: count + 1])}{_meant(place, step)}."
            )
        place = place[step]
    last = steps[-1]
    if not (_has(place, last) or (isinstance(place, dict) and isinstance(last, str))):
        raise UsageError(f"--set {path}: {_written(steps[:-1])} has no member or item of that name.")
    place[last] = _value(value)


def _has(place: Any, step: Step) -> bool:
    if isinstance(step, int):
        return isinstance(place, list) and step < len(place)
    return isinstance(place, dict) and step in place


def _meant(place: Any, step: Step) -> str:
    near = nearest(str(step), place) if isinstance(place, dict) else None
    return f"; perhaps {near} is meant" if near else ""


def _written(steps: Sequence[Step]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _value(text: str) -> Any:
    """JSON, or else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
