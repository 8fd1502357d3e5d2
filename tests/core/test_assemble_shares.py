"""Assembling many: nobody waits for the checks of another namespace, and nobody's bytes push another one out."""

from __future__ import annotations

from random import Random

from core.builders import assembled, secret, webhook
from counting import calls
from hookwright.core.assemble import TOO_LARGE, Assembly
from hookwright.core.config_parts import encode
from hookwright.core.config_reader import Reader
from hookwright.core.objects import Object
from hookwright.core.templates import Template
from hookwright.limits import CONFIG_BYTES, CONFIG_PACKED_BYTES, TEMPLATE_CHARACTERS

ALL = [
    "RequestCreated",
    "RequestApproved",
    "RequestRejected",
    "RequestGranted",
    "RequestExpired",
    "RequestFailed",
]


def dear(count: int, change: str = "") -> list[Object]:
    """Webhooks with many templates, all different, and all triggers."""
    return [
        webhook(
            f"w{number}",
            namespace="dear",
            triggers=ALL,
            headers=[
                {"name": f"x-{each}", "value": f"{number}{each}{change} {{{{ data.id }}}}"}
                for each in range(4)
            ],
        )
        for number in range(count)
    ]


def listed(found: Assembly) -> list[str]:
    """The webhooks that are configured."""
    return [route.key for route in found.config.webhooks]


def test_a_namespace_whose_checks_are_many_waits_and_others_do_not() -> None:
    """Each call checks as much as the namespace may have, so some go on with each; the end is as without a bound."""
    objects = [*dear(6), webhook("a"), webhook("b", namespace="team")]
    found = assembled(*objects, checks=100)
    assert {"default/a", "team/b"} <= set(listed(found))
    assert 0 < len(found.waiting) < 6
    rounds = 1
    while found.waiting:
        before = found
        found = assembled(*objects, checks=100, previous=before)
        assert found.waiting < before.waiting
        rounds += 1
    assert 1 < rounds <= 6
    assert found.config == assembled(*objects).config


def test_many_such_namespaces_share_what_one_build_may_check() -> None:
    """Each of them gets on with every build, by a webhook at least."""
    some = [
        Object("Webhook", f"team-{team}", each.name, each.body)
        for team in range(8)
        for each in dear(3, change=f" {team}")
    ]
    found: list[Assembly] = []
    count = calls(Template.render, lambda: found.append(assembled(*some, checks=10)))
    assert len(found[0].waiting) == 16
    assert calls(Template.render, lambda: found.append(assembled(*some))) == 3 * count


def test_expressions_count_like_templates() -> None:
    """They are compiled in the same build."""
    matches = {"path": "$.data.id", "operator": "Matches", "values": [f"x{each}" for each in range(9)]}
    some = [webhook(f"w{each}", filters={"matchExpressions": [matches]}) for each in range(5)]
    assert len(assembled(*some, checks=11).waiting) == 3
    assert len(assembled(*(webhook(f"w{each}") for each in range(5)), checks=3).waiting) == 2


def test_what_waits_is_configured_as_it_was() -> None:
    """With what ran in this process, or in the one before it; a new webhook is not there yet."""
    first = assembled(*dear(3))
    changed = [*dear(3, change="new"), *dear(4)[3:]]
    second = assembled(*changed, checks=1, previous=first)
    assert listed(second) == listed(first)
    assert second.waiting == {"dear/w1", "dear/w2", "dear/w3"}
    assert second.route("dear/w1") == first.route("dear/w1")
    assert second.route("dear/w0") != first.route("dear/w0")
    running = Reader().read(encode(first.config))
    third = assembled(*changed, checks=1, running=running)
    assert {"dear/w0", "dear/w1", "dear/w2"} <= set(listed(third))
    assert third.waiting == {"dear/w0", "dear/w1", "dear/w2"}  # the new one first: nothing stands in for it
    deleted = assembled(*changed[1:], checks=1, running=running)
    assert "dear/w0" not in listed(deleted)


def test_what_was_checked_before_a_restart_changes_nothing_while_it_is_checked_again() -> None:
    """The configuration is the same with the first build and after the last."""
    first = assembled(*dear(3))
    running = Reader().read(encode(first.config))
    second = assembled(*dear(3), checks=1, running=running)
    assert second.waiting
    assert second.config == first.config
    assert assembled(*dear(3), previous=second).config == first.config


def test_templates_are_not_tried_again_for_a_rotated_secret() -> None:
    """What they render does not depend on it."""
    auth = {"bearer": {"tokenSecretRef": {"name": "s", "key": "token"}}}
    hook = webhook(auth=auth, bodyTemplate='{"id": {{ data.id }}, "x": {{ data.nope }}}')
    first = assembled(hook, secret(token="one"))
    found: list[Assembly] = []
    rotated = (hook, secret(token="two"))
    assert calls(Template.render, lambda: found.append(assembled(*rotated, previous=first))) == 0
    assert found[0].config == assembled(*rotated).config
    assert found[0].findings == assembled(*rotated).findings != []


def noisy(count: int) -> list[Object]:
    """Webhooks whose templates do not compress below three quarters."""
    chance = Random(1)
    templates = (chance.randbytes(TEMPLATE_CHARACTERS // 2 - 20).hex() for _ in range(count))
    return [
        webhook(f"w{number:03}", namespace="greedy", triggers=["Manual"], bodyTemplate=f'{{"x": "{text}"}}')
        for number, text in enumerate(templates)
    ]


def test_a_namespace_over_its_share_is_refused_on_its_own_webhooks() -> None:
    """Those that do not fit are not Accepted and held; the rest of it and all others are written, and can be read."""
    found = assembled(*noisy(200), webhook("a"), webhook("b", namespace="team"))
    refused = [each for each in found.findings if each.severity == "error"]
    assert {(each.reason, each.condition, each.field) for each in refused} == {
        (TOO_LARGE, "Accepted", "spec")
    }
    assert refused[-1].key == "greedy/w199"
    assert 0 < len(refused) < 120
    held = {route.key for route in found.config.webhooks if route.held is not None}
    assert held == {each.key for each in refused}
    assert found.shares["greedy"].packed > CONFIG_PACKED_BYTES
    assert Reader().read(found.slices.files(found.config)) == found.config
    encoded = found.slices.encoded
    again = assembled(*noisy(200), webhook("a"), webhook("b", namespace="team"), previous=found)
    assert again.config == found.config
    assert again.slices.encoded == encoded


def test_text_that_compresses_well_is_bounded_by_the_writer_as_by_the_reader() -> None:
    """As many as fit when they are expanded."""
    template = '{"x": "' + "x" * (TEMPLATE_CHARACTERS - 20) + '"}'
    many = [
        webhook(f"w{number:04}", namespace="greedy", triggers=["Manual"], bodyTemplate=template)
        for number in range(CONFIG_BYTES // TEMPLATE_CHARACTERS + 100)
    ]
    found = assembled(*many, webhook("a"))
    assert 90 < len(found.findings) < 200
    assert {each.reason for each in found.findings} == {TOO_LARGE}
    assert Reader().read(found.slices.files(found.config)) == found.config


def test_how_much_a_webhook_takes_is_known() -> None:
    """Its bytes, and those of its namespace."""
    found = assembled(webhook("a", bodyTemplate='{"x": "' + "x" * 1_000 + '"}'), webhook("b"))
    assert 1_000 < found.size("default/a") < 1_700
    assert found.size("default/b") < found.size("default/a")
    assert found.shares["default"].size == found.size("default/a") + found.size("default/b")
