"""The budget of one render: how many steps it may take, and what each thing costs.

A step is at most about a third of a microsecond and 32 characters, so the budget bounds time and memory
without a clock (core reads none): every loop pays its rounds times the size of its body before the first
round; every filter, call, operator and written value pays for the size of what it reads and makes. Must
not: know the syntax tree (`core.templates.rewrite` puts the prices in).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from jinja2 import Environment
from jinja2.runtime import Context

from hookwright import limits
from hookwright.errors import BudgetError

CHARACTERS_PER_STEP: Final = 32


class RenderContext(Context):
    """The variables of one render, and what is left of its budget."""

    steps: int = limits.RENDER_STEPS

    def __init__(self, environment: Environment, variables: Any) -> None:
        super().__init__(environment, variables, None, {})

    def charge(self, steps: int) -> None:
        """Pays for work. Raises BudgetError when the budget is spent."""
        self.steps -= steps
        if self.steps < 0:
            raise BudgetError(
                "this is more work than one render may do; loop over fewer items, or do less in each round"
            )

    def weigh(self, value: Any) -> None:
        """Pays for reading the whole of a value, walking into lists and objects as it pays for them."""
        if isinstance(value, str):
            self.charge(len(value) // CHARACTERS_PER_STEP)
        elif isinstance(value, dict):
            self.charge(len(value))
            self._weigh_items(value)
            self._weigh_items(value.values())
        elif isinstance(value, list | tuple):
            self.charge(len(value))
            self._weigh_items(value)

    def _weigh_items(self, items: Iterable[Any]) -> None:
        for item in items:
            if type(item) is not int and not (type(item) is str and len(item) < CHARACTERS_PER_STEP):
                self.weigh(item)


def check_text(context: RenderContext, characters: int) -> None:
    """Pays for a text before it is made. Raises BudgetError if no body could hold it."""
    if characters > limits.RENDERED_BYTES:
        raise BudgetError(f"this makes a text of {characters:,} characters; a body holds 256 KiB")
    context.charge(characters // CHARACTERS_PER_STEP)
