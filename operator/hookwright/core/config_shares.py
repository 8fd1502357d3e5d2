"""The configuration's bytes, shared out by namespace: who is over his share loses webhooks of his own.

What ran before runs on, and what is new comes in by name as far as there is room. The others are held with their
triggers and filters, so that no event misses them, as far as that fits too. Must not: encode (`config_parts`), judge specs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from hookwright.api.config import RouteConfig
from hookwright.core.config_parts import Slices
from hookwright.limits import (
    CONFIG_BYTES,
    CONFIG_PACKED_BYTES,
    CONFIG_SLICE_BYTES,
    CONFIG_WEBHOOK_BYTES,
    KIB,
    MIB,
)

LEFT_OUT = "it has no room in the configuration; its status says why"
"""Why a webhook is held that is left out."""
_ALONE: Final = (
    "has no room in the configuration: it takes {}, and one webhook may take {}; shorten its templates, header "
    "values, certificates or Secrets"
)
_TOGETHER: Final = (
    "has no room in the configuration: the webhooks of namespace {} take about {}, and their share is about {}; shorten "
    "templates, header values, certificates and Secrets, remove webhooks, or install a second release for some of them"
)
Stub = Callable[[RouteConfig], RouteConfig]
"""Makes of a webhook the one that only matches."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a namespace takes of the configuration, in bytes: expanded and compressed."""

    size: int
    packed: int


ROOM: Final = Share(CONFIG_BYTES, CONFIG_PACKED_BYTES)


@dataclass(frozen=True, slots=True)
class Shared:
    """What is written, by namespace; why webhooks are left out, by key; what the namespaces take with all of them.

    Sizes are the figures that were shared out: what is written takes no more.
    """

    written: dict[str, list[RouteConfig]]
    left_out: dict[str, str]
    shares: dict[str, Share]


def level(wanted: Iterable[int], total: int) -> int:
    """The most that each may have so that all have no more than `total`: whoever wants less gets what he wants."""
    left, ordered = total, sorted(wanted)
    for index, want in enumerate(ordered):
        fair = left // (len(ordered) - index)
        if want > fair:
            return fair
        left -= want
    return total


def share_out(
    namespaces: Mapping[str, Sequence[RouteConfig]],
    ran: Mapping[str, RouteConfig],
    slices: Slices,
    stub: Stub,
    room: Share = ROOM,
) -> Shared:
    """Share `room` out. `namespaces`: webhooks in the order of their names. `ran`: what was written before."""
    queues = {name: _Queue(routes, ran, slices, stub) for name, routes in namespaces.items()}
    sizes = {name: queue.size() for name, queue in queues.items()}
    most = level(sizes.values(), room.size)
    for name in (name for name, size in sizes.items() if size > most):
        queues[name].bound_size(most)
    packed = {name: queue.packed() for name, queue in queues.items()}
    most = level(packed.values(), room.packed)
    for name in (name for name, size in packed.items() if size > most):
        queues[name].bound_packed(most)
    slices.keep_only([queue.written for queue in queues.values()])
    return Shared(
        {name: queue.written for name, queue in queues.items()},
        {key: why for queue in queues.values() for key, why in queue.left_out.items()},
        {name: Share(sizes[name], packed[name]) for name in queues},
    )


class _Queue:
    """The webhooks of one namespace. `written`: those that have room, by name; `left_out`: why others have none.

    Where not all have, they get it in steps: a step is a webhook, held or whole, and `taken` are the steps that fit.
    """

    def __init__(
        self, routes: Sequence[RouteConfig], ran: Mapping[str, RouteConfig], slices: Slices, stub: Stub
    ) -> None:
        self._slices, self._ran, self._stub = slices, ran, stub
        self._stubs: dict[str, RouteConfig] = {}
        self.written = list(routes)
        self.left_out: dict[str, str] = {}
        if max(slices.sizes(routes), default=0) > CONFIG_SLICE_BYTES:
            self.left_out = {route.key: why for route in routes if (why := self._too_large(route))}
            present = [self._held(route) if route.key in self.left_out else route for route in routes]
            self.written = [route for route in present if self._too_large(route) is None]
        self._wanted = self.written
        self._steps: list[RouteConfig] = []

    def _too_large(self, route: RouteConfig) -> str | None:
        """Why a webhook fits into no configuration."""
        size = self._slices.size(route)
        if size > CONFIG_WEBHOOK_BYTES:
            return _ALONE.format(_figure(size), _figure(CONFIG_WEBHOOK_BYTES))
        if size > CONFIG_SLICE_BYTES and (packed := self._slices.length([route])) > CONFIG_SLICE_BYTES:
            return _ALONE.format(f"{_figure(packed)} compressed", _figure(CONFIG_SLICE_BYTES))
        return None

    def size(self) -> int:
        """Expanded bytes of what is written."""
        return sum(self._slices.sizes(self.written))

    def packed(self) -> int:
        """Compressed bytes of what is written."""
        return self._slices.length(self.written)

    def bound_size(self, most: int) -> None:
        """Write no more than so many expanded bytes."""
        wanted = _rough(self.size())
        self._steps = self._in_steps()
        self._cut(bisect_right([0, *accumulate(self._growth())], most) - 1, wanted, most)

    def bound_packed(self, most: int) -> None:
        """Write no more than so many compressed bytes."""
        wanted = f"{_rough(self.packed())} compressed"
        self._steps = self._steps or self._in_steps()

        def packed(taken: int) -> int:
            return self._slices.length(self._form(taken))

        self._cut(max(0, bisect_right(range(len(self._steps)), most, key=packed) - 1), wanted, most)

    def _in_steps(self) -> list[RouteConfig]:
        """What was there before stays there, what ran runs; then what is new is there, and then the rest runs."""
        ranks: list[list[RouteConfig]] = [[], [], [], []]
        for route in self._wanted:
            ranks[_rank(route, self._ran.get(route.key))].append(route)
        same, changed, waited, new = ranks
        there = [*same, *changed, *waited]
        return [*map(self._held, there), *same, *changed, *map(self._held, new), *waited, *new]

    def _growth(self) -> Iterator[int]:
        """What each step adds to the expanded bytes."""
        sizes: dict[str, int] = {}
        for step in self._steps:
            size = self._slices.size(step)
            yield size - sizes.get(step.name, 0)
            sizes[step.name] = size

    def _held(self, route: RouteConfig) -> RouteConfig:
        """The webhook without what it takes to send, if that is smaller."""
        if route.key not in self._stubs:
            made = self._stub(route)
            smaller = self._slices.size(made) < self._slices.size(route)
            self._stubs[route.key] = made if smaller else route
        return self._stubs[route.key]

    def _form(self, taken: int) -> list[RouteConfig]:
        """What is written when so many steps are taken, by name."""
        chosen = {step.name: step for step in self._steps[:taken]}
        return [chosen[name] for name in sorted(chosen)]

    def _cut(self, taken: int, wanted: str, most: int) -> None:
        self.written, self._steps = self._form(taken), self._steps[:taken]
        why = _TOGETHER.format(self._wanted[0].namespace, wanted, _rough(most))
        written = {route.name: route for route in self.written}
        for route in self._wanted:
            if written.get(route.name) is not route:
                self.left_out.setdefault(route.key, why)


def _rank(route: RouteConfig, before: RouteConfig | None) -> int:
    """0: it ran as it is, 1: it ran otherwise, 2: it was held for want of room, 3: it is new."""
    if before is None:
        return 3
    if before.held == LEFT_OUT:
        return 2
    return 0 if before.hash == route.hash else 1


def _rough(size: int) -> str:
    """Two figures, so that a small change elsewhere writes no status anew."""
    value, unit = (size / KIB, "KiB") if size < MIB else (size / MIB, "MiB")
    return f"{float(f'{value:.2g}'):g} {unit}"


def _figure(size: int) -> str:
    return f"{size / KIB:,.0f} KiB"
