"""Which webhooks an event is for, at a cost that does not grow with the webhooks it is not for.

An index (`core.match_index`) per reach, which is the namespaces that a request may reach. Only the webhooks that
an event's own values lead to are evaluated in full; docs/decisions/0008 says for which filters that holds.
Must not: touch stores or clocks; fail because of one webhook (a bad one is `unreadable` and matches nothing).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hookwright.api.config import RouteConfig
from hookwright.core.event import Event
from hookwright.core.filters import FilterProgram, View, compile_filters
from hookwright.core.match_index import Entry, Index, make_rules
from hookwright.errors import FilterError

Reach = frozenset[str] | None  # namespaces; None: all


def trigger_matches(pattern: str, trigger: str | None) -> bool:
    """Whether a webhook's trigger covers an event's: the same, or below a pattern with a trailing `.*`."""
    if trigger is None:
        return False
    return trigger == pattern or (pattern.endswith(".*") and trigger.startswith(pattern[:-1]))


@dataclass(frozen=True, slots=True)
class Matched:
    """A webhook that an event is for. `error`: a filter went over its budget, which makes a dead letter."""

    route: str
    error: str | None = None


class Matcher:
    """The webhooks of one configuration. Build it away from the event loop; then only its memo changes."""

    def __init__(self, configs: Sequence[RouteConfig]) -> None:
        self.unreadable: dict[str, str] = {}
        """Route key → why its triggers or filters cannot be read; it matches nothing."""
        self._configs = {config.key: config for config in configs}
        self._programs: dict[str, FilterProgram] = {}
        self._matched = [Matched(key) for key in self._configs]
        for config in self._configs.values():
            if not config.triggers:  # how a configuration says that they, or the filters, broke a rule
                self.unreadable[config.key] = config.held or "triggers: there are none"
                continue
            try:
                self._programs[config.key] = compile_filters(config.filters)
            except ValueError as problem:
                self.unreadable[config.key] = str(problem)
        self._by_namespace: dict[str, list[Entry]] = defaultdict(list)
        active = [
            (order, config, self._programs[config.key])
            for order, config in enumerate(self._configs.values())
            if config.active and config.key in self._programs
        ]
        rules, self._searches = make_rules(dict.fromkeys(program for _, _, program in active))
        for order, config, program in active:
            self._by_namespace[config.namespace].append(Entry(order, config.triggers, rules[program]))
        self._indexes: dict[Reach, Index] = {}

    def match(self, event: Event, namespaces: Reach) -> list[Matched]:
        """The webhooks that an event reaching `namespaces` is for, in the configuration's order."""
        if event.trigger is None:
            return []
        index = self._indexes.get(namespaces) or self.prepare(namespaces)
        buckets = index.buckets(event.trigger)
        if not buckets:
            return []
        if len(buckets) == 1 and buckets[0].free is not None:
            return [self._matched[order] for order in buckets[0].free]
        view = View(event.document)
        found: dict[int, Matched] = {}
        for group in {group for bucket in buckets for group in bucket.candidates(view)}:
            try:
                if group.program.passes(view):
                    for order in group.orders:
                        found[order] = self._matched[order]
            except FilterError as error:
                for order in group.orders:
                    found[order] = Matched(self._matched[order].route, str(error))
        return [found[order] for order in sorted(found)]

    def explain(self, event: Event, route: str, namespaces: Reach) -> list[str]:
        """Every reason, one sentence each, why `event` is not for `route` (its key); none: it matches."""
        config = self._configs.get(route)
        if config is None:
            return [f"there is no webhook {route}"]
        reasons = []
        if not config.active:
            reasons.append("active: the webhook is inactive")
        if namespaces is not None and config.namespace not in namespaces:
            reasons.append(f"namespace: events sent there do not reach {config.namespace}")
        if route in self.unreadable:
            return [*reasons, self.unreadable[route]]
        if not any(trigger_matches(pattern, event.trigger) for pattern in config.triggers):
            fired = event.trigger or event.event_type
            reasons.append(f"triggers: {fired} is not in [{', '.join(config.triggers)}]")
        try:
            reasons.extend(self._programs[route].mismatches(View(event.document)))
        except FilterError as error:
            reasons.append(str(error))
        return reasons

    def prepare(self, namespaces: Reach) -> Index:
        """Build the index of a reach ahead, away from the event loop (10,000 webhooks take some 50 ms)."""
        if len(self._indexes) > len(self._by_namespace) + 64:
            self._indexes.clear()  # callers with ever new namespaces must not fill the memory
        reached = self._by_namespace if namespaces is None else namespaces & self._by_namespace.keys()
        entries = [entry for namespace in reached for entry in self._by_namespace[namespace]]
        index = self._indexes[namespaces] = Index(
            sorted(entries, key=lambda entry: entry.order), self._searches
        )
        return index
