"""Which webhooks an event is for, at a cost that does not grow with the webhooks it is not for.

An index per reach (the namespaces a request may reach), in it a bucket per trigger, in it each webhook under
the values, beginnings or ends that its rarest filter asks for. Only what an event's own values lead to is
evaluated in full; webhooks without such a filter (`*x*`, negations, Exists, Matches) are, each time.
Must not: touch stores or clocks; fail because of one webhook (a bad one is `unreadable` and matches nothing).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hookwright.api.config import RouteConfig
from hookwright.core.event import Event
from hookwright.core.filters import FilterProgram, Probe, Source, View, compile_filters
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


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    config: RouteConfig
    program: FilterProgram
    probes: Sequence[Probe]  # what could lead to it
    order: int
    matched: Matched

    def match(self, view: View) -> Matched | None:
        try:
            return self.matched if self.program.passes(view) else None
        except FilterError as error:
            return Matched(self.config.key, str(error))


class Matcher:
    """The webhooks of one configuration. Build it away from the event loop; then only its memo changes."""

    def __init__(self, configs: Sequence[RouteConfig]) -> None:
        self.unreadable: dict[str, str] = {}
        """Route key → why its triggers or filters cannot be read; it matches nothing."""
        self._configs = {config.key: config for config in configs}
        self._entries: dict[str, _Entry] = {}
        for order, config in enumerate(configs):
            if not config.triggers:  # how a configuration says that they, or the filters, broke a rule
                self.unreadable[config.key] = config.held or "triggers: there are none"
                continue
            try:
                program = compile_filters(config.filters)
            except ValueError as problem:
                self.unreadable[config.key] = str(problem)
                continue
            matched = Matched(config.key)
            self._entries[config.key] = _Entry(config, program, _probes(program), order, matched)
        self._by_namespace: dict[str, list[_Entry]] = defaultdict(list)
        for entry in self._entries.values():
            if entry.config.active:
                self._by_namespace[entry.config.namespace].append(entry)
        self._indexes: dict[Reach, _Index] = {}

    def match(self, event: Event, namespaces: Reach) -> list[Matched]:
        """The webhooks that an event reaching `namespaces` is for, in the configuration's order."""
        if event.trigger is None:
            return []
        index = self._indexes.get(namespaces) or self.prepare(namespaces)
        buckets = index.buckets(event.trigger)
        if not buckets:
            return []
        if len(buckets) == 1 and buckets[0].free is not None:
            return list(buckets[0].free)
        view = View(event.document)
        candidates = {entry.order: entry for bucket in buckets for entry in bucket.candidates(view)}
        matched = (candidates[order].match(view) for order in sorted(candidates))
        return [match for match in matched if match is not None]

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
            reasons.extend(self._entries[route].program.mismatches(View(event.document)))
        except FilterError as error:
            reasons.append(str(error))
        return reasons

    def prepare(self, namespaces: Reach) -> _Index:
        """Build the index of a reach ahead, away from the event loop (10,000 webhooks take some 50 ms)."""
        if len(self._indexes) > len(self._by_namespace) + 64:
            self._indexes.clear()  # callers with ever new namespaces must not fill the memory
        reached = self._by_namespace if namespaces is None else namespaces & self._by_namespace.keys()
        entries = [entry for namespace in reached for entry in self._by_namespace[namespace]]
        index = self._indexes[namespaces] = _Index(sorted(entries, key=lambda entry: entry.order))
        return index


class _Index:
    """The active webhooks of one reach, by trigger."""

    __slots__ = ("_exact", "_patterns")

    def __init__(self, entries: Iterable[_Entry]) -> None:
        exact: dict[str, list[_Entry]] = defaultdict(list)
        patterns: dict[str, list[_Entry]] = defaultdict(list)
        for entry in entries:
            for trigger in dict.fromkeys(entry.config.triggers):
                if trigger.endswith(".*"):
                    patterns[trigger[:-1]].append(entry)
                else:
                    exact[trigger].append(entry)
        self._exact = {trigger: _Bucket(listed) for trigger, listed in exact.items()}
        self._patterns = {prefix: _Bucket(listed) for prefix, listed in patterns.items()}

    def buckets(self, trigger: str) -> list[_Bucket]:
        """Those whose webhooks may want the trigger; one webhook can stand in several."""
        found = [bucket for bucket in (self._exact.get(trigger),) if bucket]
        if self._patterns and "." in trigger:
            for prefix in _dotted_prefixes(trigger):
                bucket = self._patterns.get(prefix)
                if bucket:
                    found.append(bucket)
        return found


def _dotted_prefixes(trigger: str) -> Iterator[str]:
    """`a.b.c` → `a.`, `a.b.`"""
    dot = trigger.find(".")
    while dot >= 0:
        yield trigger[: dot + 1]
        dot = trigger.find(".", dot + 1)


@dataclass(slots=True)
class _Lookup:
    """The webhooks that ask for certain values at one source."""

    everyone: list[_Entry] = field(default_factory=list)
    exact: dict[str, list[_Entry]] = field(default_factory=dict)
    prefixes: dict[str, list[_Entry]] = field(default_factory=dict)
    suffixes: dict[str, list[_Entry]] = field(default_factory=dict)
    prefix_lengths: set[int] = field(default_factory=set)
    suffix_lengths: set[int] = field(default_factory=set)

    def add(self, probe: Probe, entry: _Entry) -> None:
        self.everyone.append(entry)
        for texts, table in (
            (probe.exact, self.exact),
            (probe.prefixes, self.prefixes),
            (probe.suffixes, self.suffixes),
        ):
            for text in texts:
                table.setdefault(text, []).append(entry)
        self.prefix_lengths.update(map(len, probe.prefixes))
        self.suffix_lengths.update(map(len, probe.suffixes))

    def candidates(self, values: Sequence[str]) -> Iterator[_Entry]:
        for value in values:
            yield from self.exact.get(value, ())
            for length in self.prefix_lengths:
                yield from self.prefixes.get(value[:length], ())
            for length in self.suffix_lengths:
                yield from self.suffixes.get(value[-length:], ())


class _Bucket:
    """The webhooks of one trigger: those found by a value, and those evaluated every time."""

    __slots__ = ("evaluated", "free", "lookups")

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self.evaluated: list[_Entry] = []
        self.lookups: dict[Source, _Lookup] = defaultdict(_Lookup)
        usage = _usage(entries)
        for entry in entries:
            probe = _rarest(entry, usage)
            if probe is None:
                self.evaluated.append(entry)
            else:
                self.lookups[probe.source].add(probe, entry)
        filtered = any(entry.program.clauses for entry in entries)
        self.free = None if filtered else [entry.matched for entry in entries]
        """All of them, if none has a filter."""

    def candidates(self, view: View) -> Iterator[_Entry]:
        """The webhooks that may match; one can come several times."""
        yield from self.evaluated
        for source, lookup in self.lookups.items():
            try:
                values = view.values(source)
            except FilterError:  # each of them says so for itself, unless another filter does not fit anyway
                yield from lookup.everyone
            else:
                yield from lookup.candidates(values)


def _probes(program: FilterProgram) -> Sequence[Probe]:
    """The filters that can be looked up; one that an empty beginning or end satisfies (`*`) leads nowhere."""
    probes = [clause.probe() for clause in program.clauses]
    return [probe for probe in probes if probe and "" not in probe.prefixes and "" not in probe.suffixes]


def _texts(probe: Probe) -> Sequence[tuple[Source, str]]:
    return [(probe.source, text) for text in (*probe.exact, *probe.prefixes, *probe.suffixes)]


def _usage(entries: Sequence[_Entry]) -> Counter[tuple[Source, str]]:
    """How many webhooks ask for each text; where no webhook has a choice, nothing is counted."""
    usage: Counter[tuple[Source, str]] = Counter()
    if any(len(entry.probes) > 1 for entry in entries):
        for entry in entries:
            for probe in entry.probes:
                usage.update(_texts(probe))
    return usage


def _rarest(entry: _Entry, usage: Counter[tuple[Source, str]]) -> Probe | None:
    """The filter whose texts the fewest webhooks share; of equals the first."""
    if len(entry.probes) < 2:
        return entry.probes[0] if entry.probes else None
    return min(entry.probes, key=lambda probe: sum(usage[text] for text in _texts(probe)))
