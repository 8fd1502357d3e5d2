"""`make publish REGISTRY=…`: puts what `make dist` built where clusters pull it from, as OCI artifacts.

The image becomes REGISTRY/hookwright, the chart REGISTRY/charts/hookwright, both tagged with the version. A version that
is there with other content is never replaced; the same once more changes nothing. Where cosign is on the PATH, both are
signed and the bill of materials is attested. Logs in with USER_NAME and TOKEN, or uses the logins of docker and helm.
Must not: build, keep a password, or go to the network with --dry-run, which prints what would be run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hookwright import __version__

ROOT = Path(__file__).resolve().parent.parent
CRANE = "github.com/google/go-containerregistry/cmd/crane@v0.20.6"


class PublishError(Exception):
    """What cannot be published, in a sentence."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Where it goes: `registry.example/team`, whether without TLS, and whether it is only said."""

    prefix: str
    plain: bool
    dry: bool

    @property
    def host(self) -> str:
        """Host and port alone."""
        return self.prefix.partition("/")[0]

    def crane(self, *arguments: str) -> list[str]:
        """A call of crane: the one on the PATH, or the pinned one by Go."""
        program = ["crane"] if shutil.which("crane") else ["go", "run", CRANE]
        return [*program, *arguments, *(["--insecure"] if self.plain else [])]

    def helm(self, *arguments: str) -> list[str]:
        """A call of helm."""
        return ["helm", *arguments, *(["--plain-http"] if self.plain else [])]

    def run(self, command: list[str], stdin: str | None = None) -> str:
        """Run it, or say it; what it printed. CalledProcessError if it fails, with its words on stderr."""
        print(f"+ {shlex.join(command)}", file=sys.stderr)
        if self.dry:
            return ""
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()

    def manifest(self, reference: str) -> dict[str, object] | None:
        """What is there under this tag; None: nothing, or it is only said."""
        if self.dry:
            return None
        command = self.crane("manifest", reference)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and not any(
            word in done.stderr for word in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "404")
        ):
            raise PublishError(f"{reference} cannot be looked up: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.returncode == 0 else None


def main() -> None:
    """Parse the options and publish."""
    parser = argparse.ArgumentParser(description="Publish what `make dist` built.")
    parser.add_argument("registry", help="registry and path, such as registry.example/team")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the folder of `make dist`")
    parser.add_argument("--dry-run", action="store_true", help="print what would be run")
    parser.add_argument("--plain-http", action="store_true", help="a registry without TLS, for tests")
    parser.add_argument("--key", help="cosign's key; without it cosign asks who you are")
    options = parser.parse_args()
    registry = Registry(options.registry.rstrip("/"), options.plain_http, options.dry_run)
    try:
        publish(registry, options.dist, options.key)
    except PublishError as refused:
        sys.exit(str(refused))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{shlex.join(failed.cmd)} failed; nothing after it was done.")


def publish(registry: Registry, dist: Path, key: str | None) -> None:
    """Image, chart, signatures; prints how to install them."""
    image, chart = (dist / f"hookwright-{__version__}{end}" for end in ("-image.tar", ".tgz"))
    if missing := [file.name for file in (image, chart) if not file.is_file()]:
        raise PublishError(f"{' and '.join(missing)} is not in {dist}: run make dist first.")
    if not shutil.which("helm"):
        raise PublishError("There is no helm on the PATH, which pushes the chart.")
    login(registry)
    pushed_image = push_image(registry, image)
    pushed_chart = push_chart(registry, chart)
    sign(registry, pushed_image, pushed_chart, dist / f"hookwright-{__version__}.cdx.json", key)
    print(f"image  {pushed_image}\nchart  oci://{pushed_chart}")
    print(
        f"helm install hookwright oci://{registry.prefix}/charts/hookwright --version {__version__} \\\n"
        f"    --namespace hookwright --create-namespace --wait --set image.repository={registry.prefix}/hookwright"
    )


def login(registry: Registry) -> None:
    """With TOKEN from the environment, which no command line shows."""
    token = os.environ.get("TOKEN")
    if not token:
        return
    user = os.environ.get("USER_NAME") or os.environ.get("GITHUB_ACTOR") or "token"
    words = ["login", registry.host, "--username", user, "--password-stdin"]
    registry.run(registry.crane("auth", *words), stdin=token)
    registry.run(registry.helm("registry", *words), stdin=token)


def push_image(registry: Registry, archive: Path) -> str:
    """Its name with tag and digest. An archive in OCI's layout is pushed as it is, Docker's own by crane's reading."""
    reference = f"{registry.prefix}/hookwright:{__version__}"
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as tar:
        layout = "oci-layout" in tar.getnames()
        if layout:
            tar.extractall(folder, filter="data")
        source = folder if layout else str(archive)
        there = registry.manifest(reference)
        if there is not None:
            ours = (
                _layout_digest(Path(folder))
                if layout
                else registry.run(registry.crane("digest", "--tarball", source))
            )
            _same(reference, registry.run(registry.crane("digest", reference)), ours)
        else:
            registry.run(registry.crane("push", source, reference))
    return _named(registry, reference)


def push_chart(registry: Registry, package: Path) -> str:
    """Its name with tag and digest. helm writes the time into the manifest, so content is compared by its layer."""
    reference = f"{registry.prefix}/charts/hookwright:{__version__}"
    there = registry.manifest(reference)
    if there is not None:
        ours = f"sha256:{hashlib.sha256(package.read_bytes()).hexdigest()}"
        layers = there["layers"]
        assert isinstance(layers, list)
        _same(reference, ours if ours in [each["digest"] for each in layers] else "another", ours)
    else:
        registry.run(registry.helm("push", str(package), f"oci://{registry.prefix}/charts"))
    return _named(registry, reference)


def sign(registry: Registry, image: str, chart: str, bill: Path, key: str | None) -> None:
    """By cosign, where it is."""
    if not shutil.which("cosign"):
        print("Nothing is signed: there is no cosign on the PATH.", file=sys.stderr)
        return
    words = [
        "--yes",
        *(["--key", key] if key else []),
        *(["--allow-insecure-registry"] if registry.plain else []),
    ]
    for each in (image, chart):
        registry.run(["cosign", "sign", *words, each])
    registry.run(["cosign", "attest", *words, "--type", "cyclonedx", "--predicate", str(bill), image])


def _layout_digest(folder: Path) -> str:
    (manifest,) = json.loads((folder / "index.json").read_text(encoding="utf-8"))["manifests"]
    return str(manifest["digest"])


def _same(reference: str, there: str, ours: str) -> None:
    if there != ours:
        raise PublishError(
            f"{reference} is published with other content, and a version is never replaced: give this one a new version."
        )
    print(f"{reference} is published already.", file=sys.stderr)


def _named(registry: Registry, reference: str) -> str:
    return f"{reference}@{registry.run(registry.crane('digest', reference)) or 'sha256:…'}"


if __name__ == "__main__":
    main()
