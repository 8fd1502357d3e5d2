"""README and tutorial as a newcomer walks them: files are made as they stand there, commands are run as they are written.

What needs a cluster is run by `make e2e` (tests/e2e/test_readme.py); `make demo` and `make test` are this project's own
targets. `hookwright dev` gets free ports and one of the folders; the other commands find it as anybody's would.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hookwright.cli.main import COMMANDS
from rig import HANGS, LISTENING, Process
from walked import write_files

ROOT = Path(__file__).parents[2]
PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
CLUSTER = "\n## On a cluster\n"
ELSEWHERE = {"make demo", "make test", "make page", ". .venv/bin/activate"}
"""The first three are targets of their own; the last is the PATH that commands get here."""


def page(name: str) -> str:
    """The part of a page that needs no cluster."""
    return (ROOT / name).read_text().split(CLUSTER)[0]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a page in their order, each with its language, which is none for commands."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


def commands(text: str) -> list[str]:
    """The commands of a page, without what explains them."""
    lines = (line for language, block in blocks(text) if not language for line in block.splitlines())
    return [re.sub(r" {2,}# .*", "", line).strip() for line in lines]


def run(command: str, folder: Path) -> str:
    """What a command prints; it ends well."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | PATH, capture_output=True, text=True, timeout=HANGS,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@contextmanager
def running(command: str, folder: Path) -> Iterator[Process]:
    """`hookwright dev …` as it is written, on free ports."""
    line = f"cd {shlex.quote(str(folder))} && exec {command} --listen 127.0.0.1:0 --admin 127.0.0.1:0"
    process = Process(["bash", "-c", line], folder / "dev.log", core=None, env=PATH)
    try:
        process.wait_for(LISTENING)
        yield process
    finally:
        process.end()


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md"])
def test_a_page_can_be_walked_word_by_word(name: str, tmp_path: Path) -> None:
    """Every command ends well; what is sent arrives at the receiver inside of `dev`."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    text = page(name)
    write_files(text, tmp_path)
    before, dev, after = [], "", []
    for command in commands(text):
        if command.startswith("hookwright dev "):
            assert not dev
            dev = command
        elif command not in ELSEWHERE:
            (after if dev else before).append(command)
    for command in before:
        run(command, tmp_path)
    with running(dev, tmp_path) as process:
        for command in after:
            run(command, tmp_path)
        process.wait_for('"event":"sink.received"')


def test_the_first_webhook_of_the_readme_is_the_example() -> None:
    """The block and the file differ in nothing but the file's comment and its test."""
    (block,) = (block for language, block in blocks(page("README.md")) if language == "yaml")
    example = (ROOT / "examples" / "hello" / "hello.yaml").read_text().split("---\n")[0]
    assert block == "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))


def test_the_import_page_makes_manifests(tmp_path: Path) -> None:
    """Its form becomes a webhook, and each command of it ends well with an input such as it names."""
    text = (ROOT / "docs" / "import.md").read_text()
    (form,) = (block for language, block in blocks(text) if language == "yaml")
    (tmp_path / "form.yaml").write_text(form)
    (tmp_path / "command.sh").write_text("curl -d '{}' https://tickets.example.com/new\n")
    state = (
        '{"values": {"root_module": {"resources": [{"type": "apono_manual_webhook", "address": "a", "values": '
        + ('{"name": "A", "type": {"http_request": {"url": "https://a.example.com", "method": "POST"}}}}]}}}')
    )
    (tmp_path / "terraform").write_text(f"#!/bin/sh\necho '{state}'\n")
    (tmp_path / "terraform").chmod(0o755)
    for command in commands(text):
        assert "kind: Webhook" in run(f'PATH="$PWD:$PATH"; {command}', tmp_path), command


def test_every_command_of_the_pages_exists() -> None:
    """Each `hookwright …` that begins a line or a quotation, on any page, names a command that there is."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*/README.md")]
    named = {
        word
        for path in pages
        for word in re.findall(
            r"(?:^|`|^kubectl |`kubectl )hookwright ([a-z]+)\b", path.read_text(), re.MULTILINE
        )
    }
    assert {"dev", "validate", "test", "send"} <= named <= set(COMMANDS)
