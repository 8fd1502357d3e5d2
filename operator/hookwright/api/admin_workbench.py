"""What the template workbench asks of the admin port and is answered. JSON names as in SPEC 7."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from hookwright.api.admin import Answer, RequestRecord


class Definition(Answer):
    """A webhook as it is written, without what only the cluster knows of it (labels, annotations, status)."""

    webhook: str
    """`namespace/name`"""
    spec: dict[str, Any] | None = None
    """As written: references, never values. Null: it breaks a rule, and `problem` says which."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """What holds for fields that the spec leaves out, by path (`retry.maxAge`)."""
    body_template: str | None = None
    """The template's text, wherever it stands. Null: the event is sent as it was parsed."""
    body_template_from: str | None = None
    """`name/key` of the ConfigMap that it comes from."""
    yaml: str | None = None
    """The whole resource as a manifest."""
    problem: str | None = None
    """Why it cannot be sent now."""


class PreviewRequest(Answer):
    """What to try of a webhook: what is given here replaces that part of its spec, for this answer only.

    The event is one of `event`, the recorded one of `delivery`, the sample of `trigger`, or that of the webhook's first
    trigger that has one. Beside `event`, `trigger` is what fires, and the type of JSON that names none.
    """

    model_config = ConfigDict(extra="forbid")

    webhook: str = Field(max_length=127)
    """`namespace/name`"""
    body_template: str | None = None
    url: str | None = None
    headers: list[dict[str, Any]] | None = None
    filters: dict[str, Any] | None = None
    triggers: list[str] | None = None
    event: dict[str, Any] | None = None
    trigger: str | None = Field(default=None, max_length=256)
    delivery: str | None = Field(default=None, max_length=64)


class PreviewProblem(Answer):
    """What is wrong, in the words of `hookwright validate`."""

    field: str
    """Its path, such as `spec.bodyTemplate`."""
    severity: Literal["error", "warning"]
    """A warning concerns only events that hold less than the sample, or more."""
    message: str
    line: int = 0
    """In the text of the field, from 1; 0: the place is not known."""
    column: int = 0
    """The character in that line, from 1."""
    length: int = 0
    """How many characters are meant."""
    cure: str | None = None
    """What to write instead of them."""


class PreviewShares(Answer):
    """What the event takes of the webhook's budgets, 0 to 1."""

    filters: float
    templates: float


class Preview(Answer):
    """What would become of an event; nothing was sent."""

    webhook: str
    trigger: str | None
    """What fires it."""
    matched: bool
    reasons: list[str]
    """Why it does not match, one sentence each."""
    request: RequestRecord | None
    """Secrets as ‹secret name/key›. Null: there is none, and `problems` say why."""
    problems: list[PreviewProblem]
    yaml: str | None
    """The whole resource with what was tried, as a manifest."""
    took_millis: float
    """Of matching and rendering, once compiled."""
    shares: PreviewShares
