"""`make dist`: everything a release is made of, into `dist/`: the same commit gives the same bytes.

Wheel (with the page), sdist, chart package, bill of materials (CycloneDX), image archive, and SHA256SUMS of all. The
image is built where an engine is (Docker or Podman; else, as root, the builder of the test cluster); where there is none,
a sentence says so. Publishes nothing.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from hookwright import __version__
from packages import sbom

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "hookwright"
IMAGE = f"hookwright.local/hookwright:{__version__}"


def main() -> None:
    """Parse the options and build."""
    parser = argparse.ArgumentParser(description="Build what a release is made of.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to fill; default: dist")
    parser.add_argument("--no-image", action="store_true", help="leave the image out")
    options = parser.parse_args()
    out: Path = options.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    os.environ["SOURCE_DATE_EPOCH"] = str(commit_time())
    _run([sys.executable, "tools/page.py", "build"])
    packages(out)
    chart(out)
    bill(out)
    if not options.no_image:
        image(out)
    sums = "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(out.iterdir())
    )
    (out / "SHA256SUMS").write_text(sums)
    print(sums, end="")


def commit_time() -> int:
    """When the commit was made (epoch seconds): the time of every file; of a tree without Git, that of the epoch of zip."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.stdout.strip() else 315_532_800


def packages(out: Path) -> None:
    """Wheel and sdist, built in environments of their own from what pyproject.toml asks for."""
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)])
    _run([sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(out)])


def chart(out: Path) -> None:
    """The chart as `helm package` lays it out, without the time at which it was packed."""
    ignored = (CHART / ".helmignore").read_text().split()
    files = sorted(
        path
        for path in CHART.rglob("*")
        if path.is_file() and not any(fnmatch(path.name, glob) for glob in ignored)
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(files, key=lambda path: path.name != "Chart.yaml"):  # helm reads Chart.yaml first
            entry = tarfile.TarInfo(f"hookwright/{path.relative_to(CHART)}")
            entry.size, entry.mtime = path.stat().st_size, commit_time()
            with path.open("rb") as content:
                archive.addfile(entry, content)
    target = out / f"hookwright-{__version__}.tgz"
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def bill(out: Path) -> None:
    """The bill of materials of what goes into the image beside its base, whose own stands in the image."""
    with tempfile.TemporaryDirectory() as folder:
        _run([sys.executable, "tools/install.py", "requirements.txt", folder])
        document = sbom(Path(folder), ROOT / "operator" / "hookwright" / "page", base=Path(folder))
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        (out / f"hookwright-{__version__}.cdx.json").write_text(text, encoding="utf-8")


def image(out: Path) -> None:
    """The image as an archive that `docker load` and registries take."""
    target = out / f"hookwright-{__version__}-image.tar"
    for engine in ("docker", "podman"):
        if shutil.which(engine):
            _run([engine, "build", "--quiet", "--tag", IMAGE, "."])
            _run([engine, "save", "--output", str(target), IMAGE])
            return
    if os.geteuid() == 0:
        built = subprocess.run(
            ["tests/cluster/image", IMAGE], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        shutil.copyfile(built.stdout.strip(), target)
        return
    print(
        "No image: there is no docker or podman here, and the builder of tests/cluster needs root.",
        file=sys.stderr,
    )


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
