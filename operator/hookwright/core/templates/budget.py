"""The budget of what one delivery renders: how many steps and bytes it may take, and what each thing costs.

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
_COMPARISONS_PER_STEP: Final = 1_024  # of one character with another
_LISTS: Final = (list, tuple)


class Budget:
    """What is left to the URL, the headers and the body of one delivery together."""

    steps: int = limits.RENDER_STEPS
    bytes: int = limits.RENDERED_BYTES

    @property
    def share(self) -> float:
        """How much of it is used, 0 to 1: of the steps or of the bytes, whichever is more."""
        return min(1.0, 1 - min(self.steps / limits.RENDER_STEPS, self.bytes / limits.RENDERED_BYTES))

    def text(self, parts: list[str]) -> str:
        """A rendered text, paid for. Raises BudgetError where the delivery comes to more than it may."""
        size = sum(map(len, parts))
        text = "".join(parts) if size <= self.bytes else ""
        self.bytes -= size if text.isascii() else len(text.encode())
        if self.bytes < 0:
            raise BudgetError(
                f"the rendered text is longer than {limits.RENDERED_BYTES // limits.KIB} KiB, which URL, headers "
                "and body of one delivery share; write less of the event"
            )
        return text


class RenderContext(Context):
    """The variables of one render, and the steps that are left."""

    steps: int = limits.RENDER_STEPS

    def __init__(self, environment: Environment, variables: Any) -> None:
        super().__init__(environment, variables, None, {})

    def charge(self, steps: int) -> None:
        """Pays for work. Raises BudgetError when the budget is spent."""
        self.steps -= steps
        if self.steps < 0:
            raise BudgetError(
                "this is more work than one delivery may do: the budget that its URL, headers and body share is "
                "spent; loop over fewer items, or do less in each round"
            )

    def weigh(self, value: Any) -> None:
        """Pays for reading the whole of a value, walking into lists and objects as it pays for them."""
        if isinstance(value, str):
            if len(value) >= CHARACTERS_PER_STEP:
                self.charge(len(value) // CHARACTERS_PER_STEP)
        elif isinstance(value, dict):
            self.charge(1 + 2 * len(value))
            self._weigh_items(value)
            self._weigh_items(value.values())
        elif isinstance(value, _LISTS):
            self.charge(1 + len(value))
            self._weigh_items(value)

    def _weigh_items(self, items: Iterable[Any]) -> None:
        for item in items:
            if type(item) is not int and not (type(item) is str and len(item) < CHARACTERS_PER_STEP):
                self.weigh(item)

    def weigh_lines(self, value: Any, depth: int = 1) -> None:
        """Pays for writing every item of a value on a line of its own, two blanks to the right for each level."""
        if isinstance(value, (list, tuple, dict)):
            self.charge(1 + len(value) * (1 + 2 * depth // CHARACTERS_PER_STEP))
            for item in value.values() if isinstance(value, dict) else value:
                self.weigh_lines(item, depth + 1)


def check_text(context: RenderContext, characters: int) -> None:
    """Pays for a text before it is made. Raises BudgetError if no body could hold it."""
    if characters > limits.RENDERED_BYTES:
        raise BudgetError(f"this makes a text of {characters:,} characters; a body holds 256 KiB")
    context.charge(1 + characters // CHARACTERS_PER_STEP)


# CPython compares plainly in texts below 2,500 characters, longer ones for needles below 100, and near their end.
_PLAINLY: Final = 8_192
_SHORT: Final = 100
_NEAR_END: Final = 2_500


def check_search(context: RenderContext, whole: str, part: str) -> None:
    """Pays for looking for a text in a text, as if each of its characters had to be compared at each place."""
    places, wide = len(whole) - len(part) + 1, len(part)
    if places <= 0 or places * wide < _COMPARISONS_PER_STEP:
        return
    plainly = places if len(whole) <= _PLAINLY else min(places, _NEAR_END) if 4 * wide > len(whole) else 0
    compared = max(plainly * wide, places * min(wide, _SHORT))
    context.charge(compared // _COMPARISONS_PER_STEP + places // CHARACTERS_PER_STEP)
