"""The command line itself: late imports, help, exit codes, schema and sample."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner

from hookwright.cli.main import COMMANDS, main
from hookwright.core.samples import SAMPLE_TRIGGERS, sample
from rig import HANGS

HELP = """
import sys
before = set(sys.modules)
from hookwright.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
print(*set(sys.modules) - before)
"""


def test_help_names_every_command() -> None:
    """--help shows each command of the contract with its line."""
    found = CliRunner().invoke(main, ["--help"])
    assert found.exit_code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in found.stdout
        assert line in found.stdout


def test_help_imports_little() -> None:
    """Click, a few modules of our own and of the standard library, and nothing else: that is what a start costs."""
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    modules = done.stdout.splitlines()[-1].split()
    assert {name.partition(".")[0] for name in modules} - sys.stdlib_module_names == {"click", "hookwright"}
    assert sum(name.startswith("hookwright") for name in modules) <= 6
    assert len(modules) <= 100


def test_module_and_script_are_the_same() -> None:
    """`python -m hookwright` is the command line, with its exit codes."""
    done = subprocess.run(
        [sys.executable, "-m", "hookwright", "sample", "Nope"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: There is no sample of Nope; there is one of RequestCreated, ")


def test_an_unknown_command_is_used_wrong() -> None:
    """Exit code 2."""
    assert CliRunner().invoke(main, ["nope"]).exit_code == 2


def test_a_command_that_cannot_be_imported_breaks_no_other() -> None:
    """Its call is one sentence and exit code 2; the others and --help work."""
    COMMANDS["broken"] = ("no_such_module:command", "Cannot be imported.")
    try:
        broken = CliRunner().invoke(main, ["broken"])
        others = [CliRunner().invoke(main, [name]).exit_code for name in ("--help", "schema")]
    finally:
        del COMMANDS["broken"]
    assert broken.exit_code == 2
    assert broken.stderr.startswith("Error: the command broken cannot be loaded in this installation: ")
    assert others == [0, 0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_can_be_loaded(name: str) -> None:
    """Each name of the table leads to a command with a help text."""
    found = CliRunner().invoke(main, [name, "--help"])
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith(f"Usage: hookwright {name}")


@pytest.mark.parametrize("trigger", SAMPLE_TRIGGERS)
def test_sample_prints_the_mock_event(trigger: str) -> None:
    """`sample` prints the event of each of the seven triggers."""
    found = CliRunner().invoke(main, ["sample", trigger])
    assert json.loads(found.stdout) == sample(trigger)


def test_sample_as_yaml_and_in_the_other_spelling() -> None:
    """The vendor's own spelling works, and YAML is the same event."""
    found = CliRunner().invoke(main, ["sample", "AccessRequestFailed", "-o", "yaml"])
    assert yaml.safe_load(found.stdout) == sample("RequestFailed")


def test_schema_prints_the_json_schema_of_the_event() -> None:
    """`schema` is a JSON Schema 2020-12 with the three members of an event."""
    found = json.loads(CliRunner().invoke(main, ["schema"]).stdout)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"event_type", "event_time", "data"} <= set(found["properties"])


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`hookwright schema | head -1` ends without a traceback."""
    command = f"{sys.executable} -m hookwright schema | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{", "")


def test_a_full_disk_is_one_sentence() -> None:
    """Where output cannot be written, no traceback comes."""
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "hookwright", "sample", "Manual"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=HANGS)
    assert (result.returncode, result.stderr) == (2, "Error: No space left on device.\n")
