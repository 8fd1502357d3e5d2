"""README and docs/ as a newcomer walks them: files are made as they stand there, commands are run as they are written.

What needs a cluster is run by `make e2e` (tests/e2e/test_pages.py); how the two are told apart says walked.py. `hookwright
dev` gets free ports and one of the folders; the other commands find it as anybody's would.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from hookwright.cli.main import COMMANDS
from product.conftest import receiving
from rig import HANGS, LISTENING, Process, until
from walked import ELSEWHERE, ROOT, SHELL, blocks, commands, pages, steps, text_of, walked, write_files

PATH = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
LANGUAGES = {*SHELL, "cloudevent", "handlebars", "jinja", "json", "mermaid", "ndjson", "text", "yaml"}
DEAD = """
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: slack}
spec:
  url: https://slack.example.com/
  triggers: [RequestGranted]
  responseValidators: [{path: $.ok, values: ["no"]}]
"""
STATE = (
    '{"values": {"root_module": {"resources": [{"type": "apono_manual_webhook", "address": "a", "values": '
    + ('{"name": "A", "type": {"http_request": {"url": "https://a.example.com", "method": "POST"}}}}]}}}')
)


class World(NamedTuple):
    """What a page takes for granted: words that stand for others, and settings of the environment."""

    placeholders: dict[str, str]
    environment: dict[str, str]

    def named(self, command: str) -> str:
        """A command with the words of this world."""
        for word, other in self.placeholders.items():
            command = command.replace(word, other)
        return command


def run(command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints; it ends well."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=os.environ | PATH | (environment or {}), capture_output=True,
        text=True, timeout=HANGS, check=False,
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


@contextmanager
def nothing(_: Path) -> Iterator[World]:
    """Nothing."""
    yield World({}, {})


@contextmanager
def inputs_of_import(folder: Path) -> Iterator[World]:
    """The page's form, a curl command, and a terraform that has one webhook."""
    (form,) = (block for language, block in blocks(text_of("docs/import.md")) if language == "yaml")
    (folder / "form.yaml").write_text(form)
    (folder / "command.sh").write_text("curl -d '{}' https://tickets.example.com/new\n")
    (folder / "terraform").write_text(f"#!/bin/sh\necho '{STATE}'\n")
    (folder / "terraform").chmod(0o755)
    yield World({}, {"PATH": f"{folder}{os.pathsep}{PATH['PATH']}"})


@contextmanager
def a_dead_letter(folder: Path) -> Iterator[World]:
    """A dispatcher whose webhook slack has one."""
    (folder / "slack").mkdir()
    (folder / "slack" / "slack.yaml").write_text(DEAD)
    with running("hookwright dev --sink slack", folder):
        run("hookwright send --trigger RequestGranted", folder)
        identifier = until(lambda: re.search(r"dlv_\w+", run("hookwright invocations slack -o json", folder)))
        yield World({"dlv_38gd92d200006wnss1s": identifier[0]}, {})


@contextmanager
def a_service_desk(folder: Path) -> Iterator[World]:
    """The manifests of the page on tests in a folder, and their host led to a receiver."""
    (folder / "manifests").mkdir()
    manifests = next(
        block for language, block in blocks(text_of("docs/testing-webhooks.md")) if language == "yaml"
    )
    (folder / "manifests" / "tickets.yaml").write_text(manifests)
    with receiving(folder, "desk.example.com") as (ca_file, port, _):
        settings = {"CA_FILE": str(ca_file), "CONNECT_TO": f"desk.example.com:443:127.0.0.1:{port}"}
        yield World(
            {"FOLDER": "manifests"}, {f"HOOKWRIGHT_EGRESS_{name}": value for name, value in settings.items()}
        )


WORLDS: dict[str, Callable[[Path], AbstractContextManager[World]]] = {
    "docs/import.md": inputs_of_import,
    "docs/operations.md": a_dead_letter,
    "docs/testing-webhooks.md": a_service_desk,
}
"""Pages that go on from something which their reader has already."""


@pytest.mark.parametrize("page", walked(cluster=False))
def test_a_page_can_be_walked_word_by_word(page: str, tmp_path: Path) -> None:
    """Every command ends well; where `dev` runs, what is sent arrives at the receiver inside of it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    write_files(text_of(page), tmp_path)
    with WORLDS.get(page, nothing)(tmp_path) as world:
        before, dev, after = around_dev(
            world.named(each) for block in steps(page, cluster=False) for each in block
        )
        for command in before:
            run(command, tmp_path, world.environment)
        if dev is not None:
            with running(dev, tmp_path) as process:
                for command in after:
                    run(command, tmp_path, world.environment)
                process.wait_for('"event":"sink.received"')


def around_dev(todo: Iterable[str]) -> tuple[list[str], str | None, list[str]]:
    """The commands before `hookwright dev`, that one if there is one, and those for the second terminal."""
    todo = [*todo]
    at = next((n for n, each in enumerate(todo) if each.startswith("hookwright dev ")), len(todo))
    return todo[:at], next(iter(todo[at:]), None), todo[at + 1 :]


def test_import_prints_a_webhook_for_each_source(tmp_path: Path) -> None:
    """Whichever of the page's commands is taken."""
    with inputs_of_import(tmp_path) as world:
        (block,) = steps("docs/import.md", cluster=False)
        for command in block:
            assert "kind: Webhook" in run(command, tmp_path, world.environment), command


def test_what_is_walked_nowhere_still_stands_on_a_page() -> None:
    """A row of ELSEWHERE that no page needs any more goes."""
    written = {
        each
        for page in pages()
        for language, block in blocks(text_of(page))
        if language in SHELL
        for each in commands(block)
    }
    assert set(ELSEWHERE) <= written


@pytest.mark.parametrize("page", pages())
def test_a_block_is_commands_or_says_what_it_is(page: str) -> None:
    """Commands stand where the walks find them: no block has a language that nobody knows of."""
    found = [language for language, _ in blocks(text_of(page))]
    assert set(found) <= LANGUAGES
    assert len(re.findall(r"^ *```", text_of(page), re.MULTILINE)) == 2 * len(found)


def test_the_first_webhook_of_the_readme_is_the_example() -> None:
    """The block and the file differ in nothing but the file's comment and its test."""
    (block,) = (block for language, block in blocks(text_of("README.md")) if language == "yaml")
    example = (ROOT / "examples" / "hello" / "hello.yaml").read_text().split("---\n")[0]
    assert block == "".join(line for line in example.splitlines(keepends=True) if not line.startswith("#"))


def test_every_command_of_the_pages_exists() -> None:
    """Each `hookwright …` that begins a line or a quotation, on any page, names a command that there is."""
    named = {
        word
        for page in pages()
        for word in re.findall(
            r"(?:^|`|^kubectl |`kubectl )hookwright ([a-z]+)\b", text_of(page), re.MULTILINE
        )
    }
    assert {"dev", "validate", "test", "send"} <= named <= set(COMMANDS)
