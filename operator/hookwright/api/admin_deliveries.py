"""Answers of the admin port about one delivery: where it stands, its event, all its attempts. JSON names as in SPEC 7."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from hookwright.api.admin import Answer, Invocation


class DeliveryView(Answer):
    """One event for one webhook: where it stands, what comes next, and what was tried."""

    id: str
    webhook: str
    """`namespace/name`"""
    event_id: str | None = Field(default=None, alias="eventID")
    trigger: str | None = None
    friendly_id: str | None = Field(default=None, alias="friendlyID")
    event: Any = None
    """The event as it was accepted."""
    event_gone: bool = False
    """The event is not kept (any more): the delivery is done, or no delivery."""
    state: str
    """waiting, running, delivered or dead; `ended` is a Manual call or a test that did not succeed."""
    reason: str | None = None
    """Why it is dead: Rejected, Gone, Exhausted, FilterError, Backlog, WebhookDeleted, Suspect."""
    message: str = ""
    """What happened last, one sentence."""
    accepted_time: str
    next_attempt_time: str | None = None
    """When a waiting one is tried, where only time has to pass."""
    waits_for: str | None = None
    """What else a waiting one waits for, one sentence: the circuit's probe, say, or its webhook that is held."""
    attempts: list[Invocation] = Field(default_factory=list)
    """The first one first, as far as they are kept, without requests and answers."""
