"""Conditions as Kubernetes' conventions have them: merging, finding, and the words for what a change posts.

Must not: know what a condition is about (`webhook_status`, `test_status` do).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hookwright.core.findings import Finding
from hookwright.core.redaction import printable
from hookwright.limits import CONDITION_CHARACTERS

Status = Mapping[str, Any]
State = Literal["True", "False", "Unknown"]
READY: Final = "Ready"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a condition is to say; times and generation come with `merged`."""

    type: str
    status: State
    reason: str
    message: str

    @property
    def true(self) -> bool:
        """Whether it is True."""
        return self.status == "True"


@dataclass(frozen=True, slots=True)
class Note:
    """One Event to post: a condition has changed."""

    kind: str
    key: str
    uid: str
    warning: bool
    reason: str
    message: str


def found(status: Status, kind: str) -> Mapping[str, Any] | None:
    """The condition of a type as it stands in a status."""
    conditions = status.get("conditions")
    if not isinstance(conditions, Sequence):
        return None
    return next((each for each in conditions if each.get("type") == kind), None)


def merged(status: Status, wanted: Sequence[Condition], generation: int, now: str) -> list[dict[str, Any]]:
    """The list to write: `wanted` and nothing else; lastTransitionTime only moves with the status."""
    written = []
    for each in wanted:
        before = found(status, each.type)
        same = before is not None and before.get("status") == each.status
        written.append(
            {
                "type": each.type,
                "status": each.status,
                "observedGeneration": generation,
                "lastTransitionTime": before.get("lastTransitionTime", now) if same and before else now,
                "reason": each.reason,
                "message": cut(each.message, CONDITION_CHARACTERS),
            }
        )
    return written


def kept(before: Mapping[str, Any]) -> Condition:
    """A condition that stays as it is."""
    return Condition(before["type"], before["status"], before.get("reason", ""), before.get("message", ""))


def cut(text: str, characters: int) -> str:
    """A text for a status: control characters escaped, bounded with an ellipsis."""
    shown = printable(text)
    return shown if len(shown) <= characters else shown[: characters - 1] + "…"


def said(findings: Sequence[Finding]) -> str:
    """The first finding as a sentence with its field, and how many there are besides."""
    first, *others = findings
    more = f" (and {len(others)} more)" if others else ""
    return f"{first.field}: {first.sentence}{more}"


def changed(before: Status, after: Status, kind: str) -> Mapping[str, Any] | None:
    """The condition of a type if its status or reason changed."""
    old, new = found(before, kind), found(after, kind)
    if new is None:
        return None
    if old is not None and (old.get("status"), old.get("reason")) == (new["status"], new["reason"]):
        return None
    return new


def difference(before: Status, after: Status) -> dict[str, Any]:
    """The JSON merge patch (RFC 7396) that makes `after` of `before`; empty when they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            below = difference(old, value)
            if below:
                patch[name] = below
        elif name not in before or old != value:
            patch[name] = value
    return patch
