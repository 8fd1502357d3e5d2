"""Builds the page into the wheel. An editable install has none until `make page`.

Who has no Node gets one as a package of the build's own environment, so that nobody needs Node to install this.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "tools"))
import page


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Named by `tool.hatch.build.targets.wheel.hooks.custom`."""

    def dependencies(self) -> list[str]:
        """What the build needs beside hatchling."""
        return [] if page.find() else [page.requirement()]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before files are gathered. Raises RuntimeError or CalledProcessError if there can be no page."""
        if version != "editable":
            page.make("build")
