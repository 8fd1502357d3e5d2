"""What a page of the documentation asks its reader to write."""

from __future__ import annotations

import re
from pathlib import Path


def write_files(text: str, folder: Path) -> None:
    """The files of a page: a comment names each before its block."""
    for name, content in re.findall(
        r"<!-- file: (\S+) -->\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
