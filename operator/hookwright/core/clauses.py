"""What one entry of a webhook's filters is, whatever its kind: `core.filters` and `core.match_expressions` have them.

A clause decides, says why not, and tells what an event must show to have any chance, from which `core.match_index`
is built. Must not: know triggers or namespaces.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hookwright.core.budget import Budget
from hookwright.core.jsontext import compact
from hookwright.core.view import Source, View

_SHOWN_VALUES: Final = 5  # of an event's or a filter's values in a sentence
_SHOWN_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Probe:
    """What an event must show at `source` to pass: a text that is one of these, or begins or ends so, or in
    which one of the RE2 expressions is found; or `anything`."""

    source: Source
    exact: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()  # of the expressions, in instructions
    anything: bool = False


class Clause(ABC):
    """One entry of the filters; equal to another that decides the same."""

    __slots__ = ()
    field: str
    """Its path below `filters`, as users write it."""

    @property
    def dear(self) -> bool:
        """Whether more than one place of an event may have to be looked at."""
        return False

    @property
    def what(self) -> str:
        """What takes the work, to begin a sentence with."""
        return "this list"

    @property
    def cure(self) -> str:
        """How it takes less."""
        return "write fewer or shorter globs"

    @abstractmethod
    def holds(self, view: View, budget: Budget) -> bool:
        """Whether the event passes. Raises OverBudget."""

    @abstractmethod
    def reason(self, view: View, budget: Budget) -> str:
        """Why the event does not pass, one sentence; only asked then."""

    @abstractmethod
    def probes(self) -> Sequence[Probe]:
        """Necessary conditions that can be looked up; any of them will do."""

    def parts(self) -> Sequence[Clause]:
        """Clauses that all hold if this one does: as small as they get, so that many webhooks share one."""
        return (self,)


# --- sentences -------------------------------------------------------------------------------------


def quoted(values: Sequence[str]) -> str:
    """Values of an event, as JSON strings, so that no control character gets through; bounded."""
    shown = ", ".join(compact(_cut(value)) for value in values[:_SHOWN_VALUES])
    return shown + _and_more(values)


def shown_list(values: Sequence[str]) -> str:
    return f"[{', '.join(_cut(value) for value in values[:_SHOWN_VALUES])}{_and_more(values)}]"


def _and_more(values: Sequence[str]) -> str:
    return f" and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else ""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
