"""Templates of bodies, URLs and headers (SPEC 4): Jinja2 in a bounded sandbox, escaping by place.

`compile_body`, `compile_url` and `compile_header` check everything that can be known before an event comes;
`Template.render` is the hot path. Must not: see a secret, read clock or environment.
"""

from hookwright.core.templates.budget import Budget
from hookwright.core.templates.source import words
from hookwright.core.templates.template import (
    Template,
    compile_body,
    compile_header,
    compile_url,
    template_context,
)

__all__ = [
    "Budget",
    "Template",
    "compile_body",
    "compile_header",
    "compile_url",
    "template_context",
    "words",
]
