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

Source = str | JsonPath  # a named place, or a path
_UNKNOWN: Final = (None, 0)


class View:
    """One event as filters see it. Belongs to one event and one caller."""

    __slots__ = ("_found", "document", "kept")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.kept = 0
        """Steps whose results are held: what paths found."""
        self._found: dict[Source | tuple[JsonPath], tuple[Sequence[Any] | None, int]] = {}  # and what it cost

    def values(self, source: Source, budget: Budget) -> Sequence[str]:
        """What stands at a place or path, as texts. Raises OverBudget.

        A path costs the same whoever asked for it before, so that no webhook's answer depends on another's. A
        place is the event's own and free: it is looked up once for all.
        """
        if isinstance(source, str):
            return self._once(source, partial(self._at_place, source), budget, free=True)
        return self._once(source, partial(self._at_path, source), budget)

    def finds(self, path: JsonPath, budget: Budget) -> bool:
        """Whether anything stands at a path, which need not be written. Raises OverBudget."""
        return bool(self._once((path,), partial(path.find, self.document), budget))

    def _once(
        self,
        what: Source | tuple[JsonPath],
        look: Callable[[Budget], Sequence[Any]],
        budget: Budget,
        *,
        free: bool = False,
    ) -> Sequence[Any]:
        found, cost = self._found.get(what, _UNKNOWN)
        if found is not None or cost > budget.left:
            budget.beside -= cost
        else:
            own = Budget() if free else Budget(budget.left)
            try:
                found = look(own)
                cost = 0 if free else own.used
                self.kept += cost
            except OverBudget as over:
                cost = over.needed
            self._found[what] = found, cost
            budget.beside += own.used - cost
        if cost:
            budget.spend(cost)
        assert found is not None
        return found

    def forget(self) -> None:
        """Let go of what paths found."""
        self._found = {
            what: (found, cost)
            for what, (found, cost) in self._found.items()
            if found is None or isinstance(what, str)
        }
        self.kept = 0

    def _at_place(self, place: str, budget: Budget) -> Sequence[str]:
        data = self.document.get("data")
        return PLACES[place](data, budget) if isinstance(data, dict) else ()

    def _at_path(self, path: JsonPath, budget: Budget) -> Sequence[str]:
        texts = []
        for value in path.find(self.document, budget):
            pay_for_text(value, budget)
            texts.append(as_text(value))
        return texts
