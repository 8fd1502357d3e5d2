"""What else is told of an object that breaks a rule, where somebody corrects files."""

from __future__ import annotations

import pytest

from api.cases import BAD
from api.cases.case import Bad
from hookwright.core.assemble import assemble
from hookwright.core.objects import Object


@pytest.mark.parametrize("row", BAD, ids=lambda row: row.name)
def test_one_mistake_is_told_once(row: Bad) -> None:
    """Looking at the rest finds no error that is not there, at the same field or elsewhere, and never fails."""
    metadata = row.manifest["metadata"]
    broken = Object(row.manifest["kind"], metadata["namespace"], str(metadata["name"]), row.manifest)
    found = assemble([broken], cluster_events=None, key=bytes(32), stand_ins=True).findings
    errors = [(each.field, each.sentence) for each in found if each.severity == "error"]
    assert errors == [(row.field, row.sentence)]
