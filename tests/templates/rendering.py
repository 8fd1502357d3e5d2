"""What the tests of templates share: the context of one attempt, and rendering in one call."""

from __future__ import annotations

from typing import Any

from hookwright.core.samples import sample
from hookwright.core.templates import compile_body, template_context


def context(document: dict[str, Any]) -> dict[str, Any]:
    """What a template sees of a first attempt to deliver `document`."""
    return template_context(
        document,
        trigger="RequestGranted",
        webhook_name="tickets",
        webhook_namespace="team-a",
        delivery_id="dlv_1",
        attempt=1,
    )


def render(source: str, **data: Any) -> str:
    """A body rendered with the sample event of RequestGranted, whose data holds `data` as well."""
    document = sample("RequestGranted")
    document["data"] |= data
    return compile_body(source).render(context(document))
