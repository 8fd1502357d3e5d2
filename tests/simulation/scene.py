"""What there is at the beginning of a life: webhooks, the events that are posted, the moods that targets may have.

Each seed switches classes of faults on and off (swarm testing), so that rare ones meet and loud ones do not hide quiet
ones. Must not: let anything happen (`world`).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from hookwright.api.v1alpha1.webhook import WebhookSpec
from hookwright.core.event import Event
from hookwright.core.lifecycle import gone_mark
from hookwright.core.retry import RetryPolicy

from .ledger import Webhook
from .sender import FAILING, REJECTING, SLOWING, Mood

FAULTS = (
    "kill", "full", "slow", "late", "failing", "configuration", "delete", "gone", "template", "held", "replay",
    "restart", "clock", "rate", "hang", "large", "repeats", "many", "retention", "down", "slowed", "rejecting",
    "unforeseen", "backlog", "dear", "aged", "crowd", "refused", "doubt", "cancelled", "observer", "redactor", "broken",
    "manual",
)  # fmt: skip
RARE = frozenset(
    {"unforeseen", "many", "crowd", "retention", "backlog", "doubt", "cancelled", "broken", "refused"}
)
SCHEDULES: tuple[list[str], ...] = (
    ["1s"], ["1s", "2s", "5s"], ["5s", "30s"], [], ["1s"] * 6, ["20s", "3m"], ["2s"] * 3, ["1s", "1s", "10m"],
)  # fmt: skip
TEMPLATES = ('{"id": "{{ data.id }}"}', '{"id": {{ event.data.number }} }')
PERIODS = {"Second": 1.0, "Minute": 60.0}
TRIGGERS = (["RequestCreated"], ["RequestCreated", "RequestApproved"], ["RequestApproved"])


@dataclass(frozen=True, slots=True)
class Wanted:
    """One webhook as its author wants it now."""

    revision: int = 0
    requested: int = 0
    held: bool = False
    active: bool = True

    def hash(self) -> str:
        """Of what shapes its requests."""
        return f"revision {self.revision}"

    def requested_at(self) -> str | None:
        """Its annotation."""
        return str(self.requested) if self.requested else None

    @property
    def mark(self) -> str:
        """What a 410 is remembered under."""
        return gone_mark(self.hash(), self.requested_at())


def chosen_faults(random: Random) -> set[str]:
    """Some of them."""
    share = random.choice((0.15, 0.35, 0.6))
    return {fault for fault in FAULTS if random.random() < (share / 4 if fault in RARE else share)}


class Scene:
    """`specs` and `webhooks` by route."""

    def __init__(self, random: Random, faults: set[str]) -> None:
        self._random, self._faults = random, faults
        self.specs: dict[str, dict[str, Any]] = {}
        self.webhooks: dict[str, Webhook] = {}
        count = random.choice((1, 2, 3, 5, 8, 13, 20, 40))
        if "crowd" in faults:
            count = random.randint(55, 160)
        self.namespaces = [f"team-{number}" for number in range(random.randint(1, min(5, count)))]
        for number in range(count):
            self._make_webhook(random.choice(self.namespaces), f"hook-{number}")
        self.events = self._make_events()

    def _make_webhook(self, namespace: str, name: str) -> None:
        random = self._random
        url = f"https://{name}.{namespace}.test/in"
        spec: dict[str, Any] = {
            "url": url,
            "triggers": list(random.choice(TRIGGERS)),
            "maxInFlight": random.choice((1, 2, 5, 16, 64)),
            "timeout": random.choice(("1s", "5s", "15s")),
            "retry": {"schedule": random.choice(SCHEDULES), "retryAfterMax": random.choice(("10s", "2m"))},
        }  # fmt: skip
        rate = self._vary(spec)
        model = WebhookSpec.model_validate(spec)
        route = f"{namespace}/{name}"
        self.specs[route] = spec
        self.webhooks[route] = Webhook(
            route, url, model.max_in_flight, rate, RetryPolicy.of(model.retry), "responseValidators" in spec
        )

    def _vary(self, spec: dict[str, Any]) -> tuple[int, float] | None:
        """What some webhooks have; the rate."""
        random, faults = self._random, self._faults
        if "manual" in faults:
            spec["triggers"].append("Manual")
        if "aged" in faults and random.random() < 0.5:
            spec["retry"]["maxAge"] = random.choice(("20s", "2m"))
        if "template" in faults and random.random() < 0.3:
            spec["bodyTemplate"] = random.choice(TEMPLATES)
        if random.random() < 0.1:
            spec["responseValidators"] = [{"path": "$.ok", "values": ["true"]}]
        if "rate" in faults and random.random() < 0.3:
            requests, per = random.choice(((2, "Second"), (50, "Second"), (100, "Minute")))
            spec["rateLimit"] = {"requests": requests, "per": per}
            return requests, PERIODS[per]
        return None

    def _make_events(self) -> list[Event]:
        events = []
        for trigger in ("RequestCreated", "RequestApproved"):
            for number in range(3):
                data: dict[str, Any] = {"id": f"r-{number}"}
                if number:
                    data["number"] = number
                events.append(_event(trigger, data))
            if "large" in self._faults:
                events.append(_event(trigger, {"id": "large", "number": 7, "text": "x" * 100_000}))
        return events

    def mood(self) -> Mood:
        """One that a target may have."""
        random, faults = self._random, self._faults
        fine = ("200",)
        quick = random.choice(((0.0, 0.0), (0.0, 0.002), (0.001, 0.03), (0.05, 0.4)))
        moods = [Mood("fine", fine, *quick)] * 3
        moods.append(Mood("slow", ("200", "204"), 0.2, random.choice((0.5, 4.0, 20.0))))
        failing = tuple(way for way in FAILING if "hang" in faults or way != "hang")
        some = random.sample((*failing, *SLOWING), 3)
        moods.append(Mood("mixed", (*fine * random.choice((1, 4, 20)), *some), *quick))
        if "down" in faults:
            moods.append(Mood("down", failing, *quick))
            moods.append(Mood("down", ("500", "connect"), *quick))
        if "slowed" in faults:
            moods.append(Mood("slowed", (*fine * 3, *random.sample(SLOWING, 2)), *quick))
        if "rejecting" in faults:
            few = random.sample(REJECTING, 2)
            moods.append(Mood("rejecting", (*fine * random.choice((1, 5)), *few), *quick))
        if "gone" in faults:
            moods.append(Mood("gone", (*fine * random.choice((1, 10, 50)), "410"), *quick))
        if "hang" in faults:
            moods.append(Mood("hang", ("hang",), *quick))
        if "unforeseen" in faults:
            moods.append(Mood("unforeseen", (*fine * 30, "unforeseen"), *quick))
        return random.choice(moods)


def _event(trigger: str, data: dict[str, Any]) -> Event:
    document = {"event_type": trigger, "event_time": "1", "data": data}
    return Event(trigger, trigger, document, orjson.dumps(document))
