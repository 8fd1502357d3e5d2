"""The budget of one render: how many steps it may take, and what each thing costs.

A step is at most about half a microsecond and 64 characters, so the budget bounds time and memory without a
clock (core reads none): every loop pays its rounds times the size of its body before the first round, every
filter, call, operator and written value pays for the size of what it reads and makes.
Must not: know the syntax tree (`core.templates.rewrite` puts the prices in).
"""

from __future__ import annotations

from typing import Any, Final

from jinja2 import Environment
from jinja2.runtime import Context

from hookwright import limits
from hookwright.errors import BudgetError

CHARACTERS_PER_STEP: Final = 64


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
                "this takes more steps than one render may have; loop over fewer items, or do less in each round"
            )

    def weigh(self, value: Any) -> None:
        """Pays for reading the whole of a value, walking into lists and objects as it pays for them."""
        if isinstance(value, str):
            self.charge(len(value) // CHARACTERS_PER_STEP)
        elif isinstance(value, dict):
            self.charge(len(value))
            for key, item in value.items():
                self.weigh(key)
                self.weigh(item)
        elif isinstance(value, list | tuple):
            self.charge(len(value))
            for item in value:
                self.weigh(item)


def check_text(context: RenderContext, characters: int) -> None:
    """Pays for a text before it is made. Raises BudgetError if no body could hold it."""
    if characters > limits.RENDERED_BYTES:
        raise BudgetError(f"this makes a text of {characters:,} characters; a body holds 256 KiB")
    context.charge(characters // CHARACTERS_PER_STEP)
