"""The index behind `core.matching`: from an event to the few webhooks that are worth evaluating.

A bucket per trigger. In it, webhooks with the same filters are one group, and each group stands under what one
of its filters asks an event to show: a value, a beginning, an end, an expression's words, anything at a path.
Groups that stand under the same, or under nothing (negations), and share another filter, have it as their gate.
The index may lead to too much, never to too little; evaluation decides.
Must not: decide that something matches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hookwright.core.budget import Budget, OverBudget
from hookwright.core.clauses import Clause, Probe
from hookwright.core.expression_set import ExpressionSet
from hookwright.core.filters import FilterProgram
from hookwright.core.jsonpath import JsonPath
from hookwright.core.view import Source, View
from hookwright.limits import EXPRESSIONS_INDEX_SIZE, MATCH_LAST_STEPS, MATCH_SLICE_STEPS

FEW: Final = 8  # so many are as quickly tried one by one
_ONE_EXPRESSION: Final = 32  # instructions that take as much memory as an expression beside its own
Searches = Mapping[Source, ExpressionSet]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What leads to rules: a condition to look up, and a filter that then has to hold; without both, all does."""

    probe: Probe | None
    gate: Clause | None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Filters, and what leads to them. Rules can share a way."""

    program: FilterProgram
    way: Way


@dataclass(frozen=True, slots=True)
class Entry:
    """A webhook: its place in the configuration, triggers, and rule (one for all with the same filters)."""

    order: int
    triggers: Sequence[str]
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The webhooks of a bucket that share a rule."""

    program: FilterProgram
    orders: list[int]


class Index:
    """Webhooks by trigger."""

    __slots__ = ("_exact", "_patterns")

    def __init__(self, entries: Iterable[Entry], searches: Searches) -> None:
        exact: dict[str, list[Entry]] = defaultdict(list)
        patterns: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            for trigger in dict.fromkeys(entry.triggers):
                if trigger.endswith(".*"):
                    patterns[trigger[:-1]].append(entry)
                else:
                    exact[trigger].append(entry)
        self._exact = {trigger: Bucket(listed, searches) for trigger, listed in exact.items()}
        self._patterns = {prefix: Bucket(listed, searches) for prefix, listed in patterns.items()}

    def buckets(self, trigger: str) -> list[Bucket]:
        """Those whose webhooks may want the trigger; one webhook can stand in several."""
        exact = self._exact.get(trigger)
        found = [] if exact is None else [exact]
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


class Bucket:
    """The webhooks of one trigger."""

    __slots__ = ("_always", "_places", "free")

    def __init__(self, entries: Sequence[Entry], searches: Searches) -> None:
        self.free = None if any(e.rule.program.clauses for e in entries) else [e.order for e in entries]
        """All of them, if none has a filter."""
        groups: dict[Rule, Group] = {}
        for entry in entries:
            if entry.rule not in groups:
                groups[entry.rule] = Group(entry.rule.program, [])
            groups[entry.rule].orders.append(entry.order)
        ways: dict[Way, list[Group]] = defaultdict(list)
        for rule, group in groups.items():
            ways[rule.way].append(group)
        self._always: list[_Led] = []
        asked: dict[Source, list[tuple[Probe, _Led]]] = defaultdict(list)
        for way, led in ways.items():
            if way.probe is None:
                self._always.append((way.gate, led))
            else:
                asked[way.probe.source].append((way.probe, (way.gate, led)))
        self._places = _places(
            [_Lookup(source, each, searches.get(source)) for source, each in asked.items()]
        )

    def search(self, view: View, found: set[Group]) -> Iterator[None]:
        """Add the groups that may match to `found`; pauses when a slice of work is done.

        Whatever cannot be looked up within the budget leads to all that ask for it.
        """
        until = view.made + MATCH_SLICE_STEPS
        for gate, groups in self._always:
            if gate is None or _may_hold(gate, view):
                found.update(groups)
        for lookup in self._places.reached(view.document):
            for gate, groups in lookup.led(view):
                if gate is None or _may_hold(gate, view):
                    found.update(groups)
            if view.made >= until:
                until = view.made + MATCH_SLICE_STEPS
                yield


def _may_hold(gate: Clause, view: View) -> bool:
    dear = gate.dear
    if dear and view.index_left < 0:
        return True
    own = view.brief(MATCH_LAST_STEPS)
    try:
        return gate.holds(view, own)
    except OverBudget:
        return True
    finally:
        if own.left < MATCH_LAST_STEPS:
            _account(view, own, dear)


def _account(view: View, budget: Budget, dear: bool) -> None:
    """Only what is dear is paid from the index's budget, so that it never ends what is not."""
    made = budget.made
    view.made += made
    if dear:
        view.index_left -= made


# --- what an event shows --------------------------------------------------------------------------

_Led = tuple[Clause | None, Sequence[Group]]  # a gate and the groups behind it
_Table = Mapping[str, Sequence[_Led]]
_NOTHING: Final[_Table] = {}


class _Lookup:
    """The groups that ask for something at one source."""

    __slots__ = (
        "_anything",
        "_dear",
        "_exact",
        "_expressions",
        "_looks",
        "_prefix_lengths",
        "_prefixes",
        "_search",
        "_suffix_lengths",
        "_suffixes",
        "source",
    )

    def __init__(
        self, source: Source, asked: Sequence[tuple[Probe, _Led]], search: ExpressionSet | None
    ) -> None:
        self.source = source
        self._dear = isinstance(source, JsonPath) and not source.singular
        self._anything = tuple(led for probe, led in asked if probe.anything)
        self._exact = _table((probe.exact, led) for probe, led in asked)
        self._prefixes = _table((probe.prefixes, led) for probe, led in asked)
        self._suffixes = _table((probe.suffixes, led) for probe, led in asked)
        self._expressions = _table((probe.expressions, led) for probe, led in asked)
        self._prefix_lengths = tuple(set(map(len, self._prefixes)))
        self._suffix_lengths = tuple(set(map(len, self._suffixes)))
        self._looks = 1 + len(self._prefix_lengths) + len(self._suffix_lengths)  # for each text
        self._search = search if len(self._expressions) > FEW else None

    def led(self, view: View) -> Iterable[_Led]:
        """What the event leads to. Where looking is too dear, to all: each then says so for itself."""
        values = view.quick(self.source)
        if values is None:
            values = self._paid(view)
            if values is None:
                return self._everyone()
        if not values:
            return ()
        looks = len(values) * self._looks
        if looks > FEW and not _index_pays(view, looks >> 1):
            return self._everyone()
        found = [*self._anything]
        for value in values:
            found += self._exact.get(value, ())
            for length in self._prefix_lengths:
                found += self._prefixes.get(value[:length], ())
            for length in self._suffix_lengths:
                found += self._suffixes.get(value[-length:], ())
        if self._expressions:
            if self._search is not None and not _index_pays(view, self._search.steps(values)):
                return self._everyone()
            for expression in self._search.possible(values) if self._search else self._expressions:
                found += self._expressions.get(expression, ())
        return found

    def _paid(self, view: View) -> Sequence[str] | None:
        """What stands there, if it is found in the steps that a webhook over its budget has left for a no."""
        if self._dear and view.index_left < 0:
            return None
        own = view.brief(MATCH_LAST_STEPS)
        try:
            return view.values(self.source, own)
        except OverBudget:
            return None
        finally:
            _account(view, own, self._dear)

    def _everyone(self) -> Iterator[_Led]:
        yield from self._anything
        for table in (self._exact, self._prefixes, self._suffixes, self._expressions):
            for led in table.values():
                yield from led


def _index_pays(view: View, steps: int) -> bool:
    view.index_left -= steps
    if view.index_left < 0:
        return False
    view.made += steps
    return True


def _table(asked: Iterable[tuple[Sequence[str], _Led]]) -> _Table:
    table: dict[str, list[_Led]] = {}
    for texts, led in asked:
        for text in texts:
            table.setdefault(text, []).append(led)
    return table or _NOTHING


class _Place:
    """A tree of the names and indices that lead to sources: only those that an event has are gone into."""

    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.here: Sequence[_Lookup] = ()
        self.below: dict[str | int, _Place] | None = None

    def reached(self, value: Any) -> Iterable[_Lookup]:
        """Those that may find something in a document; goes no deeper than the document does."""
        return self.here if self.below is None else self._reached(value)

    def _reached(self, value: Any) -> Iterator[_Lookup]:
        yield from self.here
        if self.below is not None:
            for key in _shared(self.below, value):
                yield from self.below[key].reached(value[key])


def _shared(below: Mapping[str | int, _Place], value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return below.keys() & value.keys()  # walks the smaller one
    if isinstance(value, list):
        size = len(value)
        return [key for key in below if isinstance(key, int) and -size <= key < size]
    return ()


def _places(lookups: Sequence[_Lookup]) -> _Place:
    """The tree. Where lookups are few, all stand at its root: asking is quicker than going down."""
    root = _Place()
    by_lead: dict[Sequence[str | int], list[_Lookup]] = defaultdict(list)
    for lookup in lookups:
        source = lookup.source
        by_lead[() if isinstance(source, str) or len(lookups) <= FEW else source.lead].append(lookup)
    for lead, here in by_lead.items():
        place = root
        for key in lead:
            if place.below is None:
                place.below = {}
            place = place.below.setdefault(key, _Place())
        place.here = here
    return root


# --- what leads to a rule -------------------------------------------------------------------------


_Asking = tuple[Clause, Probe]  # a filter and what it asks an event to show


def make_rules(programs: Iterable[FilterProgram]) -> tuple[Mapping[FilterProgram, Rule], Searches]:
    """A rule for each program, and the sets of expressions that their lookups use."""
    asking = {program: [(c, probe) for c in program.clauses for probe in c.probes()] for program in programs}
    searches = _searches(probe for each in asking.values() for _, probe in each)
    asking = {
        program: [(clause, probe) for clause, probe in each if _selective(probe, searches)]
        for program, each in asking.items()
    }
    asked = Counter(text for each in asking.values() for _, probe in each for text in _texts(probe))
    led = [(program, _rarest(each, asked)) for program, each in asking.items()]
    rests = [(program, chosen and chosen[1], list(_rest(program, chosen))) for program, chosen in led]
    shared = Counter(part for _, _, rest in rests for part in rest)
    keyed = [
        (program, (probe, max(rest, key=shared.__getitem__, default=None))) for program, probe, rest in rests
    ]
    users = Counter(key for _, key in keyed)
    ways = {key: Way(key[0], key[1] if count > 1 else None) for key, count in users.items()}
    return {program: Rule(program, ways[key]) for program, key in keyed}, searches


def _searches(probes: Iterable[Probe]) -> Searches:
    """For each source of more than a few expressions a set of them, the smallest first, as far as the limit goes."""
    wanted: dict[Source, dict[str, int]] = defaultdict(dict)
    for probe in probes:
        if probe.expressions:
            wanted[probe.source].update(zip(probe.expressions, probe.sizes, strict=True))
    left = EXPRESSIONS_INDEX_SIZE
    searches = {}
    for source, sizes in sorted(wanted.items(), key=lambda item: len(item[1]), reverse=True):
        taken = []
        for expression, size in sorted(sizes.items(), key=lambda item: item[1]):
            left -= max(size, len(expression.encode())) + _ONE_EXPRESSION
            if left >= 0:
                taken.append(expression)
        if len(taken) > FEW:
            searches[source] = ExpressionSet(taken)
    return searches


def _selective(probe: Probe, searches: Searches) -> bool:
    """Whether it leads somewhere: an empty beginning or end (`*`), or an expression without words, fits all."""
    if "" in probe.prefixes or "" in probe.suffixes:
        return False
    if not probe.expressions:
        return True
    search = searches.get(probe.source)
    return search is not None and search.selective.issuperset(probe.expressions)


def _texts(probe: Probe) -> Iterator[tuple[Source, str]]:
    for texts in (probe.exact, probe.prefixes, probe.suffixes, probe.expressions):
        for text in texts:
            yield probe.source, text
    if probe.anything:
        yield probe.source, "*"


def _vague(probe: Probe) -> bool:
    """Whether many an event that shows what it asks for does not pass its filter."""
    return bool(probe.expressions) or probe.anything


def _rarest(asking: Sequence[_Asking], asked: Counter[tuple[Source, str]]) -> _Asking | None:
    """The condition whose texts the fewest rules ask for; of equals the first.

    Vague ones fit more events than others do: they come in where the texts are common.
    """
    if len(asking) < 2:
        return asking[0] if asking else None

    def commonness(each: _Asking) -> int:
        return FEW * _vague(each[1]) + sum(asked[text] for text in _texts(each[1]))

    return min(asking, key=commonness)


def _rest(program: FilterProgram, chosen: _Asking | None) -> Iterator[Clause]:
    """The filters, in their smallest parts, that are still open when the chosen condition holds."""
    for clause in program.clauses:
        if chosen is None or clause is not chosen[0] or _vague(chosen[1]):
            yield from clause.parts()
