"""What `make mutants` breaks is there to be broken: code that moves on takes its mutants along."""

from __future__ import annotations

from pathlib import Path

import pytest

import hookwright
from mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks)
def test_a_mutant_fits_the_code(mutant: Mutant) -> None:
    """Else it would say nothing of the tests that are to kill it."""
    assert mutant.text in (Path(hookwright.__file__).parent / mutant.file).read_text()
