"""ONE table of good and bad manifests (SPEC 2, last paragraph)."""

from __future__ import annotations

from api.cases import bounds, requests, tests, webhooks
from api.cases.case import Bad, Good

ROWS: list[Good | Bad] = [*webhooks.ROWS, *requests.ROWS, *tests.ROWS, *bounds.ROWS]
GOOD = [row for row in ROWS if isinstance(row, Good)]
BAD = [row for row in ROWS if isinstance(row, Bad)]
