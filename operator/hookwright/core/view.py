"""One event as filters see it: every place or path is looked up once, however many webhooks ask.

Each look-up is paid for (`core.budget`), and what is looked up is text. Must not: compare, change an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from hookwright.core.budget import Budget, OverBudget
from hookwright.core.jsonpath import JsonPath
from hookwright.core.jsontext import as_text, pay_for_text
from hookwright.core.places import PLACES
from hookwright.limits import MATCH_INDEX_STEPS

_CONTAINERS: Final = (dict, list)
Source = str | JsonPath  # a named place, or a path
_UNKNOWN: Final = (None, 0)
_SMALL: Final = 256  # characters of a text that costs nothing


class View:
    """One event as filters see it, and what has been done for it. Belongs to one event and one caller."""

    made = 0
    """Steps that were really made, whoever is charged for them."""
    index_left = MATCH_INDEX_STEPS
    """Steps that the index may still make for dear paths."""
    kept = 0
    """Characters held: the texts that paths found."""
    _own: Budget | None = None

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._found: dict[Source | tuple[JsonPath], tuple[Sequence[Any] | None, int]] = {}  # and what it cost

    def values(self, source: Source, budget: Budget) -> Sequence[str]:
        """What stands at a place or path, as texts. Raises OverBudget.

        A path costs the same whoever asked for it before, so that no webhook's answer depends on another's. A
        place is the event's own and free: it is looked up once for all.
        """
        texts = self.quick(source)
        if texts is not None:
            return texts
        if isinstance(source, str):
            raise OverBudget(self._found[source][1])
        return self._paid(source, partial(self._at_path, source), budget)

    def finds(self, path: JsonPath, budget: Budget) -> bool:
        """Whether anything stands at a path, which need not be written. Raises OverBudget."""
        if path.singular:
            return bool(path.walk(self.document))
        return bool(self._paid((path,), lambda own: "x" if path.find(self.document, own) else "", budget))

    def quick(self, source: Source) -> Sequence[str] | None:
        """What stands there, if that is free; None: it has to be paid for."""
        known = self._found.get(source)
        if known is not None:
            return None if known[1] else known[0]
        if isinstance(source, str):
            return self._at_place(source)
        if not source.singular:
            return None
        found = source.walk(self.document)
        if found:
            value = found[0]
            if isinstance(value, str):
                if len(value) > _SMALL:
                    return None
            elif isinstance(value, _CONTAINERS):
                return None
            else:
                found = [as_text(value)]
        self._found[source] = found, 0
        return found

    def brief(self, steps: int) -> Budget:
        """A budget of so many steps, for one use at once."""
        own = self._own
        if own is None:
            own = self._own = Budget(steps)
            return own
        own.limit = own.left = steps
        own.beside = 0
        return own

    def forget(self) -> None:
        """Let go of what paths found."""
        self._found = {
            what: (found, cost) for what, (found, cost) in self._found.items() if found is None or not cost
        }
        self.kept = 0

    def _paid(
        self, what: Source | tuple[JsonPath], look: Callable[[Budget], Sequence[Any]], budget: Budget
    ) -> Sequence[Any]:
        found, cost = self._found.get(what, _UNKNOWN)
        if found is None and cost <= budget.left:
            own = Budget(budget.left)
            try:
                found = look(own)
                self.kept += sum(map(len, found))
            except OverBudget:
                found = None
            cost = own.used
            self._found[what] = found, cost
            budget.beside += own.made
        budget.charge(cost)
        assert found is not None
        return found

    def _at_place(self, place: str) -> Sequence[str] | None:
        data = self.document.get("data")
        own = Budget()
        try:
            texts = PLACES[place](data, own) if isinstance(data, dict) else ()
            self._found[place] = texts, 0
        except OverBudget as over:
            texts = None
            self._found[place] = None, over.needed
        self.made += own.made
        return texts

    def _at_path(self, path: JsonPath, budget: Budget) -> Sequence[str]:
        texts = []
        for value in path.find(self.document, budget):
            pay_for_text(value, budget)
            texts.append(as_text(value))
        return texts
