"""What is found wrong with an object, in the words that `validate`, a status and `dev` show. Must not: judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hookwright.errors import Cause

Severity = Literal["error", "warning"]
Condition = Literal["Accepted", "ResolvedRefs"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an object.

    `field` is its path (`spec.url`), `condition` the condition that it makes False and `reason` that
    condition's reason, `template_line` and `template_column` the place inside the template that stands at `field`
    (from 1, 0: none), `template_length` how many characters are meant there, `cure` the tag to write instead,
    `cause` the tip that goes with it, if there is one of its own.
    """

    kind: str
    key: str
    field: str
    sentence: str
    severity: Severity = "error"
    condition: Condition = "Accepted"
    template_line: int = 0
    template_column: int = 0
    template_length: int = 0
    cure: str = ""
    reason: str = "InvalidSpec"
    cause: Cause | None = None
