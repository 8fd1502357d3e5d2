"""Packs one layer into an OCI image archive: the base of our image, or the pause image.

The archive is made of bytes that depend on the input alone. The layer stays uncompressed: the archive is read on the
machine where it was written.

usage: oci_archive.py ARCHIVE REFERENCE LAYER.tar [COMMAND...]
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

OCI = "application/vnd.oci.image"


def write_image(tar: tarfile.TarFile, reference: str, layer: Path, command: list[str]) -> None:
    """All files of the archive; `reference` becomes the name that containerd gives the image."""
    described = add_layer(tar, layer)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": command, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "history": [{"created_by": "oci_archive.py"}],  # builders count the layers in it
        "rootfs": {"type": "layers", "diff_ids": [described["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": add_json(tar, f"{OCI}.config.v1+json", config),
        "layers": [described],
    }
    entry = add_json(tar, f"{OCI}.manifest.v1+json", manifest)
    entry["annotations"] = {"io.containerd.image.name": reference}
    add_file(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
    add_file(tar, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())


def add_layer(tar: tarfile.TarFile, layer: Path) -> dict[str, Any]:
    """Its descriptor."""
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        info = tarfile.TarInfo(f"blobs/sha256/{digest}")
        info.size = layer.stat().st_size
        tar.addfile(info, content)
    return {"mediaType": f"{OCI}.layer.v1.tar", "digest": f"sha256:{digest}", "size": info.size}


def add_json(tar: tarfile.TarFile, media_type: str, document: dict[str, Any]) -> dict[str, Any]:
    """Its descriptor."""
    content = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()
    add_file(tar, f"blobs/sha256/{digest}", content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """One file, without a date."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


if __name__ == "__main__":
    archive, reference, layer, *command = sys.argv[1:]
    with tarfile.open(archive, "w") as tar:
        write_image(tar, reference, Path(layer), command)
