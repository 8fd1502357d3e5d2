"""Finding one's way: guesses, examples, help, versions, and what a shell completes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from admin_backend import invocation
from client_harness import Hookwright
from hookwright import __version__
from hookwright.cli.addresses import ADMIN, Address, remember
from hookwright.cli.examples import EXAMPLES
from hookwright.cli.main import COMMANDS, main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("lst", "No such command 'lst'. Did you mean list?"),
        ("help lst", "No such command 'lst'. Did you mean list?"),
        ("frobnicate", "No such command 'frobnicate'."),
        ("list --stats held", "No such option '--stats'. (Did you mean one of: '--sort', '--state'?)"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_a_guess(words: str, sentence: str) -> None:
    """Exit code 2."""
    found = CliRunner().invoke(main, words.split())
    assert found.exit_code == 2
    assert found.stderr.endswith(f"Error: {sentence}\n")


@pytest.mark.parametrize("name", [*COMMANDS, "import curl", "import apono", "import terraform", "store copy"])
def test_every_command_has_two_examples(name: str) -> None:
    """Its help shows them as they stand, each in a line."""
    shown = CliRunner().invoke(main, [*name.split(), "--help"]).stdout.splitlines()
    assert len(EXAMPLES[name]) == 2
    assert max(map(len, shown)) <= 80
    at = shown.index("  Examples:")
    assert [line.strip() for line in shown[at + 1 :]] == list(EXAMPLES[name])


@pytest.mark.parametrize("example", [example for examples in EXAMPLES.values() for example in examples])
def test_every_example_is_a_call_of_its_command(example: str) -> None:
    """The command takes its words: no option, format or argument of it is made up."""
    words = shlex.split(
        example.removeprefix("terraform show -json | ")
        .removeprefix('eval "$(')
        .removesuffix(')"')
        .removeprefix("kubectl ")
    )
    words = [word for word in words if not word.startswith("HOOKWRIGHT_")]
    assert words.pop(0) == "hookwright"
    name, group = "", main
    while isinstance(group, click.Group):
        found = group.get_command(click.Context(group), words[0])
        assert found is not None
        name, group = f"{name} {words.pop(0)}".strip(), found
    assert any(example in EXAMPLES[each] for each in (name, name.partition(" ")[0]))
    with group.make_context(name, words) as context:
        assert context.command is group


def test_the_list_of_import_is_not_cut() -> None:
    """Each of its three stands there with a whole line."""
    shown = CliRunner().invoke(main, ["import", "--help"], terminal_width=80).stdout
    assert "..." not in shown.partition("Commands:")[2]


def test_help_of_a_command_is_what_the_command_says() -> None:
    """`help list` is `list --help`, and `help` alone is `--help`."""
    for words, same in ((["help", "list"], ["list", "--help"]), (["help"], ["--help"])):
        assert CliRunner().invoke(main, words).stdout == CliRunner().invoke(main, same).stdout


def test_version_names_both(hookwright: Hookwright) -> None:
    """The dispatcher's own word, not this release's."""
    assert hookwright("version").stdout == f"hookwright {__version__}\ndispatcher 0.1.0\n"
    assert json.loads(hookwright("version -o json").stdout) == {
        "hookwright": __version__,
        "dispatcher": "0.1.0",
    }


def test_version_without_a_dispatcher(hookwright: Hookwright) -> None:
    """What can be told is told, and why the rest cannot."""
    found = hookwright("version", "--admin", "http://127.0.0.1:1")
    assert (found.exit_code, found.stdout) == (0, f"hookwright {__version__}\n")
    assert found.stderr.startswith(
        "The dispatcher's version is not known: Nothing answers at http://127.0.0.1:1"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    """One that calls the command line back."""
    script = CliRunner().invoke(main, ["completion", shell])
    assert (script.exit_code, f"_HOOKWRIGHT_COMPLETE={shell}_complete" in script.stdout) == (0, True)


def test_bash_takes_the_script() -> None:
    """And completes the program with it from then on."""
    script = CliRunner().invoke(main, ["completion", "bash"]).stdout
    done = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p hookwright"], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("hookwright\n")


def completed(*words: str, folder: Path | None = None) -> list[str]:
    """What a shell in that folder would offer for the last of the words."""
    environment = os.environ | {
        "_HOOKWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": shlex.join(["hookwright", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-c", "from hookwright.cli.main import main; main(prog_name='hookwright')"]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_names_are_completed(hookwright: Hookwright) -> None:
    """Webhooks of the dispatcher that the words name, with and without the default namespace."""
    flags = hookwright.flags("invocations")
    assert completed("invocations", *flags, "sh") == ["shop/slack", "shop/teams"]
    assert completed("invoke", *flags, "j") == ["jira"]
    assert completed("send", *flags, "--why", "default/") == ["default/jira"]


def test_names_of_the_dev_of_the_folder_are_completed(hookwright: Hookwright, tmp_path: Path) -> None:
    """Without a flag, as its addresses and token files stand in its data folder."""
    (tmp_path / ".hookwright").mkdir()
    remember(tmp_path / ".hookwright", {ADMIN.name: Address(hookwright.admin, hookwright.tokens / "admin")})
    assert completed("list", "shop/t", folder=tmp_path) == ["shop/teams"]


def test_ids_of_invocations_are_completed(hookwright: Hookwright) -> None:
    """The latest first."""
    hookwright.backend.history = [invocation("dlv_2.1"), invocation("dlv_1.1")]
    assert completed("invocations", *hookwright.flags("invocations"), "--id", "") == ["dlv_2.1", "dlv_1.1"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sample", "RequestC"), ["RequestCreated"]),
        (("render", ".", "--trigger", "Ma"), ["Manual"]),
        (("send", "--trigger", "RequestE"), ["RequestExpired"]),
        (("li",), ["list"]),
        (("help", "inv"), ["invoke", "invocations"]),
        (("list", "--state", "ga"), []),
        (("list", "--state", "go"), ["gone"]),
    ],
)
def test_words_that_need_no_dispatcher_are_completed(words: tuple[str, ...], offered: list[str]) -> None:
    """Commands, triggers and what an option takes."""
    assert completed(*words) == offered


def test_without_a_dispatcher_nothing_is_offered_or_said() -> None:
    """Whoever presses Tab wants no error."""
    assert completed("invocations", "--admin", "http://127.0.0.1:1", "sh") == []
