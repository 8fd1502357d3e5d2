"""The wheel holds the page: the same bytes whoever builds it, and nothing else is needed to serve it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from browser import ROOT
from rig import LISTENING, Process

pytestmark = pytest.mark.needs_npm


def checkout(folder: Path) -> Path:
    """The files that git knows, as somebody has them who cloned the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def without_node(folder: Path) -> str:
    """A PATH that leads to all of the system's commands but Node's."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for command in Path(place).glob("*"):
            if command.name not in ("node", "nodejs", "npm", "npx"):
                (folder / command.name).unlink(missing_ok=True)
                (folder / command.name).symlink_to(command)
    return str(folder)


def test_wheels_are_the_same_bytes_and_serve_the_page(tmp_path: Path) -> None:
    """Built with this machine's Node and, by somebody who has none, in an environment of its own: one wheel, which then
    serves the page on a machine without Node.
    """
    ours = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "ours"]
    subprocess.run(ours, cwd=checkout(tmp_path / "a"), check=True, capture_output=True)
    path = {**os.environ, "PATH": without_node(tmp_path / "bin")}
    theirs = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path / "theirs", "."]
    subprocess.run(theirs, cwd=checkout(tmp_path / "b"), check=True, capture_output=True, env=path)
    (wheel,) = (tmp_path / "ours").glob("*.whl")
    assert (tmp_path / "theirs" / wheel.name).read_bytes() == wheel.read_bytes()

    ZipFile(wheel).extractall(tmp_path / "installed")
    (tmp_path / "manifests").mkdir()
    command = [sys.executable, "-m", "hookwright", "dev", str(tmp_path / "manifests"), "--data", str(tmp_path / "data"),
               "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]  # fmt: skip
    env = {"PATH": path["PATH"], "PYTHONPATH": str(tmp_path / "installed")}
    where = [sys.executable, "-c", "import hookwright; print(hookwright.__file__)"]
    assert str(tmp_path) in subprocess.run(where, env=env, capture_output=True, text=True, check=True).stdout
    process = Process(command, tmp_path / "log", core=None, env=env)
    try:
        port = process.wait_for(LISTENING)[2]
        shell = httpx.get(f"http://127.0.0.1:{port}/", headers={"accept": "text/html"}).text
        script = shell.partition('type="module" src="')[2].partition('"')[0]
        loaded = httpx.get(f"http://127.0.0.1:{port}{script}")
        assert (loaded.status_code, loaded.headers["content-encoding"]) == (200, "gzip")
    finally:
        process.end()
    inside = (tmp_path / "installed/hookwright/page" / script.lstrip("/")).read_bytes()
    assert loaded.content == inside
