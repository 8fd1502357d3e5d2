"""Which webhooks an event is for, at a cost that does not grow with the webhooks it is not for.

An index (`core.match_index`) per reach, which is the namespaces that a request may reach. Only the webhooks that
an event's own values lead to are evaluated in full; docs/decisions/0008 says for which filters that holds. What
much is to be looked at for is matched in slices (`Matching`). Must not: touch stores or clocks; fail because of one
webhook (a bad one is `unreadable` and matches nothing).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from hookwright.api.config import RouteConfig
from hookwright.core.budget import Budget
from hookwright.core.event import Event
from hookwright.core.filters import FilterProgram, compile_filters
from hookwright.core.match_index import Entry, Group, Index, make_rules
from hookwright.core.shares import namespace_of
from hookwright.core.view import View
from hookwright.errors import FilterError
from hookwright.limits import (
    MATCH_KEPT_CHARACTERS,
    MATCH_LITTLE_STEPS,
    MATCH_NAMESPACE_STEPS,
    MATCH_SLICE_STEPS,
)

_EVALUATION_STEPS: Final = 8  # for the filters of one webhook, beside what they look at
Reach = frozenset[str] | None  # namespaces; None: all


def trigger_matches(pattern: str, trigger: str | None) -> bool:
    """Whether a webhook's trigger covers an event's: the same, or below a pattern with a trailing `.*`."""
    if trigger is None:
        return False
    return trigger == pattern or (pattern.endswith(".*") and trigger.startswith(pattern[:-1]))


class Matched(NamedTuple):
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
        done = self.matching(event, namespaces)
        while isinstance(done, Matching):
            done = done.go_on()
        return done

    def matching(self, event: Event, namespaces: Reach) -> list[Matched] | Matching:
        """The same where little was to be looked at (MATCH_LITTLE_STEPS), else what is left to do after a first slice."""
        if event.trigger is None:
            return []
        index = self._indexes.get(namespaces)
        buckets = (self.prepare(namespaces) if index is None else index).buckets(event.trigger)
        if not buckets:
            return []
        if len(buckets) == 1 and buckets[0].free is not None:
            return [self._matched[order] for order in buckets[0].free]
        view = View(event.document)
        groups: set[Group] = set()
        searches = [bucket.search(view, groups) for bucket in buckets]
        for search in searches:
            for _ in search:
                return Matching(view, groups, searches, self._matched)
        if not groups and view.made <= MATCH_LITTLE_STEPS:
            return []
        work = Matching(view, groups, (), self._matched)
        found = work.go_on()
        return found if view.made <= MATCH_LITTLE_STEPS else work

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
            reasons.extend(self._programs[route].mismatches(View(event.document), Budget()))
        except FilterError as error:
            reasons.append(str(error))
        return reasons

    def prepare(self, namespaces: Reach) -> Index:
        """Build the index of a reach ahead, away from the event loop (10,000 webhooks take some 50 ms).

        None is made or kept where no webhook is, so that made-up namespaces cost nothing.
        """
        reached = self._by_namespace if namespaces is None else namespaces & self._by_namespace.keys()
        if not reached:
            return _NO_INDEX
        entries = [entry for namespace in reached for entry in self._by_namespace[namespace]]
        index = self._indexes[namespaces] = Index(
            sorted(entries, key=lambda entry: entry.order), self._searches
        )
        return index


_NO_INDEX: Final = Index((), {})


class Matching:
    """The search for the webhooks that one event is for, in slices: the event loop gets control back in between.

    Every webhook has its budget (FilterError over it), and so have those of a namespace together, counted in what is
    really done: many dear ones delay an event only so long.
    """

    __slots__ = ("_by_namespace", "_found", "_groups", "_searches", "_view", "_webhooks")

    def __init__(
        self, view: View, groups: set[Group], searches: Sequence[Iterator[None]], webhooks: Sequence[Matched]
    ) -> None:
        self._view, self._groups, self._searches, self._webhooks = view, groups, searches, webhooks
        self._found: dict[int, Matched] = {}
        self._by_namespace: dict[str, int] = {}  # steps

    @property
    def made(self) -> int:
        """Steps so far."""
        return self._view.made

    def go_on(self) -> list[Matched] | Matching:
        """Do a slice: all that was found, in the configuration's order, or what is left to do."""
        for search in self._searches:
            for _ in search:
                return self._paused()
        view, groups, found = self._view, self._groups, self._found
        until = view.made + MATCH_SLICE_STEPS
        while groups:
            self._evaluate(groups.pop())
            if view.made >= until:
                return self._paused()
        return [found[order] for order in sorted(found)]

    def _paused(self) -> Matching:
        if self._view.kept > MATCH_KEPT_CHARACTERS:
            self._view.forget()
        return self

    def _evaluate(self, group: Group) -> None:
        view = self._view
        orders: Sequence[int] = group.orders
        if view.made > MATCH_NAMESPACE_STEPS:
            orders = [order for order in orders if self._within_share(order)]
            if not orders:
                return
        budget = Budget()
        try:
            if group.program.passes(view, budget):
                for order in orders:
                    self._found[order] = self._webhooks[order]
        except FilterError as error:
            for order in orders:
                self._found[order] = Matched(self._webhooks[order].route, str(error))
        made = budget.made
        view.made += made + _EVALUATION_STEPS
        if made and view.made > MATCH_LITTLE_STEPS:  # the first few are not worth counting
            namespace = namespace_of(self._webhooks[orders[0]].route)
            self._by_namespace[namespace] = self._by_namespace.get(namespace, 0) + made

    def _within_share(self, order: int) -> bool:
        """Whether the webhook's namespace has steps left; it gets an error if not."""
        route = self._webhooks[order].route
        namespace = namespace_of(route)
        if self._by_namespace.get(namespace, 0) <= MATCH_NAMESPACE_STEPS:
            return True
        self._view.made += _EVALUATION_STEPS
        self._found[order] = Matched(
            route,
            f"filters: the webhooks of namespace {namespace} take more than {MATCH_NAMESPACE_STEPS:,} steps "
            "together for this event: make their paths more exact, or their expressions fewer and shorter",
        )
        return False
