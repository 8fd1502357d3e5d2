"""The programs of other people's libraries, built and fetched once for each version of their sources."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

import pytest

from product.conftest import receiver  # noqa: F401 - a fixture

HERE = Path(__file__).parent
GO, NODE = HERE / "go", HERE / "node"


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the Go programs."""
    sources = [*sorted(GO.glob("*/main.go")), GO / "go.mod", GO / "go.sum"]
    return cached("clients-go", sources, ["go", "build", "-mod=readonly", "-o", "{folder}/", "./..."], GO)


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder with the npm packages, which is what NODE_PATH takes."""
    pinned = [NODE / "package.json", NODE / "package-lock.json"]
    fetch = "cp package.json package-lock.json {folder} && npm ci --silent --ignore-scripts --prefix {folder}"
    return cached("clients-npm", pinned, ["sh", "-c", fetch], NODE) / "node_modules"


def cached(name: str, sources: Sequence[Path], command: Sequence[str], cwd: Path) -> Path:
    """The folder that the command fills, which it does once for each version of the sources."""
    version = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hookwright"
    made = cache / f"{name}-{version}"
    if not made.exists():
        cache.mkdir(parents=True, exist_ok=True)
        folder = mkdtemp(dir=cache)
        subprocess.run([each.format(folder=folder) for each in command], cwd=cwd, check=True)
        Path(folder).rename(made)
    return made
