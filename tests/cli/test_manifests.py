"""Manifests from files and folders: what is found, what is passed over, and how mistakes are said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hookwright.cli.exits import manifest_line
from hookwright.cli.manifests import Loaded, load, manifest_files
from hookwright.core.objects import full_name
from hookwright.errors import UsageError
from hookwright.limits import MANIFEST_BYTES

WEBHOOK = """\
apiVersion: hookwright.io/v1alpha1
kind: Webhook
metadata: {name: NAME}
spec: {}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: team-a}
stringData: {token: abc}
"""


def webhook(name: str) -> str:
    """A Webhook manifest of that name."""
    return WEBHOOK.replace("NAME", name)


def loaded(folder: Path, **files: str) -> Loaded:
    """What `load` finds in a folder of these files (`__` in a name is a dot)."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return load([folder])


def lines(found: Loaded, folder: Path) -> list[str]:
    """The errors as they are printed, without the folder."""
    return [manifest_line(error).replace(f"{folder}/", "") for error in found.errors]


def test_objects_of_our_kinds_with_their_places(tmp_path: Path) -> None:
    """Our kinds become manifests with namespace (default: `default`), name, file and line."""
    found = loaded(tmp_path, a__yaml=f"# a comment\n---\n{webhook('slack')}---\n{SECRET}")
    assert [(each.kind, each.key, each.line) for each in found.manifests] == [
        ("Webhook", "default/slack", 3),
        ("Secret", "team-a/token", 8),
    ]
    assert found.manifests[0].file == str(tmp_path / "a.yaml")
    assert not found.errors


def test_folders_are_walked_without_dot_folders(tmp_path: Path) -> None:
    """Folders are read recursively and in order; dot folders, other endings and links to folders are not."""
    for name in ("b.yaml", "sub/deep/c.yml", "a.json", ".git/d.yaml", "sub/.e/f.yaml", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "link.yaml").symlink_to(tmp_path / ".git/d.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in manifest_files([tmp_path, tmp_path / "notes.txt"])]
    assert names == ["a.json", "b.yaml", "link.yaml", "sub/deep/c.yml", "notes.txt"]


def test_a_missing_path_is_a_mistake_of_use(tmp_path: Path) -> None:
    """A path that is not there ends the command."""
    with pytest.raises(UsageError, match=r"nowhere does not exist\."):
        load([tmp_path / "nowhere"])


def test_other_kinds_and_other_documents_are_counted(tmp_path: Path) -> None:
    """Other kinds, events and anything that is no object are passed over, and counted."""
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"
    crossplane = "apiVersion: example.org/v1\nkind: Secret\nmetadata: {name: x}\n"
    found = loaded(
        tmp_path,
        a__yaml=f"{deployment}---\n{crossplane}---\njust text\n---\n[1, 2]\n",
        event__json='{"event_type": "RequestCreated"}',
    )
    assert (found.skipped, found.files, found.manifests, found.errors) == (5, 2, [], [])


def test_a_list_is_read_as_its_items(tmp_path: Path) -> None:
    """`kind: List` stands for its items, each with its own line."""
    text = "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: hookwright.io/v1alpha1\n    kind: Webhook\n"
    found = loaded(tmp_path, a__yaml=f"{text}    metadata: {{name: one}}\n  - 7\n")
    assert [(each.key, each.line) for each in found.manifests] == [("default/one", 4)]
    assert found.skipped == 1


def test_json_files_have_lines_too(tmp_path: Path) -> None:
    """A JSON manifest is read with the lines of its fields, tabs and escapes included."""
    body = {"apiVersion": "hookwright.io/v1alpha1", "kind": "Webhook", "metadata": {"name": "j"}}
    text = json.dumps({**body, "spec": {"displayName": "\U0001f600", "url": "x"}}, indent="\t")
    (manifest,) = loaded(tmp_path, a__json=text).manifests
    assert manifest.spec["displayName"] == "\U0001f600"
    assert manifest.line_of("spec.url") == 9


def test_lines_inside_a_template(tmp_path: Path) -> None:
    """A template's line is a line of the file when it stands in a literal block, else the field's line."""
    text = webhook("t").replace(
        "spec: {}", 'spec:\n  bodyTemplate: |\n    {\n      "a": 1\n    }\n  url: "x"'
    )
    (manifest,) = loaded(tmp_path, a__yaml=text).manifests
    assert manifest.line_of("spec.bodyTemplate", template_line=2) == 7
    assert manifest.line_of("spec.url", template_line=1) == 9


def test_an_object_that_stands_twice(tmp_path: Path) -> None:
    """The second place of an object is an error that names the first, and the first is taken."""
    found = loaded(tmp_path, a__yaml=webhook("x"), b__yaml=f"{webhook('other')}---\n{webhook('x')}")
    assert [each.key for each in found.manifests] == ["default/x", "default/other"]
    assert lines(found, tmp_path) == [
        "b.yaml:8: metadata.name: Webhook default/x stands here a second time, first in a.yaml:1"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "apiVersion: hookwright.io/v1\nkind: Webhook\nmetadata: {name: x}\n",
            "1: apiVersion: apiVersion of a Webhook must be hookwright.io/v1alpha1",
        ),
        (
            "apiVersion: hookwright.io/v1alpha1\nkind: WebHook\nmetadata: {name: x}\n",
            "2: kind: there is no kind 'WebHook' in hookwright.io: there are Webhook and WebhookTest",
        ),
        (
            "kind: Webhook\nmetadata: {name: x}\n",
            "1: apiVersion: apiVersion of a Webhook must be hookwright.io/v1alpha1",
        ),
        ("apiVersion: v1\nkind: Secret\n", "1: metadata: metadata must be set, with a name"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: y\n",
            "4: metadata.name: metadata.name must be a text: put it in quotes",
        ),
        ("apiVersion: v1\nkind: Secret\nmetadata:\n  x: 1\n", "3: metadata: metadata.name must be set"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: My_Token\n",
            "4: metadata.name: metadata.name must be lower-case letters, digits and hyphens",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: A/b\n",
            "5: metadata.namespace: metadata.namespace must be lower-case letters, digits and hyphens",
        ),
        ("a: b\n\tc: d\n", "2: a tab indents this line, and YAML wants blanks"),
        ("a: 1\na: 2\n", '2: the key "a" stands twice (first in line 1)'),
    ],
)
def test_what_is_wrong_names_file_and_line(tmp_path: Path, text: str, line: str) -> None:
    """A mistake in an object or its YAML is `file:line: field: sentence`, and other files are still read."""
    found = loaded(tmp_path, bad__yaml=text, good__yaml=webhook("fine"))
    assert lines(found, tmp_path) == [f"bad.yaml:{line}"]
    assert [each.key for each in found.manifests] == ["default/fine"]


def test_files_that_are_no_text(tmp_path: Path) -> None:
    """A file that is not UTF-8, or too large, is one sentence."""
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe4\n")
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(MANIFEST_BYTES + 1)
    assert lines(load([tmp_path]), tmp_path) == [
        "large.yaml: this file is larger than 4 MiB: split it",
        "latin.yaml:2: this file is not UTF-8 text: save it as UTF-8",
    ]


def test_a_folder_in_place_of_a_file_and_an_endless_file(tmp_path: Path) -> None:
    """A folder named like a file is walked, and a named file without an end is read to the limit only."""
    (tmp_path / "folder.yaml").mkdir()
    assert load([tmp_path]).files == 0
    assert lines(load([Path("/dev/zero")]), tmp_path) == [
        "/dev/zero: this file is larger than 4 MiB: split it"
    ]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A file whose content cannot be had is an error of that file."""
    path = tmp_path / "self.yaml"
    path.symlink_to(f"/proc/{os.getpid()}/mem")
    (error,) = load([path]).errors
    assert manifest_line(error).startswith(f"{path}: this file cannot be read: ")


@pytest.mark.parametrize(("text", "key"), [("a", "default/a"), ("n/a", "n/a")])
def test_names_with_and_without_a_namespace(text: str, key: str) -> None:
    """`[NS/]NAME` is in `default` without a namespace."""
    assert full_name(text) == key


@pytest.mark.parametrize("text", ["", "/", "a/", "/a", "a/b/c"])
def test_names_that_are_none(text: str) -> None:
    """Anything else is a mistake of use."""
    with pytest.raises(UsageError, match="is not a name: write NAME or NAMESPACE/NAME"):
        full_name(text)
