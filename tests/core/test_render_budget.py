"""One budget for all that a delivery renders, and one for trying a webhook's templates when it is read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from core.builders import assembled, config_map, only, said, webhook
from counting import lines
from hookwright import limits
from hookwright.core.objects import Object
from hookwright.core.routes import Route
from hookwright.core.samples import SAMPLE_TRIGGERS
from hookwright.core.templates import Budget
from hookwright.errors import BudgetError

SPENT = "more work than one delivery may do: the budget that its URL, headers and body share is spent; loop over fewer"


def busy(rounds: str) -> str:
    """A template that loops, and writes nothing as it does."""
    return f"{{% for i in range({rounds}) %}}{{% if i == -1 %}}x{{% endif %}}{{% endfor %}}"


def body(rounds: str) -> str:
    """A body that loops so."""
    return '{"x": "' + busy(rounds) + '"}'


def headers(*values: str) -> list[dict[str, Any]]:
    """Headers with these values."""
    return [{"name": f"X-{number}", "value": value} for number, value in enumerate(values)]


def built(rounds: int, budget: Budget | None = None, **spec: Any) -> bytes:
    """The body of a delivery whose event names how often its templates loop."""
    objects = [webhook(triggers=["dev.example.x"], **spec), config_map(body=body("data.n"))]
    event = json.dumps({"data": {"n": rounds, "text": "x" * 8_000}}).encode()
    route = Route(only(assembled(*objects)))
    return route.build(event, trigger=None, delivery_id="dlv_1", attempt=1, now=0, budget=budget).body


def test_headers_and_body_share_one_budget() -> None:
    """Each of three headers fits it and so do two together; the third is named, with line, tag and what to do."""
    spec = {"headers": headers("constant", *["\n" + busy("data.n") + "x"] * 3)}
    assert built(1_000, **spec)
    with pytest.raises(BudgetError) as caught:
        built(2_500, **spec)
    assert str(caught.value).startswith(
        "headers[3].value: line 2, {% for i in range(data.n) %}: this is " + SPENT
    )
    assert (caught.value.line, caught.value.expression) == (2, "{% for i in range(data.n) %}")


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("bodyTemplate", {"bodyTemplate": body("data.n")}),
        ("bodyTemplateFrom", {"bodyTemplateFrom": {"configMapKeyRef": {"name": "c", "key": "body"}}}),
        ("headers[1].value", {"url": "https://a.example/{{ range(16 * data.n) | length }}"}),
    ],
)
def test_what_one_template_leaves_is_all_that_the_next_one_has(field: str, spec: Any) -> None:
    """A body is stopped where two headers have taken nearly everything, and the second of them where a URL has."""
    assert built(2_500, **spec)
    with pytest.raises(BudgetError, match=r"share is spent") as caught:
        built(2_500, headers=headers(busy("data.n"), busy("data.n")), **spec)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{caught.value.field}: line 1")


def test_a_url_is_named_where_it_takes_everything() -> None:
    """It is rendered first."""
    with pytest.raises(
        BudgetError, match=r"^url: line 1, \{\{ range\(99 \* data\.n\) \| length \}\}: this is"
    ):
        built(2_500, url="https://a.example/{{ range(99 * data.n) | length }}")


def test_what_is_rendered_comes_to_256_kib_together() -> None:
    """31 headers of 8,000 characters fit with a small body, and not with one of twice that."""
    many = headers(*["{{ data.text }}"] * 31)
    assert built(1, headers=many, bodyTemplate='{"x": "{{ data.n }}"}') == b'{"x": "1"}'
    with pytest.raises(
        BudgetError, match=r"^bodyTemplate: the rendered text is longer than 256 KiB, which URL"
    ):
        built(1, headers=many, bodyTemplate='{"x": "{{ data.text ~ data.text }}"}')


def test_the_share_that_a_delivery_took_can_be_asked_for() -> None:
    """0 to 1 of steps or bytes, whichever is more; 1 once it is spent."""
    shares = []
    for rounds in (0, 2_000, 4_000, 40_000):
        budget = Budget()
        try:
            built(rounds, budget, bodyTemplate=body("data.n"))
        except BudgetError:
            assert rounds == 40_000
        shares.append(budget.share)
    assert shares[0] < 0.01 < shares[1] < shares[2] < 1 == shares[3]
    assert shares[2] == pytest.approx(2 * shares[1], rel=0.01)
    budget = Budget()
    built(1, budget, headers=headers(*["{{ data.text }}"] * 16), bodyTemplate='{"x": 1}')
    assert budget.share == pytest.approx(128_000 / limits.RENDERED_BYTES, rel=0.01)


def dear(name: str = "w", count: int = 32) -> Object:
    """A webhook whose every header and body is valid alone, and takes nearly the whole budget of a delivery."""
    values = [f"{busy('5000')}{number}" for number in range(count)]
    return webhook(name, triggers=list(SAMPLE_TRIGGERS), headers=headers(*values), bodyTemplate=body("5000"))


def test_a_webhook_that_would_be_dear_to_try_is_refused_with_figure_limit_and_cure() -> None:
    """And trying it ends there: 32 headers and a body with all triggers take no more steps of Python than two of them."""
    (first, *more) = said(assembled(dear()))
    assert more == []
    assert first.startswith(
        "spec.bodyTemplate: trying this webhook's templates with the sample events takes more than the "
        f"{limits.CHECK_STEPS:,} steps that one webhook may take, "
    )
    assert first.endswith("loop over fewer items, do less in each round, or write shorter templates")
    assert only(assembled(dear())).held is not None
    lines(lambda: assembled(dear()), most=1_500_000)


def test_many_templates_that_are_long_to_compile_are_refused() -> None:
    """What compiling takes counts as well, in the same steps; a webhook of one such template runs."""
    values = [f"{number}" + "{{ data.id }}" * 200 for number in range(32)]
    assert said(assembled(webhook(headers=headers(*values[:1])))) == []
    (found,) = said(assembled(webhook(headers=headers(*values))))
    assert found.startswith("spec.headers[0].value: trying this webhook's templates")
    lines(lambda: assembled(webhook(headers=headers(*values))), most=5_000_000)


def test_looking_for_lines_to_write_ends_quietly() -> None:
    """Many long templates with many mistakes are told with fewer cures, and none is refused for it that was not."""
    tag = '"{{ data.access_bundle.name ~ data.access_flow.name ~ data.grantee.name ~ data.justification }}"'
    values = [f"{number}: {tag * 4}" for number in range(12)]
    listed = "[" + ",".join([tag] * 4) + "]"
    many = webhook(triggers=list(SAMPLE_TRIGGERS), headers=headers(*values), bodyTemplate=listed)
    found = assembled(many).findings
    assert {each.severity for each in found} == {"warning"}
    assert "so write" in found[0].sentence
    assert "so write" not in found[-1].sentence
    lines(lambda: assembled(many), most=5_000_000)


def test_templates_that_are_too_much_together_are_refused_when_they_are_read() -> None:
    """Each renders every sample, and one delivery could not hold them."""
    warned = '{"x": {{ data.access_bundle.name }}}'
    too_much = webhook(headers=headers(busy("3500") + "0", busy("3501") + "1"), bodyTemplate=warned)
    (warning, found) = said(assembled(too_much))
    assert warning.startswith("warning: spec.bodyTemplate: ")
    assert re.fullmatch(
        r"spec\.headers\[1\]\.value: URL, headers and body of one delivery may take 100,000 steps and 256 KiB "
        r"together, and take 1\d\d,\d{3} steps and 0 KiB with the sample event of RequestCreated, this template the "
        r"most; loop over fewer items, or do less in each round",
        found,
    )


def test_what_is_found_does_not_depend_on_who_was_tried_before() -> None:
    """A webhook that shares its templates with a cheaper or dearer one is judged as if it were alone."""
    one, other = dear("a"), dear("b", count=2)
    honest = webhook("c", headers=headers(busy("4000") + "0"))
    alone = [said(assembled(each)) for each in (one, other, honest)]
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        objects = [(one, other, honest)[number] for number in order]
        assert said(assembled(*objects)) == [line for number in order for line in alone[number]]
    assert alone[2] == []
