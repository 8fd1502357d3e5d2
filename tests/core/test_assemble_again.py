"""The same objects assembled again: the same bytes and hashes, and little work."""

from __future__ import annotations

from typing import Any

import pytest

from core.builders import BEARER, KEY, assembled, only, secret, webhook
from counting import calls, lines
from hookwright.api.config import DispatchConfig
from hookwright.core.assemble import assemble
from hookwright.core.objects import Object
from hookwright.core.templates import Template, compile_body


def test_the_same_objects_give_the_same_bytes_in_any_order() -> None:
    """The configuration does not depend on the order of objects or of their members."""
    objects = [webhook("b", auth=BEARER), webhook("a", timeout="5s", method="PUT"), secret(token="t", x="y")]
    turned = [Object(o.kind, o.namespace, o.name, _turned(o.body)) for o in reversed(objects)]
    assert assembled(*objects).config.model_dump_json() == assembled(*turned).config.model_dump_json()


def _turned(value: Any) -> Any:
    """The same JSON value with the members of each object the other way round."""
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return value


def test_a_default_that_is_written_out_changes_no_hash() -> None:
    """What makes the same request has the same hash."""
    assert _hash(webhook()) == _hash(webhook(method="POST", active=True, timeout="15s"))


@pytest.mark.parametrize(
    "changed",
    [
        (webhook(auth=BEARER), secret(token="other")),
        (webhook(auth=BEARER, timeout="3s"), secret(token="t")),
        (webhook(auth=BEARER, active=False), secret(token="t")),
        (webhook(auth=BEARER, filters={"bundles": ["x"]}), secret(token="t")),
        (webhook(auth=BEARER, triggers=["Manual"]), secret(token="t")),
        (webhook(auth=BEARER),),
    ],
)
def test_whatever_shapes_a_request_changes_the_hash(changed: tuple[Object, ...]) -> None:
    """A secret's value, the spec, matching and being held all count."""
    assert _hash(webhook(auth=BEARER), secret(token="t")) != _hash(*changed)


def test_the_hash_is_no_oracle() -> None:
    """Under another key the same webhook has another hash, so a secret cannot be guessed against it."""
    objects = (webhook(auth=BEARER), secret(token="t"))
    other = assemble(objects, cluster_events=None, key=b"o" * 32)
    assert only(other).hash != _hash(*objects)
    assert len(only(other).hash) == 64


def test_a_request_to_run_again_changes_the_whole_but_not_the_webhook() -> None:
    """`requestedAt` reaches the dispatcher with a new overall hash, and the webhook's own hash stays."""
    before = assembled(webhook())
    after = assembled(webhook(annotations={"hookwright.io/requestedAt": "2026-01-01"}))
    assert only(after).requested_at == "2026-01-01"
    assert only(before).hash == only(after).hash
    assert before.config.hash != after.config.hash


def test_the_reach_of_cluster_events_is_part_of_the_whole() -> None:
    """Namespaces that /v1/events reaches are sorted, and change the overall hash."""
    some = assemble([webhook()], cluster_events=["b", "a"], key=KEY)
    assert some.config.cluster_events == ["a", "b"]
    assert some.config.hash != assembled(webhook()).config.hash


def test_the_configuration_can_be_read_back() -> None:
    """What is written for the dispatcher is read as the same."""
    config = assembled(webhook(auth=BEARER, filters={"approvals": "Manual"}), secret(token="t")).config
    assert DispatchConfig.model_validate_json(config.model_dump_json(by_alias=True)) == config


def _hash(*objects: Object) -> str:
    return only(assembled(*objects)).hash


def test_what_did_not_change_is_taken_over() -> None:
    """With an earlier result only what changed is made anew, and the result is the same as without it."""
    objects = [webhook("a", auth=BEARER), webhook("b"), webhook("c", url="x"), secret(token="t")]
    first = assembled(*objects)
    changed = [
        webhook("a", auth=BEARER),
        webhook("b", timeout="2s"),
        webhook("c", url="x"),
        secret(token="u"),
    ]
    second = assembled(*changed, previous=first)
    fresh = assembled(*changed)
    assert (second.config, second.findings) == (fresh.config, fresh.findings)
    assert second.webhooks["default/c"] is first.webhooks["default/c"]
    assert second.webhooks["default/a"] is not first.webhooks["default/a"]


def test_a_secret_that_appears_or_goes_is_a_change() -> None:
    """A webhook is made anew when an object that it refers to appears or goes."""
    held = assembled(webhook(auth=BEARER))
    healed = assembled(webhook(auth=BEARER), secret(token="t"), previous=held)
    assert only(healed).held is None
    assert only(assembled(webhook(auth=BEARER), previous=healed)).held is not None


def test_many_webhooks_with_one_template_cost_little() -> None:
    """For 200 it is compiled once, rendered once a sample; each takes few steps, far fewer when unchanged."""
    template = '{"text": "{{ data.requester.name }}: {{ data.friendly_id }}", "trigger": "{{ trigger }}"}'
    many = [
        webhook(f"w{number}", url=f"https://a.example/{number}", bodyTemplate=template)
        for number in range(200)
    ]
    compiled = compile_body.cache_info().misses
    first = assembled(*many)
    assert first.findings == []
    assert compile_body.cache_info().misses == compiled + 1
    assert calls(Template.render, lambda: assembled(*many)) == 3
    assert calls(Template.render, lambda: assembled(*many, previous=first)) == 0
    fresh = lines(lambda: assembled(*many), most=1_000 * len(many))
    lines(lambda: assembled(*many, previous=first), most=fresh // 10)
