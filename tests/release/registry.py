"""A registry on loopback for tests: the one that crane serves, which is built once and kept in the cache.

Must not: be reached from elsewhere, or outlive the test that started it.
"""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import kept_port
from publish import CRANE
from rig import until


def crane() -> Path:
    """The program; built if it is not in the cache."""
    cache = Path(os.environ.get("HOOKWRIGHT_CACHE", Path.home() / ".cache/hookwright"))
    folder = cache / f"crane-{CRANE.rpartition('@')[2]}"
    if not (folder / "crane").exists():
        subprocess.run(["go", "install", CRANE], env={**os.environ, "GOBIN": str(folder)}, check=True)
    return folder / "crane"


@contextmanager
def registry() -> Iterator[str]:
    """Its host and port; empty at first, and gone with its content at the end."""
    address = f"127.0.0.1:{kept_port()}"
    command = [crane(), "registry", "serve", "--address", address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(f"http://{address}/v2/"))
            yield address
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
