"""Where in its template an error stands: line, column and length are those of the source as it was written."""

from __future__ import annotations

import pytest

from hookwright.core.samples import sample
from hookwright.core.templates import compile_body, template_context
from hookwright.errors import TemplateError

CONTEXT = template_context(
    sample("RequestCreated"),
    trigger="RequestCreated",
    webhook_name="w",
    webhook_namespace="default",
    delivery_id="dlv_x",
    attempt=1,
)


def place(source: str) -> tuple[int, str]:
    """The line of the error of a template, and the text that its column and length take out of it."""
    with pytest.raises(TemplateError) as failed:
        compile_body(source).render(CONTEXT)
    error = failed.value
    assert error.column, str(error)
    rest = source.split("\n", error.line - 1)[-1][error.column - 1 :]
    return error.line, rest[: error.length]


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ('{\n  "a": "x {{ data.requester.nam }}"}', 2, "{{ data.requester.nam }}"),
        ('{"a": "{{ data.id }} {{ data.requester.nam }}"}', 1, "{{ data.requester.nam }}"),
        ('{"a": {{ data.access_groups.[0].[nam] }}, "b": 1}', 1, "{{ data.access_groups.[0].[nam] }}"),
        ('{"a":\n {{ nobody }}}', 2, "{{ nobody }}"),
        ('{"a": {{ data.id | upcase }}}', 1, "{{ data.id | upcase }}"),
        ("[\n{% for x in data.approvals %}{{ x.name }}", 2, "{% for x in data.approvals %}"),
        ('{"a": {{#each data.approvals}}1{{/each}}}', 1, "{{#each data.approvals}}"),
        ('{"a": {{ data.id && 1 }}}', 1, "{{ data.id && 1 }}"),
        ('{"a": {{\n data.nobody\n}} }', 1, "{{\n data.nobody\n}}"),
        ('{\n  "a": "{{ data.id }}",\n  "b": oops\n}', 3, "o"),
        ('{\n  "a": oops\n}', 2, "o"),
        ('{"a": {{ data.id }}{{ data.id }} }', 1, "{{ data.id }}"),
    ],
)
def test_an_error_knows_the_tag_or_the_character(source: str, line: int, text: str) -> None:
    """A tag from its braces to its braces, also over several lines; in text the character that cannot stand there."""
    assert place(source) == (line, text)


def test_text_behind_a_tag_of_its_line_has_a_line_only() -> None:
    """Where it began in its line cannot be told then."""
    with pytest.raises(TemplateError) as failed:
        compile_body('{"a": {{ data.id }} oops}')
    assert (failed.value.line, failed.value.column, failed.value.length) == (1, 0, 0)
