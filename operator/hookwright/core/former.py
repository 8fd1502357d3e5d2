"""Secrets that webhooks used until lately: values from before a rotation, tokens that were fetched with them.

A target may tell back what it was sent before, so its answers are searched for these too (SPEC 5). In memory only:
no secret is written down in order to be recognised later. Must not: show a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from hookwright.limits import FORMER_SECRETS_SECONDS, FORMER_VALUES

Pair = tuple[str, str]
"""Label (`name/key`) and value."""


class FormerSecrets:
    """What was in use by each webhook within the last day."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._webhooks: dict[str, dict[Pair, float]] = {}

    def add(self, webhook: str, pairs: Iterable[Pair]) -> None:
        """These were in use until now. Of each label the latest `FORMER_VALUES` are kept."""
        known = self._webhooks.setdefault(webhook, {})
        for pair in pairs:
            known.pop(pair, None)
            known[pair] = self._monotonic()
        kept: Counter[str] = Counter()
        for pair in reversed(list(known)):
            kept[pair[0]] += 1
            if kept[pair[0]] > FORMER_VALUES:
                del known[pair]
        self._drop_old(webhook)

    def of(self, webhook: str) -> tuple[Pair, ...]:
        """The former secrets of a webhook; some may be in use again."""
        known = self._webhooks.get(webhook)
        return () if known is None else tuple(known)

    def prune(self) -> None:
        """Forget what is older than `FORMER_SECRETS_SECONDS`."""
        for webhook in list(self._webhooks):
            self._drop_old(webhook)

    def _drop_old(self, webhook: str) -> None:
        known = self._webhooks[webhook]
        oldest = self._monotonic() - FORMER_SECRETS_SECONDS
        for pair in [pair for pair, at in known.items() if at < oldest]:
            del known[pair]
        if not known:
            del self._webhooks[webhook]
