"""The folder of configuration: whole or refused, with one sentence (DESIGN 1, SPEC 8)."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import orjson
import pytest

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.config_reader import Reader
from hookwright.dispatcher.configuration.config_folder import keep, read, read_files, stamp, write
from hookwright.errors import ConfigurationError

SPEC = WebhookSpec(triggers=["Manual"], url="https://example.com/", headers=[])
ROUTE = RouteConfig(
    namespace="team",
    name="one",
    hash="h",
    triggers=["Manual"],
    spec=SPEC,
    secrets={"s/k": "very-secret-value"},
)
CONFIG = DispatchConfig(hash="whole", cluster_events=["team"], webhooks=[ROUTE])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Written whole, files for their owner only, and the stamp changes with the content."""
    write(tmp_path, CONFIG)
    assert read(tmp_path) == CONFIG
    before = stamp(tmp_path)
    write(tmp_path, CONFIG.model_copy(update={"hash": "other", "webhooks": []}))
    assert stamp(tmp_path) != before
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_an_empty_configuration_is_complete(tmp_path: Path) -> None:
    """No webhooks is not the same as no configuration."""
    write(tmp_path, DispatchConfig(hash="empty", webhooks=[]))
    assert read(tmp_path).webhooks == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is not there"),
        (lambda folder: (folder / "part-0").unlink(), "part-0 is not there"),
        (lambda folder: (folder / "part-0").write_bytes(b"very-secret-value"), "do not agree"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text('{"version":9,"parts":[]}'), "version 9"),
    ],
)
def test_half_or_damaged_is_refused_with_one_sentence(tmp_path: Path, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    """It names what is missing or wrong, and no content."""
    write(tmp_path, CONFIG)
    damage(tmp_path)
    with pytest.raises(ConfigurationError, match=says) as error:
        read(tmp_path)
    assert "very-secret-value" not in str(error.value)


def rewritten(folder: Path, document: dict[str, object]) -> None:
    """Write another document, with the manifest that goes with it."""
    packed = gzip.compress(orjson.dumps(document), mtime=0)
    (folder / "part-0").write_bytes(packed)
    manifest = {"version": 1, "hash": "x", "parts": [hashlib.sha256(packed).hexdigest()]}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))


def test_fields_of_a_newer_release_are_passed_over(tmp_path: Path) -> None:
    """A controller one release ahead can be read: in the document, in a webhook, deep in its spec."""
    write(tmp_path, CONFIG)
    document = CONFIG.model_dump(by_alias=True, exclude_none=True)
    document["fromTheFuture"] = 1
    document["webhooks"][0]["fromTheFuture"] = 1
    document["webhooks"][0]["spec"]["fromTheFuture"] = {"deep": True}
    rewritten(tmp_path, document)
    assert read(tmp_path) == CONFIG


def test_a_document_that_does_not_fit_names_the_place_and_no_value(tmp_path: Path) -> None:
    """A wrong type is refused by its place; values may be secrets."""
    write(tmp_path, CONFIG)
    document = CONFIG.model_dump(by_alias=True, exclude_none=True)
    document["webhooks"][0]["secrets"] = {"s/k": ["very-secret-value"]}
    rewritten(tmp_path, document)
    with pytest.raises(ConfigurationError, match=r"webhooks\.0\.secrets") as error:
        read(tmp_path)
    assert "very-secret-value" not in str(error.value)


RECORDED = Path(__file__).parent / "data" / "config_0_1"


def test_the_folder_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    """One gzip stream, cut anywhere; once it was read and kept it is read again, and so is what comes after it."""
    reader = Reader()
    config, files = read_files(RECORDED, reader)
    assert [route.key for route in config.webhooks] == ["default/one", "team/held", "team/two"]
    assert config.webhooks[0].secrets == {"s/token": "not-so-secret"}
    assert config.cluster_events == ["default", "team"]
    keep(tmp_path, files)
    assert read(tmp_path) == config
    write(tmp_path, config)
    assert read(tmp_path, reader) == config
    assert not (tmp_path / "part-1").exists()


def test_a_file_that_did_not_change_is_not_written(tmp_path: Path) -> None:
    """What is kept as the last good one costs what changed."""
    write(tmp_path, CONFIG)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    write(tmp_path, CONFIG)
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A manifest that is a folder, say."""
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path)
