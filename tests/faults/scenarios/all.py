"""All scenarios, entered by their import; those that take a minute first, so that others can run beside them."""

from __future__ import annotations

from faults.scenario import SCENARIOS
from faults.scenarios import disk, kills, surroundings, targets

assert disk, (kills, surroundings, targets)
ALL = list(SCENARIOS.values())
