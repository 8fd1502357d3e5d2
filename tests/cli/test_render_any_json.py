"""`hookwright render` with JSON that is no event by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.test_render import manifest, render, rendered


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_json_of_another_kind_is_rendered_with_its_type(tmp_path: Path, mark: bytes) -> None:
    """As the event port takes it by ?type=; a byte order mark is no part of it."""
    (tmp_path / "alert.json").write_bytes(mark + b'{"friendly_id": "cut \\ud83d", "n": 1}')
    text = manifest().replace("[RequestApproved, RequestCreated]", '["dev.example.*"]')
    found = rendered(
        tmp_path, "--trigger", "dev.example.alert", "-f", str(tmp_path / "alert.json"), text=text
    )
    assert json.loads(found["request"]["body"]) == {"title": "cut \ufffd", "event": "dev.example.alert"}


@pytest.mark.parametrize("trigger", [[], ["--trigger", "RequestCreated"]])
def test_json_of_another_kind_needs_its_type(tmp_path: Path, trigger: list[str]) -> None:
    """The sentence says how to name it."""
    (tmp_path / "alert.json").write_text('{"status": "firing"}')
    found = render(tmp_path, *trigger, "-f", str(tmp_path / "alert.json"))
    assert found.exit_code == 1
    assert "alert.json: has no event_type; if it is other JSON, name its type with --trigger" in found.stderr
