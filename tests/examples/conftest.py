"""`hookwright dev examples` beside a receiver that all hosts of the examples are led to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import demo
from product.conftest import Product, receiving
from rig import HANGS

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The running examples."""
    hosts = demo.hosts()
    with receiving(tmp_path_factory.mktemp("examples-receiver"), *hosts) as (ca_file, port, log):
        product = Product(tmp_path_factory.mktemp("examples"), ca_file, port, log, hosts)
        product.manifests = EXAMPLES
        product.start(HISTORY_BODIES="all")
        yield product
        product.stop()
        product.http.close()


@pytest.fixture(scope="session")
def test_runs(examples: Product) -> dict[str, dict[str, Any]]:
    """`hookwright test examples`: every run by the name of its test."""
    leads = [word for each in examples.connect_to for word in ("--connect-to", each)]
    command = [sys.executable, "-m", "hookwright", "test", str(EXAMPLES), "-o", "json", *leads]
    done = subprocess.run([*command, "--ca-file", str(examples.ca_file)], capture_output=True, timeout=HANGS)
    assert (done.returncode, done.stderr) == (0, b""), done.stdout.decode()
    return {run["test"]: run for run in json.loads(done.stdout)["items"]}
