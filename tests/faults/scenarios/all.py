"""All scenarios, entered by their import; those that take a minute first, so that others can run beside them."""

from __future__ import annotations

from faults.scenario import SCENARIOS
from faults.scenarios import databases, disk, kills, pooled, sharing, surroundings, targets

assert disk, (databases, kills, pooled, sharing, surroundings, targets)
ALL = list(SCENARIOS.values())
