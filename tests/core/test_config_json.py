"""The dispatch configuration as text: one webhook after the other, and yet the same as in one call."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from core.builders import assembled, config_map, secret, webhook
from hookwright.api.config import DispatchConfig
from hookwright.core.config_json import dump, parse
from hookwright.errors import ConfigurationError


def three() -> DispatchConfig:
    """Webhooks with secrets, texts of a ConfigMap, and one that is held."""
    return assembled(
        webhook("a", bodyTemplate='{"quote": "\\" [{", "ü": "💥"}', displayName="]},{"),
        webhook("b", auth={"bearer": {"tokenSecretRef": {"name": "s", "key": "k"}}}),
        webhook("c", bodyTemplateFrom={"configMapKeyRef": {"name": "c", "key": "t"}}),
        secret(k='value "with" [brackets] and \u2028'),
        config_map(t='{"text": "{{ data.id }}"}'),
        webhook("held", urlFrom={"secretKeyRef": {"name": "away", "key": "k"}}),
    ).config


def test_the_text_is_that_of_one_call() -> None:
    """So neighbouring releases write and read the same."""
    config = three()
    whole = orjson.dumps(config.model_dump(by_alias=True, exclude_none=True))
    assert dump(config) == whole
    assert parse(whole, {}) == config == DispatchConfig.model_validate_json(whole)


@pytest.mark.parametrize("webhooks", [0, 1])
def test_few_webhooks(webhooks: int) -> None:
    """None, or one."""
    config = DispatchConfig(hash="h", cluster_events=["a", "b"], webhooks=three().webhooks[:webhooks])
    assert parse(dump(config), {}) == config


def test_layout_order_and_what_a_newer_release_adds_do_not_matter() -> None:
    """Blanks, members in another order, members that are not known here."""
    config = three()
    document = json.loads(dump(config))
    for each in document["webhooks"]:
        each["fromTheFuture"] = {"webhooks": [1]}
    turned = {"fromTheFuture": [{"a": 1}], **dict(reversed(document.items()))}
    assert parse(json.dumps(turned, indent=2).encode(), {}) == config


def test_a_webhook_that_is_known_is_not_made_again() -> None:
    """Equal ones are the very same object; one that differs is the new one."""
    before, after = three(), three()
    known = {each.key: each for each in before.webhooks}
    known["default/b"] = known["default/b"].model_copy(update={"hash": "another"})
    found = {each.key: each for each in parse(dump(after), known).webhooks}
    assert found["default/a"] is known["default/a"]
    assert found["default/b"] == after.webhooks[1]


def broken(change: dict[str, Any], number: int | None = None) -> bytes:
    """The text of a configuration in which something is wrong, of a webhook or of the whole."""
    document = json.loads(dump(three()))
    (document if number is None else document["webhooks"][number]).update(change)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (broken({"name": ["very-secret"]}, 2), "webhooks.2.name"),
        (broken({"spec": {"url": 7}}, 0), "webhooks.0.spec.url"),
        (broken({"hash": ["very-secret"]}), "hash"),
        (broken({"webhooks": {"a": "very-secret"}}), "webhooks"),
    ],
)
def test_what_does_not_fit_is_told_by_its_place(document: bytes, place: str) -> None:
    """Never with a value."""
    with pytest.raises(ConfigurationError) as refused:
        parse(document, {})
    assert str(refused.value) == f"the configuration does not fit this release ({place})"


@pytest.mark.parametrize("document", [b"", b"[]", b"{", b'{"webhooks": [', b'{"webhooks": [{]}', b"\xff"])
def test_what_is_no_configuration_is_a_value_error(document: bytes) -> None:
    """Whatever is missing or damaged, reading it ends."""
    with pytest.raises((ValueError, ConfigurationError)):
        parse(document, {})
