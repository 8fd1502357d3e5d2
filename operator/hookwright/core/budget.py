"""What matching may cost: one budget of steps for all filters of a webhook and an event, or for all validators
of an answer (SPEC 2), and the price of each kind of work.

A step stands for 0.25 µs. Prices are of the worst case, so that no spec and no event makes a step dear: a search by
RE2, for one, is priced as its slow way, which it takes when its automaton does not fit its memory (`limits`).
docs/decisions/0014 has the measurements. Must not: read a clock, know filters or validators.
"""

from __future__ import annotations

from hookwright.limits import MATCH_STEPS


class OverBudget(Exception):  # noqa: N818 - a verdict: whoever asked turns it into a sentence
    """The work would take `needed` steps or more, which is over the limit."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


class Budget:
    """Steps that may still be made. Once it is over it stays so."""

    __slots__ = ("beside", "left", "limit")

    def __init__(self, limit: int = MATCH_STEPS) -> None:
        self.limit = self.left = limit
        self.beside = 0
        """Steps that were made and nobody is charged for, less those that were charged and not made."""

    @property
    def used(self) -> int:
        """Steps made, that which went over included."""
        return self.limit - self.left

    @property
    def made(self) -> int:
        """Steps really made: what the process has spent."""
        return self.limit - self.left + self.beside

    def spend(self, steps: int) -> None:
        """Pay before the work is done. Raises OverBudget: then it is not to be done."""
        self.left -= steps
        if self.left < 0:
            self.beside -= steps
            raise OverBudget(self.used)

    def charge(self, steps: int) -> None:
        """Pay for work that others have done. Raises OverBudget."""
        self.left -= steps
        self.beside -= steps
        if self.left < 0:
            raise OverBudget(self.used)

    def go_on(self, steps: int) -> None:
        """Make so many more, though it is over."""
        self.limit, self.left = self.used + steps, steps


def writing(characters: int) -> int:
    """Steps to write, copy, hash or compare so many characters."""
    return characters >> 8


def finding(characters: int, word: int) -> int:
    """Steps to look for a word of so many characters: at worst each is compared at each place."""
    return 1 + (characters * word >> 9)


def searching(size: int, program: int) -> int:
    """Steps to search so many bytes by an RE2 program of so many instructions: at worst all of them at each byte."""
    return 8 + (size * program >> 5)


def compiling(size: int) -> int:
    """Steps to compile expressions of this size (instructions and characters)."""
    return 2 * size
