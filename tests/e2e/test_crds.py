"""The table of good and bad manifests (tests/api/cases) before a real API server: schema, CEL rules, strict decoding."""

from __future__ import annotations

import pytest

from api.cases import BAD, GOOD
from api.cases.case import Bad, Good
from api.cases.server import difference, path
from e2e.kube import Kube


@pytest.mark.parametrize("row", [*GOOD, *BAD], ids=lambda row: row.name)
def test_api_server_answers_as_the_table_says(row: Good | Bad, crds: Kube) -> None:
    """A good manifest would be stored; a bad one is refused with one sentence for its one mistake."""
    answer = crds.cluster.api.post(url=path(row), base="", version="", json=row.manifest)
    assert difference(row, answer.status_code, answer.json()) is None
