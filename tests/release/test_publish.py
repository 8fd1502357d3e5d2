"""What `make publish` does, on a real registry: image and chart are read back as they were made."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import dist
from cluster.clients import clients
from cluster.oci_archive import write_image
from hookwright import __version__
from release.registry import crane, registry

ROOT = Path(__file__).parents[2]
NAME = f"hookwright-{__version__}"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What `make dist` leaves, with an image of one file."""
    folder = tmp_path / "dist"
    folder.mkdir()
    dist.chart(folder)
    (folder / f"{NAME}.cdx.json").write_text("{}")
    image(folder, b"content")
    return folder


def image(folder: Path, content: bytes) -> None:
    """An archive in OCI's layout."""
    layer = folder.parent / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    with tarfile.open(folder / f"{NAME}-image.tar", "w") as tar:
        write_image(tar, "hookwright.local/hookwright:dev", layer, ["true"])


@pytest.fixture
def address() -> Iterator[str]:
    """An empty registry."""
    with registry() as found:
        yield found


def publish(prefix: str, built: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it with helm and crane on the PATH, and no others' logins."""
    path = f"{clients()}:{crane().parent}:{os.environ['PATH']}"
    home = built.parent / "home"
    environment = {
        "PATH": path,
        "HOME": str(home),
        "DOCKER_CONFIG": str(home),
        "HELM_REGISTRY_CONFIG": str(home / "helm"),
    }
    command = [
        sys.executable,
        str(ROOT / "tools/publish.py"),
        prefix,
        "--dist",
        str(built),
        "--plain-http",
        *options,
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def digest(reference: str) -> str:
    """What the registry says that it has there."""
    done = subprocess.run([crane(), "digest", reference], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.needs_go
def test_chart_and_image_are_read_back_as_they_were_made(built: Path, address: str, tmp_path: Path) -> None:
    """helm pulls the very package and renders it from its OCI reference, with the image that a value names."""
    done = publish(f"{address}/team", built)
    assert done.returncode == 0, done.stderr
    with tarfile.open(built / f"{NAME}-image.tar") as tar:
        manifests = {each.rpartition("/")[2] for each in tar.getnames()}
    pushed = digest(f"{address}/team/hookwright:{__version__}")
    assert pushed.removeprefix("sha256:") in manifests
    assert f"{address}/team/hookwright:{__version__}@{pushed}" in done.stdout
    helm, chart = clients() / "helm", f"oci://{address}/team/charts/hookwright"
    version = ["--version", __version__, "--plain-http"]
    subprocess.run(
        [helm, "pull", chart, *version, "--destination", tmp_path], capture_output=True, check=True
    )
    assert (tmp_path / f"{NAME}.tgz").read_bytes() == (built / f"{NAME}.tgz").read_bytes()
    named = f"image.repository={address}/team/hookwright"
    rendered = subprocess.run(
        [helm, "template", "x", chart, *version, "--set", named], capture_output=True, text=True, check=True
    )
    assert f"{address}/team/hookwright:{__version__}" in rendered.stdout


@pytest.mark.needs_go
def test_version_is_published_once(built: Path, address: str) -> None:
    """The same again changes nothing; other content under the same version is refused, and what is there stays."""
    places = [f"{address}/team/{name}:{__version__}" for name in ("hookwright", "charts/hookwright")]
    assert publish(f"{address}/team", built).returncode == 0
    before = [digest(each) for each in places]
    again = publish(f"{address}/team", built)
    assert (again.returncode, again.stderr.count("is published already")) == (0, 2)
    image(built, b"other content")
    refused = publish(f"{address}/team", built)
    assert refused.returncode == 1
    assert "a version is never replaced" in refused.stderr
    image(built, b"content")
    (built / f"{NAME}.tgz").write_bytes(b"other content")
    assert "charts/hookwright" in publish(f"{address}/team", built).stderr
    assert [digest(each) for each in places] == before


@pytest.mark.needs_go
def test_dry_run_says_what_would_be_done_and_does_nothing(built: Path, address: str) -> None:
    """Every command, in order; the registry stays empty, and without a program to sign with that is said."""
    done = publish(f"{address}/team", built, "--dry-run")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("+ ")]
    assert [line.split()[1:3] for line in said] == [
        ["crane", "push"],
        ["crane", "digest"],
        ["helm", "push"],
        ["crane", "digest"],
    ]
    assert "Nothing is signed" in done.stderr
    listed = subprocess.run([crane(), "catalog", address], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == ""


@pytest.mark.needs_go
def test_what_is_not_built_is_not_published(built: Path, address: str) -> None:
    """The sentence names what is missing and how it is made."""
    (built / f"{NAME}-image.tar").unlink()
    done = publish(f"{address}/team", built)
    assert done.returncode == 1
    assert f"{NAME}-image.tar is not in {built}: run make dist first." in done.stderr
