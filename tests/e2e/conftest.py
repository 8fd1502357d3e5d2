"""A cluster behind pytest-kind's fixture `kind_cluster`, with the product installed by its chart."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pytest_kind import KindCluster


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """On our own cluster nothing can be missing: what is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("HOOKWRIGHT_E2E") == "local":
        report.outcome = "failed"
        report.longrepr = f"skipped, which is a failure here: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def crds(kind_cluster: KindCluster) -> KindCluster:
    """A cluster that knows our kinds."""
    kind_cluster.kubectl("apply", "--server-side", "-f", "crds")
    return kind_cluster
