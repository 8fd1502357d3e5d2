"""Templates of URLs and header values."""

from __future__ import annotations

import tracemalloc
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright import limits
from hookwright.core.samples import sample
from hookwright.core.templates import compile_header, compile_url
from hookwright.errors import BudgetError, TemplateError
from templates.rendering import context

PATH = "https://desk.example.com/tickets/{{ data.v }}"


def url(source: str, value: Any) -> str:
    """A URL rendered with one value."""
    return compile_url(source).render(context({"data": {"v": value}}))


def header(source: str, value: Any) -> str:
    """A header's value rendered with one value."""
    return compile_header(source).render(context({"data": {"v": value}}))


@pytest.mark.parametrize(
    ("source", "value", "rendered"),
    [
        (PATH, "AR-1", "https://desk.example.com/tickets/AR-1"),
        (PATH, 42, "https://desk.example.com/tickets/42"),
        (PATH, "a/b c?d#e&f=ö", "https://desk.example.com/tickets/a%2Fb%20c%3Fd%23e%26f%3D%C3%B6"),
        (PATH, "x@y.z", "https://desk.example.com/tickets/x%40y.z"),
        (PATH + "-1", "", "https://desk.example.com/tickets/-1"),
        ("https://desk.example.com/?q={{ data.v }}", "", "https://desk.example.com/?q="),
        ("https://desk.example.com?q={{ data.v }}", "..", "https://desk.example.com?q=.."),
        ("https://desk.example.com/a//b?q={{data.v}}", "x", "https://desk.example.com/a//b?q=x"),
        ("https://desk.example.com/?q={{ data.v | urlencode }}", "a b", "https://desk.example.com/?q=a%20b"),
        ("https://desk.example.com/?{{ {'a': data.v} | urlencode }}", "/", "https://desk.example.com/?a=%2F"),
        ("https://desk.example.com/{{ data.v | upper }}/x", "é", "https://desk.example.com/%C3%89/x"),
    ],
)
def test_expressions_of_a_url_are_percent_encoded(source: str, value: Any, rendered: str) -> None:
    """Nothing in a value can end a path segment, start a query or leave the host."""
    assert url(source, value) == rendered


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", ".", "..", "../admin", "a/../b", "..\\x", "%2e%2e"),
        *("..;", "..;v=1", ";", ";v=1", ".;/x", "a\\..;x", "a\\\\b"),
        *(
            ".. ",
            " ..",
            "\t..",
            "..\n",
            ". .",
            "\x00..",
            "..\u00a0",
            "..\u2003",
            "\u200b..",
            ".\u200b",
            "\u2060",
        ),
    ],
)
def test_a_segment_that_would_address_something_else_is_refused(value: str) -> None:
    """An empty or dotted segment, also in its encoded forms, is an error of rendering."""
    if value == "%2e%2e":  # a percent sign of a value is itself encoded, so this is only a strange name
        assert url(PATH, value).endswith("/%252e%252e")
        return
    with pytest.raises(TemplateError, match="a part of the URL's path comes out"):
        url(PATH, value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("https://desk.example.com/a/.{{ data.v }}/b", "."),
        ("https://desk.example.com/a/%2e{{ data.v }}", "."),
        ("https://desk.example.com/a/{{ data.v }}{{ data.v }}", "."),
        ("https://desk.example.com/{{ data.v }}/b?x=1", ""),
        ("https://desk.example.com/a/.{{ data.v }}", " "),
        ("https://desk.example.com/t/{{ data.v }};v=1", ".."),
        ("https://desk.example.com/t/{{ data.v }};v=1", ""),
        ("https://desk.example.com/t/{{ data.v }}%3Bx/close", ".."),
        ("https://desk.example.com/t/{{ data.v }}%20.", "."),
        ("https://desk.example.com/t\\{{ data.v }}/x", "..;"),
        ("https://desk.example.com/t\\{{ data.v }}/x", ""),
        ("https://desk.example.com/t/{{ data.v | urlencode }}", "\t.."),
        ("https://desk.example.com/t/{{ data.v }}%5Cx", "."),
    ],
)
def test_a_segment_is_judged_as_a_whole(source: str, value: str) -> None:
    """Text and expressions of one segment count together, and as the most lenient server would read them."""
    with pytest.raises(TemplateError, match="a part of the URL's path comes out"):
        url(source, value)


@pytest.mark.parametrize("value", ["...", "a;b", "v1.", ".hidden", "a\\b", "x ..", "a b", "\u3042", "-"])
def test_a_segment_that_only_looks_odd_is_sent(value: str) -> None:
    """Dots, blanks, semicolons and backslashes in a name are part of it."""
    assert url(PATH, value) == "https://desk.example.com/tickets/" + quote(value, safe="")


def test_a_very_long_value_is_refused_before_it_is_encoded() -> None:
    """What no request could hold costs no memory: a list of its bytes would take eight times as much."""
    document = context({"data": {"v": "ä" * 500_000}})
    template = compile_url(PATH)
    tracemalloc.start()
    with pytest.raises(BudgetError):
        template.render(document)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < limits.MIB


@pytest.mark.parametrize(("value", "fault"), [("", "empty"), ("..", "as . or ..")])
def test_a_refused_segment_is_named_by_line_and_expression(value: str, fault: str) -> None:
    """The sentence leads to the expression that made the segment, not to the first of the URL."""
    source = "https://desk.example.com/{{ 'a' }}{{ 'b' }}/{{ data.v }}/{{ 'c' }}?q={{ 'd' }}"
    with pytest.raises(TemplateError) as caught:
        url(source, value)
    assert str(caught.value).startswith(
        f"line 1, {{{{ data.v }}}}: a part of the URL's path comes out {fault}, and"
    )
    assert (caught.value.line, caught.value.expression) == (1, "{{ data.v }}")


@pytest.mark.parametrize(
    "source",
    [
        "https://{{ data.v }}/x",
        "https://{{ data.v }}.example.com/x",
        "https://example.com{{ data.v }}",
        "{{ data.v }}",
    ],
)
def test_an_expression_cannot_choose_the_host(source: str) -> None:
    """Only what stands after the host may come from an event."""
    with pytest.raises(TemplateError, match="not in its host"):
        compile_url(source)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_a_url_takes_texts_and_numbers(value: Any) -> None:
    """An object, a list or null in a URL is a mistake, not a text."""
    with pytest.raises(TemplateError, match="a URL needs a text or a number"):
        url(PATH, value)


def test_a_url_holds_no_statements_and_has_a_longest_length() -> None:
    """`{% %}` is refused when compiled, a very long value when rendered."""
    with pytest.raises(TemplateError, match=r"no \{% %\}"):
        compile_url("https://example.com/{% if data %}x{% endif %}")
    with pytest.raises(BudgetError, match="longer than 8,192"):
        url(PATH, "x" * 9_000)


def test_a_url_without_expressions_is_constant() -> None:
    """Then it is as it was written, whatever its segments."""
    assert compile_url("https://example.com/a/../b//?x").constant == "https://example.com/a/../b//?x"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_leaves_its_place_in_a_url(value: str) -> None:
    """For any text, path and query have the parts they have in the template, or rendering is refused."""
    try:
        rendered = url("https://example.com/a/{{ data.v }}/b?q={{ data.v }}", value)
    except TemplateError:
        return
    assert (rendered.count("/"), rendered.count("?"), rendered.count("="), "#" in rendered) == (
        5,
        1,
        1,
        False,
    )
    assert rendered.isascii()


@pytest.mark.parametrize(
    ("source", "value", "rendered"),
    [
        ("{{ data.v }}", "x", "x"),
        ("  {{ data.v }} ", " x ", "x"),
        ("n={{ data.v }}", 5, "n=5"),
        ("{{ data.v }}", {"a": ["b"]}, '{"a":["b"]}'),
        ("{% if data.v %}high{% else %}low{% endif %}", True, "high"),
        ("{{ data.v | replace('\\n', ' ') }}", "a\nb", "a b"),
    ],
)
def test_a_header_is_rendered_as_text_and_stripped(source: str, value: Any, rendered: str) -> None:
    """No JSON, no escaping: the value itself."""
    assert header(source, value) == rendered


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\x00b", "a\x7fb", "a\tb"])
def test_a_control_character_in_a_header_is_refused(value: str) -> None:
    """No value can end its header and begin another."""
    with pytest.raises(TemplateError, match="cannot hold the control character"):
        header("{{ data.v }}", value)


def test_a_constant_header_is_checked_when_compiled() -> None:
    """A control character in the template itself does not wait for an event."""
    assert compile_header(" production ").constant == "production"
    with pytest.raises(TemplateError, match="cannot hold the control character"):
        compile_header("a\nb")


def test_a_header_has_a_longest_length() -> None:
    """Servers refuse huge headers, so do we."""
    with pytest.raises(BudgetError, match="longer than 8,192"):
        header("{{ data.v }}", "x" * 9_000)


def test_a_template_sees_what_it_is_promised_and_nothing_else() -> None:
    """The variables of SPEC 4, of which none holds a secret."""
    seen = context(sample("RequestGranted"))
    assert set(seen) == {"event", "event_type", "event_time", "data", "webhook", "delivery", "trigger"}
    assert header(
        "{{ webhook.namespace }}/{{ webhook.name }} {{ delivery.id }}.{{ delivery.attempt }} {{ trigger }}", 1
    ) == ("team-a/tickets dlv_1.1 RequestGranted")
    event = {"event_type": "x.y", "event_time": None, "data": 1, "cloudevent": {"source": "/s"}}
    assert compile_header("{{ cloudevent.source }}").render(context(event)) == "/s"
