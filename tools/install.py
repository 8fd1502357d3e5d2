"""Installs what the product itself needs into a folder, without what only tests and checks need. For the image.

    python3 tools/install.py requirements.txt FOLDER

`make lock` notes under each package of requirements.txt who wants it (`# via`): installed is what the project wants
and, from there, what an installed package wants; pinned, with checked hashes, and never built here. Their byte code
is written once and never compared with its source, as nobody can write either later. Needs pip and the standard library.
"""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from py_compile import PycInvalidationMode

PROJECT = "hookwright"


def entries(text: str) -> dict[str, str]:
    """Package name → its lines: the pin, its hashes, and the comment that says who wants it."""
    blocks = re.split(r"\n(?=\S)", text.strip())
    return {block.split("==", 1)[0].split("[", 1)[0]: block for block in blocks if "==" in block}


def wanted_by(block: str) -> set[str]:
    """Names behind `# via`, on its line or the lines below."""
    comment = block.partition("# via")[2]
    return set(re.findall(r"^[ #]*([A-Za-z0-9._-]+)", comment, re.MULTILINE)) - {"-r"}


def runtime(text: str) -> list[str]:
    """The kept entries, in the order of the file."""
    packages = entries(text)
    kept, size = {PROJECT}, 0
    while size < len(kept):
        size = len(kept)
        kept |= {name for name, block in packages.items() if wanted_by(block) & kept}
    return [block for name, block in packages.items() if name in kept]


def install(requirements: Path, folder: Path) -> None:
    """Let pip do it; CalledProcessError if it cannot."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as chosen:
        chosen.write("\n".join(runtime(requirements.read_text(encoding="utf-8"))))
        chosen.flush()
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile"]
        subprocess.run([*pip, "install", *options, "--target", folder, "-r", chosen.name], check=True)
    shutil.rmtree(
        folder / "kubernetes" / "aio", ignore_errors=True
    )  # a second client, which nothing here imports
    compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]))
