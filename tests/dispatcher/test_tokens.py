"""The tokens of a port: who holds them, and what becomes of a file without any."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three tokens, one of them without a name."""
    path = tmp_path / "tokens"
    path.write_text("plain\nbilling old\n  billing   new \n\n")
    return path


@pytest.mark.parametrize(
    ("given", "holder"),
    [
        ("Bearer plain", ""),
        ("bearer  old", "billing"),
        ("Bearer new", "billing"),
        ("Bearer billing new", None),
        ("Bearer billing", None),
        ("Bearer ", None),
        ("Basic plain", None),
        (None, None),
    ],
)
def test_a_token_has_the_holder_that_stands_before_it(
    file: Path, given: str | None, holder: str | None
) -> None:
    """The old and the new token of a rotation have one holder; the name alone opens nothing."""
    assert Tokens(file).holder(given, 0.0) == holder


@pytest.mark.parametrize("away", ["emptied", "blank", "removed"])
def test_a_file_without_a_token_refuses_everybody_and_says_so(file: Path, away: str) -> None:
    """Once when it happens and each minute while it lasts; it is told too when there is one again."""
    tokens = Tokens(file)
    if away == "removed":
        file.unlink()
    else:
        file.write_text("" if away == "emptied" else " \n\n")
    with capture_logs() as lines:
        for second in range(10, 140):
            assert tokens.holder("Bearer plain", second) is None
        assert str(file) in (tokens.trouble(140) or "")
        file.write_text("plain\n")
        assert tokens.holder("Bearer plain", 150) == ""
    assert [line["event"] for line in lines] == ["token.missing"] * 3 + ["token.found"]
    assert "everybody is refused" in lines[0]["reason"]


def test_a_volume_between_two_versions_refuses_nobody(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a folder; the token in force is that of one of them."""
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_text(f"{version}\n")
    link = tmp_path / "data"
    link.symlink_to("one")
    tokens = Tokens(link / "token")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(link)
    assert tokens.holder("Bearer two", 10.0) == ""
    assert tokens.holder("Bearer one", 20.0) is None


def test_a_file_without_a_token_is_no_beginning(tmp_path: Path) -> None:
    """The start fails, with the file's name."""
    for path in (tmp_path / "away", tmp_path / "empty"):
        (tmp_path / "empty").write_text("\n")
        with pytest.raises(UsageError, match=str(path)):
            Tokens(path)
