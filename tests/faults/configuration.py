"""The controller's part in the bench of several dispatchers: a folder of manifests → their folder of configuration.

What that folder holds is no contract but the product's own affair, so the product writes it. Must not: be used for more.
"""

from __future__ import annotations

from pathlib import Path

from hookwright.cli.folder import read_folder
from hookwright.dispatcher.configuration import config_folder


def write(manifests: Path, folder: Path) -> None:
    """All that the manifests say, whole."""
    config_folder.write(folder, read_folder([manifests], b"the bench's own").assembly.config)
