"""A webhook as other tools hold it, before it is a manifest: the fields of the vendor's form, values and all.

Readers (`curl`, `sheet`, `terraform`) make it, `manifests` turns it into objects. It holds secrets in plain, so it is
never printed. Must not: judge (`core.assemble` does), or know where it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class OAuth:
    """OAuth 2.0 client credentials as a form asks for them."""

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str
    scopes: tuple[str, ...] = ()


@dataclass(slots=True)
class Form:
    """One webhook. None and empty: the source does not say, and the default of a Webhook holds."""

    name: str
    """As the source calls it: any text."""
    url: str = field(repr=False)
    method: str = "POST"
    active: bool = True
    headers: list[tuple[str, str]] = field(default_factory=list, repr=False)
    body: str | None = None
    content_type: str | None = None
    bearer: str | None = field(default=None, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    oauth: OAuth | None = None
    triggers: list[str] = field(default_factory=list)
    filters: dict[str, Any] = field(default_factory=dict)
    timeout: str | None = None
    validators: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """One sentence each: what was left out, and why. They become comments of the manifest."""
